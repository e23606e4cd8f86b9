"""What a gradient checker must find, and what it must let pass."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

from toolbox.checks.compare import lone
from toolbox.checks.rows import Row, asks
from toolbox.errors import Malformed, Mismatch, Missing
from toolbox.probes import planted_faults

# The checker, examined


def examine(student, kind: str, number: int) -> None:
    """Let the student's gradcheck judge all cases of a kind. Raises Mismatch with what most of those tell
    that it misjudges.

    A right checker may draw its upstream gradient, and once in fifty draws it is too small to show a small fault: where
    one fault alone was accepted, everything is asked once more, so that nobody can tell what that was about.
    """
    known, script = planted_faults.cases(kind, number), student.script()
    wrong = misjudged(script, known)
    if len(wrong) == 1 and wrong[0].fault:
        wrong = [case for case in misjudged(script, known) if case in wrong or not case.fault]
    if wrong:
        reveals, _ = Counter(case.reveals for case in wrong).most_common(1)[0]  # one alone may be wrong by the draw
        case = next(case for case in wrong if case.reveals == reveals)
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


@dataclass(frozen=True)
class Cases(Row):
    """Backward passes of one kind, right and wrong ones. label: what marks the wrong ones."""

    kind: str
    label: str

    @property
    def item(self) -> str:
        return f"gradcheck_{self.kind}"

    @property
    def covers(self) -> tuple[str, ...]:
        return ("gradcheck",)


@asks(Cases, "apart", seconds=2)
def the_checker_tells_wrong_backward_passes_from_right_ones(cases, student, make):
    examine(student, cases.kind, make.seed)


CASES = [
    Cases("wrong", "factors, signs, transposes and shapes"),
    Cases("entry", "a mistake in a single entry"),
    Cases("upstream", "what a constant upstream gradient hides"),
    Cases("zero", "mistakes that show at zero alone"),
    Cases("kinks", "any slope at a kink that lies not between its two sides"),
    Cases("float32", "float32 inputs, as strictly as any"),
    Cases("scales", "very small and very large numbers"),
]
