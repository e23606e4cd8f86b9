"""What every loss must do: a row says which it is, the properties below are asked of all."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any

import torch

from toolbox.checks.compare import assert_between, assert_grad, assert_unchanged, assert_value
from toolbox.checks.diagnose import verdicts_only
from toolbox.checks.layer_runs import check_dtype, lay_out, stored
from toolbox.checks.reference.losses import LOSSES
from toolbox.checks.reference.tensor import pull
from toolbox.checks.rows import Row, asks
from toolbox.errors import Malformed, Mismatch, Missing

N, C = 7, 5  # rows and classes; different, so that an axis taken for the other does not fit


@dataclass(frozen=True)
class Loss(Row):
    """A function of scores (N, C) and labels (N,), which returns the mean loss and its gradient. name: the function;
    kind: as in `toolbox.checks.reference.losses`.
    """

    name: str
    item: str
    kind: str

    def scores(self, make, rows: int = N, classes: int = C, dtype=torch.float64, change=lambda scores: scores):
        """Scores, `change`d, and labels, away from the hinge's kinks."""
        while True:
            scores, y = change(make.normal(rows, classes, scale=1.5)), make.labels(rows, classes)
            margins = scores - scores[torch.arange(rows), y][:, None] + 1
            if self.kind != "hinge" or (
                margins.abs().min() > 0.01 and (rows == 1 or ((margins > 0).any() and (margins < 0).any()))
            ):
                return scores.to(dtype), y

    def ask(
        self, student, scores: torch.Tensor, y: torch.Tensor, layout: str = "rows", part: str = "loss grad"
    ) -> None:
        """Call the loss, and look at its value, its gradient, and what it did to the scores."""
        script = student.script()
        sent, behind = lay_out(script, scores, layout)
        labels = script.keep(y)
        answer, after, labels_after = script.fetch(getattr(script.losses, self.name)(sent, labels), behind, labels)
        loss, grad = loss_and_grad(answer)
        changed = [
            name
            for name, now, was in (("scores", after, stored(scores, layout)), ("y", labels_after, y))
            if not (isinstance(now, torch.Tensor) and now.dtype == was.dtype and torch.equal(now, was))
        ]
        assert_unchanged(changed)
        self.compare(loss, grad, scores, y, part)

    def compare(self, loss: Any, grad: Any, scores: torch.Tensor, y: torch.Tensor, part: str = "loss grad") -> None:
        """Compare with autograd."""
        wide, ones = scores.double(), torch.ones(())
        wild = scores.abs().max().item() / 100 if self.kind == "softmax" else 1.0
        rough = 4.0 * max(1.0, wild)  # exp makes of a score's last digit a relative error
        if "loss" in part:
            value = lambda loss: loss(wide, y)  # noqa: E731
            small = 1.0 if self.kind == "softmax" else 0.0  # near certainty log(1 + e) is all rounding
            assert_value(loss, value(LOSSES[self.kind]), inputs=scores.dtype, if_single="dtype-changed",
                         condition=rough, terms=small, if_not_finite="softmax-unstabilised",
                         batch=len(y), classes=scores.shape[1])  # fmt: skip
            check_dtype(loss, scores.dtype, "loss")
        if "grad" in part:
            slope = lambda loss: pull(lambda s: loss(s, y), ones, wide)[0]  # noqa: E731
            assert_grad(grad, slope(LOSSES[self.kind]), name="scores", inputs=scores.dtype, condition=rough,
                        if_single="dtype-changed", if_not_finite="softmax-unstabilised",
                        batch=len(y), classes=scores.shape[1])  # fmt: skip
            check_dtype(grad, scores.dtype, "gradient scores")


def loss_and_grad(answer: Any) -> tuple[Any, Any]:
    """(loss, grad_scores). Raises Missing or Malformed."""
    if answer is None:
        raise Missing("nothing is returned yet: end the function with its `return` line")
    if not isinstance(answer, list | tuple) or len(answer) != 2:
        raise Malformed("return two values: loss, grad_scores")
    for value, name in zip(answer, ("loss", "grad_scores"), strict=True):
        if value is None:
            raise Missing(f"{name} is not written yet (it is None)")
    return answer[0], answer[1]


@asks(Loss, "value")
def the_loss_is_right(loss, student, make):
    loss.ask(student, *loss.scores(make), part="loss")


@asks(Loss, "gradient")
def the_gradient_is_right(loss, student, make):
    loss.ask(student, *loss.scores(make), part="grad")
