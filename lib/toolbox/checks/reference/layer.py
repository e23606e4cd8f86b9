"""What the suite of `layers` compares with: PyTorch's own layers, differentiated by autograd, in float64.

For each layer the same function in PyTorch (`TWINS`); BatchNorm is in `batchnorm`.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

from toolbox.checks.reference.batchnorm import batchnorm

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
