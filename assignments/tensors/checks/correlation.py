"""What the correlation layer must do, in linear time."""

from __future__ import annotations

from typing import Any

import torch

from toolbox.checks.compare import assert_grad, assert_value
from toolbox.checks.reference.tensor import correlate, pull
from toolbox.checks.suite import item

from .inputs import part, same_twice, within_budget

# The correlation layer


def layer(make, n: int, K: int, dtype=torch.float64) -> dict[str, torch.Tensor]:
    shapes = {"x": n + K - 1, "w": K, "b": n}
    return {name: make.normal(size, dtype=dtype) for name, size in shapes.items()}


def check_correlate(answer: Any, x: torch.Tensor, w: torch.Tensor, b: torch.Tensor) -> None:
    wide = [value.double() for value in (x, w, b)]
    assert_value(answer, correlate(*wide), name="y", inputs=x.dtype, condition=8.0)


@item("corr_forward")
def test_the_correlation_layer_computes_its_outputs(student, make):
    given = layer(make, 7, 3)
    check_correlate(student.tensors.correlate(**given), **given)


@item("corr_forward")
def test_the_correlation_layer_with_one_weight(student, make):
    given = layer(make, 5, 1)
    check_correlate(student.tensors.correlate(**given), **given)


def check_corr(answer: Any, place: int, g: torch.Tensor, x: torch.Tensor, w: torch.Tensor) -> None:
    """place: 0, 1, 2 for grad_x, grad_w, grad_b."""
    names = "grad_x grad_w grad_b"
    true = pull(correlate, g, x, w, torch.zeros_like(g))[place]
    assert_grad(part(answer, place, names), true, name=names.split()[place], inputs=x.dtype, condition=8.0)


def corr(student, make, place: int, n: int, K: int, dtype=torch.float64) -> None:
    given = {"grad_out": make.normal(n, dtype=dtype)} | layer(make, n, K, dtype)
    del given["b"]
    same_twice(student, student.tensors.correlate_backward, given,
               lambda answer: check_corr(answer, place, *given.values()))  # fmt: skip


@item("corr_grad_x")
def test_the_gradient_of_the_input_of_the_correlation_layer_matches_autograd(student, make):
    corr(student, make, 0, 7, 3)


@item("corr_grad_w")
def test_the_gradient_of_the_weights_of_the_correlation_layer_matches_autograd(student, make):
    corr(student, make, 1, 7, 3)


@item("corr_grad_b")
def test_the_gradient_of_the_bias_of_the_correlation_layer_matches_autograd(student, make):
    corr(student, make, 2, 7, 3)


def check_linear(student, make, n: int, K: int) -> None:
    given = layer(make, n, K)
    check_correlate(within_budget(student, "correlate", *given.values()), **given)
    g = make.normal(n)
    answer = within_budget(student, "correlate_backward", g, given["x"], given["w"])
    for place in (0, 1, 2):
        check_corr(answer, place, g, given["x"], given["w"])


@item("corr_linear")
def test_a_long_correlation_takes_linear_memory(student, make):
    check_linear(student, make, 25_000, 5)
