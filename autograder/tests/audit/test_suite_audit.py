"""The audit: it is green on this repository, and red as soon as a suite or a solution is weakened."""

import json
import re
from collections import Counter
from dataclasses import replace
from io import StringIO
from pathlib import Path

import pytest
import torch
from rich.console import Console

from autograder.audit import suite_audit
from autograder.course import rooms
from autograder.course.answers import Answer, Edit
from autograder.course.students import answering, namespace
from autograder.masters.catalogue import catalogue
from autograder.masters.sources import checks_of
from autograder.tests.audit.blind.first import FRESH as FIRST
from autograder.tests.audit.blind.second import FRESH as SECOND
from autograder.tests.audit.blind.third import FRESH as THIRD
from autograder.tests.audit.blind.third import UNNAMED
from autograder.tests.check_files import suite_with
from toolbox.calling.student import LocalTransport, Student
from toolbox.checks.suite import Suite

ROOT = Path(__file__).resolve().parents[3]
SOLUTION = (ROOT / "solutions" / "backprop" / "flat.py").read_text()
FLAT = rooms.load("flat")


def quiet():
    return Console(file=StringIO(), width=120)


@pytest.fixture(scope="module")
def suite():
    return Suite(checks_of(ROOT, "flat"))


def solved_by(source):
    """The room of `flat` with another solution."""
    return replace(FLAT, solutions={"flat": source})


@pytest.mark.parametrize("assignment", ["scalar", "layers", "beyond", "tensors", "flat", "training"])
def test_wrong_answers_are_rejected_and_right_ones_accepted_and_nine_in_ten_mistakes_are_named(assignment):
    found = suite_audit.audit(assignment, seeds=("audit",), thorough=False, console=quiet())  # `make audit` is thorough
    nameable = [f for f in found if f.expected]
    assert [f for f in found if not f.ok] == []
    assert [f for f in found if f.accused] == []
    assert sum(f.named for f in nameable) >= 0.9 * len(nameable)
    for right, least in ((False, 8), (True, 2)):
        counts = Counter(f.item for f in found if f.right is right)
        assert set(counts) == set(catalogue(ROOT)[assignment].points) and min(counts.values()) >= least


def test_every_item_has_a_public_and_a_hidden_test_that_bear_marks_but_for_found_bugs(suite):
    for name in suite.items:
        tests = [check for check in suite.checks if check.item == name]
        assert any(not test.hidden for test in tests), name
        assert any(test.hidden and test.share > 0 for test in tests), name
    markless = [check.id for check in suite.checks if check.share == 0 and "_nudging" not in check.id]
    assert markless == ["test_every_patient_has_a_diagnosis_in_the_form_of_a_line_number_or_none"]


def test_a_module_of_an_answer_may_hold_a_dataclass():
    source = "from __future__ import annotations\nimport dataclasses\n@dataclasses.dataclass\nclass A:\n    x: float\n"
    assert namespace(source, "scalar")["A"](2.0).x == 2.0


def test_names_of_answers_differ():
    names = Counter(answer.name for answer in [*FLAT.wrong, *FLAT.right])
    assert names.most_common(1)[0][1] == 1


@pytest.mark.parametrize(
    ("item", "blind"),
    [("hinge_loss", "assert_value"), ("softmax_grad_b", "assert_grad"), ("toy", "assert_grad")],
)
def test_a_suite_that_compares_nothing_turns_the_audit_red(tmp_path, item, blind):
    suite = suite_with(tmp_path, "flat", f"{blind}(", "(lambda *args, **kwargs: None)(")
    found = suite_audit.audit("flat", [item], suite=suite, console=quiet())
    assert sum(f.kept and not f.right for f in found) > 5


def test_a_suite_with_loose_tolerances_turns_the_audit_red(monkeypatch, suite):
    monkeypatch.setattr("toolbox.checks.compare.FLOOR", 1e-3)
    found = suite_audit.audit("flat", ["squared_grad_scores"], suite=suite, console=quiet())
    rounded = 'squared_grad_scores: linear_squared goes through float32 (grads["scores"])'
    near = "squared_grad_scores: is off by one part in ten thousand"
    assert sorted(f.answer for f in found if not f.ok) == [near, rounded]


def test_a_suite_that_is_too_strict_turns_the_audit_red(monkeypatch, suite):
    monkeypatch.setattr("toolbox.checks.compare.ROUNDINGS", 0)
    found = suite_audit.audit("flat", ["softmax_grad_w"], suite=suite, console=quiet())
    assert "a detour through NumPy" in [f.answer for f in found if f.right and not f.ok]


