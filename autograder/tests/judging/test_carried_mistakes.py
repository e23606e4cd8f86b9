"""Follow-through: one root cause costs its marks once, and work that was not done earns nothing by it."""

from __future__ import annotations

import pytest
import torch

from autograder.course import rooms
from autograder.course.answers import Answer, Edit
from autograder.course.students import answering, namespace
from autograder.judging.carried_mistakes import CARRIED, follow_through
from autograder.judging.marks import judge_item
from autograder.masters.catalogue import catalogue
from autograder.masters.sources import checks_of
from autograder.tests.checkout import ROOT
from toolbox.calling.student import LocalTransport, Student
from toolbox.checks.items import TestResult
from toolbox.checks.misconceptions import CATALOGUE
from toolbox.checks.suite import Suite
from toolbox.checks.table import Report

POINTS = catalogue(ROOT)["flat"].points
SOLUTION = (ROOT / "solutions" / "backprop" / "flat.py").read_text()


@pytest.fixture(scope="module")
def suite():
    return Suite(checks_of(ROOT, "flat"))


def verdict_on(suite, *edits, items=None):
    """item -> its verdict, for a hand-in with these edits."""
    flat = rooms.load("flat")
    right = namespace(flat.solutions["flat"], "flat")["net_softmax"]
    student = answering(Answer("", (), edits, notebook={"repaired": right}), flat)
    results = suite.run(student, items=items, seed="follow")
    follow_through(list(POINTS), results)
    names = [name for name in POINTS if any(r.item == name for r in results)]
    return {name: judge_item(name, POINTS[name], [r for r in results if r.item == name]) for name in names}


def lost(found):
    return [name for name, item in found.items() if item.score < item.max_score]


LINEAR = ("linear_hinge", "linear_softmax", "linear_squared", "logistic")


def test_a_half_in_every_penalty_costs_its_marks_once_and_is_named_everywhere(suite):
    edits = [Edit(name, "grad_w_reg = 2 * reg * w", "grad_w_reg = reg * w") for name in LINEAR]
    found = verdict_on(suite, *edits)
    assert lost(found) == ["hinge_grad_w"]
    named = [name for name, item in found.items() if any(test["diagnosis"] == ["reg-half"] for test in item.tests)]
    assert named == ["hinge_grad_w", "softmax_grad_w", "squared_grad_w", "logistic_grad_w"]
    assert [found[name].status for name in named[1:]] == ["followed"] * 3


def test_a_second_mistake_costs_its_own_marks(suite):
    edits = [Edit(name, "grad_w_reg = 2 * reg * w", "grad_w_reg = reg * w") for name in LINEAR[:2]]
    bias = Edit("linear_softmax", 'grads["b"] = grads["scores"].sum(', 'grads["b"] = grads["scores"].mean(')
    assert lost(verdict_on(suite, *edits, bias)) == ["hinge_grad_w", "softmax_grad_b"]


def test_an_early_fault_in_a_function_costs_no_marks_further_down(suite):
    early = Edit("net_softmax", 'grads["scores"] = ', 'grads["scores"] = 3 * ')
    found = verdict_on(suite, early, items=["net_softmax_loss", "net_softmax_grad_second", "net_softmax_grad_first"])
    assert lost(found) == ["net_softmax_grad_second"] and found["net_softmax_grad_second"].score > 0


@pytest.mark.parametrize("value", [torch.zeros_like, torch.ones_like])
def test_an_answer_that_is_the_same_everywhere_is_not_carried(suite, value):
    def lazy(**given):
        return given["x"].new_zeros(()), {k: value(v) for k, v in (given | {"scores": given["x"] @ given["w"]}).items()
                                          if isinstance(v, torch.Tensor)}  # fmt: skip

    student = Student(LocalTransport({"flat": dict.fromkeys(LINEAR[:3], lazy)}, {}))
    names = [f"{kind}_grad_{part}" for kind in ("hinge", "softmax", "squared") for part in ("scores", "w", "b")]
    results = suite.run(student, items=names, seed="follow")
    follow_through(list(POINTS), results)
    assert [r.follows for r in results if r.follows] == []
    scores = [judge_item(name, 1, [r for r in results if r.item == name]).score for name in names]
    assert scores == [0] * 9


def test_two_mistakes_at_once_are_paid_only_when_both_have_been():
    def failed(item, *causes):
        return TestResult(item, "test_x", False, 1.0, "failed", "", list(causes))

    results = [failed("a", "reg-half"), failed("b", "reg-half", "sign-flipped"), failed("c", "sign-flipped"),
               failed("d", "all-zeros"), failed("e", "all-zeros"), failed("f", "reg-half", "sign-flipped")]  # fmt: skip
    follow_through(list("abcdef"), results)
    assert [r.follows for r in results] == ["", "", "b", "", "", "a"]


def test_within_one_item_every_property_counts_and_what_did_not_run_is_not_carried():
    results = [TestResult("a", f"test_{n}", False, 1.0, "failed", "", ["reg-half"]) for n in range(2)]
    results.append(TestResult("b", "test_t", False, 1.0, "timeout", "", ["reg-half"]))
    follow_through(["a", "b"], results)
    assert [r.follows for r in results] == ["", "", ""]


def test_the_student_reads_why_nothing_is_lost():
    result = TestResult("b", "test_x", False, 1.0, "failed", "is wrong", ["reg-half"], None, "hinge_grad_w")
    for shown in (Report("b", [result], 1, 1)._repr_html_(), repr(Report("b", [result], 1, 1))):
        assert "the same mistake as in hinge_grad_w" in shown and "half of what it should be" in shown


def test_every_mistake_that_is_carried_is_a_known_one_and_none_of_them_is_absent_work():
    assert set(CATALOGUE) >= CARRIED
    assert not CARRIED & {"all-zeros", "all-ones", "upstream-taken-as-ones", "local-gradient-only", "upstream-alone"}
