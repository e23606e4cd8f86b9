"""What `tensors` must do: every item of the assignment, in public tests and in hidden ones.

The references are operations written forwards in PyTorch, in float64, with autograd behind them
(`toolbox.truths.tensor`). Sizes differ from each other, upstream gradients are random and of both signs, inputs stay
away from kinks. Implicitness is a matter of memory and work, not of style: `toolbox.budget` stops a whole Jacobian
before it is built, and in grading the process may not take more than 4 GiB, whatever it does.
The checker is examined with backward passes that have planted faults, and with healthy ones (`toolbox.planted`).
"""
# ruff: noqa: F811 (a test takes the fixtures that it imports as its arguments)

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from typing import Any

import torch

from toolbox import nudging, planted
from toolbox.callbacks import Given, Like
from toolbox.compare import (
    ROUNDINGS,
    assert_between,
    assert_grad,
    assert_unchanged,
    assert_value,
    lone,
    relative_error,
    tolerance,
)
from toolbox.diagnose import verdicts_only
from toolbox.errors import Malformed, Memory, Mismatch, Missing, StudentError, Timeout
from toolbox.suite import item, make, student  # noqa: F401
from toolbox.truths.tensor import (
    broadcast_forms,
    correlate,
    correlate_changed,
    correlate_forms,
    matmul_forms,
    mul_forms,
    pull,
    relu_forms,
    relu_jacobian_forms,
    slopes,
    softmax_forms,
    softmax_jacobian_forms,
)


def softmax(x: torch.Tensor) -> torch.Tensor:
    return torch.softmax(x, dim=-1)


def product(x: torch.Tensor, w: torch.Tensor) -> torch.Tensor:
    return x @ w


def off_zero(make, *shape: int, dtype=torch.float64) -> torch.Tensor:
    """Numbers of both signs that stay away from 0: the first is above 1, the last is negative."""
    x = make.normal(*shape)
    x = x + 0.1 * torch.sign(x)
    flat = x.view(-1)
    flat[-1], flat[0] = -flat[-1].abs(), flat[0].abs() + 1.1
    return x.to(dtype)


def part(answer: Any, place: int, names: str) -> Any:
    """One of several answers. Raises Missing or Malformed."""
    names = names.split()
    if answer is None:
        raise Missing("nothing is returned yet: end the function with its `return` line")
    if not isinstance(answer, list | tuple) or len(answer) != len(names):
        raise Malformed(f"return {len(names)} values: {', '.join(names)}")
    if answer[place] is None:
        raise Missing(f"{names[place]} is not written yet (it is None)")
    return answer[place]


def within_budget(student, name: str, *arguments: torch.Tensor) -> Any:
    """The answer of a function of tensors.py that must not build a whole Jacobian on the way."""
    script = student.script()
    try:
        return script.fetch(script.toolbox.budget.within(getattr(script.tensors, name), list(arguments)))[0]
    except (Memory, Timeout) as error:  # passed on, with its name
        raise type(error)(str(error), diagnosis=["needs-whole-jacobian"]) from None


def same_twice(student, function, given: dict[str, Any], check) -> None:
    """Call twice with the same arguments: both answers must be right, and the arguments unchanged."""
    first = function(**given)
    changed = student.changed
    check(first)
    check(function(**given))
    assert_unchanged(changed)


def strided(x: torch.Tensor) -> torch.Tensor:
    """The same numbers, laid out so that rows do not lie in one piece."""
    return x.transpose(0, -1).contiguous().transpose(0, -1)


# Foreseen by hand


def noted(student, variable: str) -> dict[str, Any]:
    """A dict of the notebook. Raises Malformed for another form."""
    found = student.value(variable)
    if not isinstance(found, dict):
        raise Malformed(f"`{variable}` must be a dict that maps names to numbers")
    return found


def foreseen(student, variable: str, key: str, true: Any, follows: Any = None, **forms: Any) -> None:
    """Compare one entry of a dict of the notebook with the truth.

    follows: what the entry must be if the entries that it was made of were right; that is right as well.
    """
    found = noted(student, variable)
    if found.get(key) is None:
        raise Missing(f"{variable}[{key!r}] is not filled in yet")
    true = torch.as_tensor(true, dtype=torch.float64)
    forms = {name: [torch.as_tensor(value, dtype=torch.float64) for value in values] for name, values in forms.items()}
    known = {name.replace("_", "-"): values for name, values in forms.items()}
    # nobody was asked in double precision here: torch.tensor([1 / 6]) is a fair way to note a number
    accept = [] if follows is None else [torch.as_tensor(follows, dtype=torch.float64)]
    assert_value(found[key], true, name=key, inputs=torch.float32, forms=known, accept=accept)


