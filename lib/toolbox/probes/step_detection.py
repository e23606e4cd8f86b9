"""Tell a gradient from differences of forward values: two kinds of evidence, for the suites.

1. Values (`apart`). An answer that is right where any step is small enough, and wrong where none is, comes from
   nudging: beside a kink that is nearer than any usable step, or where numbers of very different size meet, so that a
   step vanishes in the rounding of one or leaps over the other. A gradient that was worked out is right in both places.
2. Work (`within_passes`). A backward pass costs as much as one or two forward passes. Differences of any kind, of
   high order, with complex steps, all at once: they cost one forward pass or more for every parameter.

Values cannot be evaded by a student's code, work can (NumPy is not counted): each stands where the other is blind.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from toolbox.errors import Forbidden, Mismatch, Raised, Timeout
from toolbox.probes.budget import STOPPED, Budget

PASSES = 20  # of a forward pass's work; loops over single numbers take 8, nudging every parameter hundreds


def apart(awkward: Callable[[], None], ordinary: Callable[[], None], times: int = 3) -> None:
    """Raise Forbidden where an answer is wrong in the awkward place and right in most ordinary ones.

    awkward, ordinary: compare an answer with the truth, raise Mismatch where it is wrong; `ordinary` draws another
    place each time, and takes float32's tolerance, as differences are seldom better. An answer that is wrong in both
    kinds of places is simply wrong, which other tests say better: nothing is raised.
    """
    try:
        awkward()
    except (Mismatch, Raised) as error:  # a step beyond where the function is defined raises
        if 2 * sum(_right(ordinary) for _ in range(times)) <= times:
            return
        if isinstance(error, Mismatch) and error.single:  # it went through float32: a mistake, and no nudging
            raise
        raise Forbidden(
            f"right in ordinary places and wrong where a step of any size misleads, as a gradient from nudging is: "
            f"{error}"
        ) from None


def _right(check: Callable[[], None]) -> bool:
    try:
        check()
    except (Mismatch, Raised):
        return False
    return True


def work_of(forward: Callable[[], Any]) -> int:
    """The work of one forward pass, as `toolbox.probes.budget` counts it."""
    with Budget() as counted:
        forward()
    return counted.done


def within_passes(student: Any, module: str, name: str, given: dict[str, Any], work: int) -> Any:
    """The answer of a student's function within PASSES times the work of its forward pass. Raises Forbidden."""
    script = student.script()
    function = getattr(getattr(script, module), name)
    try:
        return script.fetch(script.toolbox.budget.within(function, [], given, PASSES * work))[0]
    except Timeout as error:
        if not str(error).startswith(STOPPED):  # it hangs
            raise
        getattr(getattr(student, module), name)(**given)  # what is wrong with the answer itself is said instead
        message = f"the work of more than {PASSES} forward passes: gradients found by nudging; write the backward pass"
        raise Forbidden(message) from None
