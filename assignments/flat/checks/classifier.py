"""What every flat gradient function of a classifier must do, from the loss back to each variable."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import torch

from toolbox.checks.compare import assert_between, assert_unchanged, grad_of, loss_of
from toolbox.checks.diagnose import verdicts_only
from toolbox.checks.reference.models import Truth
from toolbox.checks.rows import Row, asks
from toolbox.errors import Mismatch

from .inputs import FAR_OUT, Given, check_dead_row, compare, compare_twice, dead_row, strided


@dataclass(frozen=True)
class Classifier(Row):
    """A function of a batch and parameters, which returns (loss, grads).

    parts: the loss and each variable -> its item. loss: which one it has. draw: makes its arguments. far: arguments ->
    a list of those whose scores lie far out; shown_far: the parts of which that is asked in public. kinked: makes
    arguments with scores at kinks of the loss, and the same to either side. one, other: sizes of a single example, and
    in float32. overflow: the mistake that nan and inf tell of.
    """

    name: str
    parts: Mapping[str, str]
    loss: str
    draw: Callable[..., Given]
    far: Callable[[Given], list[Given]] | None = None
    shown_far: Sequence[str] = ("loss", "scores")
    kinked: Callable[[], list[Given]] | None = None
    one: Mapping[str, int] = field(default_factory=dict)
    other: Mapping[str, int] = field(default_factory=dict)
    overflow: str = "softmax-unstabilised"

    def answer(self, student, given: Given):
        return getattr(student.flat, self.name)(**given)

    def ask(self, student, given: Given, *parts: str, **more) -> None:
        """Compare these parts of the answer."""
        compare(self.answer(student, given), Truth(self.loss, given), *parts, **more)

    @property
    def groups(self) -> dict[str, str]:
        """The first part of each item -> the item: where one answer is asked about as a whole, an item counts once."""
        found: dict[str, str] = {}
        for part, item in self.parts.items():
            if item not in found.values():
                found[part] = item
        return found

    def group(self, first: str) -> list[str]:
        """All parts of an item."""
        return [part for part, item in self.parts.items() if item == self.parts[first]]

    @property
    def penalised(self) -> list[str]:
        """Parts that say something of the penalty, each in an item of its own."""
        return [part for part in self.groups if part == "loss" or part in "wb"]

    @property
    def even(self) -> list[str]:
        """The parts in which equal scores show."""
        return [part for part in ("loss", "scores") if part in self.parts]

    @property
    def hidden_far(self) -> list[str]:
        """The other parts where far-out scores show."""
        return [part for part in ("loss", "scores") if part not in self.shown_far]

    def ask_far(self, student, make, part: str) -> None:
        for given in self.far(self.draw(make, N=12)):
            self.ask(student, given, part, **FAR_OUT | {"if_not_finite": self.overflow})

    @property
    def batches(self) -> list[str]:
        """The items in which a single example is asked: whose bias collects from one row alone, may have collected
        nothing.
        """
        return [part for part in self.groups if part != "b"]


LAST = {"w": 0.0, "b": 0.3, "w2": 0.0, "b2": 0.3}  # with these, all scores are equal


@asks(Classifier, "value", over="parts", of="parts")
def the_answer_matches_autograd(function, part, student, make):
    function.ask(student, function.draw(make), part)


@asks(Classifier, "penalty", over="penalised", of="parts")
def the_penalty_is_as_strong_as_reg_says(function, part, student, make):
    function.ask(student, function.draw(make, reg=20.0), part)


@asks(Classifier, "far", over="shown_far", of="parts")
def the_answer_stays_right_for_scores_of_a_thousand(function, part, student, make):
    function.ask_far(student, make, part)
