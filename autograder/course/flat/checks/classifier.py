"""What every flat gradient function of a classifier must do, from the loss back to each variable."""

from __future__ import annotations

from collections.abc import Callable, Mapping
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
    """A function of a batch and parameters, which returns (loss, grads). parts: the loss and each variable -> its item.

    kind: of its loss. draw: makes its arguments. far: arguments -> a list of those far out. kinked: arguments with
    scores at kinks of the loss, and the same to either side. one, other: sizes of a single example, and of float32.
    overflow: the mistake that nan and inf tell of.
    """

    name: str
    kind: str
    parts: Mapping[str, str]
    draw: Callable[..., Given]
    far: Callable[[Given], list[Given]]
    kinked: Callable[[], list[Given]] | None = None
    one: Mapping[str, float] = field(default_factory=dict)
    other: Mapping[str, float] = field(default_factory=dict)
    overflow: str = "softmax-unstabilised"

    def ask(self, student, given: Given, part: str, **more) -> None:
        """Compare one part of the answer."""
        compare(getattr(student.flat, self.name)(**given), Truth(self.kind, given), part, **more)

    @property
    def kink_item(self) -> str:
        """Where kinks of the loss show."""
        return self.parts["scores"]

    @property
    def gate_item(self) -> str:
        """Where closed gates show, "" where there are none."""
        return self.parts.get("a", "")

    @property
    def straight(self) -> list[str]:
        """The parts whose gradient says something of the penalty, or of its absence."""
        return [part for part in self.parts if part == "loss" or part[0] in "wb"]

    @property
    def outer(self) -> list[str]:
        """The parts where far-out scores show."""
        return ["loss", "scores"]


@asks(Classifier, "value", over="parts", of="parts")
def it_matches_autograd(function, part, student, make):
    function.ask(student, function.draw(make), part)


@asks(Classifier, "penalty", over="straight", of="parts")
def it_takes_the_strength_of_the_penalty_from_reg(function, part, student, make):
    function.ask(student, function.draw(make, reg=20.0), part)


@asks(Classifier, "far", over="outer", of="parts")
def it_stays_right_for_scores_of_a_thousand(function, part, student, make):
    for given in function.far(function.draw(make, N=12)):
        function.ask(student, given, part, **FAR_OUT | {"if_not_finite": function.overflow})


### BEGIN HIDDEN TESTS
@asks(Classifier, "one", over="parts", of="parts")
def it_is_right_for_a_single_example(function, part, student, make):
    function.ask(student, function.draw(make, N=1, D=3, reg=2.5, **function.one), part)


@asks(Classifier, "float32", over="parts", of="parts")
def it_is_right_in_float32_and_leaves_its_inputs_alone(function, part, student, make):
    given = strided(function.draw(make, N=11, D=7, reg=0.7, dtype=torch.float32, **function.other))
    with verdicts_only():  # elsewhere mistakes are named; of three classes some look alike by chance
        compare_twice(student, getattr(student.flat, function.name), given, Truth(function.kind, given), part)


@asks(Classifier, "apart", over="parts", of="parts")
def its_answer_stays_and_the_next_call_knows_nothing_of_it(function, part, student, make):
    script, given = student.script(), function.draw(make)
    first = getattr(script.flat, function.name)(**given)
    (before,) = script.fetch(first)
    compare(before, Truth(function.kind, given), part)
    for more in (function.draw(make), function.draw(make, N=4, D=3)):
        kept = {name: script.keep(value) for name, value in more.items()}
        answer, after = script.fetch(getattr(script.flat, function.name)(**kept), kept)
        with verdicts_only():  # in a small batch some mistakes look alike
            compare(answer, Truth(function.kind, more), part)
        assert_unchanged([name for name, value in more.items()
                          if torch.is_tensor(value) and not torch.equal(value, after[name])])  # fmt: skip
    (after,) = script.fetch(first)
    old, new = (loss_of(answer) if part == "loss" else grad_of(answer, part) for answer in (before, after))
    if torch.is_tensor(old) and not torch.equal(old, new):
        message = f"{part} of an earlier call changes with the next call: each call makes tensors of its own"
        raise Mismatch(message, diagnosis=["answer-reused"])


@asks(Classifier, "kink", of="kink_item")
def any_slope_between_both_sides_is_right_where_a_margin_is_zero(function, student, make):
    given, *sides = function.kinked()
    got = grad_of(getattr(student.flat, function.name)(**given), "scores")
    assert_between(got, *(Truth(function.kind, side).grads["scores"] for side in sides), name="scores")


@asks(Classifier, "closed gates", of="gate_item")
def its_gradients_are_finite_where_an_input_of_the_relu_is_zero(function, student, make):
    check_dead_row(getattr(student.flat, function.name)(**dead_row(function.draw(make))))


### END HIDDEN TESTS
