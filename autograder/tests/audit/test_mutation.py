"""Mutation of the masters: the tool finds holes, knows what is equivalent, and the table in the README is its own."""

import json
import os
import signal
import time
from dataclasses import replace
from io import StringIO
from pathlib import Path

import pytest
import torch
from cosmic_ray.mutating import mutate_code
from rich.console import Console

from autograder.audit.mutation import run as mutation
from autograder.audit.mutation.forked_trials import trials
from autograder.audit.mutation.operators import OWN
from autograder.audit.mutation.sites import Mutant, mutants
from autograder.audit.mutation.table import BEGIN, END, placed, table
from autograder.course.rooms import load
from autograder.tests.check_files import suite_with

ROOT = Path(__file__).resolve().parents[3]
FLAT = (ROOT / "solutions" / "backprop" / "flat.py").read_text()
MODULE = '''
def given(a):
    return a + 1


def f(x, y):
    """x + y."""
    out = None
    ### BEGIN SOLUTION
    out = x * y + 2
    out += x.sum(dim=0, keepdim=True)
    ### END SOLUTION
    return out
'''


def quiet():
    return Console(file=StringIO(), width=120)


@pytest.fixture
def single_thread():
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.mark.parametrize(("operator", "example"), [(op, example) for op in OWN for example in op.examples()])
def test_each_operator_makes_the_change_that_it_promises(operator, example):
    changed = mutate_code(example.pre_mutation_code, operator(), example.occurrence)
    assert changed.replace(" ", "") == example.post_mutation_code.replace(" ", "")


def test_only_solution_regions_are_changed_and_each_change_is_another_program():
    found = mutants("m", MODULE)
    assert {m.line for m in found} == {10, 11} and {m.function for m in found} == {"f"}
    assert len({m.source for m in found}) == len(found)
    after = {m.after.replace(" ", "") for m in found}
    assert {"out=x*y", "out=y+2", "out=x+y+2", "out=x*y+3", "pass", "out=x.sum(dim=0,keepdim=True)",
            "out-=x.sum(dim=0,keepdim=True)", "out+=x.sum(keepdim=True)", "out+=x"} <= after  # fmt: skip


def test_a_module_without_a_region_is_an_error():
    with pytest.raises(ValueError, match="no solution region"):
        mutants("m", "x = 1\n")


def test_the_mutants_of_an_item_all_die_but_for_those_known_as_equivalent():
    (score,) = mutation.mutate("flat", functions=["toy"], console=quiet())
    assert score.survived == score.untrue == [] and score.killed > 20
    assert score.killed + len(score.equivalent) == score.mutants


def test_a_suite_with_a_hole_lets_mutants_survive(tmp_path):
    suite = suite_with(tmp_path, "flat", "assert_grad(", "(lambda *a, **k: None)(")
    (score,) = mutation.mutate("flat", suite=suite, functions=["toy"], console=quiet())
    assert any('grads["z"]' in name or 'grads["p"]' in name for name in score.survived) and not score.ok


def test_where_the_right_answer_itself_fails_its_mutants_are_not_tried(tmp_path):
    suite = suite_with(tmp_path, "flat", "assert_grad(", "(lambda *a, **k: 1 / 0)(")
    with pytest.raises(ValueError, match="the right answer itself fails"):
        mutation.mutate("flat", suite=suite, functions=["toy"], console=quiet())


def test_a_false_reason_is_found_out(monkeypatch):
    claim = {("flat", "p = x * y", "p = x + y"): "so it seemed", ("flat", "gone", "for good"): "once"}
    monkeypatch.setattr(mutation, "load", lambda assignment: replace(load(assignment), equivalent=claim))
    (score,) = mutation.mutate("flat", functions=["toy"], console=quiet())
    assert len(score.untrue) == 1 and "is killed by" in score.untrue[0] and not score.ok


def test_what_loops_for_ever_or_dies_is_killed_and_the_rest_goes_on(single_thread):
    names = ("loops", "dies", "fails", "passes")
    made = [Mutant("m", "", name, n, name, "", "") for n, name in enumerate(names)]

    def examine(mutant):
        if mutant.before == "loops":
            time.sleep(60)
        if mutant.before == "dies":
            os.kill(os.getpid(), signal.SIGKILL)
        return "a test" if mutant.before == "fails" else None

    found = {mutant.before: how for mutant, how in trials(made, examine, jobs=2, seconds=2.0)}
    assert found == {"loops": "timeout", "dies": "crashed", "fails": "a test", "passes": ""}


def test_a_fork_with_threads_at_work_is_refused(monkeypatch):
    monkeypatch.setattr(torch, "get_num_threads", lambda: 2)
    with pytest.raises(RuntimeError, match="one thread"):
        list(trials([], lambda mutant: None, jobs=1, seconds=1.0))


def test_the_table_in_the_readme_is_the_recorded_one_and_counts_the_mutants_of_today():
    kept = json.loads((ROOT / "autograder" / "audit" / "mutation" / "scores.json").read_text())
    readme = (ROOT / "autograder" / "README.md").read_text()
    assert table(kept) in readme and placed(readme, table(kept)) == readme
    counted = kept["flat"]["modules"]["flat"]
    assert counted["mutants"] == len(mutants("flat", FLAT)) and counted["survived"] == 0
    assert counted["killed"] + counted["equivalent"] == counted["mutants"]


def test_a_readme_without_its_markers_is_an_error_and_nothing_else_in_it_changes():
    assert placed(f"a\n{BEGIN}\nold\n{END}\nb\n", "new") == f"a\n{BEGIN}\n\nnew\n\n{END}\nb\n"
    with pytest.raises(ValueError, match="has lost the lines"):
        placed("a", "new")
