"""What the gates must do, forwards and backwards; the sigmoid in four nodes and in one."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from typing import Any

import torch

from toolbox.checks.compare import as_tensor, assert_grad, assert_value, grad_of, lone, loss_of
from toolbox.checks.diagnose import verdicts_only
from toolbox.checks.reference.gates import truth
from toolbox.checks.suite import item
from toolbox.errors import Malformed, Mismatch, Raised

from .inputs import away_from_zero, filled, positive

# Gates


def check_forward(student, gate: str, *inputs: float, listed: bool = False) -> None:
    """Compare a gate's output with the true one."""
    output, _ = truth(gate, list(inputs))
    arguments = [list(inputs)] if listed else inputs
    assert_value(filled(getattr(student.gates, gate)(*arguments), gate), output, name="z")


def check_backward(
    student, gate: str, grad_out: float, *inputs: float, listed: bool = False, precision: torch.dtype = torch.float64
) -> None:
    """Compare a gate's downstream gradients with the true ones; the forward value that goes in is the true one."""
    output, true = truth(gate, list(inputs), grad_out)
    arguments = [list(inputs)] if listed else inputs
    answer = getattr(student.gates, f"{gate}_backward")(grad_out, *arguments, output.item())
    assert_grad(filled(answer, f"{gate}_backward"), true, name="the downstream gradient", inputs=precision)


def check_often(student, make, gate: str, draw: Callable, signed: bool = True) -> None:
    """Both directions at eight random points: chance has no say in signs, all of which are met. Then, once more, with
    nothing from upstream. signed: whether the gate takes numbers of either sign."""
    for number in range(8):
        inputs, (grad_out,) = draw(), away_from_zero(make, 1, 1.1, 3.0)
        if signed:
            inputs = [abs(x) * turn(number, place + 1) for place, x in enumerate(inputs)]
        check_forward(student, gate, *inputs)
        check_backward(student, gate, abs(grad_out) * turn(number, 0), *inputs)
    check_backward(student, gate, 0.0, *draw())


def check_at_zero(check: Callable, *places: tuple[float, ...], **more: Any) -> None:
    """Run `check` at places where a number is 0: to divide by it is a way to a slope that ends there."""
    for place in places:
        try:
            with verdicts_only():  # where all is well but at 0, that is the name; what is wrong elsewhere has its own
                check(*place, **more)
        except Raised as error:
            known = ["zero-over-zero"] if "ZeroDivisionError" in str(error) else []
            raise Raised(str(error), diagnosis=known) from None


def check_ties(make, ask: Callable[[float, float, float], Any], name: str) -> None:
    """The two gradients of a max whose inputs are equal: any split of the upstream gradient between them is right.

    ask(grad_out, x, y): the gradients. What is wrong elsewhere, too, gets no name here.
    """
    low, high = positive(make, 2)
    elsewhere = [pair_of(ask(2.5, *pair), name) for pair in ((low, high), (high, low), (-low, -high))]
    well = elsewhere == [(0.0, 2.5), (2.5, 0.0), (2.5, 0.0)]
    ties = list(zip((2.5, -1.5, 3.0), (low, -high, 0.0), strict=True))
    found = [pair_of(ask(grad_out, number, number), name) for grad_out, number in ties]
    known = []
    if well and found == [(grad_out, grad_out) for grad_out, _ in ties]:
        known = ["max-tie-counted-twice"]
    elif well and found == [(0.0, 0.0)] * len(ties):
        known = ["max-tie-lost"]
    for (one, other), (grad_out, number) in zip(found, ties, strict=True):
        shares = one / grad_out, other / grad_out
        if not (min(shares) >= -1e-12 and abs(sum(shares) - 1) <= 1e-12):  # nan is neither
            message = f"{name} at x = y = {number:.3g} are {one:.6g} and {other:.6g}: together they must be {grad_out}"
            raise Mismatch(f"{message}, neither of them of the other sign", diagnosis=known)


