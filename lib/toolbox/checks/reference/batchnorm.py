"""What the suite of `layers` compares BatchNorm with: PyTorch's function, and ones changed on purpose."""

from __future__ import annotations

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

from toolbox.checks.reference.tensor import Forms, pull


def batchnorm(x: Tensor, gamma: Tensor, beta: Tensor, eps: float = 1e-5) -> Tensor:
    """BatchNorm in training. (torch.nn.functional's refuses a single row.)"""
    return torch.batch_norm(x, gamma, beta, None, None, True, 0.0, eps, False)


def batchnorm_used(x: Tensor, gamma: Tensor, beta: Tensor, mean: Tensor, var: Tensor, eps: float = 1e-5) -> Tensor:
    """BatchNorm in use, with running statistics."""
    return F.batch_norm(x, mean, var, gamma, beta, False, eps=eps)


def _same(value: Tensor) -> Tensor:
    return value


def _pieces(
    x: Tensor, gamma: Tensor, beta: Tensor, eps: float, *, dim: int | tuple[int, ...] = 0, correction: int = 0,
    mean: Callable = _same, var: Callable = _same, below: Callable | None = None,
) -> Tensor:  # fmt: skip
    """BatchNorm out of PyTorch's own mean and variance, with the parts that mistakes change as arguments."""
    variances, means = torch.var_mean(x, dim=dim, correction=correction, keepdim=True)
    below = below or (lambda variance: torch.rsqrt(variance + eps))
    return torch.addcmul(beta, (x - mean(means)) * below(var(variances)), gamma)


def _nothing(value: Tensor) -> Tensor:
    return torch.zeros_like(value)


def batchnorm_changed() -> dict[str, list[Callable[..., Tensor]]]:
    """misconception id -> BatchNorm with that mistake in the forward pass of training."""

    def change(**parts) -> Callable[..., Tensor]:
        return lambda x, gamma, beta, eps=1e-5: _pieces(x, gamma, beta, eps, **parts)

    def own(function: Callable) -> Callable[..., Tensor]:
        return lambda x, gamma, beta, eps=1e-5: function(x, gamma, beta, eps)

    return {
        "batchnorm-over-rows": [change(dim=1), change(dim=(0, 1))],
        "batchnorm-eps-missing": [own(lambda x, gamma, beta, eps: _pieces(x, gamma, beta, 0.0))],
        "batchnorm-eps-misplaced": [
            own(lambda x, gamma, beta, eps: _pieces(x, gamma, beta, eps, below=lambda v: 1 / (v.sqrt() + eps))),
            own(lambda x, gamma, beta, eps: _pieces(x, gamma, beta, eps, below=lambda v: (v + eps * eps).rsqrt()))],
        "batchnorm-eps-ignored": [own(lambda x, gamma, beta, eps: _pieces(x, gamma, beta, 1e-5)),
                                  own(lambda x, gamma, beta, eps: _pieces(x, gamma, beta, 1e-8))],
        "batchnorm-unbiased": [change(correction=1)],
        "batchnorm-root-missing": [own(lambda x, gamma, beta, eps: _pieces(
            x, gamma, beta, eps, below=lambda v: 1 / (v + eps)))],
        "batchnorm-mean-missing": [change(mean=_nothing)],
        "batchnorm-not-divided": [change(below=torch.ones_like)],
        "batchnorm-gamma-missing": [own(lambda x, gamma, beta, eps: batchnorm(x, gamma / gamma, beta, eps))],
        "batchnorm-beta-missing": [own(lambda x, gamma, beta, eps: batchnorm(x, gamma, 0 * beta, eps))],
        "batchnorm-parameters-swapped": [own(lambda x, gamma, beta, eps: batchnorm(x, beta, gamma, eps))],
        "batchnorm-running-in-training": [own(lambda x, gamma, beta, eps: batchnorm_used(
            x, gamma, beta, torch.zeros_like(gamma), torch.ones_like(gamma), eps))],
        "batchnorm-gamma-misplaced": [own(lambda x, gamma, beta, eps: gamma * (batchnorm(
            x, gamma / gamma, 0 * beta, eps) + beta))],
    }  # fmt: skip