def test_a_wrong_solution_turns_the_audit_red(suite):
    wrong = SOLUTION.replace("grad_losses[:, None] * 2 * errors", "grad_losses[:, None] * 2 * errors * 1.0001")
    with pytest.raises(ValueError, match="does not fit|stands"):
        room = solved_by(wrong.replace("* 2 *", "*"))
        suite_audit.audit("flat", ["squared_grad_scores"], suite=suite, room=room, console=quiet())
    found = suite_audit.audit("flat", ["squared_grad_scores"], suite=suite, room=solved_by(wrong), console=quiet())
    assert "the solution itself" in [f.answer for f in found if f.right and not f.ok]


def test_an_edit_that_no_longer_fits_the_solution_is_an_error(suite):
    with pytest.raises(ValueError, match="stands 0 times"):
        room = solved_by(SOLUTION.replace("p = x * y", "p = y * x"))
        suite_audit.audit("flat", ["toy"], suite=suite, room=room, console=quiet())


def test_run_writes_json_and_fails_only_when_something_is_misjudged(tmp_path, monkeypatch):
    report = tmp_path / "deep" / "audit.json"
    assert suite_audit.run(["flat"], ["toy", "predict"], report, console=quiet()) == 0
    found = json.loads(report.read_text())["flat"]
    rows = found["findings"]
    assert {row["item"] for row in rows} == {"toy", "predict"} and all(row["ok"] for row in rows)
    rejected, wrong = found["items"]["toy"]["wrong_rejected"]
    assert rejected == wrong == sum(row["item"] == "toy" and not row["right"] for row in rows)
    assert found["totals"]["wrong_rejected"][1] > wrong and found["totals"]["accused"] == 0
    monkeypatch.setattr("toolbox.checks.compare.FLOOR", 1e-3)
    console = quiet()
    assert suite_audit.run(["flat"], ["toy"], None, console=console) == 1
    assert "toy: is off by one part in ten thousand keeps full marks in toy" in console.file.getvalue()


def test_an_unknown_item_is_named_and_an_audit_of_nothing_is_no_success(suite, monkeypatch):
    with pytest.raises(KeyError, match="no item tyo"):
        suite_audit.audit("flat", ["tyo"], suite=suite, console=quiet())
    empty = replace(FLAT, wrong=[], right=[])
    monkeypatch.setattr(suite_audit, "load", lambda name: empty)
    assert suite_audit.run(["flat"], None, None, console=quiet()) == 1


def untouched():
    """The released form of the module, as the builder makes it."""
    return re.sub(r"(?ms)^( *)### BEGIN SOLUTION$.*?### END SOLUTION$", r"\1# YOUR CODE HERE", SOLUTION)


LAZY = {
    "zeros": lambda name, kwargs: (0.0, {k: torch.zeros_like(v) for k, v in shaped(kwargs).items()}),
    "ones": lambda name, kwargs: (1.0, {k: torch.ones_like(v) for k, v in shaped(kwargs).items()}),
    "None": lambda name, kwargs: (None, dict.fromkeys(shaped(kwargs))),
    "the inputs": lambda name, kwargs: (1.0, shaped(kwargs)),
    "nothing": lambda name, kwargs: None,
}


def shaped(kwargs):
    """Tensors of the right shapes under all the names that grads may need."""
    tensors = {k: torch.as_tensor(v, dtype=torch.float64) for k, v in kwargs.items() if k not in ("x", "y", "reg")}
    if "w1" in kwargs:
        hidden = kwargs["x"].new_zeros(len(kwargs["x"]), len(kwargs["b1"]))
        tensors |= {"a": hidden, "h": hidden, "scores": kwargs["x"].new_zeros(len(kwargs["x"]), len(kwargs["b2"]))}
    elif "reg" in kwargs:
        tensors["scores"] = kwargs["x"] @ kwargs["w"]
    else:
        tensors |= {k: torch.tensor(float(v)) for k, v in kwargs.items()}
        tensors |= {"p": torch.tensor(0.0), "q": torch.tensor(0.0)}
    return tensors


