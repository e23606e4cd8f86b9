"""Answers that are taken from elsewhere earn nothing: neither from the course's own tools, nor from autograd."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from autograder.demo.material import without_marks
from autograder.judging.judge import Judge
from autograder.records.hand_in import HandIn
from autograder.records.receipt import Receipt
from autograder.records.verdict import ItemVerdict
from autograder.tests.hostile.cheats import (
    ANSWERS,
    CHECKERS,
    FAULTS,
    FAVOURABLE,
    KERNELS,
    LEAVES,
    REPLACED,
    TARGETS,
    WAYS,
)  # fmt: skip

ROOT = Path(__file__).resolve().parents[3]
NOTEBOOK = json.dumps({"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}).encode()
ROWS = [(name, *row) for name, rows in ANSWERS.items() for row in rows]
BY_ENTRY = [way for way in WAYS if "dual" in way or "jvp" in way]
SLOW = [("flat", way) for way in BY_ENTRY]  # a pass for each of thousands of entries
LENGTHY = [("tensors", way) for way in BY_ENTRY]  # of hundreds: where costs are asked for, a call may end too late


class Bench:
    """Judges the solution of an assignment with some code below its modules, in some items only."""

    def __init__(self) -> None:
        torch.set_num_threads(1)
        self._judges: dict[str, Judge] = {}

    def judge(self, assignment: str, parts: dict[str, str], items: str) -> dict[str, ItemVerdict]:
        """parts: module -> code to put below it."""
        if assignment not in self._judges:
            self._judges[assignment] = Judge(ROOT, assignment, seed="cheats")
        judge = self._judges[assignment]
        known, checks, names = judge.assignment, judge.suite.checks, items.split()
        judge.assignment = replace(known, items=tuple(item for item in known.items if item.id in names))
        judge.suite.checks = [check for check in checks if check.item in names]
        masters = {name: ROOT / "solutions" / "backprop" / f"{name}.py" for name in known.modules}
        sources = {name: without_marks(path.read_text(encoding="utf-8")) for name, path in masters.items()}
        modules = {name: f"{source}\n\n{parts.get(name, '')}".encode() for name, source in sources.items()}
        try:
            verdict = judge.judge(HandIn("cheat", assignment, Receipt("cheat", assignment), NOTEBOOK, modules)).verdict
        finally:
            judge.assignment, judge.suite.checks = known, checks
        assert {item.id for item in verdict.items} == set(names)
        return {item.id: item for item in verdict.items}

    def close(self) -> None:
        for judge in self._judges.values():
            judge.close()


@pytest.fixture(scope="module")
def bench():
    bench = Bench()
    yield bench
    bench.close()


@pytest.mark.parametrize(("assignment", "items", "module", "code"), ROWS, ids=[f"{row[0]}-{row[1]}" for row in ROWS])
def test_what_the_kit_has_for_itself_earns_nothing(bench, assignment, items, module, code):
    found = bench.judge(assignment, {module: code}, items).values()
    earned = {item.id: (item.score, item.status, item.message) for item in found if item.score}
    assert not earned


WORST = "import contextlib, toolbox.calling.forbid\ntoolbox.calling.forbid.watch = contextlib.nullcontext\n"


@pytest.mark.parametrize("assignment", ["flat", "layers", "beyond"])
def test_it_does_not_with_the_toolboxs_sensors_replaced(bench, assignment):
    for items, module, code in ANSWERS[assignment]:
        assert all(item.score == 0 for item in bench.judge(assignment, {module: WORST + code}, items).values()), items


@pytest.mark.parametrize("target", TARGETS)
def test_the_right_answers_earn_all_points(bench, target):
    items, _, _ = TARGETS[target]
    found = bench.judge("layers" if target == "functions" else target, {}, items)
    assert all(item.status == "passed" for item in found.values()), found


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("target", TARGETS)
def test_a_derivative_through_a_back_door_is_noticed(bench, target, way):
    if (target, way) in SLOW:
        pytest.skip("too slow here")
    items, modules, body = TARGETS[target]
    code = f"{LEAVES}{WAYS[way][1]}\n{body}"
    found = bench.judge("layers" if target == "functions" else target, dict.fromkeys(modules.split(), code), items)
    if way == "dual-kept-open":  # its duals are dead when the call begins: what comes out is wrong
        assert all(item.status != "passed" for item in found.values())
    elif way in ("replies-forged", "modules-exchanged"):  # who breaks the way to the judge has no answer either
        assert all(item.status in ("forbidden", "malformed", "failed") and not item.score for item in found.values())
    else:
        given_up = {"timeout"} if (target, way) in LENGTHY else set()
        assert {item.status for item in found.values()} - given_up == {"forbidden"}, found
        assert not any(item.score for item in found.values())


@pytest.mark.parametrize("way", FAULTS)
def test_a_planted_fault_is_found_in_the_numbers_or_not_at_all(bench, way):
    found = bench.judge("tensors", {"tensors": FAULTS[way][1]}, CHECKERS).values()
    assert not [(item.id, item.score) for item in found if item.score]


@pytest.mark.parametrize("way", REPLACED)
def test_who_replaces_the_probes_and_does_nothing_earns_nothing(bench, way):
    _, assignment, items, module, code = REPLACED[way]
    found = bench.judge(assignment, {module: code}, items).values()
    assert not [(item.id, item.score) for item in found if item.score]


@pytest.mark.parametrize("assignment", FAVOURABLE)
def test_with_every_probe_saying_the_most_favourable_thing_nothing_is_earned_where_nothing_is_written(assignment):
    judge = Judge(ROOT, assignment, seed="cheats")
    scripts = dict(judge.view.scripts)
    assert set(FAVOURABLE[assignment]) <= set(scripts)
    for name, code in FAVOURABLE[assignment].items():
        scripts[name] = (name, b"", compile(code, name, "exec"))
    judge.view = replace(judge.view, scripts=scripts)
    released = {name: (ROOT / "lib" / "backprop" / f"{name}.py").read_bytes() for name in judge.assignment.modules}
    try:
        verdict = judge.judge(HandIn("cheat", assignment, Receipt("cheat", assignment), NOTEBOOK, released)).verdict
    finally:
        judge.close()
    assert not [(item.id, item.score, item.status) for item in verdict.items if item.score]


@pytest.mark.parametrize("target", KERNELS)
def test_a_ready_made_backward_step_is_noticed_past_torchs_names(bench, target):
    items, module, code = KERNELS[target]
    found = bench.judge("layers" if target == "functions" else target, {module: code}, items)
    assert all(item.score == 0 and item.status in ("forbidden", "failed") for item in found.values()), found
