"""What the suite of `beyond` compares second order with: autograd twice.

`hvp` and `hessian` differentiate gradients of functions written forwards, in float64; for the R-operator the truth is
torch's forward mode through a two-layer net and through its gradients by autograd.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
import torch.autograd.forward_ad as forward_ad
from torch import Tensor

from toolbox.given.smooth_functions import rows_loss

NAMES = ("w1", "b1", "w2", "b2")


def leaves(tensors: Sequence[Tensor]) -> list[Tensor]:
    return [tensor.detach().double().clone().requires_grad_() for tensor in tensors]


@torch.enable_grad()
def gradients(function: Callable[..., Tensor], inputs: Sequence[Tensor]) -> list[Tensor]:
    inputs = leaves(inputs)
    return list(torch.autograd.grad(function(*inputs), inputs, materialize_grads=True))


@torch.enable_grad()
def hvp(function: Callable[..., Tensor], inputs: Sequence[Tensor], vectors: Sequence[Tensor]) -> list[Tensor]:
    """H v, one tensor for each input, in float64."""
    inputs = leaves(inputs)
    grads = torch.autograd.grad(function(*inputs), inputs, create_graph=True, materialize_grads=True)
    dot = sum((grad * v.double()).sum() for grad, v in zip(grads, vectors, strict=True))
    return list(torch.autograd.grad(dot, inputs, materialize_grads=True))


def hessian(function: Callable[[Tensor], Tensor], x: Tensor) -> Tensor:
    """(n, n), in float64, a column for each unit vector."""
    return torch.stack([hvp(function, [x], [unit])[0] for unit in torch.eye(len(x)).double()], dim=1)


# The two-layer net


class Net:
    """A two-layer tanh net with a direction: every quantity of the forward and backward pass, and its tangent.

    given: x, y, w1, b1, w2, b2, reg, and v_w1 … v_b2. `value[name]` and `r[name]` for the names a, h, scores, probs,
    grad_scores, grad_h, grad_a, grad_w1, grad_b1, grad_w2, grad_b2.
    """

    @torch.enable_grad()
    def __init__(self, given: dict[str, Any]):
        self.given = {
            name: v.double() if isinstance(v, Tensor) and v.is_floating_point() else v for name, v in given.items()
        }
        self.value: dict[str, Tensor] = {}
        self.r: dict[str, Tensor] = {}
        with forward_ad.dual_level():
            at = {name: self.given[name].detach().clone().requires_grad_() for name in NAMES}
            moving = {name: forward_ad.make_dual(value, self.given[f"v_{name}"]) for name, value in at.items()}
            nodes = self._forward(**moving)
            loss = torch.nn.functional.cross_entropy(nodes["scores"], self.given["y"])
            penalty = self.given["reg"] * (moving["w1"].square().sum() + moving["w2"].square().sum())
            wanted = {name: nodes[name] for name in ("scores", "h", "a")} | moving
            found = torch.autograd.grad(loss + penalty, list(wanted.values()), create_graph=True)
            for name, dual in (
                nodes | {f"grad_{name}": grad for name, grad in zip(wanted, found, strict=True)}
            ).items():
                value, tangent = forward_ad.unpack_dual(dual)
                self.value[name], self.r[name] = value.detach().clone(), tangent.detach().clone()

    def _forward(self, w1: Tensor, b1: Tensor, w2: Tensor, b2: Tensor) -> dict[str, Tensor]:
        a = self.given["x"] @ w1 + b1
        h = torch.tanh(a)
        scores = h @ w2 + b2
        return {"a": a, "h": h, "scores": scores, "probs": torch.softmax(scores, dim=1)}


@torch.enable_grad()
def penalty(x: Tensor, parameters: Sequence[Tensor]) -> list[Tensor]:
    """The mean squared norm of the inputs' gradients, and its gradients by parameters."""
    (x,), held = leaves([x]), leaves(parameters)
    (grad,) = torch.autograd.grad(rows_loss(x, *held).sum(), x, create_graph=True)
    value = grad.square().sum(dim=1).mean()
    return [value.detach(), *torch.autograd.grad(value, held)]