def own_number(student, variable: str, key: str) -> float | None:
    """The student's own entry, where it is a number to work on with."""
    found = lone(noted(student, variable).get(key))
    return found if isinstance(found, int | float) and 1 < found < 1e30 else None


@item("by_hand")
def test_the_jacobian_of_the_relu_is_foreseen(student, make):
    x = torch.tensor([1.0, -2, 3, -1])
    true = slopes(torch.relu, x)
    foreseen(student, "predicted", "relu_jacobian", true, relu_values_instead_of_mask=[torch.diag(torch.relu(x))],
             jacobian_diagonal_only=[true.diagonal()], relu_mask_missing=[torch.eye(4)],
             relu_mask_inverted=[torch.eye(4) - true])  # fmt: skip


@item("by_hand")
def test_the_downstream_gradient_of_the_relu_is_foreseen(student, make):
    x, g = torch.tensor([1.0, -2, 3, -1]), torch.tensor([4.0, -1, 5, 9])
    forms = {name.replace("-", "_"): values for name, values in relu_forms(g, x).items()}
    foreseen(student, "predicted", "relu_grad_x", pull(torch.relu, g, x)[0], by_own_jacobian(student, g), **forms)


def by_own_jacobian(student, g: torch.Tensor) -> torch.Tensor | None:
    """The upstream gradient times the student's own Jacobian of the ReLU, where that is a matrix of any content."""
    try:
        own = torch.tensor(noted(student, "predicted").get("relu_jacobian"), dtype=torch.float64)
    except (TypeError, ValueError, RuntimeError):
        return None
    return g.double() @ own if own.shape == (len(g), len(g)) and len(own.unique()) > 1 else None


# Jacobians in full


def check_relu_jacobian(answer: Any, x: torch.Tensor) -> None:
    assert_grad(answer, slopes(torch.relu, x), name="jacobian", inputs=x.dtype, forms=relu_jacobian_forms(x))


@item("relu_jacobian")
def test_the_jacobian_of_the_relu_matches_jacrev(student, make):
    x = off_zero(make, 6)
    check_relu_jacobian(student.tensors.relu_jacobian(x=x), x)


@item("relu_jacobian")
def test_the_jacobian_of_the_relu_of_large_and_small_numbers(student, make):
    x = off_zero(make, 7) * torch.tensor([1e-3, 1, 1e3, 1, 1e-3, 1, 1e3], dtype=torch.float64)
    check_relu_jacobian(student.tensors.relu_jacobian(x=x), x)


