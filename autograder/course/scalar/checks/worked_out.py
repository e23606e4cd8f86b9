"""Gradients of `scalar` are worked out, and not found by nudging."""

### BEGIN HIDDEN TESTS
from __future__ import annotations

from collections.abc import Callable

import torch

from toolbox.checks.compare import assert_grad
from toolbox.checks.suite import item
from toolbox.errors import Missing
from toolbox.probes import step_detection

from .engine import check_operation, started, true_gradients
from .gates import check_backward
from .inputs import away_from_zero, filled, positive
from .tape import on_tape

# A gradient, or differences? See toolbox.probes.step_detection.
# These tests give no marks; what they forbid costs all of the item's.

LOST = (1e300, 1.0)  # next to the one every step for the other is lost
LAST = 1.797e308  # an ordinary step is lost, and a step in proportion leads beyond the largest float
OUTSIZE = [(1e150, 2e150), (LAST, 1e-300)]
TIE = (1.0, 1.0 + 1e-9)  # nearer to the kink than any usable step


def gate_worked_out(student, make, gate: str, *places: tuple[float, ...], count: int, listed: bool = False) -> None:
    """Raise Forbidden where the gradients of a gate were found by nudging; `places`: where no step is of use."""
    plain = [number + 30.0 * place for place, number in enumerate(positive(make, count))]  # no tie within a step

    def awkward() -> None:
        for inputs in (plain, *places):
            check_backward(student, gate, 0.5, *inputs, listed=listed)

    def ordinary() -> None:
        for inputs in (plain, plain[::-1]):
            check_backward(student, gate, 0.5, *inputs, listed=listed, precision=torch.float32)

    step_detection.apart(awkward, ordinary)


@item("gate_add", share=0.0)
def test_the_gradients_of_the_add_gate_were_not_found_by_nudging(student, make):
    gate_worked_out(student, make, "add", LOST, LOST[::-1], count=2)


@item("gate_multiply", share=0.0)
def test_the_gradients_of_the_multiply_gate_were_not_found_by_nudging(student, make):
    gate_worked_out(student, make, "multiply", *OUTSIZE, count=2)


@item("gate_max", share=0.0)
def test_the_gradients_of_the_max_gate_were_not_found_by_nudging(student, make):
    gate_worked_out(student, make, "maximum", TIE, TIE[::-1], count=2)


@item("gate_reciprocal", share=0.0)
def test_the_gradient_of_the_reciprocal_gate_was_not_found_by_nudging(student, make):
    gate_worked_out(student, make, "reciprocal", (3e-5,), (3e5,), count=1)


@item("gate_exp", share=0.0)
def test_the_gradient_of_the_exp_gate_was_not_found_by_nudging(student, make):
    gate_worked_out(student, make, "exp", count=1)


@item("gate_log", share=0.0)
def test_the_gradient_of_the_log_gate_was_not_found_by_nudging(student, make):
    gate_worked_out(student, make, "log", (3e-5,), (3e5,), count=1)


@item("gate_sum", share=0.0)
def test_the_gradients_of_the_summation_gate_were_not_found_by_nudging(student, make):
    gate_worked_out(student, make, "total", (*LOST, 2.0, 3.0), count=4, listed=True)


@item("gate_mean", share=0.0)
def test_the_gradients_of_the_mean_gate_were_not_found_by_nudging(student, make):
    gate_worked_out(student, make, "mean", (*LOST, 2.0, 3.0), count=4, listed=True)


@item("gate_sigmoid", share=0.0)
def test_the_gradient_of_the_sigmoid_gate_was_not_found_by_nudging(student, make):
    gate_worked_out(student, make, "sigmoid", count=1)


@item("gate_copy", share=0.0)
def test_the_gradient_of_the_copy_gate_was_not_found_by_nudging(student, make):
    def check(x: float, inputs: torch.dtype) -> None:
        answer = filled(student.gates.copy_backward(1.5, 2.5, x), "copy_backward")
        assert_grad(answer, torch.tensor(4.0, dtype=torch.float64), name="the downstream gradient", inputs=inputs)

    step_detection.apart(lambda: check(LAST, torch.float64), lambda: check(*away_from_zero(make, 1), torch.float32))


