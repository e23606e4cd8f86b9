"""Functions to differentiate in the assignment `beyond`, written so that tensors and Duals go through alike.

They use operators and methods only (`x.exp()`, not `torch.exp(x)`): the two-layer net and a thrown ball for the
notebook; functions with known derivatives for the checks. `Products` and `Passes` multiply with a known matrix and
count how often they did. `trained_by` differentiates what a student's penalty returns, in the student's process.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor


def net_loss(x: Any, y: Tensor, w1: Any, b1: Any, w2: Any, b2: Any, reg: float = 0.0) -> Any:
    """The two-layer ReLU net with softmax cross-entropy, a mean over the batch, plus reg * sum of squared weights."""
    scores = (x @ w1 + b1).relu() @ w2 + b2
    shifted = scores - scores.detach().max(dim=1, keepdim=True).values  # no exp overflows, and nothing else changes
    logs = shifted - shifted.exp().sum(dim=1, keepdim=True).log()
    losses = -logs[torch.arange(len(y)), y]
    return losses.sum() / len(y) + reg * ((w1 * w1).sum() + (w2 * w2).sum())


class Cubed:
    """y = (M1 x1 + M2 x2 + ...)**3, entry by entry: inputs of any shapes, an output of the given shape.

    It knows its own tangent, so that it says something about who calls it and nothing about the arithmetic of Duals.
    """

    def __init__(self, matrices: Sequence[Tensor], shape: Sequence[int]):
        self.matrices, self.shape = list(matrices), tuple(shape)

    def __call__(self, *inputs: Any) -> Any:
        values = [x if isinstance(x, Tensor) else x.value for x in inputs]
        total = self._sum(values)
        if all(isinstance(x, Tensor) for x in inputs):
            return (total**3).reshape(self.shape)
        kind = next(type(x) for x in inputs if not isinstance(x, Tensor))
        moved = self._sum([torch.zeros_like(x) if isinstance(x, Tensor) else x.tangent for x in inputs])
        return kind((total**3).reshape(self.shape), (3 * total**2 * moved).reshape(self.shape))

    def _sum(self, tensors: Sequence[Tensor]) -> Tensor:
        return sum(  # type: ignore[return-value]  # there is at least one
            m.to(x.dtype) @ x.reshape(-1) for m, x in zip(self.matrices, tensors, strict=True)
        )


def unmoved(a: Any) -> Tensor:
    """Whatever goes in, the same tensor comes out."""
    return torch.tensor([1.5, -2.0], dtype=torch.float64)


def stack(rows: Sequence[Any]) -> Any:
    """Tensors, or Duals, of one shape as one, along a new first axis."""
    if isinstance(rows[0], Tensor):
        return torch.stack(list(rows))
    return type(rows[0])(torch.stack([row.value for row in rows]), torch.stack([row.tangent for row in rows]))


def throw(gravity: Any, steps: int = 100, dt: float = 0.02, drag: float = 0.08) -> Any:
    """A ball thrown to the right and upwards: its places after each step, (steps, 2), in metres.

    gravity: m/s², a 0-dimensional tensor or Dual. The air holds it back with drag * speed² (per metre of way). Each
    step of dt seconds changes the velocity first, then the place.
    """
    down, place = torch.tensor([0.0, -1.0]).double(), torch.tensor([0.0, 1.5]).double()
    velocity, places = torch.tensor([11.0, 13.0]).double(), []
    for _ in range(steps):
        speed = ((velocity * velocity).sum().log() * 0.5).exp()  # a root, for those who have no sqrt
        velocity = velocity + dt * (gravity * down - drag * speed * velocity)
        place = place + dt * velocity
        places.append(place)
    return stack(places)


# Scalar functions of one vector, with curvature everywhere.


def quartic(x: Tensor) -> Tensor:
    """Entries that meet their neighbours: a full band of second derivatives."""
    return (x[:-1] * x[1:] ** 2).sum() + 0.25 * (x**4).sum()


def valley(x: Tensor) -> Tensor:
    """A sum of all entries inside: every second derivative is there."""
    return (x.sum() * 0.5).tanh() + (x[0] * x).exp().mean()


def entangled(a: Tensor, b: Tensor) -> Tensor:
    """Two inputs of different shapes, (N, D) and (D,), with cross terms."""
    return ((a @ b).tanh() * a[:, 0]).sum() + (b**3).sum() / 3


def half_flat(a: Tensor, b: Tensor) -> Tensor:
    """Curved in a, linear in b, and no cross terms: the gradient of b does not move."""
    return (a**3).sum() + 2 * b.sum()


def half_unused(a: Tensor, b: Tensor) -> Tensor:
    """Curved in a, without b."""
    return (a**3).sum()


class Products:
    """Multiplies with a symmetric matrix, and counts: how a suite hands over an H that is known by its products."""

    def __init__(self, matrix: Tensor):
        self.matrix, self.calls = matrix, 0

    def __call__(self, v: Tensor) -> Tensor:
        self.calls += 1
        return (self.matrix @ v.reshape(self.matrix.shape[1], -1)).reshape(self.matrix.shape[0])


class Passes:
    """Multiplies with a Jacobian y.shape + x.shape from the right (push) or the left (pull), and counts."""

    def __init__(self, jacobian: Tensor, axes: int, forward: bool):
        self.jacobian, self.axes, self.forward, self.calls = jacobian, axes, forward, 0

    def __call__(self, v: Tensor) -> Tensor:
        self.calls += 1
        y_shape, x_shape = self.jacobian.shape[: self.axes], self.jacobian.shape[self.axes :]
        due = x_shape if self.forward else y_shape
        if tuple(v.shape) != tuple(due):
            raise ValueError(f"asked with a vector of shape {tuple(v.shape)}; it must have shape {tuple(due)}")
        matrix = self.jacobian.reshape(y_shape.numel(), x_shape.numel()).to(v.dtype)
        if self.forward:
            return (matrix @ v.reshape(-1)).reshape(y_shape)
        return (v.reshape(-1) @ matrix).reshape(x_shape)


def rows_loss(x: Tensor, w1: Tensor, w2: Tensor) -> Tensor:
    """Losses of the rows, (N,): a small smooth net on x (N, D), w1 (D, H), w2 (H,)."""
    return torch.nn.functional.softplus(torch.tanh(x @ w1) @ w2)


def losses_with(w1: Tensor, w2: Tensor) -> Callable[[Tensor], Tensor]:
    """`rows_loss` as a function of x alone."""
    return lambda x: rows_loss(x, w1, w2)


def trained_by(penalty: Callable, x: Tensor, parameters: Sequence[Tensor]) -> dict[str, Any]:
    """A penalty's value, and its gradients by the parameters; None for these where autograd cannot go on."""
    leaves = [parameter.detach().clone().requires_grad_() for parameter in parameters]
    value = penalty(losses_with(*leaves), x)
    if not isinstance(value, Tensor):
        return {"value": value, "grads": None}
    if not value.requires_grad or value.numel() != 1:
        return {"value": value.detach(), "grads": None}
    return {"value": value.detach(), "grads": list(torch.autograd.grad(value.sum(), leaves, materialize_grads=True))}
