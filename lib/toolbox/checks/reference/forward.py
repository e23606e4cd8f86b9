"""What the suite of `beyond` compares forward mode with: torch's own forward mode, in float64."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
import torch.autograd.forward_ad as forward_ad
from torch import Tensor

Function = Callable[..., Tensor]


def push(function: Function, inputs: Sequence[Tensor], tangents: Sequence[Tensor]) -> tuple[Tensor, Tensor]:
    """(y, J v) of a function, in float64."""
    with forward_ad.dual_level():
        duals = [
            forward_ad.make_dual(x.detach().double().clone(), v.detach().double().clone())
            for x, v in zip(inputs, tangents, strict=True)
        ]
        y, dy = forward_ad.unpack_dual(function(*duals))
    y = y.detach().clone()
    return y, torch.zeros_like(y) if dy is None else dy.detach().clone()


OPERATIONS: dict[str, Function] = {
    "add": lambda a, b: a + b,
    "sub": lambda a, b: a - b,
    "mul": lambda a, b: a * b,
    "truediv": lambda a, b: a / b,
    "matmul": lambda a, b: a @ b,
}
UNARY: dict[str, Function] = {"exp": torch.exp, "log": torch.log, "tanh": torch.tanh, "relu": torch.relu}
