"""Landscapes to descend: losses of two numbers, each with a trap for plain gradient descent.

`walk` lets a student's optimiser go downhill on one of them, and records its path.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor


@dataclass(frozen=True)
class Landscape:
    """loss(x, y), elementwise. start: (x, y). lr: one that suits it. noise: standard deviation of what is added to each
    gradient. window: (left, right, bottom, top) to draw."""

    loss: Callable[[Tensor, Tensor], Tensor]
    start: tuple[float, float]
    lr: float
    steps: int
    window: tuple[float, float, float, float]
    noise: float = 0.0


LANDSCAPES = {
    "ravine": Landscape(lambda x, y: 0.02 * x**2 + 2 * y**2, (-9.0, 1.6), 0.2, 60, (-10, 5, -2.2, 2.2)),
    "saddle": Landscape(lambda x, y: 0.5 * x**2 - 0.5 * y**2 + y**4 / 16, (-2.6, 0.01), 0.06, 80, (-3, 3, -1, 3.2)),
    "local minimum": Landscape(
        lambda x, y: 0.06 * x**2 - 0.35 * torch.cos(1.9 * x) + 0.4 * y**2, (-7.4, 1.6), 0.1, 80, (-8, 4.5, -2, 2.4)
    ),
    "noisy gradients": Landscape(
        lambda x, y: 0.05 * x**2 + 0.5 * y**2, (-8.0, 2.5), 0.06, 80, (-9, 4, -3.4, 3.4), noise=1.0
    ),
}


def walk(landscape: Landscape, make: Callable[..., Any], seed: int = 0, **options: float) -> Tensor:
    """The path of an optimiser, (steps + 1, 2), the start included. make(params, lr=..., **options) makes it.

    The same seed gives the same noise, whichever optimiser walks.
    """
    params = {name: torch.tensor(value, dtype=torch.float64) for name, value in zip("xy", landscape.start, strict=True)}
    optimizer = make(params, lr=landscape.lr, **options)
    generator = torch.Generator().manual_seed(seed)
    path = [torch.stack([params["x"], params["y"]])]
    for _ in range(landscape.steps):
        with torch.enable_grad():
            point = path[-1].clone().requires_grad_()
            (grads,) = torch.autograd.grad(landscape.loss(point[0], point[1]), point)
        grads = grads + landscape.noise * torch.randn(2, generator=generator, dtype=torch.float64)
        optimizer.step({"x": grads[0].clone(), "y": grads[1].clone()})
        path.append(torch.stack([params["x"], params["y"]]).clone())
    return torch.stack(path)
