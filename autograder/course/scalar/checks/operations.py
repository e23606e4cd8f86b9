"""The operations of `Value`: what a node holds, and its local gradients."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch

from toolbox.checks.compare import assert_between, assert_grad, assert_value
from toolbox.checks.diagnose import verdicts_only
from toolbox.checks.reference.gates import truth
from toolbox.checks.rows import asks
from toolbox.checks.suite import item
from toolbox.errors import Missing

from .gate import Scalar, at_zero, far_out
from .inputs import away_from_zero, positive


def local_slopes(script, output, nodes: list) -> list[Any]:
    """d(output)/d(node) for the inputs of a single operation, read off the output where it holds its local gradients.

    A node built in another way (several operations, or a rule kept elsewhere) is asked to walk backward itself. So an
    operation can be judged before `backward` is written, or while it is wrong.
    """
    inputs, local = script.facts.held(output, "inputs"), script.facts.held(output, "local")
    facts = script.facts
    places, count, numbers = script.fetch(facts.places(inputs, nodes), facts.length(inputs), facts.numbers(local))
    if numbers and len(numbers) == count and all(places):
        return [sum(numbers[i] for i in place) for place in places]
    output.backward()
    return script.fetch([node.grad for node in nodes])[0]


def built(student, apply: Callable, what: str, *numbers: float) -> tuple[Any, list[Any]]:
    """The data of an operation of Values, and its local gradients. Raises Missing where it gives nothing."""
    s = student.script()
    nodes = [s.scalar.Value(number) for number in numbers]
    result = apply(*nodes)
    (kind,) = s.fetch(s.facts.present(result))
    if not kind:
        raise Missing(f"{what} is not written yet (its result is None)")
    (data,) = s.fetch(result.data)
    return data, local_slopes(s, result, nodes)


@dataclass(frozen=True)
class Operation(Scalar):
    """An operation of Values. apply: takes them. Its local gradients are asked, where possible without `backward`."""

    apply: Callable = lambda *values: None

    @property
    def label(self) -> str:
        return f"Value.{self.name}"

    @property
    def covers(self) -> tuple[str, ...]:
        return ()  # methods of a class, which has a row

    def ask(self, student, grad_out: float, *inputs: float, precision: torch.dtype = torch.float64) -> None:
        output, true = truth(self.name, list(inputs))
        data, grads = built(student, self.apply, self.name, *inputs)
        assert_value(data, output, name=f"the data of {self.name}")
        name = f"the local gradient{'s' * (self.inputs > 1)} of {self.name}"
        assert_grad(grads if true.dim() else grads[0], true, name=name, inputs=precision)

    def shares(self, student, grad_out: float, *inputs: float) -> Any:
        data, grads = built(student, self.apply, self.name, *inputs)
        assert_value(data, truth(self.name, list(inputs))[0], name=f"the data of {self.name}")
        return [grad_out * slope for slope in grads]


@asks(Operation, "node")
def the_data_and_the_local_gradients_are_right(operation, student, make):
    for inputs in operation.signed(make):
        operation.ask(student, 1.0, *inputs)


ARITHMETIC, FUNCTIONS = "value_arithmetic", "value_functions"
OPERATIONS = [
    Operation("add", ARITHMETIC, 2, apply=lambda x, y: x + y),
    Operation("sub", ARITHMETIC, 2, apply=lambda x, y: x - y),
    Operation("multiply", ARITHMETIC, 2, apply=lambda x, y: x * y),
    Operation("truediv", ARITHMETIC, 2, apply=lambda x, y: x / y, without={"zero": "nothing is divided by 0"}),
    Operation("exp", FUNCTIONS, apply=lambda x: x.exp(), far=(60.0, -60.0)),
    Operation(
        "log",
        FUNCTIONS,
        apply=lambda x: x.log(),
        positive=True,
        far=(1e-9, 1e9),
        without={"zero": "there is no value at 0"},
    ),
    Operation("tanh", FUNCTIONS, apply=lambda x: x.tanh()),
    Operation("sigmoid", FUNCTIONS, apply=lambda x: x.sigmoid()),
    Operation("relu", FUNCTIONS, apply=lambda x: x.relu(), without={"zero": "any slope from 0 to 1 is right there"}),
    Operation("maximum", FUNCTIONS, 2, apply=lambda x, y: x.max(y), ties=FUNCTIONS),
]


def ask_expression(student, expression: Callable, x: float, what: str) -> None:
    """An expression of one Value and plain numbers, its data and local gradient."""
    leaf = torch.tensor(x, dtype=torch.float64, requires_grad=True)
    output = expression(leaf)
    (true,) = torch.autograd.grad(output, leaf)
    data, (grad,) = built(student, expression, what, x)
    assert_value(data, output.detach(), name=f"the data of {what}")
    assert_grad(grad, true, name=f"the local gradient of {what}")


def ask_power(student, x: float, exponent: float) -> None:
    ask_expression(student, lambda v: v**exponent, x, f"x ** {exponent}")


@item(ARITHMETIC, share=0.5)
def test_powers_of_values(student, make):
    for exponent in (3, 0.5):
        ask_power(student, *positive(make, 1, 1.2), exponent)


### BEGIN HIDDEN TESTS
@item(ARITHMETIC)
def test_powers_at_many_points_and_zero_divided_and_to_a_power(student, make):
    for exponent in (3, 2):
        ask_power(student, -positive(make, 1, 1.2)[0], exponent)
    ask_power(student, *positive(make, 1, 1.2), -1.5)
    at_zero(partial(ask_power, student), (0.0, 3), (0.0, 1))
    (x,) = away_from_zero(make, 1)
    at_zero(partial(ask_expression, student, lambda v: v / x, what=f"x / {x:.3g}"), (0.0,))


PLAIN = {
    "x + 3": lambda v: v + 3,
    "3 + x": lambda v: 3 + v,
    "x - 3": lambda v: v - 3,
    "3 - x": lambda v: 3 - v,
    "x * 3": lambda v: v * 3,
    "3 * x": lambda v: 3 * v,
    "x / 3": lambda v: v / 3,
    "3 / x": lambda v: 3 / v,
}


@item(ARITHMETIC)
def test_plain_numbers_may_stand_on_either_side(student, make):
    (x,) = positive(make, 1, 1.3)
    for what, expression in PLAIN.items():
        ask_expression(student, expression, x, what)


@item(FUNCTIONS, share=0.5)
def test_any_slope_between_both_sides_is_right_at_the_kink_of_the_relu(student, make):
    def relu(x: float) -> None:
        data, (slope,) = built(student, lambda v: v.relu(), "relu", x)
        assert_value(data, torch.tensor(max(0.0, x), dtype=torch.float64), name="the data of relu")
        known = "zero-over-zero" if x == 0 else None
        assert_between(slope, float(x > 0), float(x >= 0), name="the local gradient of relu", if_not_finite=known)

    at_zero(relu, *((number,) for number in (*positive(make, 1), 0.5, -1.5, 0.0)))


@item(FUNCTIONS, share=0.5, says="the sigmoid of a value is right for very large and very small inputs")
def test_the_sigmoid_of_a_value_works_far_out(student, make):
    far_out(lambda x: built(student, lambda v: v.sigmoid(), "sigmoid", x)[0])


@item(FUNCTIONS, share=0.5, says="the tanh of a value is right for large inputs, too")
def test_the_tanh_of_a_value_works_far_out(student, make):
    for x in (2.5, -3.5, 9.0, -30.0):
        true = torch.tensor(x, dtype=torch.float64).tanh()
        data, (slope,) = built(student, lambda v: v.tanh(), "tanh", x)
        with verdicts_only():  # elsewhere mistakes are named
            assert_value(data, true, name=f"tanh({x:g})")
            assert_grad(slope, 1 - true * true, name=f"the local gradient of tanh at {x:g}", terms=1.0)


### END HIDDEN TESTS
