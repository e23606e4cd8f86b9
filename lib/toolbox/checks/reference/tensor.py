"""What the suite of `tensors` compares with: operations written forwards in PyTorch, differentiated by autograd.

Nothing here says how to get there by hand: it is autograd that does.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from toolbox.probes.planted_cases import right_backward

Forms = dict[str, list[Tensor]]


def pull(function: Callable[..., Tensor], upstream: Tensor, *inputs: Tensor) -> list[Tensor]:
    """The gradients of sum(upstream * function(*inputs)) with respect to each input, in float64."""
    return right_backward(function)(upstream.double(), *(value.double() for value in inputs))


def slopes(function: Callable[[Tensor], Tensor], x: Tensor) -> Tensor:
    """The Jacobian of `function` at x, outputs x inputs, in float64: a row for each unit upstream gradient.

    (What torch.func.jacrev does; that one takes two seconds to load.)
    """
    y = function(x.double())
    units = torch.eye(y.numel(), dtype=y.dtype).reshape(y.numel(), *y.shape)
    rows = [pull(function, unit, x)[0] for unit in units]
    return torch.stack(rows).reshape(*y.shape, *x.shape)


def correlate(x: Tensor, w: Tensor, b: Tensor) -> Tensor:
    """The correlation layer as torch has it."""
    return torch.nn.functional.conv1d(x[None, None], w[None, None])[0, 0] + b