def batchnorm_forms(place: int, g: Tensor, x: Tensor, gamma: Tensor, beta: Tensor, eps: float = 1e-5) -> Forms:
    """For the backward pass after training. place: 0, 1, 2 for x, gamma, beta."""

    def back(upstream: Tensor = g, *, at: Tensor = x, **parts) -> Tensor:
        return pull(lambda *inputs: _pieces(*inputs, eps, **parts), upstream, at, gamma, beta)[place]

    N = len(x)
    plain = batchnorm(x, torch.ones_like(gamma), torch.zeros_like(beta), eps)
    if place == 1:
        sums = back()
        return {
            "batchnorm-gamma-of-inputs": [(g * x).sum(dim=0), back(below=torch.ones_like)],
            "batchnorm-beta-of-gamma": [sums * gamma],  # both parameters are fed what has passed gamma already
            "batchnorm-gamma-local-missing": [g.sum(dim=0)],
            "bias-averaged": [sums / N],
            "bias-not-summed": [g * plain],
            "bias-wrong-axis": [(g * plain).sum(dim=1), (g * plain).sum(dim=1, keepdim=True)],
            "bias-summed-completely": [sums.sum(), sums.sum().expand_as(sums)],
        }
    if place == 2:
        return {"batchnorm-beta-of-gamma": [g.sum(dim=0) * gamma]}
    stop = Tensor.detach
    true, no_mean, no_var, neither = back(), back(mean=stop), back(var=stop), back(mean=stop, var=stop)
    by_mean, by_var = true - no_mean, true - no_var
    return {
        "batchnorm-both-paths-missing": [neither, g * gamma],
        "batchnorm-mean-path-missing": [no_mean, neither + by_var],
        "batchnorm-variance-path-missing": [no_var, neither + by_mean],
        "batchnorm-path-sign": [true - 2 * by_mean, true - 2 * by_var, true - 2 * by_mean - 2 * by_var],
        "batchnorm-path-not-averaged": [neither + N * by_mean + by_var, neither + by_mean + N * by_var,
                                        neither + N * by_mean + N * by_var, neither + by_mean / N + by_var,
                                        neither + by_mean + by_var / N],
        "batchnorm-square-slope": [neither + by_mean + by_var / 2, neither + by_mean + 2 * by_var],
        "batchnorm-direct-path-missing": [by_mean + by_var, by_var, by_mean],
        "batchnorm-gamma-not-passed": [true / gamma],
        "batchnorm-not-rescaled": [true * torch.sqrt(x.var(dim=0, correction=0) + eps)],
        "batchnorm-scaled-twice": [true * torch.rsqrt(x.var(dim=0, correction=0) + eps)],
        "batchnorm-gamma-twice": [true * gamma],
        "batchnorm-unbiased": [back(correction=1)],
        "batchnorm-over-rows": [back(dim=1), back(dim=(0, 1))],
        "batchnorm-eps-missing": [pull(lambda *inputs: _pieces(*inputs, 0.0), g, x, gamma, beta)[0]],
    }  # fmt: skip


def running(start: Tensor, batches: list[Tensor], momentum: float) -> Tensor:
    """The exponential average that starts at `start`."""
    for batch in batches:
        start = torch.lerp(start, batch, momentum)
    return start


def statistics(batches: list[Tensor], momentum: float, of: str) -> tuple[Tensor, Forms]:
    """The running "mean" or "var" after these batches, and what known mistakes lead to."""
    var, mean = (torch.stack(list(parts)) for parts in
                 zip(*(torch.var_mean(x.double(), dim=0, correction=0) for x in batches), strict=True))  # fmt: skip
    sizes = [len(x) for x in batches]
    unbiased = [v * N / max(N - 1, 1) for v, N in zip(var, sizes, strict=True)]
    zeros, ones = torch.zeros_like(mean[0]), torch.ones_like(mean[0])
    start, moved = (zeros, list(mean)) if of == "mean" else (ones, unbiased)
    forms = {
        "batchnorm-momentum-swapped": [running(start, moved, 1 - momentum)],
        "batchnorm-momentum-ignored": [running(start, moved, m) for m in (0.1, 0.9, 0.01) if m != momentum],
        "batchnorm-running-replaced": [moved[-1]],
        "batchnorm-running-not-moved": [start],
        "batchnorm-running-added": [start + momentum * sum(moved), start + sum(moved)],
        "batchnorm-running-start": [running(1 - start, moved, momentum)],
    }
    if of == "var":
        forms["batchnorm-running-biased"] = [running(start, list(var), momentum)]
        forms["batchnorm-running-deviation"] = [running(start, [v.sqrt() for v in vs], momentum)
                                                for vs in (unbiased, list(var))]  # fmt: skip
    return running(start, moved, momentum), forms
