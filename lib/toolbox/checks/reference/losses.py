"""Losses written forwards in PyTorch; autograd does the rest.

Losses: "hinge", "softmax", "squared", "logistic"; each takes scores and labels, and gives the mean over the batch.
"""

from __future__ import annotations

from collections.abc import Callable

import torch.nn.functional as F
from torch import Tensor

Loss = Callable[[Tensor, Tensor], Tensor]  # (scores, labels) -> the mean loss of the batch


def hinge(s: Tensor, y: Tensor) -> Tensor:
    margins = F.relu(s - picked(s, y) + 1).masked_fill(F.one_hot(y, s.shape[1]).bool(), 0)
    return margins.sum() / len(y)


def picked(s: Tensor, y: Tensor) -> Tensor:
    """(N, 1): the entry of each row at its label."""
    return s.gather(1, y[:, None])


def squares(s: Tensor, y: Tensor) -> Tensor:
    return (s - F.one_hot(y, s.shape[1])).square().sum() / len(y)


def binary(s: Tensor, y: Tensor) -> Tensor:
    return F.binary_cross_entropy_with_logits(s, y.to(s.dtype))


LOSSES: dict[str, Loss] = {"hinge": hinge, "softmax": F.cross_entropy, "squared": squares, "logistic": binary}
