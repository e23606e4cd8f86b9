"""What the suite of `scalar` compares gates with: each gate in PyTorch, differentiated by autograd."""

from __future__ import annotations

from collections.abc import Callable

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
    xs = [torch.tensor(x, dtype=torch.float64, requires_grad=True) for x in inputs]
    with torch.enable_grad():
        output = FORWARD[gate](*xs)
        grads = torch.autograd.grad(output, xs, torch.tensor(grad_out, dtype=torch.float64), allow_unused=True)
    filled = [torch.zeros(()).double() if grad is None else grad for grad in grads]
    listed = gate in ("total", "mean") or len(inputs) > 1
    return output.detach(), torch.stack(filled) if listed else filled[0]
