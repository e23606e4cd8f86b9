"""Ops for a graph: right ones, which count how often they run. Students build nets of them, checks try graphs with them
(`toolbox.checks.graph_bench`).

A graph is described by plain rows: name, kind of op, sources, parameters.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

WITHHELD = True  # while grading: its ops are right layers


class Op:
    """An op with a cache, gradients of its parameters, and a count of its runs."""

    def __init__(self, *params: Tensor):
        self.params, self.grads, self.cache = params, [], None
        self.runs = {"forward": 0, "backward": 0}

    def forward(self, *inputs: Tensor) -> Tensor:
        self.runs["forward"] += 1
        self.cache = inputs
        return self.value(*inputs)

    def backward(self, grad_out: Tensor) -> Tensor | tuple[Tensor, ...]:
        self.runs["backward"] += 1
        return self.gradient(grad_out)

    def value(self, *inputs: Tensor) -> Tensor:
        raise NotImplementedError

    def gradient(self, grad_out: Tensor) -> Tensor | tuple[Tensor, ...]:
        raise NotImplementedError


class Linear(Op):
    """x @ w + b."""

    def value(self, x: Tensor) -> Tensor:
        w, b = self.params
        return x @ w + b

    def gradient(self, grad_out: Tensor) -> Tensor:
        (x,), (w, _) = self.cache, self.params
        self.grads = [x.T @ grad_out, grad_out.sum(dim=0)]
        return grad_out @ w.T


class Scale(Op):
    """s * x, for a parameter s of one number."""

    def value(self, x: Tensor) -> Tensor:
        return self.params[0] * x

    def gradient(self, grad_out: Tensor) -> Tensor:
        self.grads = [(grad_out * self.cache[0]).sum()]
        return self.params[0] * grad_out


class Square(Op):
    def value(self, x: Tensor) -> Tensor:
        return x * x

    def gradient(self, grad_out: Tensor) -> Tensor:
        return 2 * self.cache[0] * grad_out


class Tanh(Op):
    def value(self, x: Tensor) -> Tensor:
        return torch.tanh(x)

    def gradient(self, grad_out: Tensor) -> Tensor:
        return grad_out * (1 - torch.tanh(self.cache[0]) ** 2)


class Same(Op):
    """The input as it is: what comes back is the very tensor that was handed in."""

    def value(self, x: Tensor) -> Tensor:
        return x

    def gradient(self, grad_out: Tensor) -> Tensor:
        return grad_out


class Add(Op):
    """A sum; all sources get one and the same tensor."""

    def value(self, *inputs: Tensor) -> Tensor:
        return sum(inputs[1:], start=inputs[0])

    def gradient(self, grad_out: Tensor) -> tuple[Tensor, ...]:
        return (grad_out,) * len(self.cache)


class Mix(Op):
    """2 x - 5 y: tells its sources apart, and is not zero where both are the same."""

    def value(self, x: Tensor, y: Tensor) -> Tensor:
        return 2 * x - 5 * y

    def gradient(self, grad_out: Tensor) -> tuple[Tensor, Tensor]:
        return 2 * grad_out, -5 * grad_out


class Multiply(Op):
    def value(self, x: Tensor, y: Tensor) -> Tensor:
        return x * y

    def gradient(self, grad_out: Tensor) -> tuple[Tensor, Tensor]:
        x, y = self.cache
        return grad_out * y, grad_out * x


OPS: dict[str, type[Op]] = {kind.__name__.lower(): kind for kind in
                            (Linear, Scale, Square, Tanh, Same, Add, Mix, Multiply)}  # fmt: skip
Row = Sequence[Any]  # name, kind, sources, parameters
