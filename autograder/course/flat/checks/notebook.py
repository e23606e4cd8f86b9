"""What the notebook must say: which line of which function is faulty; and the repaired function."""

from __future__ import annotations

from toolbox.checks.compare import lone
from toolbox.checks.reference.models import Truth
from toolbox.checks.suite import item
from toolbox.errors import Malformed, Missing

from .inputs import compare, compare_twice, net, strided

# Find the bug


NAMES = ("anna", "ben", "chen", "dana")


def faulty_of(student) -> dict:
    """The answers of the notebook: name -> line number or None. Raises Malformed or Missing."""
    faulty = student.value("faulty")
    if not isinstance(faulty, dict) or any(name not in NAMES for name in faulty):
        raise Malformed(f"`faulty` must be a dict with an entry for each of {', '.join(NAMES)}")
    if absent := [name for name in NAMES if name not in faulty]:
        raise Missing(f"`faulty` has no entry yet for {', '.join(absent)}")
    faulty = {name: lone(line) for name, line in faulty.items()}
    for name, line in faulty.items():
        if line is not None and (type(line) is not int or not 1 <= line <= 60):
            raise Malformed(f"faulty[{name!r}] must be the number of a line, or None where the backward pass is right")
    return faulty


@item("bugs_found", share=0.0, says="every backward pass has a line number or None")
def test_every_patient_has_a_diagnosis_in_the_form_of_a_line_number_or_none(student, make):
    faulty = faulty_of(student)
    if all(line is None for line in faulty.values()):
        raise Missing("`faulty` names no line yet")


### BEGIN HIDDEN TESTS
FAULTY = {"anna": 7, "ben": 9, "chen": None, "dana": 5}


@item("bugs_found", says="the wrong line of the first wrong backward pass is found")
def test_the_fault_of_the_first_sick_patient_is_found(student, make):
    found(student, 0)


@item("bugs_found", says="the wrong line of the second wrong backward pass is found")
def test_the_fault_of_the_second_sick_patient_is_found(student, make):
    found(student, 1)


@item("bugs_found", says="the wrong line of the third wrong backward pass is found")
def test_the_fault_of_the_third_sick_patient_is_found(student, make):
    found(student, 2)


@item("bugs_found", says="the right backward pass is left alone")
def test_the_healthy_patient_is_left_alone(student, make):
    faulty = faulty_of(student)
    for name, line in FAULTY.items():
        if line is None and faulty[name] is not None:
            raise AssertionError(f"{name} is right: no line of that backward pass is wrong")
    if not any(faulty[name] == line for name, line in FAULTY.items() if line is not None):
        raise AssertionError("none of the wrong lines is found: calling all four right finds no bug")  # a lazy answer


def found(student, index: int) -> None:
    """Raise Mismatch unless the line of the index-th wrong backward pass is the right one."""
    faulty = faulty_of(student)
    name, line = [(name, line) for name, line in FAULTY.items() if line is not None][index]
    if faulty[name] != line:
        yours = "no line" if faulty[name] is None else f"line {faulty[name]}"
        raise AssertionError(f"{name}: your answer ({yours}) is not where the mistake is")


### END HIDDEN TESTS


@item("bugs_repaired", says="the repaired net has the right loss and the right gradients of its second layer")
def test_the_repaired_patient_has_the_right_loss_and_second_layer(student, make):
    given = net(make)
    compare(student.notebook.repaired(**given), Truth("softmax", given), "loss", "scores", "w2", "b2")


@item("bugs_repaired", says="the repaired net has the right gradients of its first layer")
def test_the_repaired_patient_has_the_right_first_layer(student, make):
    given = net(make)
    compare(student.notebook.repaired(**given), Truth("softmax", given), "h", "a", "w1", "b1")


### BEGIN HIDDEN TESTS
@item("bugs_repaired", says="the repaired net is right for a single example")
def test_the_repaired_patient_is_well_for_a_single_example(student, make):
    given = net(make, N=1, D=3, H=7, C=5, reg=2.5)
    names = ("loss", "scores", "w2", "b2", "h", "a", "w1", "b1")
    compare(student.notebook.repaired(**given), Truth("softmax", given), *names)


@item("bugs_repaired", says="the repaired net is right with a strong penalty, and leaves its inputs alone")
def test_the_repaired_patient_is_well_with_a_strong_penalty_and_leaves_its_inputs_alone(student, make):
    given = strided(net(make, reg=20.0))
    names = ("loss", "scores", "w2", "b2", "h", "a", "w1", "b1")
    compare_twice(student, student.notebook.repaired, given, Truth("softmax", given), *names)


### END HIDDEN TESTS
