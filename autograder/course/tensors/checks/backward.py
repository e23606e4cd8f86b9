"""What the backward passes of ReLU, softmax and the matrix product must do."""

from __future__ import annotations

from typing import Any

import torch

from toolbox.checks.compare import assert_between, assert_grad
from toolbox.checks.reference.tensor import pull
from toolbox.checks.suite import item

from .inputs import off_zero, part, product, same_twice, softmax, strided, within_budget

# Backward passes: elementwise


def check_relu(answer: Any, g: torch.Tensor, x: torch.Tensor) -> None:
    assert_grad(answer, pull(torch.relu, g, x)[0], name="grad_x", inputs=x.dtype)


@item("relu_backward")
def test_the_gradient_through_the_relu_matches_autograd(student, make):
    g, x = make.normal(5, 4), off_zero(make, 5, 4)
    check_relu(student.tensors.relu_backward(grad_out=g, x=x), g, x)


### BEGIN HIDDEN TESTS
@item("relu_backward")
def test_the_gradient_through_the_relu_of_a_vector_and_of_a_block(student, make):
    for shape in ((6,), (2, 3, 4)):
        g, x = off_zero(make, *shape), off_zero(make, *shape)
        check_relu(student.tensors.relu_backward(grad_out=g, x=x), g, x)


@item("relu_backward")
def test_the_gradient_through_the_relu_at_zero(student, make):
    g, x = make.normal(4, 3), off_zero(make, 4, 3)
    x[1], x[3, 0] = 0.0, 0.0
    sides = [pull(side, g, x)[0] for side in (torch.relu, lambda v: torch.where(v >= 0, v, 0))]
    answer = student.tensors.relu_backward(grad_out=g, x=x)
    assert_between(answer, *sides, name="grad_x", if_not_finite="zero-over-zero")


@item("relu_backward")
def test_the_gradient_through_the_relu_in_float32_leaves_its_inputs_alone(student, make):
    g, x = strided(make.normal(4, 7, dtype=torch.float32)), strided(off_zero(make, 4, 7, dtype=torch.float32))
    same_twice(student, student.tensors.relu_backward, {"grad_out": g, "x": x}, lambda answer: check_relu(answer, g, x))


### END HIDDEN TESTS


@item("relu_backward")
def test_the_gradient_through_the_relu_of_many_numbers_needs_no_jacobian(student, make):
    g, x = make.normal(24_000), off_zero(make, 24_000)
    check_relu(within_budget(student, "relu_backward", g, x), g, x)


### BEGIN HIDDEN TESTS
@item("relu_backward")
def test_the_gradient_through_the_relu_of_a_large_batch_needs_no_jacobian(student, make):
    g, x = make.normal(40, 600), off_zero(make, 40, 600)
    check_relu(within_budget(student, "relu_backward", g, x), g, x)


### END HIDDEN TESTS


# Softmax


def check_softmax(answer: Any, g: torch.Tensor, x: torch.Tensor, dtype=torch.float64, condition: float = 8.0) -> None:
    assert_grad(answer, pull(softmax, g, x)[0], name="grad_x", inputs=dtype, condition=condition)


@item("softmax_backward")
def test_the_gradient_through_the_softmax_of_one_vector_matches_autograd(student, make):
    g, x = make.normal(6), make.normal(6)
    check_softmax(student.tensors.softmax_backward(grad_out=g, y=softmax(x)), g, x)


@item("softmax_backward")
def test_the_gradient_through_the_softmax_of_a_batch_matches_autograd(student, make):
    g, x = make.normal(4, 5), make.normal(4, 5)
    check_softmax(student.tensors.softmax_backward(grad_out=g, y=softmax(x)), g, x)


### BEGIN HIDDEN TESTS
@item("softmax_backward")
def test_the_gradient_through_the_softmax_of_a_block_and_of_a_single_row(student, make):
    for shape in ((2, 3, 4), (1, 7), (5, 5)):
        g, x = make.normal(*shape), 2 * make.normal(*shape)
        check_softmax(student.tensors.softmax_backward(grad_out=g, y=softmax(x)), g, x)


@item("softmax_backward")
def test_the_gradient_through_the_softmax_in_float32_leaves_its_inputs_alone(student, make):
    g, x = make.normal(3, 6, dtype=torch.float32), make.normal(3, 6, dtype=torch.float32)
    same_twice(student, student.tensors.softmax_backward, {"grad_out": strided(g), "y": strided(softmax(x))},
               lambda answer: check_softmax(answer, g, x, torch.float32))  # fmt: skip


