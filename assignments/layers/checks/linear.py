"""Linear, Maxout and Correlation1d."""

from __future__ import annotations

import torch

from toolbox.checks.compare import as_tensor, assert_grad
from toolbox.checks.diagnose import verdicts_only
from toolbox.checks.layer_runs import Trial, check_out
from toolbox.checks.reference.layer import TWINS, pieces
from toolbox.checks.reference.tensor import pull
from toolbox.checks.suite import item
from toolbox.errors import Mismatch

from .layer import Layer, off_zero, plain


def far_apart(make, shapes, sizes, change) -> list[torch.Tensor]:
    """x, w and b of a Maxout whose largest values win clearly, each piece somewhere, and other rules choose others."""
    while True:
        x, w, b = plain(make, shapes, sizes, change)
        every = pieces(x, w, b)
        best, next_best = every.topk(2, dim=0).values
        wins = every.argmax(dim=0)
        if (
            len(x) == 0
            or (best - next_best).min() > 0.01
            and (len(x) == 1 or wins.unique().numel() == len(w))
            and b.argmax(dim=0).unique().numel() > 1  # else one bias for all may look like the largest for all
            and best.min() < 0  # else what rectifies shows nowhere
            and not torch.equal(every.abs().argmax(dim=0), wins)
            and not torch.equal((every - b[:, None]).argmax(dim=0), wins)
        ):
            return [x, w, b]


PLAIN = {"default": "every argument is a parameter", "default back": "every argument is a parameter"}
MAXOUT = Layer("Maxout", "maxout_forward", "maxout_backward", shapes=("K D M", "K M"), draw=far_apart,
               sizes=[{"N": 3, "D": 3, "M": 3, "K": 3}, {"K": 2}], without=PLAIN)  # fmt: skip
LAYERS = [
    Layer("Linear", "linear_forward", "linear_backward", shapes=("D M", "M"),
          sizes=[{"N": 3, "D": 3, "M": 3}, {"M": 1}], without=PLAIN),
    MAXOUT,
    Layer("Correlation1d", "correlation_forward", "correlation_backward", shapes=("K",), sizes=[{"K": 1}, {"K": 5}],
          without=PLAIN),
]  # fmt: skip
