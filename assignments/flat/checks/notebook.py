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


@item("bugs_repaired", says="the repaired net has the right loss and the right gradients of its second layer")
def test_the_repaired_patient_has_the_right_loss_and_second_layer(student, make):
    given = net(make)
    compare(student.notebook.repaired(**given), Truth("softmax", given), "loss", "scores", "w2", "b2")


@item("bugs_repaired", says="the repaired net has the right gradients of its first layer")
def test_the_repaired_patient_has_the_right_first_layer(student, make):
    given = net(make)
    compare(student.notebook.repaired(**given), Truth("softmax", given), "h", "a", "w1", "b1")
