"""Numbers for the checks of `scalar`, and what an answer must hold to be looked at."""

from __future__ import annotations

from typing import Any

import torch

from toolbox.checks.compare import identical
from toolbox.errors import Mismatch, Missing


def away_from_zero(make, count: int, low: float = 0.4, high: float = 2.0) -> list[float]:
    """`count` floats, low to high in size, of either sign, no two of them close to each other, none close to 1."""
    while True:
        sizes = make.uniform(count, low=low, high=high)
        numbers = sizes * (make.integers(0, 2, (count,)) * 2 - 1)
        gaps = (numbers[:, None] - numbers).abs() + torch.eye(count) * 9
        if gaps.min() > 0.1 and (sizes - 1).abs().min() > 0.05:
            return numbers.tolist()


def positive(make, count: int, low: float = 0.4, high: float = 2.0) -> list[float]:
    """`count` positive floats, away from 1, no two of them close to each other."""
    return (
        [abs(number) for number in away_from_zero(make, count, low, high)]
        if count == 1
        else sorted((make.uniform(count) * 0.3 + torch.arange(count) * 0.6 + low).tolist())
    )


def lists_stay(student, module: str, name: str, *arguments: Any) -> None:
    """Call a function of lists. Raises Mismatch where it changes one: the caller still needs it."""
    script = student.script()
    kept = [script.keep(argument) for argument in arguments]
    answer, *after = script.fetch(getattr(getattr(script, module), name)(*kept), *kept)
    filled(answer, name)
    if not identical(after, list(arguments)):
        raise Mismatch(f"{name} changed a list that it was given: work on a copy", diagnosis=["input-changed"])


def as_given(script, kept: Any, given: list[Any]) -> tuple[Any, list[Any]]:
    """What to ask about a list of numbers or of nodes, and the answer if it holds what it held, in the same order."""
    if all(isinstance(entry, float) for entry in given):
        return script.facts.numbers(kept), given
    asked = [script.facts.length(kept), script.facts.places(kept, given)]
    return asked, [len(given), [[place] for place in range(len(given))]]


def filled(answer: Any, name: str) -> Any:
    """The answer, if all of it is there. Raises Missing where it is None, or holds None."""
    if answer is None or isinstance(answer, list) and (not answer or any(entry is None for entry in answer)):
        raise Missing(f"{name} is not written yet")
    return answer