@pytest.mark.parametrize("lazy", LAZY)
def test_lazy_answers_earn_exactly_nothing(suite, lazy):
    names = ("toy", "neuron", "linear_hinge", "linear_softmax", "linear_squared", "logistic")
    names += ("net_hinge", "net_softmax")
    module = {name: lambda name=name, **kwargs: LAZY[lazy](name, kwargs) for name in names}
    notebook = {"predicted": dict.fromkeys(FLAT.notebook["predicted"], 1.0), "faulty": dict.fromkeys("abcd")}
    student = Student(LocalTransport({"flat": module}, notebook | {"repaired": module["net_softmax"]}))
    earned = [t for t in suite.run(student) if t.status == "passed" and t.share > 0]
    allowed = {"the inputs": set(), "ones": {"predict"}}.get(lazy, set())  # f is 1 in `predict`: not the whole test
    assert [t.name for t in earned if t.item not in allowed] == []


@pytest.mark.parametrize("seed", ["public", "another", "7"])
def test_the_untouched_skeleton_earns_exactly_nothing(suite, seed):
    module = namespace(untouched(), "flat")
    notebook = {
        "predicted": dict.fromkeys(FLAT.notebook["predicted"]), "faulty": {}, "repaired": module["net_softmax"],
    }  # fmt: skip
    student = Student(LocalTransport({"flat": module}, notebook))
    results = suite.run(student, seed=seed)
    assert {t.status for t in results} == {"missing"}


def test_healing_no_one_or_accusing_everyone_finds_no_bug(suite):
    for faulty in (dict.fromkeys(FLAT.notebook["faulty"]), dict.fromkeys(FLAT.notebook["faulty"], 1)):
        student = Student(LocalTransport({}, {"faulty": faulty}))
        results = suite.run(student, items=["bugs_found"])
        assert not any(t.status == "passed" and t.share > 0 for t in results)


@pytest.mark.parametrize(("function", "kind"), [("linear_hinge", "hinge"), ("linear_softmax", "softmax")])
def test_one_mistake_in_the_scores_costs_no_marks_further_down(suite, function, kind):
    edit = Edit(function, "torch.ones_like(losses) / N", "torch.ones_like(losses)")
    answer = Answer("sums", (), (edit,))
    results = suite.run(answering(answer, FLAT), seed="x")
    assert {t.item for t in results if t.status != "passed"} == {f"{kind}_grad_scores"}


@pytest.mark.parametrize("function", ["net_hinge", "net_softmax"])
@pytest.mark.parametrize(
    ("old", "new", "lost"),
    [("torch.ones_like(losses) / N", "torch.ones_like(losses)", "second"),
     ('grads["h"] * (a > 0)', 'grads["h"] * 1.0', "first"),
     ('grads["scores"] @ w2.T', '2 * grads["scores"] @ w2.T', "first")],
)  # fmt: skip
def test_one_mistake_in_a_net_costs_one_item(suite, function, old, new, lost):
    answer = Answer("once", (), (Edit(function, old, new),))
    results = suite.run(answering(answer, FLAT), seed="x")
    failed = [t for t in results if t.status != "passed" and t.item != "bugs_repaired"]
    assert {t.item for t in failed} == {f"{function}_grad_{lost}"}
    assert len([t for t in failed if not t.hidden]) == 1


@pytest.mark.parametrize("function", ["linear_hinge", "linear_softmax", "linear_squared", "logistic"])
def test_the_solution_takes_inputs_that_do_not_lie_in_one_piece(function):
    module = namespace(SOLUTION, "flat")
    wide = torch.randn(5, 8, dtype=torch.float64).T
    y = torch.tensor([0, 1, 0, 1, 1, 0, 0, 1])
    w = torch.randn(5) if function == "logistic" else torch.randn(3, 5).T
    given = {"y": y, "w": w.double(), "b": torch.tensor(0.5).double(), "reg": 0.1}
    loss, grads = module[function](x=wide, **given)
    again, others = module[function](x=wide.contiguous(), **given | {"w": given["w"].contiguous()})
    torch.testing.assert_close((loss, grads), (again, others))


@pytest.mark.parametrize("assignment", ["flat", "scalar", "tensors", "layers", "training", "beyond"])
def test_the_answers_that_were_written_blind_are_rejected_and_nobody_is_falsely_accused(assignment):
    suite = Suite(checks_of(ROOT, assignment))
    answers = FIRST[assignment] + SECOND[assignment] + THIRD[assignment]
    room = rooms.load(assignment)
    given = (room, suite, set(suite.items), suite_audit.mistaken(room, suite, ("audit",)))
    found = [finding for answer in answers for finding in suite_audit.judge(answer, False, *given)]
    assert len(found) >= 5
    assert [f for f in found if not f.ok or f.accused] == []
    nameless = {f.item for f in found if f.expected and not f.named}
    assert nameless == UNNAMED.keys() & {item for answer in THIRD[assignment] for item in answer.items}
