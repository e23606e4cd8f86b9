"""A mark depends on the hand-in, the checks and the seed; not on how busy the machine is."""

from __future__ import annotations

import json
import os
from dataclasses import replace

import pytest

from autograder.demo import make_class
from autograder.intake import intake
from autograder.judging.judge import Judge
from autograder.judging.solved import solution
from autograder.masters.catalogue import catalogue
from autograder.records.hand_in import HandIn
from autograder.sandbox.patience import Patience
from autograder.sandbox.remote_worker import HandInLimits
from autograder.tests.busy import busy_machine
from autograder.tests.checkout import ROOT, built, hand_in_at

# In a test run five of the class: right, wrong in part, half finished, a syntax error, never ending. All of the class,
# and the solutions of all assignments: WHOLE_CLASS=1 pytest autograder/tests/grading/test_busy_machine.py
WHOLE = bool(os.environ.get("WHOLE_CLASS"))
KINDS = ("s",) if WHOLE else ("s02", "s05", "s10", "s12", "s13")
SOLUTIONS = tuple(catalogue(ROOT)) if WHOLE else ("scalar",)  # the one that needs most processor time


# In a test run a call is given up after a fifth of its seconds: an endless one takes most of the time here.
SHORT = None if WHOLE else HandInLimits(calls=Patience(full=1.0, spare=2.0), cells=Patience(full=5.0))


@pytest.fixture(scope="module")
def flat():
    judge = Judge(ROOT, "flat", seed="busy")
    yield judge
    judge.close()


@pytest.fixture
def impatient():
    judge = Judge(ROOT, "flat", seed="busy", limits=SHORT)
    yield judge
    judge.close()


@pytest.fixture(scope="module")
def hand_ins(tmp_path_factory) -> dict[str, HandIn]:
    built()
    folder = tmp_path_factory.mktemp("class")
    made = [one for one in make_class(ROOT, folder / "made") if one.student.startswith(KINDS)]
    submitted, released = folder / "classroom" / "submitted", ROOT / "assignments" / "flat" / "flat.ipynb"
    for one in made:
        intake(one.path, submitted, "flat", released)
    return {path.parent.name: hand_in_at(path) for path in submitted.glob("*/flat")}


def told(judge: Judge, hand_in: HandIn) -> dict:
    judgement = judge.judge(hand_in)
    return judgement.verdict.as_dict() | {"cells": judgement.cells}


def test_verdicts_of_a_class_are_the_same_on_a_busy_machine(impatient, hand_ins):
    assert len(hand_ins) == len(KINDS) or WHOLE
    quiet = {student: told(impatient, hand_in) for student, hand_in in hand_ins.items()}
    with busy_machine():
        busy = {student: told(impatient, hand_in) for student, hand_in in hand_ins.items()}
    for student in quiet:
        assert json.dumps(busy[student]) == json.dumps(quiet[student]), student
    assert "timeout" in {item["status"] for verdict in quiet.values() for item in verdict["items"]}


@pytest.mark.parametrize("assignment", SOLUTIONS)
def test_what_needs_seconds_of_processor_time_earns_its_marks_on_a_busy_machine(assignment):
    judge = Judge(ROOT, assignment, seed="busy")
    hand_in = solution(ROOT, judge.assignment)
    if not WHOLE:  # the items that have such a check, and no others
        long = {check.item for check in judge.suite.checks if check.seconds}
        judge.suite.checks = [check for check in judge.suite.checks if check.item in long]
        judge.assignment = replace(judge.assignment, items=[one for one in judge.assignment.items if one.id in long])
    try:
        with busy_machine():
            verdict = judge.judge(hand_in).verdict
    finally:
        judge.close()
    assert verdict.items and [(item.id, item.message) for item in verdict.items if item.score != item.max_score] == []


HANGS = "def {name}(*args, **kwargs):\n    while True:\n        pass\n"
SLOW = "def {name}(*args, **kwargs):\n    import time\n    time.sleep(4.6)\n"


@pytest.mark.parametrize("body", [HANGS, SLOW], ids=["hangs", "needs 4.6 s a call"])
def test_a_hand_in_that_hangs_or_crawls_in_every_call_is_given_up_in_half_a_minute(flat, body, monkeypatch):
    way, used = flat.transport, []
    monkeypatch.setattr(flat, "transport", lambda *given: used.append(way(*given)) or used[-1])
    right = solution(ROOT, flat.assignment)
    names = [line.split("(")[0][4:] for line in right.modules["flat"].decode().splitlines() if line.startswith("def ")]
    source = "\n\n".join(body.format(name=name) for name in names)
    verdict = flat.judge(HandIn("hangs", "flat", right.receipt, right.notebook, {"flat": source.encode()})).verdict
    of_the_module = [item for item in verdict.items if item.id not in ("predict", "bugs_found", "bugs_repaired")]
    assert {item.status for item in of_the_module} == {"timeout"} and verdict.item("predict").status == "passed"
    charged = used[0]._calls.spent + used[0]._cells.spent  # on a quiet machine that is the wall time, but for starts
    assert charged < 25 and used[0]._restarts < 60, f"{charged:.0f} s, {used[0]._restarts} workers"
