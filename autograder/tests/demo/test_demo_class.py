"""The demo class: the same bytes each time, taken in as promised, and losing exactly the marks that are promised.

The real grading of the class is `make demo`. Here the answers, all ours, run in this process with the same suite.
"""

from __future__ import annotations

import json
import types
from pathlib import Path

import pytest

from autograder.course.answers import Edit
from autograder.demo import DUE, make_class
from autograder.demo.material import Material, grade_id, text, without_marks
from autograder.demo.students import CLASS
from autograder.intake import intake
from autograder.masters.sources import checks_of
from autograder.tests.intake.test_intake import codes
from autograder.tests.naming import known
from toolbox.calling.student import LocalTransport, Student
from toolbox.checks.recognise import name_mistakes
from toolbox.checks.suite import Suite

ROOT = Path(__file__).resolve().parents[3]
# not run here: an endless loop, a module that does not compile
NOT_HERE = {"s12-syntax", "s13-endless"}
ACCEPTED = [person.student for person in CLASS if person.expectation.intake != "refused"]


@pytest.fixture(scope="module")
def material() -> Material:
    return Material.read(ROOT)


@pytest.fixture(scope="module")
def taken(tmp_path_factory):
    """The hand-ins by student, their receipts, and the classroom."""
    folder = tmp_path_factory.mktemp("class")
    hand_ins = make_class(ROOT, folder / "handins")
    released = ROOT / "assignments" / "flat" / "flat.ipynb"
    receipts = intake(folder / "handins", folder / "submitted", "flat", released)
    return {one.student: one for one in hand_ins}, {one.student: one for one in receipts}, folder / "submitted"


@pytest.fixture(scope="module")
def suite():
    suite = Suite(checks_of(ROOT, "flat"))
    yield suite


def test_the_class_holds_what_real_students_send(taken):
    hand_ins, _, _ = taken
    assert len(hand_ins) >= 16
    expected = [one.expectation for one in hand_ins.values()]
    assert sum(one.misconception is not None for one in expected) >= 6
    assert {"timeout", "missing", "failed", "malformed"} <= {one.cause for one in expected}
    assert {"renamed_notebook", "duplicated_cell", "missing_cell"} <= {one.repair for one in expected}
    assert {"no_lib", "notebook_not_json"} <= {one.code for one in expected}


def test_the_same_masters_make_the_same_class(taken, tmp_path):
    hand_ins, _, _ = taken
    for again in make_class(ROOT, tmp_path):
        first = hand_ins[again.student].path
        assert again.path.read_bytes() == first.read_bytes() and again.path.stat().st_mtime == first.stat().st_mtime


@pytest.mark.parametrize("person", CLASS, ids=lambda person: person.student)
def test_the_intake_says_what_is_promised(taken, person):
    receipt, expected = taken[1][person.student], person.expectation
    assert (receipt.status, receipt.code) == (expected.intake, expected.code), receipt.message
    assert codes(receipt) - {"cell_ids"} == ({expected.repair} if expected.repair else set())
    assert max(0, int((receipt.received - DUE).total_seconds())) == expected.late_seconds


@pytest.mark.parametrize("student", [student for student in ACCEPTED if student not in NOT_HERE])
@pytest.mark.filterwarnings("ignore:is reg too large")
def test_it_loses_the_promised_marks_and_no_others(taken, suite, student):
    hand_ins, _, submitted = taken
    expected = hand_ins[student].expectation
    folder = submitted / student / "flat"
    module, notebook = types.ModuleType("flat"), {}
    exec(compile((folder / "lib/backprop/flat.py").read_text(), student, "exec"), module.__dict__)
    exec("import torch", notebook)
    for cell in json.loads((folder / "flat.ipynb").read_text())["cells"]:
        if (grade_id(cell) or "").startswith("solution_"):
            exec(text(cell), notebook)
    results = suite.run(Student(LocalTransport({"flat": module}, notebook)), seed="demo")
    name_mistakes(results, known("flat", "demo"))
    lost = {result.item for result in results if result.status != "passed"}
    if expected.marks == "zero":
        assert not {result.item for result in results if result.status == "passed"}
    else:
        assert lost == expected.lost and (expected.marks == "full") == (not lost)
    guesses = {result.diagnosis[0] for result in results if result.diagnosis}
    assert guesses == ({expected.misconception} if expected.misconception else set())


def test_the_syntax_error_is_one(taken):
    source = (taken[2] / "s12-syntax" / "flat" / "lib/backprop/flat.py").read_text()
    with pytest.raises(SyntaxError):
        compile(source, "flat.py", "exec")


def test_the_endless_loop_is_in_a_module_that_runs(taken):
    source = (taken[2] / "s13-endless" / "flat" / "lib/backprop/flat.py").read_text()
    compile(source, "flat.py", "exec")
    assert "while row < N" in source and "row +=" not in source


def test_a_hand_in_holds_no_marks_of_the_masters(material):
    files = material.files(material.solved)
    assert not any(b"### BEGIN" in data or b"### END" in data for data in files.values())


def test_an_edit_that_no_longer_fits_is_refused(material):
    with pytest.raises(ValueError, match="linear_hinge"):
        material.edited(Edit("linear_hinge", "no such text", ""))


def test_the_half_done_module_is_the_skeleton_but_for_what_is_done(material):
    source = material.half_done("toy", "linear_hinge")
    assert source.count("# YOUR CODE HERE") == material.skeleton.count("# YOUR CODE HERE") - 4
    compile(source, "flat.py", "exec")


def test_marks_are_taken_out_with_their_lines():
    assert without_marks("a\n    ### BEGIN SOLUTION\n    b\n    ### END SOLUTION\n") == "a\n    b\n"