def check_softmax_jacobian(answer: Any, x: torch.Tensor) -> None:
    assert_grad(answer, slopes(softmax, x), name="jacobian", inputs=x.dtype, forms=softmax_jacobian_forms(x),
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
    eye_free = true.amax(dim=2, keepdim=True) + true.amin(dim=2, keepdim=True)  # one of the two is 0
    forms = {
        "jacobian-layout": [true.permute(2, 3, 0, 1)],
        "transposed": [true.transpose(2, 3), true.transpose(0, 1)],
        "jacobian-flat": [true.flatten(2), true.flatten(0, 1), true.flatten(2).flatten(0, 1)],
        "jacobian-summed": [true.sum(dim=2), true.sum(dim=3), true.sum(dim=(0, 1)), true.sum(dim=(0, 2)),
                            true.sum(dim=(1, 3))],
        "jacobian-every-row": [eye_free.expand_as(true) if name == "dy_dx" else
                               (true.amax(dim=3, keepdim=True) + true.amin(dim=3, keepdim=True)).expand_as(true)],
    }  # fmt: skip
    assert_grad(answer, true, name=name, inputs=dtype, forms=forms)


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
    """The student's numeric Jacobian of a function of `toolbox.planted`, and x as it is afterwards."""
    script, function = student.script(), getattr(planted, name)
    kept = script.keep(x)
    shares = name in ("keep", "turned")  # what travels shares no memory with what went out
    function = script.function(function) if shares else script.give(Given(function, Like(x)))
    return tuple(script.fetch(script.tensors.numeric_jacobian(function, kept, **options), kept))


def check_nudged(answer: Any, name: str, x: torch.Tensor, h: float = 1e-5, moved: str = "") -> None:
    """The truth is what central differences give for these functions: cubes with an error of h * h exactly.

    moved: the id of the mistake that a Jacobian of zeros tells of.
    """
    function, at = getattr(planted, name), x.double()
    true = difference(function, at, h, h)
    axes = true.dim() - x.dim()
    swapped = true.permute(*range(axes, true.dim()), *range(axes))
    forms = {
        "jacobian-layout": [swapped, swapped.reshape(true.shape)],
        "jacobian-flat": [true.flatten(axes), true.flatten(), true.flatten(axes).flatten(0, -2)],
        "one-sided-difference": [difference(function, at, h, 0.0), difference(function, at, 0.0, h)],
        "difference-step-wrong": [2 * true, 2 * h * true, h * true, h * h * true],
        "difference-step-ignored": [difference(function, at, e, e) for e in (1e-2, 1e-3, 1e-4, 1e-5, 1e-6) if e != h],
        "jacobian-summed": [true.sum(dim=tuple(range(axes))), true.sum()],
    }
    if moved and isinstance(answer, torch.Tensor) and answer.shape == true.shape and not answer.any():
        message = "jacobian is zero everywhere, for a function that returns its input itself: both its results are one"
        raise Mismatch(message, diagnosis=[moved])
    with verdicts_only() if moved else nullcontext():  # among zeros and ones many mistakes look alike
        assert_grad(answer, true, name="jacobian", forms=forms, condition=roughness(function, at, true, h))


def roughness(function, x: torch.Tensor, jacobian: torch.Tensor, h: float) -> float:
    """How much a central difference magnifies roundings, for `toolbox.compare`.

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


# The explosion, in numbers. N = 64, D = M = 4096, float32

N, D, M = 64, 4096, 4096
NUMBERS_X, NUMBERS_W = (N * M) * (N * D), (N * M) * (D * M)


@item("explosion")
def test_the_number_of_entries_of_dy_dx(student, make):
    foreseen(student, "explosion", "numbers_dy_dx", NUMBERS_X, jacobian_size_added=[N * M + N * D],
             jacobian_batch_once=[M * N * D, M * D], bytes_for_numbers=[4 * NUMBERS_X],
             jacobian_other_factor=[NUMBERS_W])  # fmt: skip


@item("explosion")
def test_the_memory_of_dy_dx(student, make):
    true, own = 4 * NUMBERS_X / 2**30, own_number(student, "explosion", "numbers_dy_dx")
    foreseen(student, "explosion", "gib_dy_dx", true, own and 4 * own / 2**30,
             bytes_for_numbers=[true / 4, 4 * NUMBERS_X],
             giga_for_gibi=[4 * NUMBERS_X / 1e9, round(4 * NUMBERS_X / 1e9), 4 * NUMBERS_X / 2**20],
             jacobian_double=[2 * true], jacobian_batch_once=[true / N, true / N**2],
             jacobian_other_factor=[4 * NUMBERS_W / 2**30])  # fmt: skip


# Backward passes: elementwise


def check_relu(answer: Any, g: torch.Tensor, x: torch.Tensor) -> None:
    assert_grad(answer, pull(torch.relu, g, x)[0], name="grad_x", inputs=x.dtype, forms=relu_forms(g, x))


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
    assert_grad(answer, pull(softmax, g, x)[0], name="grad_x", inputs=dtype, condition=condition,
                forms=softmax_forms(g, softmax(x.double())))  # fmt: skip


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
                batch=len(x), forms=matmul_forms(g, x, w, place))  # fmt: skip


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


# Broadcasting


def check_unbroadcast(answer: Any, g: torch.Tensor, shape: tuple[int, ...]) -> None:
    true = pull(lambda x: x.expand(g.shape), g, torch.zeros(shape))[0]
    assert_grad(answer, true, name=f"grad_x ({tuple(g.shape)} down to {tuple(shape)})", inputs=g.dtype, condition=8.0,
                forms=broadcast_forms(g, shape, true))  # fmt: skip


def broadcast(left, right) -> tuple[int, ...]:
    """The shape to which two shapes broadcast. (torch.broadcast_shapes takes a second to load.)"""
    return tuple(torch.broadcast_tensors(torch.empty(left), torch.empty(right))[0].shape)


def all_shapes(make, check, examples: int = 40) -> None:
    """Call check(shape of one input, shape of the other, shape of the result) for many shapes that broadcast.

    Small shapes first, so that the first failure is one that fits into a head.
    """
    pairs = []
    for _ in range(examples):
        sizes = make.integers(1, 5, (int(make.integers(0, 5, (1,))),)).tolist()
        copied = make.integers(0, 2, (2, len(sizes))).tolist()
        left, right = ([1 if one else size for size, one in zip(sizes, row, strict=True)] for row in copied)
        left = left[int(make.integers(0, 5, (1,))) :]
        pairs.append((left, right) if make.integers(0, 2, (1,)) else (right, left))
    for left, right in sorted(pairs, key=lambda pair: (len(pair[0]) + len(pair[1]), pair)):
        check(tuple(left), tuple(right), broadcast(left, right))


@item("unbroadcast")
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
    for place, (own, other) in enumerate(((x, y), (y, x))):
        got = part(answer, place, "grad_x grad_y")
        try:
            assert_grad(got, true[place], name=f"grad_{'xy'[place]} {where}", inputs=x.dtype, condition=8.0,
                        if_not_finite="zero-over-zero", forms=mul_forms(g, own, other))  # fmt: skip
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


# The correlation layer


def layer(make, n: int, K: int, dtype=torch.float64) -> dict[str, torch.Tensor]:
    shapes = {"x": n + K - 1, "w": K, "b": n}
    return {name: make.normal(size, dtype=dtype) for name, size in shapes.items()}


def check_correlate(answer: Any, x: torch.Tensor, w: torch.Tensor, b: torch.Tensor) -> None:
    wide = [value.double() for value in (x, w, b)]
    forms = {name: [changed(*wide) for changed in layers] for name, layers in correlate_changed().items()}
    assert_value(answer, correlate(*wide), name="y", inputs=x.dtype, condition=8.0, forms=forms)


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
    assert_grad(part(answer, place, names), true, name=names.split()[place], inputs=x.dtype, condition=8.0,
                forms=correlate_forms(g, x, w, place))  # fmt: skip


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


# The checker, examined


def examine(student, kind: str, number: int) -> None:
    """Let the student's gradcheck judge all cases of a kind. Raises Mismatch with the first that it misjudges."""
    known, script = planted.cases(kind, number), student.script()
    check = script.tensors.gradcheck
    verdicts = script.fetch(*[check(*planted.dealt(case, script)) for case in known])
    wrong = [case for case, verdict in zip(known, verdicts, strict=True) if said(verdict) != planted.healthy(case)]
    if wrong:
        case = wrong[0]
        what = "let a wrong backward pass go" if case.fault else "rejected a right backward pass"
        count = f"{len(wrong)} of the {len(known)} were misjudged"
        raise Mismatch(f"gradcheck {what}: {case.what} ({count})", diagnosis=[case.reveals])


def said(verdict: Any) -> bool:
    """The checker's verdict. Raises Missing or Malformed."""
    if verdict is None:
        raise Missing("gradcheck returns nothing yet")
    if not isinstance(lone(verdict), bool):
        raise Malformed("gradcheck must return True or False")
    return lone(verdict)


@item("gradcheck_wrong", seconds=2)
def test_the_checker_tells_factors_signs_transposes_and_shapes_from_right_gradients(student, make):
    examine(student, "wrong", make.seed)


@item("gradcheck_entry", seconds=2)
def test_the_checker_finds_a_fault_in_a_single_entry(student, make):
    examine(student, "entry", make.seed)


@item("gradcheck_upstream", seconds=2)
def test_the_checker_finds_faults_that_a_constant_upstream_hides(student, make):
    examine(student, "upstream", make.seed)


@item("gradcheck_zero", seconds=2)
def test_the_checker_finds_faults_at_zero_and_makes_no_trouble_there(student, make):
    examine(student, "zero", make.seed)


@item("gradcheck_kinks", seconds=2)
def test_the_checker_forgives_a_kink_and_nothing_else(student, make):
    examine(student, "kinks", make.seed)


@item("gradcheck_float32", seconds=2)
def test_the_checker_checks_float32_inputs_as_strictly_as_any(student, make):
    examine(student, "float32", make.seed)


@item("gradcheck_scales", seconds=2)
def test_the_checker_copes_with_very_small_and_very_large_numbers(student, make):
    examine(student, "scales", make.seed)


# Suspects


SUSPECTS = ("mean", "outer", "unit", "logsumexp", "cumsum", "top", "hypot", "swish")


def sentences(student) -> dict[str, bool]:
    """The student's `verdicts`, complete. Raises Missing or Malformed."""
    verdicts = {name: lone(verdict) for name, verdict in noted(student, "verdicts").items()}
    if missing := [name for name in SUSPECTS if verdicts.get(name) is None]:
        raise Missing(f"no verdict yet on {', '.join(missing)}")
    if bad := [name for name in SUSPECTS if not isinstance(verdicts[name], bool)]:
        raise Malformed(f"True or False, please, for {', '.join(bad)}")
    return verdicts


@item("suspects", share=0.0)
def test_every_suspect_has_a_verdict(student, make):
    sentences(student)
