"""Inputs for the checks of `beyond`."""

from __future__ import annotations

from typing import Any

import torch


def spread_out(x: torch.Tensor) -> torch.Tensor:
    """The same numbers, laid out so that rows are not contiguous."""
    return x.transpose(0, -1).contiguous().transpose(0, -1)


def all_spread_out(given: dict[str, Any]) -> dict[str, Any]:
    """The same arguments, every matrix among them laid out so."""
    matrix = (name for name, value in given.items() if isinstance(value, torch.Tensor) and value.dim() > 1)
    return given | {name: spread_out(given[name]) for name in matrix}
