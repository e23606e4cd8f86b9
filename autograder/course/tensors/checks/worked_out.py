"""Gradients of `tensors` are worked out, and not found by nudging."""

### BEGIN HIDDEN TESTS
from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

from toolbox.checks.compare import assert_grad
from toolbox.checks.reference.tensor import correlate, pull, slopes
from toolbox.checks.suite import item
from toolbox.probes import step_detection

from .backward import factors
from .correlation import layer
from .inputs import off_zero, part, product, softmax

# A gradient, or differences? See toolbox.probes.step_detection.
# These tests give no marks; what they forbid costs all of the item's.

HUGE = 1e200  # next to it every step is lost; for itself every step is too small


def worked_out(
    student, function: str, given: dict[str, Any], true: Callable[..., torch.Tensor], *far: dict[str, Any],
    take: Callable[[Any], Any] = lambda answer: answer,
) -> None:  # fmt: skip
    """Raise Forbidden where a gradient or Jacobian was found by nudging.

    true: the right value, from the arguments; take: the student's, from the answer. far: further arguments, at which no
    step is of use. The work is not counted: whoever builds a whole Jacobian works as much, and is judged elsewhere.
    """
    call = getattr(student.tensors, function)

    def check(arguments: dict[str, Any], **more: Any) -> None:
        assert_grad(take(call(**arguments)), true(**arguments), name="the gradient", **more)

    def awkward() -> None:
        for arguments in (given, *far):
            check(arguments, condition=8.0)

    step_detection.apart(awkward, lambda: check(given, inputs=torch.float32))


def with_huge(x: torch.Tensor) -> torch.Tensor:
    """The same numbers, the first along the last axis HUGE."""
    x = x.clone()
    x[..., 0] = HUGE
    return x


def beside_zero(make, count: int) -> torch.Tensor:
    """Numbers of both signs beside the kink, nearer than any usable step, and far from it."""
    return off_zero(make, count) * torch.tensor([1e-9, 1.0, 1e3], dtype=torch.float64).repeat(count)[:count]


@item("relu_jacobian", share=0.0)
def test_the_jacobian_of_the_relu_was_not_found_by_nudging(student, make):
    worked_out(student, "relu_jacobian", {"x": off_zero(make, 6)}, lambda x: slopes(torch.relu, x),
               {"x": beside_zero(make, 7)})  # fmt: skip


@item("softmax_jacobian", share=0.0)
def test_the_jacobian_of_the_softmax_was_not_found_by_nudging(student, make):
    worked_out(student, "softmax_jacobian", {"x": make.normal(5)}, lambda x: slopes(softmax, x))


@item("matmul_jacobian", share=0.0)
def test_the_jacobians_of_a_product_were_not_found_by_nudging(student, make):
    given = {"x": make.normal(3, 4), "w": make.normal(4, 2)}
    worked_out(student, "matmul_jacobian_x", given, lambda x, w: slopes(lambda v: v @ w, x),
               given | {"x": with_huge(given["x"])})  # fmt: skip
    worked_out(student, "matmul_jacobian_w", given, lambda x, w: slopes(lambda v: x @ v, w),
               given | {"w": with_huge(given["w"].T).T})  # fmt: skip


@item("relu_backward", share=0.0)
def test_the_gradient_through_the_relu_was_not_found_by_nudging(student, make):
    given, near = ({"grad_out": make.normal(9), "x": x} for x in (off_zero(make, 9), beside_zero(make, 9)))
    worked_out(student, "relu_backward", given, lambda grad_out, x: pull(torch.relu, grad_out, x)[0], near)


@item("softmax_backward", share=0.0)
def test_the_gradient_through_the_softmax_was_not_found_by_nudging(student, make):
    worked_out(student, "softmax_backward", {"grad_out": make.normal(2, 9), "y": softmax(make.normal(2, 9))},
               lambda grad_out, y: pull(softmax, grad_out, y.log())[0])  # fmt: skip


def check_product(student, make, place: int) -> None:
    given = factors(make, 6, 5, 4)
    lost = given | ({"x": with_huge(given["x"])} if place == 0 else {"w": with_huge(given["w"].T).T})
    worked_out(student, "matmul_backward", given, lambda grad_out, x, w: pull(product, grad_out, x, w)[place],
               lost, take=lambda answer: part(answer, place, "grad_x grad_w"))  # fmt: skip


@item("matmul_grad_x", share=0.0)
def test_the_gradient_of_x_was_not_found_by_nudging(student, make):
    check_product(student, make, 0)


@item("matmul_grad_w", share=0.0)
def test_the_gradient_of_w_was_not_found_by_nudging(student, make):
    check_product(student, make, 1)


@item("mul_backward", share=0.0)
def test_the_gradients_of_a_product_that_broadcasts_were_not_found_by_nudging(student, make):
    given = {"grad_out": make.normal(4, 5), "x": make.normal(4, 5), "y": make.normal(5)}
    for place, name in enumerate("xy"):
        worked_out(student, "mul_backward", given, lambda grad_out, x, y, i=place: pull(torch.mul, grad_out, x, y)[i],
                   given | {name: with_huge(given[name])},
                   take=lambda answer, i=place: part(answer, i, "grad_x grad_y"))  # fmt: skip


def check_correlation(student, make, place: int) -> None:
    given = {"grad_out": make.normal(7)} | layer(make, 7, 3)
    b = given.pop("b")
    name = "xwx"[place]
    worked_out(student, "correlate_backward", given, lambda grad_out, x, w: pull(correlate, grad_out, x, w, b)[place],
               given | {name: with_huge(given[name])},
               take=lambda answer: part(answer, place, "grad_x grad_w grad_b"))  # fmt: skip


@item("corr_grad_x", share=0.0)
def test_the_gradient_of_the_input_of_the_correlation_layer_was_not_found_by_nudging(student, make):
    check_correlation(student, make, 0)


@item("corr_grad_w", share=0.0)
def test_the_gradient_of_the_weights_of_the_correlation_layer_was_not_found_by_nudging(student, make):
    check_correlation(student, make, 1)


@item("corr_grad_b", share=0.0)
def test_the_gradient_of_the_bias_of_the_correlation_layer_was_not_found_by_nudging(student, make):
    check_correlation(student, make, 2)


### END HIDDEN TESTS
