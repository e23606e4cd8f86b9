"""What Jacobians in full and by nudging must be, and what products of them cost."""

from __future__ import annotations

from contextlib import nullcontext
from typing import Any

import torch

from toolbox.calling.callbacks import Given, Like
from toolbox.checks.compare import ROUNDINGS, assert_between, assert_grad, lone
from toolbox.checks.diagnose import verdicts_only
from toolbox.checks.reference.tensor import slopes
from toolbox.checks.suite import item
from toolbox.errors import Malformed, Mismatch, Missing
from toolbox.probes import planted_functions

from .inputs import off_zero, same_twice, softmax, strided

# Jacobians in full


def check_relu_jacobian(answer: Any, x: torch.Tensor) -> None:
    assert_grad(answer, slopes(torch.relu, x), name="jacobian", inputs=x.dtype)


@item("relu_jacobian")
def test_the_jacobian_of_the_relu_matches_jacrev(student, make):
    x = off_zero(make, 6)
    check_relu_jacobian(student.tensors.relu_jacobian(x=x), x)


@item("relu_jacobian")
def test_the_jacobian_of_the_relu_of_large_and_small_numbers(student, make):
    x = off_zero(make, 7) * torch.tensor([1e-3, 1, 1e3, 1, 1e-3, 1, 1e3], dtype=torch.float64)
    check_relu_jacobian(student.tensors.relu_jacobian(x=x), x)


def check_softmax_jacobian(answer: Any, x: torch.Tensor) -> None:
    assert_grad(answer, slopes(softmax, x), name="jacobian", inputs=x.dtype,
                if_not_finite="softmax-unstabilised")  # fmt: skip


@item("softmax_jacobian")
def test_the_jacobian_of_the_softmax_matches_jacrev(student, make):
    x = make.normal(5)
    check_softmax_jacobian(student.tensors.softmax_jacobian(x=x), x)


@item("softmax_jacobian")
def test_the_jacobian_of_the_softmax_stays_finite_for_scores_near_a_thousand(student, make):
    x = 1000 + make.normal(4)
    check_softmax_jacobian(student.tensors.softmax_jacobian(x=x), x)


def check_matmul_jacobian(answer: Any, true: torch.Tensor, name: str, dtype=torch.float64) -> None:
    assert_grad(answer, true, name=name, inputs=dtype)


@item("matmul_jacobian")
def test_the_jacobian_of_a_product_with_respect_to_x_matches_jacrev(student, make):
    x, w = make.normal(3, 4), make.normal(4, 2)
    true = slopes(lambda v: v @ w, x)
    check_matmul_jacobian(student.tensors.matmul_jacobian_x(x=x, w=w), true, "dy_dx")


@item("matmul_jacobian")
def test_the_jacobian_of_a_product_with_respect_to_w_matches_jacrev(student, make):
    x, w = make.normal(3, 4), make.normal(4, 2)
    true = slopes(lambda v: x @ v, w)
    check_matmul_jacobian(student.tensors.matmul_jacobian_w(x=x, w=w), true, "dy_dw")


# A Jacobian by nudging


def nudged(student, name: str, x: torch.Tensor, **options: float) -> tuple[Any, torch.Tensor]:
    """The student's numeric Jacobian of a function of `toolbox.probes.planted_functions`, and x as it is afterwards."""
    script, function = student.script(), getattr(planted_functions, name)
    kept = script.keep(x)
    shares = name in ("keep", "turned")  # what travels shares no memory with what went out
    function = script.function(function) if shares else script.give(Given(function, Like(x)))
    return tuple(script.fetch(script.tensors.numeric_jacobian(function, kept, **options), kept))


def check_nudged(answer: Any, name: str, x: torch.Tensor, h: float = 1e-5, moved: str = "") -> None:
    """The truth is what central differences give for these functions: cubes with an error of h * h exactly.

    moved: the id of the mistake that a Jacobian of zeros tells of.
    """
    function, at = getattr(planted_functions, name), x.double()
    true = difference(function, at, h, h)
    if moved and isinstance(answer, torch.Tensor) and answer.shape == true.shape and not answer.any():
        message = "jacobian is zero everywhere, for a function that returns its input itself: both its results are one"
        raise Mismatch(message, diagnosis=[moved])
    with verdicts_only() if moved else nullcontext():  # among zeros and ones many mistakes look alike
        assert_grad(answer, true, name="jacobian", condition=roughness(function, at, true, h))


