"""What the backward passes of broadcasting must do."""

from __future__ import annotations

from typing import Any

import torch

from toolbox.checks.compare import assert_grad, relative_error, tolerance
from toolbox.checks.diagnose import verdicts_only
from toolbox.checks.reference.tensor import pull
from toolbox.checks.suite import item
from toolbox.errors import Mismatch, StudentError

from .inputs import part, same_twice, strided

# Broadcasting


def check_unbroadcast(answer: Any, g: torch.Tensor, shape: tuple[int, ...]) -> None:
    true = pull(lambda x: x.expand(g.shape), g, torch.zeros(shape))[0]
    assert_grad(answer, true, name=f"grad_x ({tuple(g.shape)} down to {tuple(shape)})", inputs=g.dtype, condition=8.0)


def broadcast(left, right) -> tuple[int, ...]:
    """The shape to which two shapes broadcast. (torch.broadcast_shapes takes a second to load.)"""
    return tuple(torch.broadcast_tensors(torch.empty(left), torch.empty(right))[0].shape)


def all_shapes(make, check, examples: int = 40) -> None:
    """Call check(shape of one input, shape of the other, shape of the result) for many shapes that broadcast.

    Small shapes first, so that the first failure is one that fits into a head.
    """
    pairs = [([2], [2, 2]), ([2, 2], [3, 2, 2])]  # where it shows from which side axes are counted
    pairs += [([1, 3, 1], [2, 3, 4])]  # and whether all that were stretched are summed
    for _ in range(examples):
        sizes = make.integers(1, 5, (int(make.integers(0, 5, (1,))),)).tolist()
        copied = make.integers(0, 2, (2, len(sizes))).tolist()
        left, right = ([1 if one else size for size, one in zip(sizes, row, strict=True)] for row in copied)
        left = left[int(make.integers(0, 5, (1,))) :]
        pairs.append((left, right) if make.integers(0, 2, (1,)) else (right, left))
    for left, right in sorted(pairs, key=lambda pair: (len(pair[0]) + len(pair[1]), pair)):
        check(tuple(left), tuple(right), broadcast(left, right))


@item("unbroadcast", says="a bias added to every row adds up the gradients of every row")
def test_a_bias_added_to_every_row_collects_from_every_row(student, make):
    g = make.normal(5, 3)
    check_unbroadcast(student.tensors.unbroadcast(grad_out=g, shape=[3]), g, (3,))


@item("unbroadcast")
def test_a_column_added_to_every_column_keeps_its_axis_of_size_one(student, make):
    g = make.normal(5, 3)
    check_unbroadcast(student.tensors.unbroadcast(grad_out=g, shape=[5, 1]), g, (5, 1))


@item("unbroadcast")
def test_shapes_of_every_kind_are_summed_down(student, make):
    g = make.normal(4 * 4 * 4 * 4)

    def check(shape, other, result):
        upstream = g[: torch.Size(result).numel()].reshape(result)
        check_unbroadcast(student.tensors.unbroadcast(grad_out=upstream, shape=list(shape)), upstream, shape)

    all_shapes(make, check)


### BEGIN HIDDEN TESTS
@item("unbroadcast")
def test_gradients_of_any_two_shapes_that_broadcast_are_summed_down(student, make):
    g = make.normal(4 * 4 * 4 * 4)

    def check(shape, other, result):
        upstream = g[: torch.Size(result).numel()].reshape(result)
        check_unbroadcast(student.tensors.unbroadcast(grad_out=upstream, shape=list(shape)), upstream, shape)

    all_shapes(make, check, examples=100)


@item("unbroadcast", says="new axes together with axes of size one are summed, and the input is left alone")
def test_new_axes_and_axes_of_size_one_together_leave_the_input_alone(student, make):
    g = strided(make.normal(2, 4, 3, 5, dtype=torch.float32))
    same_twice(student, student.tensors.unbroadcast, {"grad_out": g, "shape": [4, 1, 5]},
               lambda answer: check_unbroadcast(answer, g, (4, 1, 5)))  # fmt: skip


