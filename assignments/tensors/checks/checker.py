"""What a gradient checker must find, and what it must let pass."""

from __future__ import annotations

from typing import Any

from toolbox.checks.compare import lone
from toolbox.checks.suite import item
from toolbox.errors import Malformed, Mismatch, Missing
from toolbox.probes import planted_faults

# The checker, examined


def examine(student, kind: str, number: int) -> None:
    """Let the student's gradcheck judge all cases of a kind. Raises Mismatch with the first that it misjudges.

    A right checker may draw its upstream gradient, and once in fifty draws it is too small to show a small fault: where
    one fault alone was accepted, everything is asked once more, so that nobody can tell what that was about.
    """
    known, script = planted_faults.cases(kind, number), student.script()
    wrong = misjudged(script, known)
    if len(wrong) == 1 and wrong[0].fault:
        wrong = [case for case in misjudged(script, known) if case in wrong or not case.fault]
    if wrong:
        case = wrong[0]
        what = "accepted a wrong backward pass" if case.fault else "rejected a right backward pass"
        count = f"{len(wrong)} of the {len(known)} were misjudged"
        raise Mismatch(f"gradcheck {what}: {case.what} ({count})", diagnosis=[case.reveals])


def misjudged(script: Any, cases: list) -> list:
    """Those of the cases that the student's gradcheck is wrong about."""
    check = script.tensors.gradcheck
    verdicts = script.fetch(*[check(*planted_faults.dealt(case, script)) for case in cases])
    return [
        case for case, verdict in zip(cases, verdicts, strict=True) if said(verdict) != planted_faults.healthy(case)
    ]


def said(verdict: Any) -> bool:
    """The checker's verdict. Raises Missing or Malformed."""
    if verdict is None:
        raise Missing("gradcheck returns nothing yet")
    if not isinstance(lone(verdict), bool):
        raise Malformed("gradcheck must return True or False")
    return lone(verdict)


@item(
    "gradcheck_wrong",
    seconds=2,
    says="the checker rejects wrong factors, signs, transposes and shapes, and nothing else",
)
def test_the_checker_tells_factors_signs_transposes_and_shapes_from_right_gradients(student, make):
    examine(student, "wrong", make.seed)


@item("gradcheck_entry", seconds=2, says="the checker finds a mistake in a single entry")
def test_the_checker_finds_a_fault_in_a_single_entry(student, make):
    examine(student, "entry", make.seed)


@item("gradcheck_upstream", seconds=2, says="the checker finds mistakes that a constant upstream gradient hides")
def test_the_checker_finds_faults_that_a_constant_upstream_hides(student, make):
    examine(student, "upstream", make.seed)


@item("gradcheck_zero", seconds=2, says="the checker finds mistakes at zero, and accepts what is right there")
def test_the_checker_finds_faults_at_zero_and_makes_no_trouble_there(student, make):
    examine(student, "zero", make.seed)


@item("gradcheck_kinks", seconds=2, says="the checker accepts every slope at a kink that is right, and no other")
def test_the_checker_forgives_a_kink_and_nothing_else(student, make):
    examine(student, "kinks", make.seed)


@item("gradcheck_float32", seconds=2, says="the checker is as strict with float32 inputs as with any")
def test_the_checker_checks_float32_inputs_as_strictly_as_any(student, make):
    examine(student, "float32", make.seed)


@item("gradcheck_scales", seconds=2)
def test_the_checker_copes_with_very_small_and_very_large_numbers(student, make):
    examine(student, "scales", make.seed)
