"""What the suite of `layers` compares BatchNorm with: PyTorch's functions, in training and in use."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor


def batchnorm(x: Tensor, gamma: Tensor, beta: Tensor, eps: float = 1e-5) -> Tensor:
    """BatchNorm in training. (torch.nn.functional's refuses a single row.)"""
    return torch.batch_norm(x, gamma, beta, None, None, True, 0.0, eps, False)


def batchnorm_used(x: Tensor, gamma: Tensor, beta: Tensor, mean: Tensor, var: Tensor, eps: float = 1e-5) -> Tensor:
    """BatchNorm in use, with running statistics."""
    return F.batch_norm(x, mean, var, gamma, beta, False, eps=eps)


def running(start: Tensor, batches: list[Tensor], momentum: float) -> Tensor:
    """The exponential average that starts at `start`."""
    for batch in batches:
        start = torch.lerp(start, batch, momentum)
    return start


def statistics(batches: list[Tensor], momentum: float, of: str) -> Tensor:
    """The running "mean" or "var" after these batches."""
    start = torch.full_like(batches[0][0].double(), of == "var")
    moved = []
    for x in batches:
        var, mean = torch.var_mean(x.double(), dim=0, correction=0)
        moved.append(mean if of == "mean" else var * len(x) / max(len(x) - 1, 1))
    return running(start, moved, momentum)