@item("softmax_backward", says="the gradient is right through a softmax with one probability close to 1")
def test_the_gradient_through_a_softmax_that_is_sure_of_itself(student, make):
    g, x = make.normal(3, 4), make.normal(3, 4)
    x[:, 1] += 12.0
    # what is left of the upstream is e**12 times smaller than the terms that cancel
    check_softmax(student.tensors.softmax_backward(grad_out=g, y=softmax(x)), g, x, condition=1e6)


### END HIDDEN TESTS


@item("softmax_linear")
def test_the_gradient_through_a_softmax_over_many_classes_takes_linear_memory(student, make):
    g, x = make.normal(50_000), make.normal(50_000)
    check_softmax(within_budget(student, "softmax_backward", g, softmax(x)), g, x)


### BEGIN HIDDEN TESTS
@item("softmax_linear")
def test_the_gradient_through_a_batch_of_large_softmaxes_takes_linear_memory(student, make):
    g, x = make.normal(3, 40_000), make.normal(3, 40_000)
    check_softmax(within_budget(student, "softmax_backward", g, softmax(x)), g, x)


### END HIDDEN TESTS


# Matrix multiply


def check_matmul(answer: Any, place: int, g: torch.Tensor, x: torch.Tensor, w: torch.Tensor) -> None:
    """place: 0 for grad_x, 1 for grad_w."""
    got = part(answer, place, "grad_x grad_w")
    assert_grad(got, pull(product, g, x, w)[place], name=("grad_x", "grad_w")[place], inputs=x.dtype, condition=8.0,
                batch=len(x))  # fmt: skip


def factors(make, N: int, D: int, M: int, dtype=torch.float64) -> dict[str, torch.Tensor]:
    shapes = {"grad_out": (N, M), "x": (N, D), "w": (D, M)}
    return {name: make.normal(*shape, dtype=dtype) for name, shape in shapes.items()}


def matmul(student, place: int, given: dict[str, torch.Tensor]) -> None:
    check_matmul(student.tensors.matmul_backward(**given), place, *given.values())


@item("matmul_grad_x")
def test_the_gradient_of_x_matches_autograd(student, make):
    matmul(student, 0, factors(make, 5, 4, 3))


@item("matmul_grad_x")
def test_the_gradient_of_x_where_every_shape_fits(student, make):
    matmul(student, 0, factors(make, 4, 4, 4))


### BEGIN HIDDEN TESTS
@item("matmul_grad_x")
def test_the_gradient_of_x_for_a_single_row(student, make):
    matmul(student, 0, factors(make, 1, 6, 4))


@item("matmul_grad_x")
def test_the_gradient_of_x_in_float32_leaves_the_inputs_alone(student, make):
    given = {name: strided(value) for name, value in factors(make, 3, 7, 5, dtype=torch.float32).items()}
    same_twice(student, student.tensors.matmul_backward, given, lambda answer: check_matmul(answer, 0, *given.values()))


### END HIDDEN TESTS


@item("matmul_grad_w")
def test_the_gradient_of_w_matches_autograd(student, make):
    matmul(student, 1, factors(make, 5, 4, 3))


@item("matmul_grad_w")
def test_the_gradient_of_w_where_every_shape_fits(student, make):
    matmul(student, 1, factors(make, 4, 4, 4))


### BEGIN HIDDEN TESTS
@item("matmul_grad_w")
def test_the_gradient_of_w_for_a_single_row(student, make):
    matmul(student, 1, factors(make, 1, 6, 4))


@item("matmul_grad_w")
def test_the_gradient_of_w_in_float32_leaves_the_inputs_alone(student, make):
    given = {name: strided(value) for name, value in factors(make, 3, 7, 5, dtype=torch.float32).items()}
    same_twice(student, student.tensors.matmul_backward, given, lambda answer: check_matmul(answer, 1, *given.values()))


### END HIDDEN TESTS


@item("matmul_implicit")
def test_the_gradients_of_a_large_product_need_no_jacobian(student, make):
    given = list(factors(make, 128, 384, 320, dtype=torch.float32).values())
    answer = within_budget(student, "matmul_backward", *given)
    for place in (0, 1):
        check_matmul(answer, place, *given)


### BEGIN HIDDEN TESTS
@item("matmul_implicit")
def test_the_gradients_of_a_wide_product_need_no_jacobian(student, make):
    given = list(factors(make, 64, 500, 640, dtype=torch.float32).values())
    answer = within_budget(student, "matmul_backward", *given)
    for place in (0, 1):
        check_matmul(answer, place, *given)


### END HIDDEN TESTS
