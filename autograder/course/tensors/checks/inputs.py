"""Inputs for the checks of `tensors`, and parts of answers."""

from __future__ import annotations

from typing import Any

import torch

from toolbox.checks.compare import assert_unchanged
from toolbox.errors import Malformed, Memory, Missing, Timeout


def softmax(x: torch.Tensor) -> torch.Tensor:
    return torch.softmax(x, dim=-1)


def product(x: torch.Tensor, w: torch.Tensor) -> torch.Tensor:
    return x @ w


def off_zero(make, *shape: int, dtype=torch.float64) -> torch.Tensor:
    """Numbers that stay away from 0: the first is above 1, the second between 0 and 1, the last is negative."""
    x = make.normal(*shape)
    x = x + 0.1 * torch.sign(x)
    flat = x.view(-1)
    flat[1:2] = flat[1:2].abs().clamp(max=0.9)
    flat[-1], flat[0] = -flat[-1].abs(), flat[0].abs() + 1.1
    return x.to(dtype)


def part(answer: Any, place: int, names: str) -> Any:
    """One of several answers. Raises Missing or Malformed."""
    names = names.split()
    if answer is None:
        raise Missing("nothing is returned yet: end the function with its `return` line")
    if not isinstance(answer, list | tuple) or len(answer) != len(names):
        raise Malformed(f"return {len(names)} values: {', '.join(names)}")
    if answer[place] is None:
        raise Missing(f"{names[place]} is not written yet (it is None)")
    return answer[place]


def within_budget(student, name: str, *arguments: torch.Tensor) -> Any:
    """The answer of a function of tensors.py that must not build a whole Jacobian on the way."""
    script = student.script()
    try:
        return script.fetch(script.toolbox.budget.within(getattr(script.tensors, name), list(arguments)))[0]
    except (Memory, Timeout) as error:  # passed on, with its name
        raise type(error)(str(error), diagnosis=["needs-whole-jacobian"]) from None


def same_twice(student, function, given: dict[str, Any], check) -> None:
    """Call twice with the same arguments: both answers must be right, and the arguments unchanged."""
    first = function(**given)
    changed = student.changed
    check(first)
    check(function(**given))
    assert_unchanged(changed)


def strided(x: torch.Tensor) -> torch.Tensor:
    """The same numbers, laid out so that rows are not contiguous."""
    return x.transpose(0, -1).contiguous().transpose(0, -1)
