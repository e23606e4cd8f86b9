"""What the suite of `beyond` compares second order with: autograd twice, and what mistakes lead to.

Steps: `hvp` and `hessian` differentiate gradients of functions written forwards, in float64; for the R-operator the
truth is torch's forward mode through the two-layer net's lines; the `forms` are the values of known mistakes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor

from toolbox.checks.reference.forward import push
from toolbox.given.smooth_functions import rows_loss

Forms = dict[str, list[Tensor]]
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


def hessian_forms(function: Callable[[Tensor], Tensor], x: Tensor) -> Forms:
    H, (grad,) = hessian(function, x), gradients(function, [x])
    diagonal = torch.diag(H.diagonal())
    return {
        "hessian-diagonal-only": [diagonal, H.diagonal()],
        "hessian-outer-product": [torch.outer(grad, grad)],
        "hessian-gradient-only": [grad, grad.expand_as(H), grad[:, None].expand_as(H), torch.diag(grad)],
        "hessian-summed": [H.sum(dim=0), H.sum(dim=0).expand_as(H), H.sum(dim=0)[:, None].expand_as(H)],
        "hessian-half": [torch.triu(H), torch.tril(H), torch.triu(H, 1), H - diagonal],
        "hessian-rows-pile-up": [H.cumsum(dim=0)],
        "hessian-row-missing": [torch.cat([H[:-1], 0 * H[:1]]), torch.cat([0 * H[:1], H[1:]]), H[:-1], H[1:]],
        "hessian-squared": [H @ H],
    }


def hvp_forms(
    function: Callable[..., Tensor], inputs: Sequence[Tensor], vectors: Sequence[Tensor], place: int
) -> Forms:
    """Wrong products for the input at `place`."""
    grads, zeros = gradients(function, inputs), [torch.zeros_like(v).double() for v in vectors]
    v = [vector.double() for vector in vectors]
    alone = [hvp(function, inputs, [*zeros[:i], v[i], *zeros[i + 1 :]])[place] for i in range(len(v))]
    dot = sum((grad * vector).sum() for grad, vector in zip(grads, v, strict=True))
    true = hvp(function, inputs, v)[place]
    forms: Forms = {
        "hvp-vector-ignored": [hvp(function, inputs, [torch.ones_like(vector) for vector in v])[place]],
        "hvp-gradient-itself": [grads[place]],
        "hvp-gradient-times-vector": [grads[place] * v[place], dot.expand_as(true), grads[place] * dot, v[place] * dot],
        "hvp-gradient-norm": [hvp(function, inputs, grads)[place], 2 * hvp(function, inputs, grads)[place]],
        "hvp-twice-applied": [hvp(function, inputs, hvp(function, inputs, v))[place]],
        "hvp-vector-itself": [v[place]],
        "hvp-squared-dot": [2 * dot * true],
        "hvp-at-other-point": [
            hvp(function, [a.double() + b for a, b in zip(inputs, v, strict=True)], v)[place],
            hvp(function, v, [a.double() for a in inputs])[place],
        ],
    }
    if len(v) > 1:
        forms["hvp-blocks-only"] = [alone[place], true - alone[place]]
        forms["hvp-first-input-only"] = [alone[0]]
    return forms


# The two-layer net, a line at a time


class Net:
    """A two-layer tanh net with a direction: every quantity of the forward and backward pass, and its tangent.

    given: x, y, w1, b1, w2, b2, reg, and v_w1 … v_b2. `value[name]` and `r[name]` for the names a, h, scores, probs,
    grad_scores, grad_h, grad_a, grad_w1, grad_b1, grad_w2, grad_b2.
    """

    def __init__(self, given: dict[str, Any]):
        self.given = {name: v.double() if isinstance(v, Tensor) and v.is_floating_point() else v for name, v in given.items()}  # fmt: skip  # noqa: E501
        self.value, self.r = {}, {}
        for name, line in LINES.items():
            held = [key for key in (*NAMES, *self.value)]
            at = [self.given[key] if key in NAMES else self.value[key] for key in held]
            along = [self.given[f"v_{key}"] if key in NAMES else self.r[key] for key in held]
            self.value[name], self.r[name] = self.moved(line, dict(zip(held, zip(at, along, strict=True), strict=True)))

    def moved(self, line: Callable, held: dict[str, tuple[Tensor, Tensor]]) -> tuple[Tensor, Tensor]:
        """Value and tangent of one line, given those of the names it may use."""
        rest = {key: value for key, value in self.given.items() if key in ("x", "y", "reg")}
        names = list(held)
        return push(lambda *values: line(**rest, **dict(zip(names, values, strict=True))),
                    [pair[0] for pair in held.values()], [pair[1] for pair in held.values()])  # fmt: skip

    def still(self, name: str, *fixed: str) -> Tensor:
        """The tangent of `name` if the factors `fixed` stood still in that line."""
        held = {key: (self.given[key], self.given[f"v_{key}"]) for key in NAMES}
        held |= {key: (self.value[key], self.r[key]) for key in list(self.value)[: list(self.value).index(name)]}
        held |= {key: (held[key][0], torch.zeros_like(held[key][1])) for key in fixed}
        return self.moved(LINES[name], held)[1]


LINES: dict[str, Callable[..., Tensor]] = {
    "a": lambda x, w1, b1, **_: x @ w1 + b1,
    "h": lambda a, **_: torch.tanh(a),
    "scores": lambda h, w2, b2, **_: h @ w2 + b2,
    "probs": lambda scores, **_: torch.softmax(scores, dim=1),
    "grad_scores": lambda probs, y, **_: (probs - torch.nn.functional.one_hot(y, probs.shape[1])) / len(y),
    "grad_w2": lambda h, grad_scores, w2, reg, **_: h.T @ grad_scores + 2 * reg * w2,
    "grad_b2": lambda grad_scores, **_: grad_scores.sum(dim=0),
    "grad_h": lambda grad_scores, w2, **_: grad_scores @ w2.T,
    "grad_a": lambda grad_h, h, **_: grad_h * (1 - h * h),
    "grad_w1": lambda x, grad_a, w1, reg, **_: x.T @ grad_a + 2 * reg * w1,
    "grad_b1": lambda grad_a, **_: grad_a.sum(dim=0),
}


@torch.enable_grad()
def penalty(x: Tensor, parameters: Sequence[Tensor], measure: Callable[[Tensor], Tensor] | None = None) -> list[Tensor]:
    """The mean squared norm of the inputs' gradients (or another measure of them), and its gradients by parameters."""
    (x,), held = leaves([x]), leaves(parameters)
    (grad,) = torch.autograd.grad(rows_loss(x, *held).sum(), x, create_graph=True)
    value = grad.square().sum(dim=1).mean() if measure is None else measure(grad)
    return [value.detach(), *torch.autograd.grad(value, held)]


MEASURES: dict[str, list[Callable[[Tensor], Tensor]]] = {
    "penalty-not-squared": [lambda g: g.norm(dim=1).mean(), lambda g: g.norm()],
    "penalty-summed-over-batch": [lambda g: g.square().sum()],
    "penalty-averaged-over-inputs": [lambda g: g.square().mean()],
    "penalty-of-the-mean": [lambda g: g.mean(dim=0).square().sum(), lambda g: g.sum(dim=0).square().sum()],
    "penalty-averaged-losses": [
        lambda g: (g / len(g)).square().sum(dim=1).mean(),
        lambda g: (g / len(g)).square().sum(),
    ],
    "penalty-absolute-values": [lambda g: g.abs().sum(dim=1).mean(), lambda g: g.abs().sum()],
    "penalty-sum-of-entries": [lambda g: g.sum(dim=1).mean(), lambda g: g.sum(dim=1).square().mean()],
    "factor-two-missing": [lambda g: g.square().sum(dim=1).mean() / 2],
}