def roughness(function, x: torch.Tensor, jacobian: torch.Tensor, h: float) -> float:
    """How much a central difference magnifies roundings, for `toolbox.checks.compare`.

    f(x + h) and f(x - h) are each off by some roundings of f, and x + h and x - h by one of x; the difference of both
    is divided by 2h, and so are these. That is the task's own doing, whoever works it out: with h = 1e-5 five of the
    sixteen digits are gone, and in which way depends on how the step is taken (x + h, then x - h; += h, then -= 2h) and
    on what is divided when. Right answers use a tenth of what is allowed here.
    """
    sizes = function(x).abs().max().item() + jacobian.abs().max().item() * x.abs().max().item()
    return max(1.0, 4 * sizes / (h * ROUNDINGS * max(jacobian.abs().max().item(), 1e-30)))


def difference(function, x: torch.Tensor, up: float, down: float) -> torch.Tensor:
    """(f(x + up) - f(x - down)) / (up + down), entry by entry, from the function's exact cubic coefficients."""
    steps = torch.eye(x.numel(), dtype=x.dtype).reshape(x.numel(), *x.shape)
    columns = [(function(x + up * step) - function(x - down * step)) / (up + down) for step in steps]
    return torch.stack(columns, dim=-1).reshape(*columns[0].shape, *x.shape)


@item("numeric_jacobian")
def test_the_numeric_jacobian_of_a_vector_function_matches_jacrev(student, make):
    x = make.normal(4)
    answer, _ = nudged(student, "twist", x)
    check_nudged(answer, "twist", x)


@item("numeric_jacobian")
def test_the_numeric_jacobian_nudges_both_ways_by_h(student, make):
    x = make.normal(3)
    answer, _ = nudged(student, "cubes", x, h=0.1)
    check_nudged(answer, "cubes", x, h=0.1)


# The order of products


def costs(sizes: list[int]) -> tuple[int, int]:
    """Multiplications from left to right and from right to left, counted by multiplying shapes."""
    totals = []
    for chain in (sizes, sizes[::-1]):  # a chain from the right is the transposed chain from the left
        rows, columns, total = chain[0], chain[1] if len(chain) > 1 else 0, 0
        for new in chain[2:]:
            total, columns = total + torch.Size((rows, columns, new)).numel(), new
        totals.append(total)
    return totals[0], totals[1]


def check_cost(answer: Any, sizes: list[int], left: bool) -> None:
    true, other = costs(sizes) if left else costs(sizes)[::-1]
    if answer is None:
        raise Missing("the count is not written yet (it is None)")
    answer = lone(answer)
    if isinstance(answer, bool) or not isinstance(answer, int):
        raise Malformed("the count must be a whole number")
    if answer == true:
        return
    middle = range(1, len(sizes) - 1)
    end = sizes[0] if left else sizes[-1]
    forms = {
        "cost-wrong-end": [other],
        "cost-additions-too": [2 * true, true + sum(end * s for s in (sizes[2:] if left else sizes[:-2])),
                               2 * true - sum(end * s for s in (sizes[2:] if left else sizes[:-2]))],
        "cost-inner-size-missing": [sum(end * s for s in (sizes[2:] if left else sizes[:-2]))],
        "cost-outer-size-only": [sum(sizes[i - 1] * sizes[i] * sizes[i + 1] for i in middle)],
    }  # fmt: skip
    found = [name for name, values in forms.items() if answer in values and true not in values][:1]
    raise Mismatch(f"for the sizes {sizes}: yours {answer:,}, true {true:,}", diagnosis=found)


@item("product_cost")
def test_the_cost_from_left_to_right_is_counted_exactly(student, make):
    for sizes in ([2, 3, 4, 5], [1, 6, 6, 6, 6], [7, 2, 9, 3, 4, 1]):
        check_cost(student.tensors.cost_left_to_right(sizes=sizes), sizes, left=True)


@item("product_cost")
def test_the_cost_from_right_to_left_is_counted_exactly(student, make):
    for sizes in ([2, 3, 4, 5], [1, 6, 6, 6, 6], [7, 2, 9, 3, 4, 1]):
        check_cost(student.tensors.cost_right_to_left(sizes=sizes), sizes, left=False)