def pair_of(answer: Any, name: str) -> tuple[float, float]:
    """Two gradients as floats. Raises Missing or Malformed."""
    found = as_tensor(filled(answer if not isinstance(answer, tuple) else list(answer), name), name)
    if found.shape != (2,) or found.dtype == torch.bool:
        raise Malformed(f"{name}: two numbers, one for each input")
    return tuple(found.double().tolist())


def turn(number: int, place: int) -> int:
    """1 or -1: over eight numbers, every combination of signs for three places."""
    return -1 if number >> place & 1 else 1


@item("gate_add")
def test_the_add_gate_adds(student, make):
    check_forward(student, "add", *away_from_zero(make, 2))


@item("gate_add", share=2.0)
def test_the_add_gate_sends_its_gradients_back(student, make):
    check_backward(student, "add", 2.5, *away_from_zero(make, 2))


### BEGIN HIDDEN TESTS
@item("gate_add", share=2.0)
def test_the_add_gate_is_right_at_many_points(student, make):
    check_often(student, make, "add", lambda: away_from_zero(make, 2))


### END HIDDEN TESTS


@item("gate_multiply")
def test_the_multiply_gate_multiplies(student, make):
    check_forward(student, "multiply", *away_from_zero(make, 2))


@item("gate_multiply", share=2.0)
def test_the_multiply_gate_sends_its_gradients_back(student, make):
    check_backward(student, "multiply", -1.5, *away_from_zero(make, 2))


### BEGIN HIDDEN TESTS
@item("gate_multiply", share=2.0)
def test_the_multiply_gate_is_right_at_many_points(student, make):
    check_often(student, make, "multiply", lambda: away_from_zero(make, 2))
    (x,) = away_from_zero(make, 1)
    check_at_zero(partial(check_backward, student, "multiply", 2.5), (0.0, x), (x, 0.0), (0.0, 0.0))


### END HIDDEN TESTS


def check_copy(student, make, first: float, second: float) -> None:
    """Compare the gradient behind a copy with autograd's, given what comes back from its two users."""
    (x,) = away_from_zero(make, 1)
    leaf = torch.tensor(x, dtype=torch.float64, requires_grad=True)
    ups = [torch.tensor(number, dtype=torch.float64) for number in (first, second)]
    (true,) = torch.autograd.grad([leaf.clone(), leaf.clone()], leaf, ups)
    answer = student.gates.copy_backward(first, second, x)
    assert_grad(filled(answer, "copy_backward"), true, name="the downstream gradient")


def check_copies(student, make) -> None:
    (x,) = away_from_zero(make, 1)
    both = filled(student.gates.copy(x), "copy")
    assert_value(both, torch.tensor([x, x], dtype=torch.float64), name="the two copies")


@item("gate_copy")
def test_the_copy_gate_copies(student, make):
    check_copies(student, make)


@item("gate_copy", share=2.0, says="the copy gate adds up the gradients of both users")
def test_the_copy_gate_hears_both_users(student, make):
    check_copy(student, make, *away_from_zero(make, 2, 1.1, 3.0))


### BEGIN HIDDEN TESTS
@item("gate_copy", share=2.0)
def test_the_copy_gate_is_right_at_many_points(student, make):
    for _ in range(5):
        check_copies(student, make)
        check_copy(student, make, *away_from_zero(make, 2, 1.1, 3.0))


### END HIDDEN TESTS


@item("gate_max")
def test_the_max_gate_takes_the_larger(student, make):
    x, y = away_from_zero(make, 2)
    check_forward(student, "maximum", x, y)
    check_forward(student, "maximum", y, x)


@item("gate_max", share=2.0)
def test_the_max_gate_sends_its_gradients_back(student, make):
    x, y = away_from_zero(make, 2)
    check_backward(student, "maximum", 2.5, x, y)
    check_backward(student, "maximum", -1.5, y, x)