def operation_worked_out(student, gate: str, apply: Callable, plain: list[tuple], *places: tuple) -> None:
    """Raise Forbidden where the local gradients of an operation of Values were found by nudging.

    plain: ordinary places, of every kind that `places` has.
    """

    def awkward() -> None:
        for numbers in (*plain, *places):
            check_operation(student, gate, apply, *numbers)

    def ordinary() -> None:
        for numbers in plain:
            check_operation(student, gate, apply, *numbers, inputs=torch.float32)

    step_detection.apart(awkward, ordinary)


@item("value_arithmetic", share=0.0)
def test_the_gradients_of_sums_and_products_of_values_were_not_found_by_nudging(student, make):
    x, y = positive(make, 2)
    plain = [(x, y), (y, x)]
    operation_worked_out(student, "add", lambda x, y: x + y, plain, LOST, LOST[::-1])
    operation_worked_out(student, "sub", lambda x, y: x - y, plain, LOST, LOST[::-1])
    operation_worked_out(student, "multiply", lambda x, y: x * y, plain, *OUTSIZE)
    operation_worked_out(student, "truediv", lambda x, y: x / y, plain)


@item("value_functions", share=0.0)
def test_the_gradients_of_functions_of_values_were_not_found_by_nudging(student, make):
    (x,) = positive(make, 1, 1.2)
    plain = [(x,)]
    operation_worked_out(student, "exp", lambda x: x.exp(), plain)
    operation_worked_out(student, "log", lambda x: x.log(), plain, (3e-5,), (3e5,))
    operation_worked_out(student, "tanh", lambda x: x.tanh(), plain)
    operation_worked_out(student, "sigmoid", lambda x: x.sigmoid(), plain)
    operation_worked_out(student, "relu", lambda x: x.relu(), [(x,), (-x,), (0.5,), (-0.5,)], (1e-9,), (-1e-9,), (1e3,))
    operation_worked_out(student, "maximum", lambda x, y: x.max(y), [(x, x + 1.0), (x + 1.0, x)], TIE, TIE[::-1])


def tape_worked_out(student, expression: Callable, plain: list[float], *places: list[float]) -> None:
    """Raise Forbidden where the tape found gradients by nudging."""

    def check(numbers: list[float], inputs: torch.dtype) -> None:
        _, *grads = on_tape(student, expression, numbers)
        assert_grad(
            started(grads), torch.stack(true_gradients(expression, numbers)), name="the gradients", inputs=inputs
        )

    def awkward() -> None:
        for numbers in (plain, *places):
            check(numbers, torch.float64)

    step_detection.apart(awkward, lambda: check(plain, torch.float32))


@item("tape", share=0.0)
def test_the_gradients_on_the_tape_were_not_found_by_nudging(student, make):
    plain = positive(make, 2)
    tape_worked_out(student, lambda x, y: [x + y], plain, list(LOST), list(LOST[::-1]))
    tape_worked_out(student, lambda x, y: [x * y], plain, *map(list, OUTSIZE))
    tape_worked_out(student, lambda x: [x.relu()], [0.5], [1e-9], [1e3])


@item("tape_dot", share=0.0)
def test_the_gradients_of_a_dot_product_were_not_found_by_nudging(student, make):
    def check(w: list[float], x: list[float], inputs: torch.dtype) -> None:
        s = student.script()
        ws, bias = [s.tape.Var(number) for number in w], s.tape.Var(0.5)
        output = s.tape.dot(ws, x, bias)
        (kind,) = s.fetch(s.facts.present(output))
        if not kind:
            raise Missing("dot is not written yet (it returns None)")
        output.backward()
        (grads,) = s.fetch([node.grad for node in [*ws, bias]])
        W = torch.tensor(w, dtype=torch.float64, requires_grad=True)
        B = torch.tensor(0.5, dtype=torch.float64, requires_grad=True)
        true = torch.autograd.grad(W @ torch.tensor(x, dtype=torch.float64) + B, [W, B])
        assert_grad(grads, torch.cat([true[0], true[1][None]]), name="the gradients", inputs=inputs)

    w, x = positive(make, 3), away_from_zero(make, 3)
    step_detection.apart(lambda: check([LOST[0], *w[1:]], x, torch.float64), lambda: check(w, x, torch.float32))


### END HIDDEN TESTS
