"""Functions in whose backward passes faults are planted, and inputs for them: see `planted_faults`."""

from __future__ import annotations

import torch
from torch import Tensor

WITHHELD = True  # while grading: some are forward passes that items ask for


def normal(draw: torch.Generator, *shape: int) -> Tensor:
    return torch.randn(shape, generator=draw, dtype=torch.float64)


def affine(x: Tensor, w: Tensor, b: Tensor) -> Tensor:
    return x @ w + b


def softmax(x: Tensor) -> Tensor:
    return torch.softmax(x, dim=-1)


def shifted_softmax(x: Tensor, s: Tensor) -> Tensor:
    """The softmax of x + s: the same s on all scores of a row changes nothing, so the gradient of s is 0."""
    return softmax(x + s)


def wave(x: Tensor) -> Tensor:
    return torch.sin(1.3 * x) + 0.4 * x * x


def keep(x: Tensor) -> Tensor:
    """x itself."""
    return x


def turned(x: Tensor) -> Tensor:
    """(n, m) -> (m, n): the same numbers in the same memory."""
    return x.T


def twist(x: Tensor) -> Tensor:
    """(n,) -> (n - 1,): smooth, and different in every entry."""
    return torch.sin(x[1:]) * x[:-1] + x[0] ** 2


def cubes(x: Tensor) -> Tensor:
    """Any shape, elementwise: the central difference of x**3 over h is 3 x**2 + h**2 exactly."""
    return x**3


def rows_against_columns(x: Tensor) -> Tensor:
    """(n, m) -> (m, n): entry [j, i] mixes row i and column j."""
    return torch.tanh(x.T) + x.sum(dim=0)[:, None] * x[:, 0]


def ripple(x: Tensor) -> Tensor:
    return 1e-6 * wave(x)


def steep(x: Tensor) -> Tensor:
    return 1e8 * x


def first_only(x: Tensor, y: Tensor) -> Tensor:
    """x * x: y does not matter."""
    return x * x


def affine_inputs(draw: torch.Generator, N: int = 2, D: int = 3, M: int = 3) -> list[Tensor]:
    return [normal(draw, N, D), normal(draw, D, M), normal(draw, M)]


def spread(draw: torch.Generator, *shape: int) -> Tensor:
    """Numbers from 0.001 to 1000, evenly over the powers of ten, of either sign and in any order."""
    count = torch.Size(shape).numel()
    size = torch.logspace(-3, 3, count, dtype=torch.float64)[torch.randperm(count, generator=draw)]
    return size.reshape(shape) * torch.sign(normal(draw, *shape))
