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
