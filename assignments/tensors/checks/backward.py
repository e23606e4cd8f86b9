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


@item("relu_backward")
def test_the_gradient_through_the_relu_of_many_numbers_needs_no_jacobian(student, make):
    g, x = make.normal(24_000), off_zero(make, 24_000)
    check_relu(within_budget(student, "relu_backward", g, x), g, x)


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


@item("softmax_linear")
def test_the_gradient_through_a_softmax_over_many_classes_takes_linear_memory(student, make):
    g, x = make.normal(50_000), make.normal(50_000)
    check_softmax(within_budget(student, "softmax_backward", g, softmax(x)), g, x)


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


@item("matmul_grad_w")
def test_the_gradient_of_w_matches_autograd(student, make):
    matmul(student, 1, factors(make, 5, 4, 3))


@item("matmul_grad_w")
def test_the_gradient_of_w_where_every_shape_fits(student, make):
    matmul(student, 1, factors(make, 4, 4, 4))


@item("matmul_implicit")
def test_the_gradients_of_a_large_product_need_no_jacobian(student, make):
    given = list(factors(make, 128, 384, 320, dtype=torch.float32).values())
    answer = within_budget(student, "matmul_backward", *given)
    for place in (0, 1):
        check_matmul(answer, place, *given)