### BEGIN HIDDEN TESTS
@item("gate_max", share=2.0)
def test_the_max_gate_is_right_at_many_points_of_any_sign(student, make):
    check_often(student, make, "maximum", lambda: away_from_zero(make, 2))
    low, high = sorted(positive(make, 2))
    for pair in ((-low, -high), (-high, -low), (-high, low), (high, -low)):
        check_forward(student, "maximum", *pair)
        check_backward(student, "maximum", -2.5, *pair)

    def ask(grad_out: float, x: float, y: float) -> Any:
        check_forward(student, "maximum", x, y)
        return student.gates.maximum_backward(grad_out, x, y, max(x, y))

    check_ties(make, ask, "the downstream gradients")


### END HIDDEN TESTS


@item("gate_reciprocal")
def test_the_reciprocal_gate_inverts(student, make):
    check_forward(student, "reciprocal", *away_from_zero(make, 1))


@item("gate_reciprocal", share=2.0)
def test_the_reciprocal_gate_sends_its_gradient_back(student, make):
    check_backward(student, "reciprocal", 2.5, *away_from_zero(make, 1))


### BEGIN HIDDEN TESTS
@item("gate_reciprocal", share=2.0)
def test_the_reciprocal_gate_is_right_at_many_points(student, make):
    check_often(student, make, "reciprocal", lambda: away_from_zero(make, 1))


### END HIDDEN TESTS


@item("gate_exp")
def test_the_exp_gate_computes_exp(student, make):
    check_forward(student, "exp", *away_from_zero(make, 1))


@item("gate_exp", share=2.0)
def test_the_exp_gate_sends_its_gradient_back(student, make):
    check_backward(student, "exp", 2.5, *away_from_zero(make, 1))


### BEGIN HIDDEN TESTS
@item("gate_exp", share=2.0)
def test_the_exp_gate_is_right_at_many_points(student, make):
    check_often(student, make, "exp", lambda: away_from_zero(make, 1))


### END HIDDEN TESTS


@item("gate_log")
def test_the_log_gate_computes_the_natural_logarithm(student, make):
    check_forward(student, "log", *positive(make, 1))


@item("gate_log", share=2.0)
def test_the_log_gate_sends_its_gradient_back(student, make):
    check_backward(student, "log", 2.5, *positive(make, 1))


### BEGIN HIDDEN TESTS
@item("gate_log", share=2.0)
def test_the_log_gate_is_right_at_many_points(student, make):
    check_often(student, make, "log", lambda: positive(make, 1), signed=False)


### END HIDDEN TESTS


@item("gate_sum")
def test_the_summation_gate_sums(student, make):
    check_forward(student, "total", *away_from_zero(make, 4), listed=True)


@item("gate_sum", share=2.0)
def test_the_summation_gate_sends_its_gradients_back(student, make):
    check_backward(student, "total", 2.5, *away_from_zero(make, 4), listed=True)


### BEGIN HIDDEN TESTS
@item("gate_sum", share=2.0)
def test_the_summation_gate_is_right_for_any_number_of_inputs(student, make):
    for count in (5, 3, 2, 1):
        inputs = away_from_zero(make, count)
        check_forward(student, "total", *inputs, listed=True)
        check_backward(student, "total", -1.7, *inputs, listed=True)


### END HIDDEN TESTS


@item("gate_mean")
def test_the_mean_gate_averages(student, make):
    check_forward(student, "mean", *away_from_zero(make, 4), listed=True)


@item("gate_mean", share=2.0)
def test_the_mean_gate_sends_its_gradients_back(student, make):
    check_backward(student, "mean", 2.5, *away_from_zero(make, 4), listed=True)


### BEGIN HIDDEN TESTS
@item("gate_mean", share=2.0)
def test_the_mean_gate_is_right_for_any_number_of_inputs(student, make):
    for count in (5, 3, 2, 1):
        inputs = away_from_zero(make, count)
        check_forward(student, "mean", *inputs, listed=True)
        check_backward(student, "mean", -1.7, *inputs, listed=True)


### END HIDDEN TESTS


# The sigmoid, in four nodes and in one


