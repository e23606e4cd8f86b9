"""What the suite of `scalar` compares gates with: each gate in PyTorch, differentiated by autograd."""

from __future__ import annotations

import struct
from collections.abc import Callable
from functools import lru_cache

import torch
from torch import Tensor

FORWARD: dict[str, Callable[..., Tensor]] = {
    "add": lambda x, y: x + y,
    "sub": lambda x, y: x - y,
    "multiply": lambda x, y: x * y,
    "truediv": lambda x, y: x / y,
    "maximum": lambda x, y: x.max(y),
    "reciprocal": lambda x: x.reciprocal(),
    "exp": lambda x: x.exp(),
    "log": lambda x: x.log(),
    "tanh": lambda x: x.tanh(),
    "sigmoid": lambda x: x.sigmoid(),
    "relu": lambda x: x.relu(),
    "total": lambda *xs: torch.stack(xs).sum(),
    "mean": lambda *xs: torch.stack(xs).mean(),
}


def truth(gate: str, inputs: list[float], grad_out: float = 1.0) -> tuple[Tensor, Tensor]:
    """The output and the gradients: a number for one input, else a vector."""
    return _truth(gate, struct.pack(f"{len(inputs) + 1}d", *inputs, grad_out))


@lru_cache(maxsize=4096)
def _truth(gate: str, numbers: bytes) -> tuple[Tensor, Tensor]:
    """By the bytes of inputs and upstream gradient: 0.0 and -0.0 are equal, and their reciprocals are not."""
    *inputs, grad_out = struct.unpack(f"{len(numbers) // 8}d", numbers)
    xs = [torch.tensor(x, dtype=torch.float64, requires_grad=True) for x in inputs]
    with torch.enable_grad():
        output = FORWARD[gate](*xs)
        grads = torch.autograd.grad(output, xs, torch.tensor(grad_out, dtype=torch.float64), allow_unused=True)
    filled = [torch.zeros(()).double() if grad is None else grad for grad in grads]
    listed = gate in ("total", "mean") or len(inputs) > 1
    return output.detach(), torch.stack(filled) if listed else filled[0]