@item("unbroadcast", says="a single number adds up all gradients, and a tensor of full shape keeps each of them")
def test_a_number_collects_everything_and_a_full_tensor_keeps_everything(student, make):
    g = make.normal(3, 4)
    for shape in ((), (1, 1), (3, 4), (1, 4), (1,)):
        check_unbroadcast(student.tensors.unbroadcast(grad_out=g, shape=list(shape)), g, shape)


### END HIDDEN TESTS


def check_mul(student, answer: Any, g: torch.Tensor, x: torch.Tensor, y: torch.Tensor) -> None:
    true = pull(torch.mul, g, x, y)
    where = f"(x {tuple(x.shape)}, y {tuple(y.shape)})"
    for place, other in enumerate((y, x)):
        got = part(answer, place, "grad_x grad_y")
        try:
            assert_grad(got, true[place], name=f"grad_{'xy'[place]} {where}", inputs=x.dtype, condition=8.0,
                        if_not_finite="zero-over-zero")  # fmt: skip
        except Mismatch:
            if not summed_as_before(student, got, g * other, true[place], x.dtype):
                raise


def summed_as_before(student, got: Any, product: torch.Tensor, true: torch.Tensor, dtype: torch.dtype) -> bool:
    """Whether all that is wrong with a gradient is the student's own `unbroadcast`, which has an item of its own."""
    try:
        theirs = student.tensors.unbroadcast(grad_out=product, shape=list(true.shape))
    except StudentError:
        return False
    if not isinstance(got, torch.Tensor) or not isinstance(theirs, torch.Tensor) or got.shape != theirs.shape:
        return False
    mistaken = theirs.shape != true.shape or relative_error(theirs, true) > 0.01  # not: lacking in digits
    worked = theirs.is_floating_point() and bool(theirs.isfinite().all()) and bool(theirs.any())
    return mistaken and worked and relative_error(got, theirs) <= tolerance(dtype, 8.0)


def mul(student, make, left: tuple[int, ...], right: tuple[int, ...], dtype=torch.float64) -> None:
    x, y = make.normal(*left, dtype=dtype), make.normal(*right, dtype=dtype)
    g = make.normal(*broadcast(left, right), dtype=dtype)
    same_twice(student, student.tensors.mul_backward, {"grad_out": g, "x": x, "y": y},
               lambda answer: check_mul(student, answer, g, x, y))  # fmt: skip


@item("mul_backward")
def test_the_gradients_of_a_product_of_equal_shapes_match_autograd(student, make):
    mul(student, make, (4, 3), (4, 3))


@item("mul_backward")
def test_the_gradients_of_rows_times_a_vector_match_autograd(student, make):
    mul(student, make, (4, 3), (3,))


### BEGIN HIDDEN TESTS
@item("mul_backward")
def test_the_gradients_of_a_product_with_zeros_match_autograd(student, make):
    g, x, y = make.normal(4, 3), make.normal(4, 3), make.normal(3)
    x[0], x[2, 1], y[2] = 0.0, 0.0, 0.0
    answer = student.tensors.mul_backward(grad_out=g, x=x, y=y)
    with verdicts_only():
        check_mul(student, answer, g, x, y)


@item("mul_backward")
def test_the_gradients_of_a_row_times_a_column_match_autograd(student, make):
    mul(student, make, (1, 5), (4, 1), dtype=torch.float32)


@item("mul_backward")
def test_the_gradients_of_a_product_of_any_two_shapes_that_broadcast_match_autograd(student, make):
    pool = make.normal(3, 256)

    def check(left, right, result):
        x, y, g = (row[: torch.Size(shape).numel()].reshape(shape)
                   for row, shape in zip(pool, (left, right, result), strict=True))  # fmt: skip
        check_mul(student, student.tensors.mul_backward(grad_out=g, x=x, y=y), g, x, y)

    all_shapes(make, check)


### END HIDDEN TESTS
