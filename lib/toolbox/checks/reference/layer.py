"""What the suite of `layers` compares with: PyTorch's own layers, differentiated by autograd, in float64.

For each layer the same function in PyTorch (`TWINS`), and what comes out when a known mistake is in its forward pass
(`forward_forms`). Mistakes in backward passes are in `toolbox.checks.layer_mistakes`, BatchNorm in `batchnorm`.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

from toolbox.checks.reference.batchnorm import batchnorm, batchnorm_changed
from toolbox.checks.reference.tensor import Forms, correlate_changed

Twin = Callable[..., Tensor]  # (x, *parameters, **options) -> out


def linear(x: Tensor, w: Tensor, b: Tensor) -> Tensor:
    return F.linear(x, w.mT, b)


def pieces(x: Tensor, w: Tensor, b: Tensor) -> Tensor:
    """(K, N, M): what the K linear layers of a Maxout give."""
    return torch.stack([linear(x, *one) for one in zip(w, b, strict=True)])


def maxout(x: Tensor, w: Tensor, b: Tensor) -> Tensor:
    return pieces(x, w, b).amax(dim=0)


def correlation(x: Tensor, w: Tensor) -> Tensor:
    return F.conv1d(x[:, None], w[None, None])[:, 0]


def leaky(x: Tensor, slope: float = 0.01) -> Tensor:
    return F.leaky_relu(x, slope)


def elu(x: Tensor, alpha: float = 1.0) -> Tensor:
    return F.elu(x, alpha)


def softmax(x: Tensor) -> Tensor:
    return F.softmax(x, dim=-1)


TWINS: dict[str, Twin] = {
    "Linear": linear, "ReLU": F.relu, "LeakyReLU": leaky, "ELU": elu, "Sigmoid": torch.sigmoid, "Tanh": torch.tanh,
    "Softmax": softmax, "Maxout": maxout, "Correlation1d": correlation, "BatchNorm": batchnorm,
}  # fmt: skip
PARAMETERS = {"Linear": "w b", "Maxout": "w b", "Correlation1d": "w", "BatchNorm": "gamma beta"}
OVERFLOW = {"Sigmoid": "activation-overflows", "Tanh": "activation-overflows", "ELU": "activation-overflows",
        "Softmax": "softmax-unstabilised"}  # fmt: skip


def exp_twin(x: Tensor, alpha: float = 1.0) -> Tensor:
    """alpha * (exp(x) - 1) on both sides of 0."""
    return alpha * torch.special.expm1(x)


# layer -> misconception id -> layers with that mistake in their forward pass
CHANGED: dict[str, dict[str, list[Twin]]] = {
    "Linear": {
        "layer-bias-missing": [lambda x, w, b: x @ w],
        "layer-bias-sign": [lambda x, w, b: linear(x, w, -b)],
        "layer-bias-twice": [lambda x, w, b: linear(x, w, 2 * b)],
        "layer-averaged": [lambda x, w, b: linear(x, w / len(w), b), lambda x, w, b: linear(x, w, b) / len(x)],
        "layer-first-bias-only": [lambda x, w, b: linear(x, w, b[0])],
    },
    "ReLU": {
        "relu-missing": [lambda x: x],
        "relu-mask-inverted": [lambda x: x.clamp(max=0), lambda x: -x.clamp(max=0)],
        "activation-mask-returned": [lambda x: x.gt(0).to(x.dtype)],
        "activation-absolute": [torch.abs],
        "leaky-instead": [leaky, lambda x: leaky(x, 0.1)],
    },
    "LeakyReLU": {
        "leaky-slope-ignored": [lambda x, slope: leaky(x), lambda x, slope: leaky(x, 0.1)],
        "leaky-slope-missing": [lambda x, slope: F.relu(x)],
        "leaky-slope-misplaced": [lambda x, slope: leaky(x, slope) - x + slope * x, lambda x, slope: slope * x,
                                  lambda x, slope: leaky(-x, slope), lambda x, slope: -leaky(-x, slope)],
        "leaky-slope-sign": [lambda x, slope: leaky(x, -slope), lambda x, slope: leaky(x, 1 / slope)],
        "leaky-slope-constant": [lambda x, slope: torch.where(x > 0, x, slope), lambda x, slope: x.clamp(min=slope),
                                 lambda x, slope: x.clamp(min=-slope)],
    },
    "ELU": {
        "elu-alpha-ignored": [lambda x, alpha: elu(x), lambda x, alpha: elu(x, 0.1)],
        "elu-without-the-one": [lambda x, alpha: torch.where(x > 0, x, alpha * x.exp()),
                                lambda x, alpha: torch.where(x > 0, x, alpha * x.exp() - 1)],
        "elu-on-both-sides": [exp_twin],
        "elu-sign": [lambda x, alpha: elu(x, -alpha), lambda x, alpha: F.relu(x) + F.relu(-exp_twin(-x, alpha)),
                     lambda x, alpha: torch.where(x > 0, x, exp_twin(-x, alpha))],
        "elu-other-function": [lambda x, alpha: leaky(x, alpha), lambda x, alpha: F.relu(x),
                               lambda x, alpha: F.selu(x)],
    },
    "Sigmoid": {
        "sigmoid-exponent-sign": [lambda x: torch.sigmoid(-x)],
        "activation-of-another-kind": [torch.tanh, lambda x: torch.sigmoid(2 * x), F.softplus,
                                       lambda x: x.exp() / x.exp().sum(), lambda x: torch.softmax(x, dim=-1)],
        "sigmoid-one-missing": [lambda x: 1 / torch.exp(-x), lambda x: 1 / (1 - torch.exp(-x)),
                                lambda x: 1 / (2 + torch.exp(-x))],
    },
    "Tanh": {
        "sigmoid-exponent-sign": [lambda x: torch.tanh(-x)],
        "activation-of-another-kind": [torch.sigmoid, lambda x: torch.tanh(x / 2), lambda x: torch.tanh(2 * x),
                                       torch.sinh, torch.cosh, lambda x: 2 * torch.tanh(x), F.softsign],
        "tanh-upside-down": [lambda x: 1 / torch.tanh(x)],
    },
    "Softmax": {
        "softmax-wrong-axis": [lambda x: F.softmax(x, dim=0), lambda x: F.softmax(x, dim=min(1, x.dim() - 1)),
                               lambda x: F.softmax(x.flatten(), 0).reshape(x.shape),
                               lambda x: x.exp() / x.exp().sum(dim=0)],
        "softmax-not-normalised": [torch.exp, lambda x: (x - x.amax(dim=-1, keepdim=True)).exp(),
                                   lambda x: x / x.sum(dim=-1, keepdim=True), torch.sigmoid,
                                   lambda x: x.exp() / x.exp().mean(dim=-1, keepdim=True),
                                   lambda x: x.exp() / x.exp().amax(dim=-1, keepdim=True)],
        "softmax-exponent-sign": [lambda x: F.softmax(-x, dim=-1)],
        "softmax-log-taken": [lambda x: F.log_softmax(x, dim=-1)],
        "softmax-of-softmax": [lambda x: softmax(softmax(x))],
        "log-base": [lambda x: softmax(x * torch.log(torch.tensor(2.0, dtype=x.dtype))),
                     lambda x: softmax(x * torch.log(torch.tensor(10.0, dtype=x.dtype)))],
    },
    "Maxout": {
        "maxout-summed": [lambda x, w, b: pieces(x, w, b).sum(dim=0), lambda x, w, b: pieces(x, w, b).mean(dim=0)],
        "maxout-one-piece": [lambda x, w, b: pieces(x, w, b)[0], lambda x, w, b: pieces(x, w, b)[-1]],
        "layer-bias-missing": [lambda x, w, b: maxout(x, w, 0 * b)],
        "maxout-bias-after": [lambda x, w, b: maxout(x, w, 0 * b) + b.amax(dim=0),
                              lambda x, w, b: maxout(x, w, 0 * b) + b.sum(dim=0)],
        "maxout-smallest": [lambda x, w, b: pieces(x, w, b).amin(dim=0)],
        "maxout-largest-size": [lambda x, w, b: pieces(x, w, b).abs().amax(dim=0)],
        "maxout-relu-too": [lambda x, w, b: F.relu(maxout(x, w, b))],
        "maxout-wrong-axis": [lambda x, w, b: pieces(x, w, b).amax(dim=1), lambda x, w, b: pieces(x, w, b).amax(dim=2)],
        "maxout-not-chosen": [pieces],
        "layer-first-bias-only": [lambda x, w, b: maxout(x, w, b[:1].expand(len(w), -1))],
    },
    "Correlation1d": {},
}  # fmt: skip


def _rows(layer: Twin) -> Twin:
    """A correlation layer of one row, with a mistake, as one of a batch."""

    def of_rows(x: Tensor, w: Tensor) -> Tensor:
        none = torch.zeros(x.shape[1] - len(w) + 1, dtype=x.dtype)
        return torch.stack([layer(row, w, none) for row in x])

    return of_rows


CHANGED["Correlation1d"] = {
    name: [_rows(layer) for layer in layers]
    for name, layers in correlate_changed().items()
    if name != "correlation-bias-missing"
} | {
    "mean-for-sum": [lambda x, w: correlation(x, w) / len(w)],
    "correlation-padded": [lambda x, w: correlation(F.pad(x, (0, len(w) - 1)), w),
                           lambda x, w: correlation(F.pad(x, (len(w) - 1, 0)), w),
                           lambda x, w: correlation(F.pad(x, ((len(w) - 1) // 2, len(w) // 2)), w)],
}  # fmt: skip
CHANGED["BatchNorm"] = batchnorm_changed()


def forward_forms(name: str, x: Tensor, *parameters: Tensor, **options: float) -> Forms:
    """What known mistakes in the forward pass lead to."""
    x, parameters = x.double(), [p.double() for p in parameters]
    return {key: [twin(x, *parameters, **options) for twin in twins] for key, twins in CHANGED[name].items()}
