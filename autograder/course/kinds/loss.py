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


### BEGIN HIDDEN TESTS
@asks(Loss, "sizes")
def the_loss_of_one_row_of_two_classes_and_of_many_of_both_is_right(loss, student, make):
    for rows, classes in ((1, C), (N, 2), (30, 11)):
        with verdicts_only() if classes == 2 else nullcontext():  # a half may be a factor or the mean of two
            loss.ask(student, *loss.scores(make, rows, classes))


@asks(Loss, "even")
def the_loss_is_right_where_the_scores_of_each_row_are_equal(loss, student, make):
    with verdicts_only():  # many a mistake looks alike where all classes do
        loss.ask(student, make.normal(N, 1).expand(N, C).contiguous(), make.labels(N, C))


@asks(Loss, "layouts")
def the_loss_does_not_depend_on_how_scores_lie_in_memory(loss, student, make):
    loss.ask(student, *loss.scores(make, 4, 6), layout="columns")
    apart = torch.tensor([0.9, -0.35, 0.31, -1.44, 2.2], dtype=torch.float64)  # no two of them 1 apart, in any order
    scores = (apart[torch.argsort(make.uniform(C))] + make.uniform(C, high=0.02)).repeat(N, 1)
    loss.ask(student, scores, make.labels(N, C), layout="expanded")


@asks(Loss, "float32")
def the_loss_and_its_gradient_keep_float32(loss, student, make):
    loss.ask(student, *loss.scores(make, dtype=torch.float32))


@asks(Loss, "far")
def the_loss_is_right_where_entries_rows_or_all_of_the_scores_lie_far_out(loss, student, make):
    for dtype in (torch.float64, torch.float32):
        scores, y = loss.scores(make, change=lambda scores: (1000 * scores).round() + 0.5)
        loss.ask(student, scores.to(dtype), y)
        scores, y = loss.scores(make, dtype=dtype, change=far)
        loss.ask(student, scores, y)


def far(scores: torch.Tensor) -> torch.Tensor:
    """Rows with one score far out to either side, and rows that lie there as a whole; the rest is near 0."""
    scores = scores.clone()
    scores[0, 1], scores[1, 0] = 1000, -1000
    scores[2] += 1000
    scores[3] -= 1000
    scores[4, :2] = torch.tensor([-1000.0, 1000])
    return scores


@asks(Loss, "kink")
def any_slope_between_both_sides_is_right_where_a_margin_is_zero(loss, student, make):
    y = torch.tensor([0, 1, 2])
    scores = torch.tensor([[1.0, 0, -3, 0.5], [0.25, -0.75, -4, -5], [5, 2, 6, 1]], dtype=torch.float64)
    script = student.script()
    _, grad = loss_and_grad(script.fetch(getattr(script.losses, loss.name)(scores, y))[0])
    step = 1e-3 * torch.nn.functional.one_hot(y, 4)  # to either side of the kinks all is flat
    sides = [pull(lambda s: LOSSES[loss.kind](s, y), torch.ones(()), scores + sign * step)[0] for sign in (1, -1)]
    assert_between(grad, *sides, name="scores")


@asks(Loss, "apart")
def what_a_loss_returns_stays_as_it_is_and_the_next_call_knows_nothing_of_it(loss, student, make):
    script = student.script()
    call, batches = getattr(script.losses, loss.name), [loss.scores(make) for _ in range(2)]
    first = call(*batches[0])
    (before,) = script.fetch(first)
    loss_and_grad(before)
    for classes in (C, C + 2):  # of the same size, and of another
        scores, y = loss.scores(make, classes=classes) if classes != C else batches[1]
        loss.compare(*loss_and_grad(script.fetch(call(scores, y))[0]), scores, y)
    (after,) = script.fetch(first)
    loss.compare(*loss_and_grad(script.fetch(call(*batches[0]))[0]), *batches[0])
    for was, now, what in zip(before, after, ("loss", "gradient"), strict=True):
        if isinstance(was, torch.Tensor) and not torch.equal(was, now):
            raise Mismatch(f"the {what} of an earlier call changes with the next call", diagnosis=["answer-reused"])


### END HIDDEN TESTS
