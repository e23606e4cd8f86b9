"""What a wrong tensor looks like: how much of it is wrong and where, and what yours is over what is true.

A misconception that has a name needs no more than its name. For the rest a student looks at the pattern: one wrong
column, a wrong border, one ratio everywhere. Steps: measure each entry's error against the tensor's largest entry; sort
it into LEVELS; shrink large tensors to a map of at most ROWS x COLUMNS fields, each as bad as its worst entry; compare
the ratios of the wrong entries. Plain data, which goes into the verdict and is drawn by `toolbox.checks.table`.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

ROWS, COLUMNS = 16, 32
LEVELS = (0.01, 0.5)  # errors in units of the largest true entry: small below the first, large above the second
TINY = 1e-30


def pattern(got: Tensor, true: Tensor, limit: float) -> dict:
    """{"map": rows of digits or None, "ratio": float or None} for two tensors of one shape.

    map: a digit for each field: 0 right, 1 off by little, 2 off, 3 far off or not finite. None for a single number.
    ratio: yours over true, where it is the same in every wrong entry (to three digits), else None.
    """
    got, true = got.detach().double(), true.detach().double()
    if got.shape != true.shape or got.numel() == 0:
        return {"map": None, "ratio": None}
    error = (got - true).abs().nan_to_num(math.inf, math.inf) / max(true.abs().max().item(), TINY)
    level = (error > limit).int() + (error > max(LEVELS[0], limit)).int() + (error > max(LEVELS[1], limit)).int()
    return {"map": _map(level) if got.numel() > 1 else None, "ratio": _ratio(got, true, error > limit)}


def _map(level: Tensor) -> list[str]:
    grid = level.reshape(-1, level.shape[-1]) if level.dim() > 1 else level.reshape(1, -1)
    shape = [min(size, most) for size, most in zip(grid.shape, (ROWS, COLUMNS), strict=True)]
    small = torch.nn.functional.adaptive_max_pool2d(grid.double()[None, None], shape)[0, 0].int()
    return ["".join(map(str, row)) for row in small.tolist()]


def _ratio(got: Tensor, true: Tensor, wrong: Tensor) -> float | None:
    clear = wrong & (true.abs() > 1e-6 * true.abs().max())
    if int(clear.sum()) < int(wrong.sum()) or not bool(clear.any()):
        return None
    ratios = got[clear] / true[clear]
    middle = ratios.median().item()
    same = math.isfinite(middle) and bool(((ratios - middle).abs() <= 1e-3 * abs(middle)).all())
    return middle if same else None
