"""Small layers that keep the contract of `toolbox.given.layer`, given: to look at, and to put into a `Sequential`."""

from __future__ import annotations

import torch
from torch import Tensor

from toolbox.given.layer import Layer


class Scale(Layer):
    """out = x * s, with one number of s (D,) for each column of x (N, D)."""

    def __init__(self, s: Tensor):
        super().__init__(s=s)

    def forward(self, x: Tensor) -> Tensor:
        self.cache = x  # the backward pass needs it
        return x * self.params["s"]

    def backward(self, grad_out: Tensor) -> Tensor:
        x = self.cache
        self.grads["s"] = (grad_out * x).sum(dim=0)  # s was copied to every row: its gradients add up
        return grad_out * self.params["s"]


class Shift(Layer):
    """out = x + t, with one number of t (D,) for each column of x (N, D)."""

    def __init__(self, t: Tensor):
        super().__init__(t=t)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.params["t"]

    def backward(self, grad_out: Tensor) -> Tensor:
        self.grads["t"] = grad_out.sum(dim=0)
        return grad_out


class Wave(Layer):
    """out = sin(x) in training, and x at test time: a layer of two modes."""

    def forward(self, x: Tensor) -> Tensor:
        self.cache = torch.cos(x) if self.training else torch.ones_like(x)
        return torch.sin(x) if self.training else x

    def backward(self, grad_out: Tensor) -> Tensor:
        return grad_out * self.cache


class Watched(Scale):
    """A Scale that notes how often it ran forward, and how many layers of its row held a cache when it had.

    row: the list that all layers of a net share; each puts itself into it.
    """

    def __init__(self, s: Tensor, row: list):
        super().__init__(s)
        self.row, self.runs, self.most = row, 0, 0
        row.append(self)

    def forward(self, x: Tensor) -> Tensor:
        out = super().forward(x)
        self.runs += 1
        self.most = max(self.most, sum(layer.cache is not None for layer in self.row))
        return out


def move(params: dict[str, Tensor], step: float) -> bool:
    """Adds `step` to every parameter, in place, as an optimiser does."""
    for p in params.values():
        p += step
    return True


def generator(seed: int) -> torch.Generator:
    """A source of random numbers on the CPU."""
    return torch.Generator().manual_seed(seed)