def check_parts(student, x: float, grad_out: float) -> None:
    """Compare each of the four gradients; one may also follow from the student's own gradient to its right."""
    leaf = torch.tensor(x, dtype=torch.float64, requires_grad=True)
    nodes = {"a": -leaf}
    nodes["b"] = nodes["a"].exp()
    nodes["c"] = nodes["b"] + 1
    z = nodes["c"].reciprocal()
    up = torch.tensor(grad_out, dtype=torch.float64)
    wires = {"c": nodes["c"], "b": nodes["b"], "a": nodes["a"], "x": leaf}
    true = dict(zip(wires, torch.autograd.grad(z, list(wires.values()), up, retain_graph=True), strict=True))
    answer = student.gates.sigmoid_by_parts(x, grad_out)
    before = {"c": None, "b": "c", "a": "b", "x": "a"}
    for name, right in true.items():
        accept, source = [], before[name]
        if source is not None:
            theirs = lone(answer[1].get(source))
            if isinstance(theirs, float) and 1e-3 < abs(theirs / true[source]) < 1e3:
                accept = [right * theirs / true[source]]
        assert_grad(grad_of(answer, name), right, name=name, accept=accept)


@item("sigmoid_parts")
def test_four_nodes_compute_the_sigmoid(student, make):
    (x,) = away_from_zero(make, 1)
    number = torch.tensor(x, dtype=torch.float64)
    true = number.sigmoid()
    assert_value(loss_of(student.gates.sigmoid_by_parts(x, 1.0)), true, name="z")


@item("sigmoid_parts", share=2.0, says="the gradients on the wires of the four nodes are right")
def test_the_gradient_walks_back_through_the_four_nodes(student, make):
    check_parts(student, *away_from_zero(make, 1), 2.5)


### BEGIN HIDDEN TESTS
@item("sigmoid_parts", share=2.0)
def test_the_four_nodes_are_right_at_many_points(student, make):
    for grad_out in (-1.7, 3.0, 0.6):
        (x,) = away_from_zero(make, 1)
        true = torch.tensor(x, dtype=torch.float64).sigmoid()
        assert_value(loss_of(student.gates.sigmoid_by_parts(x, grad_out)), true, name="z")
        check_parts(student, x, grad_out)


### END HIDDEN TESTS


@item("gate_sigmoid")
def test_the_sigmoid_gate_squashes(student, make):
    check_forward(student, "sigmoid", *away_from_zero(make, 1))


@item("gate_sigmoid", share=2.0)
def test_the_sigmoid_gate_sends_its_gradient_back(student, make):
    check_backward(student, "sigmoid", 2.5, *away_from_zero(make, 1))


@item("gate_sigmoid", says="the sigmoid gate is right for very large and very small inputs")
def test_the_sigmoid_gate_works_far_out(student, make):
    check_far_out(lambda x: student.gates.sigmoid(x))


### BEGIN HIDDEN TESTS
@item("gate_sigmoid", share=2.0)
def test_the_sigmoid_gate_is_right_at_many_points(student, make):
    check_often(student, make, "sigmoid", lambda: away_from_zero(make, 1))


@item("gate_sigmoid")
def test_the_sigmoid_gate_is_right_on_both_sides_of_zero(student, make):
    for x in (-0.9, -0.35, -0.02, 0.0, 0.02, 0.35, 0.9):  # where those who cut the cases at another place differ
        check_forward(student, "sigmoid", x)


### END HIDDEN TESTS


def check_far_out(sigmoid: Callable[[float], Any]) -> None:
    """The sigmoid of large numbers of both signs."""
    for x in (9.0, -9.0, -30.0, 800.0, -800.0):
        try:
            answer = filled(sigmoid(x), "sigmoid")
        except Raised as error:
            raise Raised(str(error), diagnosis=["sigmoid-overflows"] if "OverflowError" in str(error) else []) from None
        by_tanh = torch.tensor(0.5 * (1.0 + math.tanh(0.5 * x)), dtype=torch.float64)  # exact, but for what cancels
        assert_value(answer, torch.tensor(x, dtype=torch.float64).sigmoid(), name=f"sigmoid({x:g})", accept=[by_tanh])
