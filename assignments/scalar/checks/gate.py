"""What makes one number of others: asked at points of every sign, where an input is 0, and where inputs are equal."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch

from toolbox.checks.compare import as_tensor, assert_grad, assert_value
from toolbox.checks.diagnose import verdicts_only
from toolbox.checks.reference.gates import truth
from toolbox.checks.rows import Row, asks
from toolbox.errors import Malformed, Mismatch, Raised

from .inputs import away_from_zero, filled, positive


@dataclass(frozen=True)
class Scalar(Row):
    """A number made of others, a `Gate` or an operation of Values.

    name: in `toolbox.checks.reference.gates`. inputs: how many it takes one by one; 0: a list of any length. positive:
    whether they must be. ties: its item, where equal inputs may share the gradient in any way. far: inputs of one that
    takes one, where formulas end that hold near 0.
    """

    name: str
    item: str
    inputs: int = 1
    positive: bool = False
    ties: str = ""
    far: tuple[float, ...] = ()

    def numbers(self, make, count: int = 0) -> list[float]:
        return (positive if self.positive else away_from_zero)(make, count or self.inputs or 4)

    def ask(self, student, grad_out: float, *inputs: float) -> None:
        """Compare what it gives, and what it sends back of an upstream gradient."""
        raise NotImplementedError

    def shares(self, student, grad_out: float, *inputs: float) -> Any:
        """What it sends back to each input; what it gives is compared."""
        raise NotImplementedError

    def signed(self, make, count: int = 0) -> list[tuple[float, ...]]:
        """Inputs in either order, with all signs alike and in turn, and all of them below 1."""
        some = tuple(map(abs, self.numbers(make, count)))
        found = [some, some[::-1], tuple(0.45 * x for x in some)]
        if not self.positive:
            in_turn = tuple(-x if place % 2 else x for place, x in enumerate(some))
            found += [in_turn, *(tuple(-x for x in inputs) for inputs in (*found, in_turn))]
        return list(dict.fromkeys(found))


@dataclass(frozen=True)
class Gate(Scalar):
    """A function of floats and the one that goes back through it."""

    @property
    def covers(self) -> tuple[str, ...]:
        return self.name, f"{self.name}_backward"

    def ask(self, student, grad_out: float, *inputs: float) -> None:
        self.ask_output(student, *inputs)
        self.ask_gradient(student, grad_out, *inputs)

    def ask_output(self, student, *inputs: float) -> None:
        answer = getattr(student.gates, self.name)(*self.arguments(inputs))
        assert_value(filled(answer, self.name), truth(self.name, list(inputs))[0], name="z")

    def ask_gradient(self, student, grad_out: float, *inputs: float, precision: torch.dtype = torch.float64) -> None:
        """The forward value that goes in is the true one."""
        true = truth(self.name, list(inputs), grad_out)[1]
        answer = filled(self.shares(student, grad_out, *inputs), f"{self.name}_backward")
        assert_grad(answer, true, name="the downstream gradient", inputs=precision)

    def shares(self, student, grad_out: float, *inputs: float) -> Any:
        output = truth(self.name, list(inputs))[0].item()
        return getattr(student.gates, f"{self.name}_backward")(grad_out, *self.arguments(inputs), output)

    def arguments(self, inputs: tuple[float, ...]) -> list:
        return list(inputs) if self.inputs else [list(inputs)]


def at_zero(check: Callable, *places: tuple[float, ...], **more: Any) -> None:
    """Run `check` at places where a number is 0: to divide by it is a way to a slope that ends there."""
    for place in places:
        with verdicts_only():  # where all is well but at 0, that is the name; what is wrong elsewhere has its own
            try:
                check(*place, **more)
            except Raised as error:
                if "ZeroDivisionError" in str(error):
                    check(*(number or 0.7 for number in place), **more)
                    raise Raised(str(error), diagnosis=["zero-over-zero"]) from None
                raise


def pair_of(answer: Any, name: str) -> tuple[float, float]:
    """Two gradients as floats. Raises Missing or Malformed."""
    found = as_tensor(filled(answer if not isinstance(answer, tuple) else list(answer), name), name)
    if found.shape != (2,) or found.dtype == torch.bool:
        raise Malformed(f"{name}: two numbers, one for each input")
    return tuple(found.double().tolist())


def far_out(sigmoid: Callable[[float], Any]) -> None:
    """The sigmoid of large numbers of both signs."""
    for x in (9.0, -9.0, -30.0, 800.0, -800.0):
        try:
            answer = filled(sigmoid(x), "sigmoid")
        except Raised as error:
            raise Raised(str(error), diagnosis=["sigmoid-overflows"] if "OverflowError" in str(error) else []) from None
        by_tanh = torch.tensor(0.5 * (1.0 + math.tanh(0.5 * x)), dtype=torch.float64)  # exact, but for what cancels
        assert_value(answer, torch.tensor(x, dtype=torch.float64).sigmoid(), name=f"sigmoid({x:g})", accept=[by_tanh])


@asks(Gate, "output")
def the_gate_computes_its_output(gate, student, make):
    for inputs in gate.signed(make):
        gate.ask_output(student, *inputs)


@asks(Gate, "gradient", share=2.0)
def the_gate_sends_its_gradient_back(gate, student, make):
    for number, inputs in enumerate(gate.signed(make)):
        gate.ask_gradient(student, -1.5 if number % 2 else 2.5, *inputs)
