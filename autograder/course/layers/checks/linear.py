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


### BEGIN HIDDEN TESTS
@item("maxout_forward")
def test_the_maxout_is_right_where_all_sizes_agree_and_many_of_its_values_are_negative(student, make):
    x, w, b = MAXOUT.inputs(make, N=3, D=3, M=3, K=3)
    b = b - 1.5  # now many outputs are below zero
    check_out(Trial(student, "Maxout", w, b).forward(x), "Maxout", x, w, b)


@item("maxout_backward")
def test_the_maxout_goes_back_where_two_pieces_tie(student, make):
    def wrong(x: torch.Tensor, w: torch.Tensor, b: torch.Tensor, doubled: bool = False) -> list[Mismatch]:
        """What is wrong with the three gradients; doubled: with half of them. Of w and b, with their sums over pieces:
        any split between pieces that tie is right."""
        trial, g, found = Trial(student, "Maxout", w, b), off_zero(make, len(x), w.shape[2]), []
        trial.forward(x)
        answers = trial.backward(g)
        for label, right in zip("xwb", pull(TWINS["Maxout"], g, x, w, b), strict=True):
            got = as_tensor(answers[label], f"gradient {label}") / (2 if doubled else 1)
            if label != "x" and got.shape == right.shape:
                got, right = got.sum(dim=0), right.sum(dim=0)
            try:
                with verdicts_only():
                    assert_grad(got, right, name=f"{label} at a tie", condition=8.0, terms=g.abs().sum().item())
            except Mismatch as error:
                found.append(error)
        return found

    tie = off_zero(make, 7, 5), make.normal(1, 5, 3).repeat(2, 1, 1), make.normal(1, 3).repeat(2, 1)
    if mistakes := wrong(*tie):
        twice = not wrong(*MAXOUT.inputs(make)) and not wrong(*tie, doubled=True)
        raise Mismatch(str(mistakes[0]), diagnosis=["max-tie-counted-twice"] if twice else [])


### END HIDDEN TESTS
