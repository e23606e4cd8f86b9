"""What `beyond` must do: every item of the assignment, in public tests and in hidden ones.

References: torch's own forward mode and autograd twice, in float64 (`toolbox.truths.forward`, `toolbox.truths.second`).
Duals are judged an operation at a time; a part of the R-operator is fed true values of the parts before it; iterations
multiply with a matrix that the suite knows, and counts. Autograd is open where differentiating a gradient is the point.
"""
# ruff: noqa: F811 (a test takes the fixtures that it imports as its arguments)

from __future__ import annotations

import operator
import re
from collections.abc import Callable
from typing import Any

import torch

from toolbox import smooth
from toolbox.compare import as_tensor, assert_between, assert_grad, assert_unchanged, assert_value
from toolbox.diagnose import diagnose, verdicts_only
from toolbox.errors import Malformed, Mismatch, Missing, Raised, Timeout
from toolbox.references import usable
from toolbox.smooth import Cubed, unmoved
from toolbox.suite import item, make, student  # noqa: F401
from toolbox.truths import implicit as layers
from toolbox.truths.forward import (
    OPERATIONS,
    UNARY,
    binary_forms,
    jacobian_forms,
    jvp_forms,
    push,
    sum_forms,
    unary_forms,
)
from toolbox.truths.second import MEASURES, Net, hessian, hessian_forms, hvp, hvp_forms, penalty
from toolbox.truths.tensor import matmul_forms, pull, softmax_forms


def spread_out(x: torch.Tensor) -> torch.Tensor:
    """The same numbers, laid out so that rows do not lie in one piece."""
    return x.transpose(0, -1).contiguous().transpose(0, -1)


def all_spread_out(given: dict[str, Any]) -> dict[str, Any]:
    """The same arguments, every matrix among them laid out so."""
    matrix = (name for name, value in given.items() if isinstance(value, torch.Tensor) and value.dim() > 1)
    return given | {name: spread_out(given[name]) for name in matrix}


# ---------------------------------------------------------------- forward mode


def noted(student, variable: str) -> dict[str, Any]:
    """A dict of the notebook. Raises Malformed for another form."""
    found = student.value(variable)
    if not isinstance(found, dict):
        raise Malformed(f"`{variable}` must be a dict that maps names to numbers")
    return found


def foreseen(student, key: str, true: float, accept: list[torch.Tensor] | tuple = (), **forms: list[float]) -> None:
    """Compare one number of the notebook's `predicted` with the truth, or with what follows from the student's own."""
    found = noted(student, "predicted")
    if found.get(key) is None:
        raise Missing(f"predicted[{key!r}] is not filled in yet")
    wide = {name.replace("_", "-"): [torch.tensor(float(v)).double() for v in values] for name, values in forms.items()}
    assert_value(found[key], torch.tensor(float(true)).double(), name=key, forms=wide, accept=accept)


### BEGIN HIDDEN TESTS
def following(student, rule: Callable[[torch.Tensor, torch.Tensor], torch.Tensor]) -> list[torch.Tensor]:
    """What the rule makes of the student's own q and dq: a mistake in these has cost its marks there."""
    try:
        own = [as_tensor(noted(student, "predicted").get(name), name).double() for name in ("q", "dq")]
    except (Missing, Malformed):
        return []
    return [rule(*[value.reshape(()) for value in own])] if all(value.numel() == 1 for value in own) else []


### END HIDDEN TESTS


@item("by_hand")
def test_the_middle_of_the_dual_computation_is_foreseen(student, make):
    foreseen(student, "q", 3)
    foreseen(student, "dq", 5, dual_term_missing=[2, 3], dual_tangents_only=[6])


@item("by_hand")
def test_the_passes_for_the_gradient_of_a_loss_are_foreseen(student, make):
    foreseen(student, "loss_forward", 7850, passes_of_other_mode=[1], passes_per_layer=[2])
    foreseen(student, "loss_reverse", 1, passes_of_other_mode=[7850], passes_per_layer=[2])


### BEGIN HIDDEN TESTS
@item("by_hand")
def test_the_result_of_the_dual_computation_is_foreseen(student, make):
    foreseen(student, "f", -12, following(student, lambda q, dq: -4 * q))
    own = following(student, lambda q, dq: q - 4 * dq)
    foreseen(student, "df", -17, own, dual_term_missing=[-20, 3], dual_tangents_only=[5], dual_sign_of_term=[-23, 23],
             dual_factors_not_swapped=[11])  # fmt: skip


@item("by_hand")
def test_the_passes_for_the_whole_flight_are_foreseen(student, make):
    foreseen(student, "flight_forward", 1, passes_of_other_mode=[200, 100], passes_per_layer=[2])
    foreseen(student, "flight_reverse", 200, passes_of_other_mode=[1], passes_half_of_them=[100])


@item("by_hand")
def test_the_passes_for_the_scores_of_an_image_are_foreseen(student, make):
    foreseen(student, "scores_forward", 64, passes_of_other_mode=[10], passes_for_every_entry=[640])
    foreseen(student, "scores_reverse", 10, passes_of_other_mode=[64], passes_for_every_entry=[640])


### END HIDDEN TESTS


def moved(student, operation: Callable, *given: tuple[torch.Tensor, torch.Tensor]) -> list[torch.Tensor]:
    """[value, tangent] of an operation on the student's Duals. Raises Mismatch where it changes what went in."""
    s = student.script()
    duals = [s.forward_mode.Dual(value, tangent) for value, tangent in given]
    try:
        answer, *after = s.fetch(s.toolbox.smooth.parts(operation(*duals)), *[s.toolbox.smooth.parts(d) for d in duals])
    except Raised as error:
        found = ["dual-shapes-differ"] if "has the shape of its value" in str(error) else []
        raise Raised(str(error), diagnosis=found) from None
    for before, now in zip(given, after, strict=True):
        if not all(torch.equal(a, b) for a, b in zip(before, now, strict=True)):
            raise Mismatch("the operation changed a number that went in: work on a copy", diagnosis=["input-changed"])
    return answer


def check_dual(
    answer: list, true: tuple[torch.Tensor, torch.Tensor], dtype, forms: dict, name: str, batch: int | None = None
) -> None:
    """batch: 1 where too many mistakes look alike to name one."""
    value, tangent = true
    other = {"dual-tangent-for-value": [tangent]}
    assert_value(answer[0], value, name=f"value of {name}", inputs=dtype, condition=4.0, forms=other)
    assert_value(answer[1], tangent, name=f"tangent of {name}", inputs=dtype, condition=16.0, forms=forms, batch=batch)


SIGNS = {"add": "a + b", "sub": "a - b", "mul": "a * b", "truediv": "a / b", "matmul": "a @ b"}


def binary(student, make, name: str, left: tuple, right: tuple, dtype=torch.float64) -> None:
    """One operation of two Duals of the given shapes; the right one stays away from 0."""
    (a, da), (b, db) = ((make.normal(*s, dtype=dtype), make.normal(*s, dtype=dtype)) for s in (left, right))
    b = b + 0.5 * torch.sign(b) if name == "truediv" else b
    answer = moved(student, getattr(operator, name), (a, da), (b, db))
    true = push(OPERATIONS[name], (a, b), (da, db))
    check_dual(answer, true, dtype, binary_forms(name, (a, b), (da, db)), SIGNS[name])


def with_constant(student, make, name: str, constant: Any, shape: tuple, swapped: bool) -> None:
    """One operation of a Dual and a plain number or tensor, on either side."""
    a, da = make.normal(*shape), make.normal(*shape)
    a = a + 0.5 * torch.sign(a)
    plain, function = torch.as_tensor(constant, dtype=torch.float64), getattr(operator, name)
    answer = moved(student, lambda dual: function(constant, dual) if swapped else function(dual, constant), (a, da))
    inputs, tangents = [a, plain], [da, torch.zeros_like(plain)]
    if swapped:
        inputs, tangents = inputs[::-1], tangents[::-1]
    shown = f"{SIGNS[name]}, one of them a constant"
    check_dual(answer, push(OPERATIONS[name], inputs, tangents), torch.float64, {}, shown, batch=1)


@item("dual_arithmetic")
def test_sums_and_differences_of_duals_move_as_torch_says(student, make):
    for name in ("add", "sub"):
        binary(student, make, name, (4,), (4,))


@item("dual_arithmetic")
def test_products_of_duals_move_as_torch_says(student, make):
    binary(student, make, "mul", (2, 3), (2, 3))


@item("dual_arithmetic")
def test_quotients_of_duals_move_as_torch_says(student, make):
    binary(student, make, "truediv", (5,), (5,))


### BEGIN HIDDEN TESTS
@item("dual_arithmetic")
def test_sums_and_differences_of_duals_broadcast(student, make):
    for name in ("add", "sub"):
        binary(student, make, name, (4, 3), (3,))
        binary(student, make, name, (2, 1), (4,), dtype=torch.float32)


@item("dual_arithmetic")
def test_products_and_quotients_of_duals_broadcast(student, make):
    for name in ("mul", "truediv"):
        binary(student, make, name, (3,), (4, 3))
        binary(student, make, name, (2, 1), (5,), dtype=torch.float32)


@item("dual_arithmetic")
def test_products_and_quotients_of_duals_that_are_zero(student, make):
    def check(name: str, *given: tuple[torch.Tensor, torch.Tensor], known: str | None = None) -> None:
        answer = moved(student, getattr(operator, name), *given)
        value, tangent = push(OPERATIONS[name], *zip(*given, strict=True))
        with verdicts_only():
            assert_value(answer[0], value, name=f"value of {SIGNS[name]}", condition=4.0)
            assert_value(answer[1], tangent, name=f"tangent of {SIGNS[name]}", condition=16.0, if_not_finite=known)

    for name in ("mul", "truediv"):
        (a, da), (b, db) = ((make.normal(2, 3), make.normal(2, 3)) for _ in range(2))
        a, b = a + 0.5 * torch.sign(a), b + 0.5 * torch.sign(b)
        check(name, (a, da), (b, db))  # what is wrong here, too, has another name
        a[0, 0], a[1] = 0.0, 0.0
        if name == "mul":
            b[0, 1], b[1, 0] = 0.0, 0.0
        check(name, (a, da), (b, db), known="zero-over-zero")


@item("dual_arithmetic")
def test_duals_meet_plain_numbers_and_tensors_on_either_side(student, make):
    for name in ("add", "sub", "mul", "truediv"):
        for swapped in (False, True):
            with_constant(student, make, name, 2.5, (3,), swapped)
            with_constant(student, make, name, make.uniform(2, 1, low=0.6, high=2), (2, 3), swapped)


### END HIDDEN TESTS


@item("dual_matmul")
def test_products_of_matrices_move_as_torch_says(student, make):
    binary(student, make, "matmul", (3, 4), (4, 2))


@item("dual_matmul")
def test_products_of_square_matrices_move_as_torch_says(student, make):
    binary(student, make, "matmul", (3, 3), (3, 3))


### BEGIN HIDDEN TESTS
@item("dual_matmul")
def test_products_of_matrices_and_vectors_move_as_torch_says(student, make):
    binary(student, make, "matmul", (5, 3), (3,))
    binary(student, make, "matmul", (4,), (4, 2))


@item("dual_matmul")
def test_products_of_matrices_of_one_row_or_column_in_float32_move_as_torch_says(student, make):
    binary(student, make, "matmul", (1, 4), (4, 3), dtype=torch.float32)
    binary(student, make, "matmul", (3, 2), (2, 1), dtype=torch.float32)


### END HIDDEN TESTS


def unary(student, make, name: str, shape: tuple, dtype=torch.float64) -> None:
    """exp, log, tanh or relu of a Dual, away from the kink and from the end of the logarithm."""
    a, da = make.normal(*shape), make.normal(*shape)
    a = a + 0.2 * torch.sign(a)
    a.view(-1)[0], a.view(-1)[-1] = 1.3, -a.view(-1)[-1].abs()  # both signs are there
    a = (a.abs() + 0.1 if name == "log" else a).to(dtype)
    da = da.to(dtype)
    answer = moved(student, lambda dual: getattr(dual, name)(), (a, da))
    check_dual(answer, push(UNARY[name], [a], [da]), dtype, unary_forms(name, a, da), f"a.{name}()")


def summed(student, make, shape: tuple, dim: int | None, keepdim: bool, dtype=torch.float64) -> None:
    a, da = make.normal(*shape, dtype=dtype), make.normal(*shape, dtype=dtype)
    answer = moved(student, lambda dual: dual.sum(dim=dim, keepdim=keepdim), (a, da))
    if dim is not None and isinstance(answer[0], torch.Tensor) and answer[0].dim() == 0:
        message = f"a.sum(dim={dim}, keepdim={keepdim}) is one number: it must be the sums along that axis alone"
        raise Mismatch(message, diagnosis=["summed-too-far"])
    true = push(lambda v: v.sum(dim=dim, keepdim=keepdim), [a], [da])
    check_dual(answer, true, dtype, sum_forms(a, da, dim, keepdim), f"a.sum(dim={dim}, keepdim={keepdim})")


@item("dual_functions")
def test_exp_of_a_dual_moves_as_torch_says(student, make):
    unary(student, make, "exp", (5,))


@item("dual_functions")
def test_log_of_a_dual_moves_as_torch_says(student, make):
    unary(student, make, "log", (5,))


@item("dual_functions")
def test_tanh_of_a_dual_moves_as_torch_says(student, make):
    unary(student, make, "tanh", (5,))


@item("dual_functions")
def test_relu_of_a_dual_moves_as_torch_says(student, make):
    unary(student, make, "relu", (8,))


@item("dual_functions")
def test_sums_of_a_dual_along_an_axis_move_as_torch_says(student, make):
    summed(student, make, (3, 4), 1, False)


### BEGIN HIDDEN TESTS
@item("dual_functions")
def test_exp_and_log_of_matrices_in_float32_move_as_torch_says(student, make):
    for name in ("exp", "log"):
        unary(student, make, name, (2, 3), dtype=torch.float32)


@item("dual_functions")
def test_tanh_and_relu_of_matrices_in_float32_move_as_torch_says(student, make):
    for name in ("tanh", "relu"):
        unary(student, make, name, (3, 5), dtype=torch.float32)


@item("dual_functions")
def test_relu_and_tanh_of_a_dual_at_zero(student, make):
    a, da = make.normal(6), make.normal(6)
    a[1], a[4] = 0.0, 0.0
    for name in ("tanh", "relu"):
        answer = moved(student, lambda dual, name=name: getattr(dual, name)(), (a, da))
        value, tangent = push(UNARY[name], [a], [da])
        with verdicts_only():
            assert_value(answer[0], value, name=f"value of a.{name}()", condition=4.0)
        right = torch.where(a == 0, da, tangent)  # for the relu any slope from 0 to 1 will do
        assert_between(answer[1], tangent, right if name == "relu" else tangent, name=f"tangent of a.{name}()",
                       condition=16.0, if_not_finite="zero-over-zero")  # fmt: skip


@item("dual_functions")
def test_all_sums_of_a_dual_move_as_torch_says(student, make):
    summed(student, make, (4, 3), None, False)
    for dim, keepdim in ((0, False), (0, True), (1, True)):
        summed(student, make, (2, 3), dim, keepdim, dtype=torch.float32)


### END HIDDEN TESTS


def directional(student, make, shapes: list[tuple], out: tuple, dtype=torch.float64) -> None:
    """jvp of a function with known tangents, whatever the student's Duals can do."""
    size = torch.Size(out).numel()
    matrices = [make.normal(size, torch.Size(shape).numel()) / 2 for shape in shapes]
    inputs = [make.normal(*shape, dtype=dtype) for shape in shapes]
    tangents = [make.normal(*shape, dtype=dtype) for shape in shapes]
    s, function = student.script(), Cubed([matrix.to(dtype) for matrix in matrices], out)
    kept = [s.keep(tensor) for tensor in (*inputs, *tangents)]
    answer, after = s.fetch(
        s.forward_mode.jvp(
            s.toolbox.smooth.Cubed(function.matrices, list(out)), kept[: len(inputs)], kept[len(inputs) :]
        ),
        kept,
    )
    true = push(function, inputs, tangents)
    other = {"jvp-answers-swapped": [true[1]]}
    assert_value(two(answer, 0), true[0], name="y", inputs=dtype, condition=64.0, forms=other)
    assert_value(two(answer, 1), true[1], name="dy", inputs=dtype, condition=64.0,
                 forms=jvp_forms(function, inputs, tangents))  # fmt: skip
    if not all(torch.equal(a, b) for a, b in zip(after, (*inputs, *tangents), strict=True)):
        raise Mismatch("jvp changed an input or a tangent: work on a copy", diagnosis=["input-changed"])


def two(answer: Any, place: int) -> Any:
    """One of the two values of an answer. Raises Missing or Malformed."""
    if answer is None:
        raise Missing("nothing is returned yet: end the function with its `return` line")
    if not isinstance(answer, list | tuple) or len(answer) != 2:
        raise Malformed("return two values")
    if answer[place] is None:
        raise Missing(f"the {('first', 'second')[place]} value is not written yet (it is None)")
    return answer[place]


@item("jvp")
def test_the_jvp_of_a_function_of_one_vector_matches_torch(student, make):
    directional(student, make, [(4,)], (3,))


@item("jvp")
def test_the_jvp_of_a_function_of_two_inputs_matches_torch(student, make):
    directional(student, make, [(2, 3), (2, 3)], (4,))


### BEGIN HIDDEN TESTS
@item("jvp")
def test_the_jvp_of_a_function_of_three_inputs_of_different_shapes_matches_torch(student, make):
    directional(student, make, [(3,), (2, 2), ()], (2, 5))


@item("jvp")
def test_the_jvp_of_a_scalar_function_in_float32_matches_torch(student, make):
    directional(student, make, [(5,), (1,)], (), dtype=torch.float32)


@item("jvp")
def test_a_function_that_looks_at_no_input_does_not_move(student, make):
    directional(student, make, [(3,)], (2,))
    x, v = make.normal(3), make.normal(3)
    s = student.script()
    (answer,) = s.fetch(s.forward_mode.jvp(s.toolbox.smooth.unmoved, [x], [v]))
    y = unmoved(x)
    assert_value(two(answer, 0), y, name="y", batch=1)
    assert_value(two(answer, 1), torch.zeros_like(y), name="dy", batch=1)


### END HIDDEN TESTS


def whole(student, make, y_shape: tuple, x_shape: tuple, forward: bool, dtype=torch.float64) -> None:
    """A Jacobian built of products with a known one, in as many products as it has columns or rows."""
    true = make.normal(*y_shape, *x_shape, dtype=dtype)
    at = make.normal(*(x_shape if forward else y_shape), dtype=dtype)
    s = student.script()
    passes, kept = s.toolbox.smooth.Passes(true, len(y_shape), forward), s.keep(at)
    build = s.forward_mode.jacobian_by_columns if forward else s.forward_mode.jacobian_by_rows
    answer, calls, after = s.fetch(build(passes, kept), passes.calls, kept)
    assert_value(answer, true, name="jacobian", inputs=dtype, forms=jacobian_forms(true, len(y_shape)))
    if calls > at.numel():
        due = f"{at.numel()} {'columns' if forward else 'rows'}"
        raise Mismatch(f"{calls} passes for {due}", diagnosis=["jacobian-passes-wasted"])
    if not torch.equal(after, at):
        raise Mismatch("the point was changed: work on a copy", diagnosis=["input-changed"])


@item("jacobians")
def test_the_jacobian_by_columns_of_a_vector_function_is_whole(student, make):
    whole(student, make, (3,), (4,), forward=True)


@item("jacobians")
def test_the_jacobian_by_rows_of_a_vector_function_is_whole(student, make):
    whole(student, make, (3,), (4,), forward=False)


### BEGIN HIDDEN TESTS
@item("jacobians")
def test_the_jacobian_by_columns_has_the_axes_of_y_and_then_those_of_x(student, make):
    whole(student, make, (2, 3), (4, 2), forward=True)
    whole(student, make, (), (3,), forward=True, dtype=torch.float32)
    whole(student, make, (2,), (), forward=True)


@item("jacobians")
def test_the_jacobian_by_rows_has_the_axes_of_y_and_then_those_of_x(student, make):
    whole(student, make, (2, 3), (4, 2), forward=False)
    whole(student, make, (3,), (), forward=False, dtype=torch.float32)
    whole(student, make, (), (2,), forward=False)


@item("jacobians")
def test_square_jacobians_are_not_transposed(student, make):
    whole(student, make, (4,), (4,), forward=True)
    whole(student, make, (4,), (4,), forward=False)


### END HIDDEN TESTS


# ---------------------------------------------------------------- second order

LOST = ("does not require grad", "does not have a grad_fn")  # torch's words for a gradient without a graph


def differentiated(student, script, *values: Any, flat: bool = False) -> list[Any]:
    """Fetch with autograd allowed; torch's complaint about a lost graph gets its name.

    flat: some gradient does not move at all, so that there is no graph of it to be lost.
    """
    try:
        with student.autograd():
            return script.fetch(*values)
    except Raised as error:
        lost = not flat and any(words in str(error) for words in LOST)
        freed = "backward through the graph a second time" in str(error)
        unused = "appears to not have been used" in str(error)
        found = [
            name for name, seen in (("graph-not-kept", lost), ("graph-freed", freed), ("unused-input", unused)) if seen
        ]
        raise Raised(str(error), diagnosis=found) from None


def curvature(student, make, name: str, n: int, dtype=torch.float64) -> None:
    x, function = make.normal(n, dtype=dtype, scale=0.7), getattr(smooth, name)
    s = student.script()
    kept = s.keep(x)
    answer, after = differentiated(student, s, s.second_order.hessian(getattr(s.toolbox.smooth, name), kept), kept)
    assert_value(answer, hessian(function, x), name="hessian", inputs=dtype, condition=64.0,
                 forms=hessian_forms(function, x))  # fmt: skip
    if not torch.equal(after, x):
        raise Mismatch("x is not what it was: work on a copy", diagnosis=["input-changed"])


@item("hessian")
def test_the_hessian_of_a_function_with_neighbours_matches_torch(student, make):
    curvature(student, make, "quartic", 4)


@item("hessian")
def test_the_hessian_of_a_function_of_all_entries_matches_torch(student, make):
    curvature(student, make, "valley", 3)


### BEGIN HIDDEN TESTS
@item("hessian")
def test_the_hessian_in_float32_matches_torch(student, make):
    curvature(student, make, "quartic", 6, dtype=torch.float32)


@item("hessian")
def test_the_hessian_of_two_entries_matches_torch(student, make):
    curvature(student, make, "valley", 2)


### END HIDDEN TESTS


def products(student, make, name: str, shapes: list[tuple], dtype=torch.float64) -> None:
    inputs, vectors = ([make.normal(*shape, dtype=dtype, scale=0.8) for shape in shapes] for _ in "iv")
    s, function = student.script(), getattr(smooth, name)
    kept = [s.keep(tensor) for tensor in (*inputs, *vectors)]
    call = s.second_order.hvp_twice(getattr(s.toolbox.smooth, name), kept[: len(shapes)], kept[len(shapes) :])
    answer, after = differentiated(student, s, call, kept, flat=name == "half_flat")
    if answer is None:
        raise Missing("nothing is returned yet: end the function with its `return` line")
    if not isinstance(answer, list | tuple) or len(answer) != len(shapes):
        raise Malformed(f"return a list of {len(shapes)} tensors, one for each input")
    for place, true in enumerate(hvp(function, inputs, vectors)):
        assert_value(answer[place], true, name=f"H v for input {place}", inputs=dtype, condition=64.0,
                     forms=hvp_forms(function, inputs, vectors, place))  # fmt: skip
    if not all(torch.equal(a, b) for a, b in zip(after, (*inputs, *vectors), strict=True)):
        raise Mismatch("an input or a vector was changed: work on copies", diagnosis=["input-changed"])


@item("hvp_twice")
def test_the_hessian_vector_product_for_one_input_matches_torch(student, make):
    products(student, make, "quartic", [(5,)])


@item("hvp_twice")
def test_the_hessian_vector_product_for_two_inputs_matches_torch(student, make):
    products(student, make, "entangled", [(4, 3), (3,)])


### BEGIN HIDDEN TESTS
@item("hvp_twice")
def test_the_hessian_vector_product_in_float32_matches_torch(student, make):
    products(student, make, "entangled", [(2, 5), (5,)], dtype=torch.float32)


@item("hvp_twice")
def test_an_input_whose_gradient_does_not_move_gets_zeros(student, make):
    products(student, make, "half_flat", [(3,), (2, 2)])


### END HIDDEN TESTS


def net(make, N: int, D: int, H: int, C: int, reg: float = 0.3, dtype=torch.float64) -> Net:
    """A two-layer net with a direction, and all its tangents."""
    shapes = {"w1": (D, H), "b1": (H,), "w2": (H, C), "b2": (C,)}
    given = {"x": make.normal(N, D, dtype=dtype), "y": make.labels(N, C), "reg": reg}
    given |= {name: make.normal(*shape, scale=0.8, dtype=dtype) for name, shape in shapes.items()}
    return Net(given | {f"v_{name}": make.normal(*shape, dtype=dtype) for name, shape in shapes.items()})


def given_to(truth: Net, names: str, dtype) -> dict[str, Any]:
    """Arguments by name: parameters and v's as given, r_… a tangent, the rest values of the net."""
    found = {}
    for name in names.split():
        value = (
            truth.given[name] if name in truth.given else truth.r[name[2:]] if name[:2] == "r_" else truth.value[name]
        )
        found[name] = value.to(dtype) if isinstance(value, torch.Tensor) and value.is_floating_point() else value
    return found


def check_rop_forward(answer: Any, truth: Net, dtype) -> None:
    h, r_a, r_h, given = truth.value["h"], truth.r["a"], truth.r["h"], truth.given
    moved_x = given["x"] @ given["v_w1"]
    forms = {
        "rop-slope-missing": [r_a],
        "rop-direction-missing": [moved_x * (1 - h * h), given["v_b1"] * (1 - h * h)],
        "rop-direction-for-weights": [(given["x"] @ given["w1"] + given["b1"]) * (1 - h * h)],
        "dual-square-missing": [r_a * (1 - h)],
        "dual-other-slope": [r_a * h * (1 - h), r_a * (1 + h * h), -r_a * h * h, r_a * h * h],
        "dual-tangents-only": [torch.tanh(r_a)],
        "dual-slope-at-wrong-place": [r_a * (1 - truth.value["a"] ** 2), r_a * (1 - torch.tanh(h) ** 2)],
        "dual-value-for-tangent": [h],
    }
    assert_value(two(answer, 0), r_h, name="r_h", inputs=dtype, condition=16.0, forms=forms)


def check_rop_scores(answer: Any, truth: Net, dtype) -> None:
    h, r_h, given = truth.value["h"], truth.r["h"], truth.given
    w2, v_w2, v_b2 = given["w2"], given["v_w2"], given["v_b2"]
    theirs = two(answer, 0)
    follows = isinstance(theirs, torch.Tensor) and usable(theirs, r_h)
    forms = {
        "rop-w-stands-still": [r_h @ w2 + v_b2, r_h @ w2],
        "rop-h-stands-still": [h @ v_w2 + v_b2, h @ v_w2],
        "rop-direction-missing": [r_h @ w2 + h @ v_w2, r_h @ w2 + h @ v_w2 + given["b2"]],
        "dual-tangents-only": [r_h @ v_w2 + v_b2, r_h @ v_w2],
        "rop-term-too-many": [r_h @ w2 + h @ v_w2 + v_b2 + r_h @ v_w2],
        "dual-sign-of-term": [h @ v_w2 - r_h @ w2 + v_b2, r_h @ w2 - h @ v_w2 + v_b2],
        "dual-value-for-tangent": [truth.value["scores"]],
        "rop-direction-for-weights": [r_h @ w2 + h @ w2 + v_b2],
    }
    own = [theirs.double() @ w2 + h @ v_w2 + v_b2] if follows else []
    assert_value(
        two(answer, 1), truth.r["scores"], name="r_scores", inputs=dtype, condition=16.0, forms=forms, accept=own
    )


def rop_forward(student, make, check: Callable, *sizes: int, dtype=torch.float64, spread: bool = False) -> None:
    truth = net(make, *sizes, dtype=dtype)
    given = given_to(truth, "x h w2 v_w1 v_b1 v_w2 v_b2", dtype)
    given = all_spread_out(given) if spread else given
    answer = student.second_order.rop_forward(**given)
    changed = student.changed
    check(answer, truth, dtype)
    check(student.second_order.rop_forward(**given), truth, dtype)
    assert_unchanged(changed)


@item("rop_forward")
def test_the_tangent_of_the_hidden_layer_matches_forward_mode(student, make):
    rop_forward(student, make, check_rop_forward, 5, 3, 4, 2)


@item("rop_forward")
def test_the_tangent_of_the_scores_matches_forward_mode(student, make):
    rop_forward(student, make, check_rop_scores, 5, 3, 4, 2)


### BEGIN HIDDEN TESTS
@item("rop_forward")
def test_the_tangent_of_a_square_hidden_layer_in_float32_matches_forward_mode(student, make):
    rop_forward(student, make, check_rop_forward, 3, 3, 3, 3, dtype=torch.float32, spread=True)


@item("rop_forward")
def test_the_tangent_of_the_scores_of_one_example_matches_forward_mode(student, make):
    rop_forward(student, make, check_rop_scores, 1, 4, 3, 5, spread=True)


### END HIDDEN TESTS


def rop_softmax(student, make, N: int, C: int, dtype=torch.float64, scale: float = 1.0, spread: bool = False) -> None:
    probs = torch.softmax(make.normal(N, C, scale=scale, dtype=dtype), dim=1)
    r_scores = make.normal(N, C, dtype=dtype)
    logs, r = probs.double().log(), r_scores.double()
    true = push(lambda scores: torch.softmax(scores, dim=1) / N, [logs], [r])[1]
    forms = {name: [value / N for value in values] for name, values in softmax_forms(r, probs).items()}
    forms = {ROP_NAMES.get(name, name): values for name, values in forms.items()}
    forms["rop-probabilities-only"] = [probs.double() / N, probs.double() * r]
    given = {"probs": probs, "r_scores": r_scores}
    given = all_spread_out(given) if spread else given
    answer = student.second_order.rop_softmax(**given)
    changed = student.changed
    for got in (answer, student.second_order.rop_softmax(**given)):
        assert_value(got, true, name="r_grad_scores", inputs=dtype, condition=64.0, forms=forms, batch=N)
    assert_unchanged(changed)


# The softmax's Jacobian is symmetric: the mistakes of its backward pass come back in another place.
ROP_NAMES = {"softmax-upstream-unweighted": "rop-softmax-unweighted", "upstream-taken-as-ones": "dual-tangent-missing"}


@item("rop_softmax")
def test_the_tangent_of_the_gradient_of_the_scores_matches_forward_mode(student, make):
    rop_softmax(student, make, 4, 3)


### BEGIN HIDDEN TESTS
@item("rop_softmax")
def test_the_tangent_of_the_gradient_of_the_scores_in_float32_matches_forward_mode(student, make):
    rop_softmax(student, make, 3, 5, dtype=torch.float32, spread=True)


@item("rop_softmax")
def test_the_tangent_of_the_gradient_of_square_and_single_scores_matches_forward_mode(student, make):
    rop_softmax(student, make, 4, 4, scale=2.0)
    rop_softmax(student, make, 1, 6)


### END HIDDEN TESTS


def product_of(answer: Any, name: str) -> Any:
    """One of the products in the dict. Raises Missing or Malformed."""
    if answer is None:
        raise Missing("nothing is returned yet: end the function with its `return` line")
    if not isinstance(answer, dict):
        raise Malformed("return a dict with w1, b1, w2 and b2")
    if answer.get(name) is None:
        raise Missing(f"products[{name!r}] is not written yet")
    return answer[name]


def check_rop_backward(answer: Any, truth: Net, name: str, dtype) -> None:
    value, r, given = truth.value, truth.r, truth.given
    reg, true = given["reg"], truth.r[f"grad_{name}"]
    clues: dict[str, Any] = {"forms": {"rop-gradient-itself": [value[f"grad_{name}"]]}}
    if name[0] == "b":
        clues["upstream"] = r["grad_scores" if name == "b2" else "grad_a"]
        accept = []
        if name == "b1" and isinstance(answer, dict) and isinstance(answer.get("w1"), torch.Tensor):
            clues["upstream"] = None  # a mistake in r_grad_a shows in b1 as in w1: look for that first
            clues = {"clues": lambda: {"forms": wrong_backward(truth, lambda r_a: r_a.sum(dim=0)),
                                       "upstream": r["grad_a"]}}  # fmt: skip
    else:
        penalty, accept = 2 * reg * given[f"v_{name}"], []
        clues["parts"], clues["reg"], clues["batch"] = {"data": true - penalty, "reg": penalty}, reg, len(given["x"])
        clues["forms"] |= {"rop-penalty-of-weights": [true - penalty + 2 * reg * given[name]]}
        if name == "w2":
            first, second = r["h"].T @ value["grad_scores"], value["h"].T @ r["grad_scores"]
            clues["forms"] |= {
                "rop-h-stands-still": [second + penalty],
                "rop-grad-scores-stand-still": [first + penalty],
                "dual-tangents-only": [r["h"].T @ r["grad_scores"] + penalty],
                "dual-sign-of-term": [first - second + penalty, second - first + penalty],
            }
        else:
            clues["forms"] |= wrong_backward(truth, lambda r_a: given["x"].T @ r_a + penalty)
    assert_value(
        product_of(answer, name), true, name=f"H v for {name}", inputs=dtype, condition=64.0, accept=accept, **clues
    )


def wrong_backward(truth: Net, finish: Callable) -> dict[str, list[torch.Tensor]]:
    """The products that follow from wrong tangents of grad_a."""
    value, r, given = truth.value, truth.r, truth.given
    h, r_h, grad_h, r_grad_h = value["h"], r["h"], value["grad_h"], r["grad_h"]
    slope, bend = 1 - h * h, 2 * grad_h * h * r_h
    through_w, through_g = r["grad_scores"] @ given["w2"].T, value["grad_scores"] @ given["v_w2"].T
    found = {
        "rop-w-stands-still": [through_w * slope - bend],
        "rop-grad-scores-stand-still": [through_g * slope - bend],
        "rop-slope-stands-still": [r_grad_h * slope],
        "rop-curvature-alone": [-bend],
        "rop-curvature-incomplete": [r_grad_h * slope - bend / 2, r_grad_h * slope - 2 * h * r_h,
                                     r_grad_h * slope - 2 * grad_h * h, r_grad_h * slope - 2 * grad_h * r_h,
                                     r_grad_h * slope - 2 * grad_h * h * h],
        "rop-curvature-sign": [r_grad_h * slope + bend],
        "rop-slope-missing": [r_grad_h - bend, r_grad_h],
        "dual-tangents-only": [r["grad_scores"] @ given["v_w2"].T * slope - bend],
        "rop-gradient-itself": [value["grad_a"]],
    }  # fmt: skip
    return {name: [finish(wrong) for wrong in values] for name, values in found.items()}


ROP_BACKWARD = "x h r_h grad_scores r_grad_scores w2 v_w1 v_w2 reg"


def rop_backward(student, make, names: str, *sizes: int, dtype=torch.float64, spread: bool = False) -> None:
    truth = net(make, *sizes, dtype=dtype)
    given = given_to(truth, ROP_BACKWARD, dtype)
    given = all_spread_out(given) if spread else given
    answer = student.second_order.rop_backward(**given)
    changed = student.changed
    for got in (answer, student.second_order.rop_backward(**given)):
        for name in names.split():
            check_rop_backward(got, truth, name, dtype)
    assert_unchanged(changed)


@item("rop_backward")
def test_the_products_for_the_second_layer_match_forward_mode(student, make):
    rop_backward(student, make, "w2 b2", 5, 3, 4, 2)


@item("rop_backward")
def test_the_products_for_the_first_layer_match_forward_mode(student, make):
    rop_backward(student, make, "w1 b1", 5, 3, 4, 2)


### BEGIN HIDDEN TESTS
@item("rop_backward")
def test_the_products_for_the_second_layer_in_float32_match_forward_mode(student, make):
    rop_backward(student, make, "w2 b2", 7, 2, 3, 5, dtype=torch.float32, spread=True)


@item("rop_backward")
def test_the_products_for_the_first_layer_where_all_sizes_agree_match_forward_mode(student, make):
    rop_backward(student, make, "w1 b1", 3, 3, 3, 3, spread=True)


@item("rop_backward")
def test_the_products_for_one_example_match_forward_mode(student, make):
    rop_backward(student, make, "w2 w1", 1, 4, 3, 2)


### END HIDDEN TESTS


def symmetric(make, eigenvalues: list[float]) -> torch.Tensor:
    """A symmetric matrix with these eigenvalues, and random eigenvectors."""
    n = len(eigenvalues)
    basis = torch.linalg.qr(make.normal(n, n)).Q
    matrix = basis @ torch.diag(torch.tensor(eigenvalues).double()) @ basis.T
    return (matrix + matrix.T) / 2


def refused(fetch: Callable[[], Any], why: str) -> None:
    """Check that a call raises NoConvergence with a message that says something."""
    try:
        answer = fetch()
    except Raised as error:
        told = re.search(r"raised NoConvergence: (.*?)( \(\S+, line \d+.*)?$", str(error), re.DOTALL)
        if told is None:
            message = f"{why}: raise NoConvergence and say so; {error}"
            raise Mismatch(message, diagnosis=["no-convergence-other-error"]) from None
        if len(told.group(1).strip()) < 10:
            raise Mismatch(f"{why}: let the error say why", diagnosis=["no-convergence-mute"]) from None
        return
    except Timeout:
        raise Mismatch(f"{why}: the iteration never ends", diagnosis=["no-convergence-endless"]) from None
    if (answer[0] if isinstance(answer, list | tuple) and answer else answer) is None:
        raise Missing("nothing is returned yet")
    raise Mismatch(f"{why}: an answer comes back, and no error", diagnosis=["no-convergence-silent"])


def solve(
    student, make, eigenvalues: list[float], scale: float = 1.0, **options: Any
) -> tuple[Any, int, torch.Tensor, torch.Tensor]:
    """The answer of conjugate gradients, the products it took, and the system."""
    matrix, b = symmetric(make, eigenvalues), scale * make.normal(len(eigenvalues))
    s = student.script()
    product, kept = s.toolbox.smooth.Products(matrix), s.keep(b)
    answer, calls, after = s.fetch(s.second_order.conjugate_gradients(product, kept, **options), product.calls, kept)
    if not torch.equal(after, b):
        raise Mismatch("b was changed: work on a copy", diagnosis=["input-changed"])
    return answer, calls, matrix, b


def check_solved(
    student, make, eigenvalues: list[float], scale: float = 1.0, tolerance: float = 1e-8, **options: int
) -> None:
    answer, calls, matrix, b = solve(student, make, eigenvalues, scale, tolerance=tolerance, **options)
    x = as_tensor(answer, "x").double()
    true = torch.linalg.solve(matrix, b)
    if x.shape != true.shape or not torch.isfinite(x).all():
        assert_value(answer, true, name="x")
    left = float((matrix @ x - b).norm() / b.norm())
    if left > 1.001 * tolerance + 1e-13:
        found = diagnose(
            x, true, 100 * tolerance, forms={"cg-right-side-itself": [b], "cg-product-itself": [matrix @ b]}
        )
        loose = ["cg-stops-too-early"] if left < 0.5 else []
        message = f"|H x - b| is {left:.2g} of |b|, and should be at most {tolerance:g} (after {calls} products)"
        raise Mismatch(message, diagnosis=found or loose)
    if calls > len(b) + 3:
        message = f"{calls} products for {len(b)} unknowns: conjugate directions need {len(b)}"
        raise Mismatch(message, diagnosis=["cg-not-conjugate" if calls > 2 * len(b) + 3 else "cg-products-wasted"])


SPREAD = [0.4, 0.7, 1.1, 1.9, 2.6, 4.1, 6.0, 9.0]


@item("conjugate_gradients")
def test_a_positive_definite_system_is_solved_in_as_many_products_as_unknowns(student, make):
    check_solved(student, make, SPREAD)


@item("conjugate_gradients")
def test_an_indefinite_matrix_is_refused(student, make):
    check_solved(student, make, [3.0, 2.0, 1.0, 2.5, 1.5])  # who refuses everything has understood nothing
    refused(lambda: solve(student, make, [3.0, 2.0, 1.0, -2.5, 1.5])[0], "H has a negative eigenvalue")


### BEGIN HIDDEN TESTS
@item("conjugate_gradients")
def test_a_larger_system_is_solved_to_the_last_of_its_digits(student, make):
    check_solved(student, make, torch.logspace(-0.3, 1.3, 40).tolist())


@item("conjugate_gradients")
def test_small_and_large_right_sides_are_solved_to_the_same_digits(student, make):
    check_solved(student, make, SPREAD, scale=1e-7)
    check_solved(student, make, SPREAD, scale=1e5, tolerance=1e-6)


@item("conjugate_gradients")
def test_nothing_on_the_right_side_is_solved_by_nothing(student, make):
    check_solved(student, make, [1.0, 2.0, 3.0])
    answer, *_ = solve(student, make, [1.0, 2.0, 3.0], scale=0.0)
    assert_value(answer, torch.zeros(3).double(), name="x", if_not_finite="cg-zero-over-zero")


@item("conjugate_gradients")
def test_too_few_steps_and_a_negative_definite_matrix_are_refused(student, make):
    check_solved(student, make, SPREAD[:5])
    refused(lambda: solve(student, make, SPREAD, most=3)[0], "three steps are not enough for eight unknowns")
    refused(lambda: solve(student, make, [-1.0, -2.0, -3.0])[0], "H is negative definite")
    refused(lambda: solve(student, make, [-1.0, -2.0, -3.0], scale=1e-3)[0], "H is negative definite, and b small")
    refused(lambda: solve(student, make, [0.0, 0.0])[0], "H is zero")


@item("conjugate_gradients")
def test_the_last_step_that_is_allowed_counts(student, make):
    check_solved(student, make, [1.0, 1.5, 2.0, 2.5], most=4)


@item("conjugate_gradients")
def test_numbers_that_are_not_finite_are_refused(student, make):
    check_solved(student, make, [1.0, 2.0])
    refused(lambda: solve(student, make, [float("nan"), 1.0, 2.0])[0], "the products are nan")


### END HIDDEN TESTS


def largest(student, make, eigenvalues: list[float], **options: Any) -> tuple[Any, torch.Tensor]:
    matrix, start = symmetric(make, eigenvalues), make.normal(len(eigenvalues))
    s = student.script()
    kept = s.keep(start)
    answer, after = s.fetch(s.second_order.power_iteration(s.toolbox.smooth.Products(matrix), kept, **options), kept)
    if not torch.equal(after, start):
        raise Mismatch("start was changed: work on a copy", diagnosis=["input-changed"])
    return answer, matrix


def check_largest(student, make, eigenvalues: list[float], tolerance: float = 1e-6) -> None:
    """The first of the eigenvalues is the largest in size."""
    answer, matrix = largest(student, make, eigenvalues, tolerance=tolerance)
    true, others = torch.tensor(eigenvalues[0]).double(), torch.tensor(eigenvalues).double()
    value = as_tensor(two(answer, 0), "value").double()
    if value.numel() != 1:
        raise Malformed("the first value must be one number, the eigenvalue")
    if not abs(float(value) - float(true)) <= 2 * tolerance * abs(float(true)):
        forms = {
            "sign-flipped": [-true],
            "power-squared": [true**2],
            "power-other-eigenvalue": [others[1:].max(), others.min(), others.max()],
        }
        found = [name for name, values in forms.items()
                 if any(abs(value - v) <= 1e-3 * abs(v) and v != true for v in values)][:1]  # fmt: skip
        near = ["power-stops-too-early"] if abs(value - true) < 0.9 * abs(true) else []
        raise Mismatch(
            f"the eigenvalue is wrong: yours {float(value):.8g}, true {float(true):.8g}", diagnosis=found or near
        )
    v = as_tensor(two(answer, 1), "v").double()
    if v.shape != (len(eigenvalues),):
        raise Mismatch(f"v has shape {tuple(v.shape)}; it must have shape ({len(eigenvalues)},)")
    if abs(float(v.norm()) - 1) > 1e-9:
        raise Mismatch(f"v has length {float(v.norm()):.6g}, and must have 1", diagnosis=["power-length"])
    off = float((matrix @ v - true * v).norm() / abs(true))
    if off > 3 * tolerance:
        raise Mismatch(f"H v and value * v differ by {off:.2g} of the value", diagnosis=["power-stops-too-early"])


@item("power_iteration")
def test_the_largest_eigenvalue_is_found_with_its_vector(student, make):
    check_largest(student, make, [5.0, 3.0, 2.0, 1.0, 0.5])


@item("power_iteration")
def test_a_largest_eigenvalue_below_zero_keeps_its_sign(student, make):
    check_largest(student, make, [-4.0, 2.5, 2.0, -1.0])


### BEGIN HIDDEN TESTS
@item("power_iteration")
def test_small_and_large_eigenvalues_are_found_to_the_same_digits(student, make):
    check_largest(student, make, [3e-5, -2e-5, 1e-5, 0.0], tolerance=1e-5)
    check_largest(student, make, [2e4, 1.2e4, -5e3], tolerance=1e-9)


@item("power_iteration")
def test_two_eigenvalues_of_one_size_and_opposite_signs_are_refused(student, make):
    check_largest(student, make, [2.0, -1.0, 1.0])
    refused(lambda: largest(student, make, [2.0, -2.0, 1.0], most=200)[0], "the eigenvalues 2 and -2 never settle")


@item("power_iteration")
def test_too_few_products_and_numbers_that_are_not_finite_are_refused(student, make):
    check_largest(student, make, [5.0, 1.0, 2.0])
    refused(lambda: largest(student, make, [5.0, 4.9, 4.8, 1.0], most=5)[0], "five products are not enough")
    refused(lambda: largest(student, make, [float("inf"), 1.0, 2.0], most=50)[0], "the products are not finite")


### END HIDDEN TESTS


def penalised(student, make, N: int, D: int, H: int, dtype=torch.float64) -> None:
    x, w1, w2 = make.normal(N, D, dtype=dtype), make.normal(D, H, dtype=dtype), make.normal(H, dtype=dtype)
    s = student.script()
    kept = s.keep(x)
    call = s.toolbox.smooth.trained_by(s.second_order.gradient_penalty, kept, [w1, w2])
    answer, after = differentiated(student, s, call, kept)
    value, *grads = penalty(x, [w1, w2])
    wrong = {name: [penalty(x, [w1, w2], m) for m in measures] for name, measures in MEASURES.items()}
    assert_value(answer["value"], value, name="penalty", inputs=dtype, condition=64.0,
                 forms={name: [found[0] for found in values] for name, values in wrong.items()})  # fmt: skip
    if answer["grads"] is None:
        raise Mismatch("the penalty's value is right, but autograd cannot go on from it to the parameters: "
                       "keep the graph of the gradient", diagnosis=["graph-not-kept"])  # fmt: skip
    for place, true in enumerate(grads):
        forms = {name: [found[1 + place] for found in values] for name, values in wrong.items()}
        assert_value(answer["grads"][place], true, name=f"gradient of the penalty by w{place + 1}", inputs=dtype,
                     condition=64.0, forms=forms)  # fmt: skip
    if not torch.equal(after, x):
        raise Mismatch("x is not what it was: work on a copy", diagnosis=["input-changed"])


@item("gradient_penalty")
def test_the_penalty_and_its_gradient_match_torch(student, make):
    penalised(student, make, 5, 3, 4)


### BEGIN HIDDEN TESTS
@item("gradient_penalty")
def test_the_penalty_in_float32_and_its_gradient_match_torch(student, make):
    penalised(student, make, 4, 6, 3, dtype=torch.float32)


@item("gradient_penalty")
def test_the_penalty_of_one_example_and_its_gradient_match_torch(student, make):
    penalised(student, make, 1, 4, 2)
    penalised(student, make, 6, 2, 5)


### END HIDDEN TESTS


# ---------------------------------------------------------------- implicit layers

REFUSALS = ("ArithmeticError", "FloatingPointError", "OverflowError", "ZeroDivisionError")


def one_of(answer: Any, place: int, names: str) -> Any:
    """One of several answers. Raises Missing or Malformed."""
    names = names.split()
    if answer is None:
        raise Missing("nothing is returned yet: end the function with its `return` line")
    if not isinstance(answer, list | tuple) or len(answer) != len(names):
        raise Malformed(f"return {len(names)} values: {', '.join(names)}")
    if answer[place] is None:
        raise Missing(f"{names[place]} is not written yet (it is None)")
    return answer[place]


def asked_twice(student, function, given: dict[str, Any], check) -> None:
    """Call twice with the same arguments: both answers must be right, and the arguments unchanged."""
    first = answered(function, **given)
    changed = student.changed
    check(first)
    check(answered(function, **given))
    assert_unchanged(changed)


def answered(function, **given: Any) -> Any:
    """The function's answer where there is one; an ArithmeticError is a mistake here, and called so."""
    try:
        return function(**given)
    except Raised as error:
        if str(error).startswith("your code raised ArithmeticError"):
            raise Mismatch(f"there is an answer, and none came: {error}", diagnosis=["error-not-needed"]) from None
        raise


def answers_at_all(function, **given: Any) -> None:
    """Something must come back from a harmless case: to refuse everything is no care."""
    if answered(function, **given) is None:
        raise Missing("nothing is returned yet")


def refuses(call, words: str, what: str, kinds: tuple[str, ...] = REFUSALS) -> None:
    """The call must raise ArithmeticError with one of the words in its text. what: the case, for the message."""
    try:
        answer = call()
    except Raised as error:
        kind, _, text = str(error).partition("your code raised ")[2].partition(": ")
        text = text.rsplit(" (implicit.py", 1)[0].lower()
        if kind not in kinds or not any(word in text for word in words.split()):
            told = (
                f"{what}: raise ArithmeticError with the word {words.replace(' ', ' or ')!r}; your code raised {kind}"
            )
            raise Mismatch(told, diagnosis=["no-clear-error"]) from None
        return
    if answer is None:
        raise Missing("nothing is returned yet, and no error is raised")
    raise Mismatch(f"{what}: an answer came back, and none is right: raise an error", diagnosis=["no-clear-error"])


# Foreseen by hand


def foretold(student, key: str, true: float, **forms: float | tuple[float, ...]) -> None:
    """Compare one entry of the notebook's `foreseen_implicit` with the truth."""
    found = student.value("foreseen_implicit")
    if not isinstance(found, dict):
        raise Malformed("`foreseen_implicit` must be a dict that maps names to numbers")
    if found.get(key) is None:
        raise Missing(f"foreseen_implicit[{key!r}] is not filled in yet")
    values = {name.replace("_", "-"): form if isinstance(form, tuple) else (form,) for name, form in forms.items()}
    forms = {name: [torch.tensor(float(value)) for value in form] for name, form in values.items()}
    assert_value(found[key], torch.tensor(true, dtype=torch.float64), name=key, inputs=torch.float32, forms=forms)


@item("implicit_by_hand")
def test_the_slope_of_the_circle_is_foreseen(student, make):
    foretold(student, "circle", -0.75, implicit_minus_missing=0.75, implicit_upside_down=(-4 / 3, 4 / 3),
             implicit_one_side=(-1.2, 1.2, 1.6, -1.6))  # fmt: skip


@item("implicit_by_hand")
def test_the_slope_of_the_linear_fixed_point_is_foreseen(student, make):
    foretold(student, "linear", 10.0, implicit_feedback_missing=1.0, implicit_upside_down=0.1,
             implicit_feedback_sign=1 / 1.9, implicit_one_step=(1.9, 0.9))  # fmt: skip


@item("implicit_by_hand")
def test_the_slope_of_the_square_root_is_foreseen(student, make):
    foretold(student, "root", 0.25, implicit_value_for_slope=2.0, implicit_upside_down=4.0,
             implicit_feedback_partial=0.5, implicit_minus_missing=-0.25)  # fmt: skip


### BEGIN HIDDEN TESTS
@item("implicit_by_hand")
def test_the_number_of_steps_at_a_contraction_of_099_is_foreseen(student, make):
    foretold(student, "steps", 1375, steps_off_by_one=(1374, 1376), steps_of_the_wrong_logarithm=(597, 598, 596, 1983))


@item("implicit_by_hand")
def test_what_unrolling_keeps_is_foreseen(student, make):
    """The number of steps is given in the text, so that one mistake does not cost two marks."""
    foretold(student, "kept", 1000 * 32 * 100, kept_without_steps=32 * 100,
             kept_without_batch=(1000 * 100, 100 * 100 * 1000),
             kept_in_bytes=(4 * 3_200_000, 8 * 3_200_000))  # fmt: skip


### END HIDDEN TESTS


# The linear solve


def system(make, *shape: int) -> torch.Tensor:
    """Systems that are well away from singular, and not symmetric."""
    return torch.eye(shape[-1], dtype=torch.float64) * 3 + make.normal(*shape, scale=0.8 / shape[-1] ** 0.5)


def nearly_singular(make, n: int) -> torch.Tensor:
    """(n, n): a combination of its columns is zero but for rounding, though no entry shows it."""
    a = make.normal(n, n)
    a[:, -1] = a[:, :-1] @ make.uniform(n - 1, low=0.5, high=1.5)
    return a


def solves_at_all(student, make) -> None:
    answers_at_all(student.implicit.solve, system=system(make, 3, 3), right=make.normal(3, 1))


def check_solution(answer: Any, a: torch.Tensor, right: torch.Tensor, batch: int | None = None) -> None:
    """batch: 1 where too many mistakes look alike to name one."""
    wide, goal = a.double(), right.double()
    true = torch.linalg.inv(wide) @ goal
    forms = {"solve-transposed": [torch.linalg.inv(wide.mT) @ goal], "implicit-multiplied": [wide @ goal],
             "implicit-no-solve": [goal]}  # fmt: skip
    assert_value(answer, true, name="solution", inputs=a.dtype, condition=64.0, forms=forms, batch=batch)


@item("solve")
def test_a_system_is_solved(student, make):
    a, right = system(make, 4, 4), make.normal(4, 2)
    asked_twice(student, student.implicit.solve, {"system": a, "right": right},
                lambda answer: check_solution(answer, a, right))  # fmt: skip


@item("solve")
def test_a_singular_system_is_refused(student, make):
    solves_at_all(student, make)
    singular = torch.tensor([[1.0, 2.0], [2.0, 4.0]], dtype=torch.float64)
    refuses(lambda: student.implicit.solve(system=singular, right=make.normal(2, 1)), "singular", "a singular system")


### BEGIN HIDDEN TESTS
@item("solve")
def test_a_batch_of_systems_is_solved_in_float32(student, make):
    a, right = system(make, 5, 3, 3).float(), make.normal(5, 3, 1).float()
    asked_twice(student, student.implicit.solve, {"system": a, "right": right},
                lambda answer: check_solution(answer, a, right))  # fmt: skip


@item("solve")
def test_a_system_that_is_singular_but_for_rounding_is_refused(student, make):
    solves_at_all(student, make)
    for n, dtype in ((3, torch.float64), (6, torch.float64), (5, torch.float32)):
        asked = {"system": nearly_singular(make, n).to(dtype), "right": make.normal(n, 1, dtype=dtype)}
        refuses(lambda asked=asked: student.implicit.solve(**asked), "singular",
                f"a column that is a sum of the others, {dtype}")  # fmt: skip


@item("solve")
def test_one_singular_system_of_a_batch_is_refused(student, make):
    solves_at_all(student, make)
    batch = system(make, 4, 3, 3)
    batch[2] = nearly_singular(make, 3)
    refuses(lambda: student.implicit.solve(system=batch, right=make.normal(4, 3, 1)), "singular", "one of four systems")


TORCH_REFUSALS = ("_LinAlgError", "LinAlgError")  # torch's own, and NumPy's


@item("solve")
def test_a_system_that_is_not_finite_is_refused(student, make):
    solves_at_all(student, make)
    for number in (torch.nan, torch.inf):
        asked = {"system": system(make, 3, 3), "right": make.normal(3, 1)}
        asked["system"][0, 1] = number
        refuses(lambda asked=asked: student.implicit.solve(**asked), "singular finite converge",
                f"{number} in the system", (*REFUSALS, *TORCH_REFUSALS))  # fmt: skip


@item("solve")
def test_small_numbers_are_no_singular_system(student, make):
    """A determinant of 1e-20, or a condition number of ten million, is nothing to refuse."""
    a, right = 1e-4 * system(make, 5, 5), make.normal(5, 1)
    check_solution(answered(student.implicit.solve, system=a, right=right), a, right)
    a = torch.diag(torch.tensor([1.0, 1e-3, 1e-7], dtype=torch.float64))
    right = make.normal(3, 1)
    check_solution(answered(student.implicit.solve, system=a, right=right), a, right)


@item("solve")
def test_the_limit_of_what_is_singular_lies_where_it_is_said_to_lie(student, make):
    """A factor of twenty below the limit, and one of five above it."""
    for dtype in (torch.float64, torch.float32):
        eps, right = torch.finfo(dtype).eps, make.normal(2, 1, dtype=dtype)
        harmless = torch.diag(torch.tensor([1.0, 200 * eps], dtype=dtype))
        check_solution(answered(student.implicit.solve, system=harmless, right=right), harmless, right, batch=1)
        beyond = torch.diag(torch.tensor([1.0, 2 * eps], dtype=dtype))
        refuses(lambda beyond=beyond, right=right: student.implicit.solve(system=beyond, right=right), "singular",
                f"a condition number of 0.5 / eps, {dtype}")  # fmt: skip


### END HIDDEN TESTS


# The fixed point


def equilibrium_layer(make, N: int, D: int, H: int, dtype=torch.float64) -> dict[str, torch.Tensor]:
    """w, u, b, x, with w of spectral norm 0.7: every start leads to one fixed point."""
    w = make.normal(H, H)
    w = 0.7 * w / torch.linalg.matrix_norm(w, 2)
    given = {"w": w, "u": make.normal(D, H), "b": make.normal(H), "x": make.normal(N, D)}
    return {name: value.to(dtype) for name, value in given.items()}


def check_equilibrium(answer: Any, given: dict[str, torch.Tensor]) -> None:
    if answer is None:
        raise Missing("z is not returned yet (it is None)")
    told = [given[name] for name in ("x", "w", "u", "b")]
    assert_value(answer, layers.equilibrium(*told), name="z", inputs=told[0].dtype, condition=8.0,
                 clues=lambda: {"forms": layers.equilibrium_forms(*told)})  # fmt: skip


def finds_any(student, make) -> None:
    """Who cannot find a fixed point at all is told so, and not that an error is missing."""
    given = equilibrium_layer(make, 2, 3, 4)
    check_equilibrium(answered(student.implicit.deq_solve, **given, tol=1e-15), given)


@item("deq_solve")
def test_the_fixed_point_is_found(student, make):
    given = equilibrium_layer(make, 4, 3, 5)
    asked_twice(student, student.implicit.deq_solve, given | {"tol": 1e-15}, lambda z: check_equilibrium(z, given))


@item("deq_solve")
def test_an_iteration_that_runs_in_circles_is_refused(student, make):
    """z = tanh(-5 z) and its like: 0 is a fixed point, but the iteration jumps from one side to the other."""
    finds_any(student, make)
    w = torch.tensor([[-5.0]], dtype=torch.float64)
    given = {
        "w": w,
        "u": torch.ones(1, 1).double(),
        "b": torch.zeros(1).double(),
        "x": torch.full((1, 1), 0.3).double(),
    }
    refuses(lambda: student.implicit.deq_solve(**given), "converge", "an iteration that never settles")


### BEGIN HIDDEN TESTS
@item("deq_solve")
def test_the_fixed_point_of_one_row_whose_numbers_do_not_lie_in_one_piece_is_found(student, make):
    given = equilibrium_layer(make, 1, 4, 6)
    given |= {name: spread_out(given[name]) for name in ("w", "u")}
    check_equilibrium(answered(student.implicit.deq_solve, **given, tol=1e-15), given)


@item("deq_solve")
def test_the_steps_are_as_many_as_are_needed_and_as_are_allowed(student, make):
    """A contraction by 0.97 a step: some hundred steps, where forty are no answer."""
    w = torch.diag(torch.tensor([0.97, -0.97, 0.5], dtype=torch.float64))
    given = {"w": w, "u": make.normal(2, 3, scale=0.01), "b": torch.zeros(3).double(), "x": make.normal(2, 2)}
    truth = layers.equilibrium(given["x"], given["w"], given["u"], given["b"], steps=3000)
    answer = answered(student.implicit.deq_solve, **given, tol=1e-15, max_steps=3000)
    assert_value(answer, truth, name="z", condition=1024.0)  # what moves by 1e-15 a step has thirty times that to go
    refuses(lambda: student.implicit.deq_solve(**given, tol=1e-12, max_steps=40), "converge", "too few steps allowed")


@item("deq_solve")
def test_the_last_step_that_is_allowed_counts_and_one_fewer_is_too_few(student, make):
    """A net of two layers: right after two steps, and in the third nothing moves by more than 0."""
    widths = (3, 4, 2)
    weights = [make.normal(a, b) for a, b in zip(widths, widths[1:], strict=False)]
    w, u, b = layers.blocks(weights, [make.normal(width) for width in widths[1:]])
    given = {"w": w, "u": u, "b": b, "x": make.normal(5, 3)}
    check_equilibrium(answered(student.implicit.deq_solve, **given, tol=0.0, max_steps=3), given)
    swings = {name: torch.full((1, 1), value).double() for name, value in (("w", -0.3), ("u", 0.0), ("x", 1.0))}
    swings["b"] = make.uniform(1, low=0.3, high=0.6)  # up by tanh(b), then down by about a quarter of that
    answers_at_all(student.implicit.deq_solve, **swings, tol=0.5 * float(torch.tanh(swings["b"])), max_steps=2)
    refuses(
        lambda: student.implicit.deq_solve(**given, tol=0.0, max_steps=2), "converge", "two steps where three are due"
    )


@item("deq_solve")
def test_one_row_that_does_not_settle_is_enough_to_refuse(student, make):
    finds_any(student, make)
    w = torch.diag(torch.tensor([-3.0, 0.2], dtype=torch.float64))
    x = torch.zeros(6, 2, dtype=torch.float64)
    x[4, 0] = 0.1  # only this row leaves 0, which is a fixed point
    given = {"w": w, "u": torch.eye(2).double(), "b": torch.zeros(2).double(), "x": x}
    refuses(lambda: student.implicit.deq_solve(**given, max_steps=200), "converge", "one row of six never settles")


@item("deq_solve")
def test_one_slow_number_among_many_is_enough_to_go_on(student, make):
    """Of 40 numbers one moves by 0.9 of its last step: its mean over all is below tol some 35 steps too early."""
    finds_any(student, make)
    w = torch.zeros(40, 40, dtype=torch.float64)
    w[3, 3] = 0.9
    given = {"w": w, "u": torch.eye(40).double(), "b": torch.zeros(40).double()}
    given["x"] = torch.full((1, 40), 0.01, dtype=torch.float64)
    z, moves = torch.zeros(1, 40, dtype=torch.float64), []
    while not moves or moves[-1] > 1e-9:
        before, z = z, torch.tanh(z @ w + given["x"])
        moves.append(float((z - before).abs().max()))
    answers_at_all(student.implicit.deq_solve, **given, tol=1e-9, max_steps=len(moves))
    few = {"tol": 1e-9, "max_steps": len(moves) - 10}
    refuses(lambda: student.implicit.deq_solve(**given, **few), "converge", "one number of forty still moves")


@item("deq_solve")
def test_nan_is_not_taken_for_an_answer(student, make):
    finds_any(student, make)
    given = equilibrium_layer(make, 3, 2, 4)
    given["x"][1, 0] = torch.nan
    refuses(lambda: student.implicit.deq_solve(**given), "converge", "nan among the inputs")


### END HIDDEN TESTS


def check_adjoint(student, make, N: int, H: int, dtype=torch.float64, spread: bool = False) -> None:
    given = equilibrium_layer(make, N, 3, H)
    z = layers.equilibrium(given["x"], given["w"], given["u"], given["b"]).to(dtype)
    w, g = given["w"].to(dtype), make.normal(N, H, dtype=dtype)
    asked = {"grad_z": g, "z": z, "w": w}
    asked = {name: spread_out(value) for name, value in asked.items()} if spread else asked
    true = layers.adjoint(g, z, w)
    asked_twice(student, student.implicit.deq_adjoint, asked,
                lambda answer: assert_grad(answer, true, name="grad_a", inputs=dtype, condition=32.0,
                                           terms=g.abs().max().item(),  # 1 - z * z loses digits where z is near 1
                                           clues=lambda: {"forms": layers.adjoint_forms(g, z, w)}))  # fmt: skip


@item("deq_adjoint")
def test_the_gradient_at_a_matches_unrolling(student, make):
    check_adjoint(student, make, 4, 5)


### BEGIN HIDDEN TESTS
@item("deq_adjoint")
def test_the_gradient_at_a_of_a_single_row_matches_unrolling(student, make):
    check_adjoint(student, make, 1, 4, spread=True)


@item("deq_adjoint")
def test_the_gradient_at_a_of_many_rows_in_float32_matches_unrolling(student, make):
    check_adjoint(student, make, 7, 3, dtype=torch.float32)


### END HIDDEN TESTS


def check_deq_grads(student, make, N: int, D: int, H: int, dtype=torch.float64) -> None:
    x, u, b = make.normal(N, D, dtype=dtype), make.normal(D, H, dtype=dtype), make.normal(H, dtype=dtype)
    z, w, g = torch.tanh(make.normal(N, H, dtype=dtype)), make.normal(H, H, dtype=dtype), make.normal(N, H, dtype=dtype)
    true = pull(lambda x, w, u, b: z.double() @ w + x @ u + b, g, x, w, u, b)

    def check(answer: Any) -> None:
        names = "grad_x grad_w grad_u grad_b"
        for place, name in enumerate(names.split()):
            forms: dict[str, Any] = {}
            if place < 3:
                left, right = (z, w) if place == 1 else (x, u)
                forms = matmul_forms(g, left, right, 0 if place == 0 else 1)
            if place == 1 and D == H:
                forms["deq-input-for-state"] = [true[2]]
            if place == 2 and D == H:
                forms["deq-input-for-state"] = [true[1]]
            clues = {"batch": N} | ({"upstream": g} if place == 3 else {"forms": forms})
            assert_grad(one_of(answer, place, names), true[place], name=name, inputs=dtype, condition=8.0, **clues)

    asked_twice(student, student.implicit.deq_grads, {"grad_a": g, "z": z, "x": x, "u": u}, check)


@item("deq_grads")
def test_the_gradients_of_the_inputs_and_parameters_match_autograd(student, make):
    check_deq_grads(student, make, 4, 3, 5)


### BEGIN HIDDEN TESTS
@item("deq_grads")
def test_the_gradients_match_autograd_where_all_shapes_fit(student, make):
    check_deq_grads(student, make, 4, 4, 4)


@item("deq_grads")
def test_the_gradients_of_a_single_row_in_float32_match_autograd(student, make):
    check_deq_grads(student, make, 1, 2, 3, dtype=torch.float32)


### END HIDDEN TESTS


# A feed-forward net as an equilibrium


def check_blocks(student, make, *widths: int, dtype=torch.float64) -> None:
    weights = [make.normal(a, b, dtype=dtype) for a, b in zip(widths, widths[1:], strict=False)]
    biases = [make.normal(b, dtype=dtype) for b in widths[1:]]
    w, u, b = layers.blocks(weights, biases)
    swapped = layers.blocks(weights[:1] + [weight.T for weight in weights[1:]], biases)[0].T if square(widths) else w.T
    forms = {
        "w": {"blocks-below-the-diagonal": [w.T, swapped]},
        "u": {"blocks-input-everywhere": [weights[0].double().repeat(1, len(biases))] if square(widths) else [],
              "blocks-input-at-the-end": [u.roll(widths[-1], dims=1)]},
        "b": {"blocks-bias-reversed": [torch.cat(biases[::-1]).double()],
              "blocks-bias-once": [torch.cat([biases[0].double(), 0 * b[len(biases[0]):]])]},
    }  # fmt: skip

    def check(answer: Any) -> None:
        for place, (name, true) in enumerate(zip("wub", (w, u, b), strict=True)):
            assert_value(one_of(answer, place, "w u b"), true, name=name, inputs=dtype, forms=forms[name])

    check(student.implicit.as_equilibrium(weights=weights, biases=biases))


def square(widths: tuple[int, ...]) -> bool:
    return len(set(widths[1:])) == 1


@item("as_equilibrium")
def test_a_net_of_three_layers_is_an_equilibrium(student, make):
    check_blocks(student, make, 3, 4, 2, 5)


### BEGIN HIDDEN TESTS
@item("as_equilibrium")
def test_a_net_of_one_layer_is_an_equilibrium_without_feedback(student, make):
    check_blocks(student, make, 3, 4)


@item("as_equilibrium")
def test_a_net_of_four_layers_of_one_width_is_an_equilibrium(student, make):
    check_blocks(student, make, 2, 3, 3, 3, 3, dtype=torch.float32)


@item("as_equilibrium")
def test_the_equilibrium_of_a_net_is_what_the_net_computes(student, make):
    widths = (3, 5, 4, 2)
    weights = [make.normal(a, b) for a, b in zip(widths, widths[1:], strict=False)]
    biases, x = [make.normal(b) for b in widths[1:]], make.normal(6, 3)
    w, u, b = (one_of(student.implicit.as_equilibrium(weights=weights, biases=biases), i, "w u b") for i in range(3))
    hidden = [x]
    for weight, bias in zip(weights, biases, strict=True):
        hidden.append(torch.tanh(hidden[-1] @ weight + bias))
    if not (isinstance(w, torch.Tensor) and w.shape == (11, 11) and u.shape == (3, 11) and b.shape == (11,)):
        raise Mismatch("w, u and b must have the shapes (H, H), (D, H) and (H,), H being the sum of all layers' sizes")
    assert_value(layers.equilibrium(x, w, u, b, steps=3), torch.cat(hidden[1:], dim=1), name="the layers' values")


### END HIDDEN TESTS


# The argmin


def check_ridge(student, make, N: int, D: int, reg: float, dtype=torch.float64, spread: bool = False) -> None:
    x, y, g = make.normal(N, D, dtype=dtype), make.normal(N, dtype=dtype), make.normal(D, dtype=dtype)
    weight = torch.tensor(reg, dtype=torch.float64)
    w = layers.ridge(x.double(), y.double(), weight).to(dtype)
    _, grad_y, grad_reg = pull(layers.ridge, g, x, y, weight)
    true = [grad_reg, grad_y]

    def check(answer: Any) -> None:
        for place, name in enumerate(("grad_reg", "grad_y")):
            assert_grad(one_of(answer, place, "grad_reg grad_y"), true[place], name=name, inputs=dtype, condition=256.0,
                        batch=N, forms=layers.ridge_forms(g, x, w, reg, place))  # fmt: skip

    given = {"grad_w": g, "x": spread_out(x) if spread else x, "w": w, "reg": reg}
    asked_twice(student, student.implicit.ridge_backward, given, check)


@item("ridge_backward")
def test_the_gradients_of_the_penalty_and_the_targets_match_autograd(student, make):
    check_ridge(student, make, 7, 4, 0.3)


### BEGIN HIDDEN TESTS
@item("ridge_backward")
def test_the_gradients_with_fewer_rows_than_unknowns_match_autograd(student, make):
    check_ridge(student, make, 3, 5, 0.7, spread=True)


@item("ridge_backward")
def test_the_gradients_under_a_large_penalty_match_autograd(student, make):
    check_ridge(student, make, 9, 2, 20.0)


@item("ridge_backward")
def test_the_gradients_in_float32_match_autograd(student, make):
    check_ridge(student, make, 8, 3, 0.5, dtype=torch.float32, spread=True)


### END HIDDEN TESTS


# The eigendecomposition


def symmetric_matrix(make, n: int, gap: float = 0.7) -> torch.Tensor:
    """(n, n), symmetric, with eigenvalues of both signs that are at least `gap` apart."""
    values = torch.cumsum(gap + make.uniform(n), 0)
    turn = torch.linalg.qr(make.normal(n, n))[0]
    return turn @ torch.diag(values - values.mean() - 0.1) @ turn.T


def check_eigen(student, make, n: int, dtype=torch.float64, flip: bool = False, gap: float = 0.7) -> None:
    a = symmetric_matrix(make, n, gap)
    a = (a + a.T) / 2
    gl, gv = make.normal(n, dtype=dtype), make.normal(n, n, dtype=dtype)
    values, vectors = torch.linalg.eigh(a)
    signs = torch.where(torch.arange(n) % 2 == 0, -1.0, 1.0).double() if flip else torch.ones(n).double()
    true = layers.eigen(gl, gv, a, signs)
    values, vectors = values.to(dtype), (vectors * signs).to(dtype)
    asked = {"grad_values": gl, "grad_vectors": gv, "values": values, "vectors": vectors}
    asked_twice(student, student.implicit.eigh_backward, all_spread_out(asked) if flip else asked,
                lambda answer: assert_grad(answer, true, name="grad_a", inputs=dtype, condition=256.0,
                                           forms=layers.eigen_forms(gl, gv, values, vectors)))  # fmt: skip


@item("eigh_backward")
def test_the_gradient_through_eigenvalues_and_vectors_matches_autograd(student, make):
    check_eigen(student, make, 4)


def differentiates_at_all(student, make) -> None:
    values, vectors = torch.linalg.eigh(symmetric_matrix(make, 3))
    asked = {"grad_values": make.normal(3), "grad_vectors": make.normal(3, 3), "values": values, "vectors": vectors}
    answers_at_all(student.implicit.eigh_backward, **asked)


@item("eigh_backward")
def test_a_repeated_eigenvalue_is_refused(student, make):
    differentiates_at_all(student, make)
    asked = {"grad_values": make.normal(3), "grad_vectors": make.normal(3, 3), "values": torch.tensor([1.0, 1.0, 2.0])}
    asked = {name: value.double() for name, value in asked.items()} | {"vectors": torch.linalg.qr(make.normal(3, 3))[0]}
    refuses(lambda: student.implicit.eigh_backward(**asked), "repeated", "two equal eigenvalues")


### BEGIN HIDDEN TESTS
@item("eigh_backward")
def test_vectors_of_the_other_sign_lead_to_the_gradient_that_goes_with_them(student, make):
    check_eigen(student, make, 5, flip=True)


@item("eigh_backward")
def test_the_gradient_of_a_two_by_two_matrix_in_float32_matches_autograd(student, make):
    check_eigen(student, make, 2, dtype=torch.float32)


@item("eigh_backward")
def test_a_matrix_of_one_entry_is_its_own_eigenvalue(student, make):
    check_eigen(student, make, 1)


@item("eigh_backward")
def test_eigenvalues_that_differ_only_by_rounding_are_refused_whatever_their_size(student, make):
    differentiates_at_all(student, make)
    for size in (1.0, 1e-6, 1e5):
        values = size * torch.tensor([-1.0, 0.5, 0.5 + 1e-15, 2.0], dtype=torch.float64)
        asked = {"grad_values": make.normal(4), "grad_vectors": make.normal(4, 4), "values": values}
        asked["vectors"] = torch.linalg.qr(make.normal(4, 4))[0]
        refuses(lambda asked=asked: student.implicit.eigh_backward(**asked), "repeated", f"values near {size:g}")
    for name, told in (("nothing but zeros", [0.0, 0.0, 0.0, 0.0]),
                       ("all of them below zero", [-2.0, -0.5 - 1e-15, -0.5, -0.1]),
                       ("two that are nothing beside the largest", [-0.5, 1e-12, 2e-12, 1.0])):  # fmt: skip
        given = asked | {"values": torch.tensor(told).double()}
        refuses(lambda given=given: student.implicit.eigh_backward(**given), "repeated", name)
    single = {name: value.float() for name, value in asked.items()}
    single["values"] = torch.tensor([-1.0, 0.5, 0.5 + 1e-7, 2.0])
    refuses(lambda: student.implicit.eigh_backward(**single), "repeated", "values in single precision")


@item("eigh_backward")
def test_eigenvalues_that_are_close_or_small_are_not_refused(student, make):
    vectors = torch.linalg.qr(make.normal(3, 3))[0]
    for values, dtype in CLOSE:
        given = torch.tensor(values, dtype=torch.float64)
        asked = {"grad_values": make.normal(3), "grad_vectors": make.normal(3, 3), "values": given}
        asked = {name: value.to(dtype) for name, value in (asked | {"vectors": vectors}).items()}
        answer = answered(student.implicit.eigh_backward, **asked)
        asked = {name: value.double() for name, value in asked.items()}
        assert_grad(answer, closed(*asked.values()), name="grad_a", inputs=dtype, condition=64.0,
                    forms=layers.eigen_forms(*asked.values()))  # fmt: skip


CLOSE = [
    ([1e-7, 2e-7, 4e-7], torch.float64), ([1.0, 1.001, 3.0], torch.float64), ([-1.0, 0.0, 1.0], torch.float64),
    ([1.0, 1.0 + 1e-7, 3.0], torch.float64), ([1.0, 1.01, 3.0], torch.float32),
]  # fmt: skip


def closed(gl: torch.Tensor, gv: torch.Tensor, values: torch.Tensor, vectors: torch.Tensor) -> torch.Tensor:
    """Perturbation theory, a pair of vectors at a time: no eigendecomposition, so none of its rounding."""
    total = torch.zeros(len(values), len(values), dtype=torch.float64)
    for i in range(len(values)):
        total += gl[i] * torch.outer(vectors[:, i], vectors[:, i])
        for j in range(len(values)):
            if i != j:
                pair = torch.outer(vectors[:, j], vectors[:, i])
                total += gv[:, i] @ vectors[:, j] / (values[i] - values[j]) * (pair + pair.T) / 2
    return total


### END HIDDEN TESTS


# The camera


def scene(make, n: int, noise: float) -> dict[str, torch.Tensor]:
    """Points near the corners of a cube, where a camera sees them (with noise), and the camera's true pose."""
    corners = torch.cartesian_prod(*[torch.tensor([-1.0, 1.0], dtype=torch.float64)] * 3)
    order = torch.argsort(make.uniform(8))
    points = corners[order].repeat(2, 1)[:n] + make.uniform(n, 3, low=-0.3, high=0.3)
    pose = torch.cat([make.uniform(3, low=-0.4, high=0.4), make.uniform(3, low=-0.3, high=0.3)])
    pose[5] += 5.0
    image = layers.camera.project(pose, points) + make.normal(n, 2, scale=noise)
    return {"points": points, "image": image, "pose": pose}


def check_pose(answer: Any, true: torch.Tensor, given: dict[str, torch.Tensor]) -> None:
    if answer is None:
        raise Missing("the pose is not returned yet (it is None)")
    forms = {"pose-not-moved": [given["start"]], "pose-one-step": [one_step(given)]}
    assert_value(answer, true, name="pose", condition=256.0, forms=forms)


def one_step(given: dict[str, torch.Tensor]) -> torch.Tensor:
    start, points = given["start"], given["points"]
    J = layers.camera.slopes(start, points).flatten(0, 1)
    residual = (given["image"] - layers.camera.project(start, points)).flatten()
    return start + torch.linalg.lstsq(J, residual[:, None]).solution[:, 0]


def find_pose(student, make, n: int, noise: float, spread: bool = False) -> None:
    drawn = scene(make, n, noise)
    given = {"points": drawn["points"], "image": drawn["image"], "start": drawn["pose"] + make.normal(6, scale=0.05)}
    given["tol"] = 1e-13  # steps shrink by a factor each: what is left is smaller still
    true = layers.best_pose(drawn["points"], drawn["image"], drawn["pose"])
    asked = all_spread_out(given) if spread else given
    asked_twice(student, student.implicit.pose_solve, asked, lambda answer: check_pose(answer, true, given))


@item("pose_solve")
def test_the_pose_is_found_where_the_points_fit_exactly(student, make):
    find_pose(student, make, 6, 0.0)


@item("pose_solve")
def test_the_best_pose_is_found_where_no_pose_fits(student, make):
    find_pose(student, make, 7, 0.01)


### BEGIN HIDDEN TESTS
@item("pose_solve")
def test_the_best_pose_is_found_from_many_points(student, make):
    find_pose(student, make, 14, 0.02, spread=True)


@item("pose_solve")
def test_a_solver_that_is_not_there_yet_says_so(student, make):
    drawn = scene(make, 6, 0.01)
    given = {"points": drawn["points"], "image": drawn["image"], "start": drawn["pose"] + 0.1}
    answers_at_all(student.implicit.pose_solve, **given)
    refuses(lambda: student.implicit.pose_solve(**given, max_steps=2), "converge", "two steps from a start far off")


@item("pose_solve")
def test_two_points_do_not_tell_a_pose(student, make):
    drawn = scene(make, 6, 0.0)
    answers_at_all(student.implicit.pose_solve, points=drawn["points"], image=drawn["image"], start=drawn["pose"])
    drawn = scene(make, 2, 0.0)
    given = {"points": drawn["points"], "image": drawn["image"], "start": drawn["pose"] + make.normal(6, scale=0.02)}
    # that `solve` lets torch's own error through has cost its own item already
    refuses(lambda: student.implicit.pose_solve(**given), "singular converge", "two points for six unknowns",
            (*REFUSALS, *TORCH_REFUSALS))  # fmt: skip


### END HIDDEN TESTS


def check_pose_backward(student, make, n: int, noise: float, spread: bool = False) -> None:
    drawn = scene(make, n, noise)
    pose = layers.best_pose(drawn["points"], drawn["image"], drawn["pose"])
    given = {"grad_pose": make.normal(6), "pose": pose, "points": drawn["points"], "image": drawn["image"]}
    true = layers.pose_pull(**given)
    asked_twice(student, student.implicit.pose_backward, all_spread_out(given) if spread else given,
                lambda answer: assert_grad(answer, true, name="grad_image", condition=512.0,
                                           clues=lambda: {"forms": layers.pose_forms(**given)}))  # fmt: skip


@item("pose_backward")
def test_the_gradient_of_the_image_points_matches_autograd(student, make):
    check_pose_backward(student, make, 6, 0.03)


### BEGIN HIDDEN TESTS
@item("pose_backward")
def test_the_gradient_of_many_image_points_matches_autograd(student, make):
    check_pose_backward(student, make, 13, 0.05, spread=True)


@item("pose_backward")
def test_the_gradient_of_the_image_points_matches_the_solver_nudged(student, make):
    """No derivative of any kind: the best pose for the image points moved up and down, found anew."""
    drawn = scene(make, 7, 0.04)
    points, image = drawn["points"], drawn["image"]
    pose = layers.best_pose(points, image, drawn["pose"])
    g, nudge, h = make.normal(6), make.normal(7, 2), 1e-4
    answer = student.implicit.pose_backward(grad_pose=g, pose=pose, points=points, image=image)
    true = layers.pose_pull(g, pose, points, image)
    assert_grad(answer, true, name="grad_image", condition=512.0,
                clues=lambda: {"forms": layers.pose_forms(g, pose, points, image)})  # fmt: skip
    ends = [layers.best_pose(points, image + sign * h * nudge, pose) for sign in (1, -1)]
    moved = (g @ (ends[0] - ends[1])) / (2 * h)
    off = abs(float((answer.double() * nudge).sum() - moved))
    if off > 1e-4 * float((true * nudge).abs().sum()):
        raise Mismatch("the gradient does not foretell how the pose moves when the image points do")


### END HIDDEN TESTS


def check_covariance(student, make, n: int, sigma: float, dtype=torch.float64) -> None:
    derivative = make.normal(6, n, 2, dtype=dtype)
    true = sigma**2 * sum(torch.outer(column, column) for column in derivative.double().flatten(1).T)
    asked_twice(student, student.implicit.pose_covariance, {"derivative": derivative, "sigma": sigma},
                lambda answer: assert_value(answer, true, name="covariance", inputs=dtype, condition=8.0,
                                            forms=layers.covariance_forms(derivative, sigma)))  # fmt: skip


@item("pose_covariance")
def test_the_covariance_of_the_pose_adds_up_over_all_coordinates(student, make):
    check_covariance(student, make, 5, 0.3)


### BEGIN HIDDEN TESTS
@item("pose_covariance")
def test_the_covariance_of_the_pose_from_three_points_in_float32(student, make):
    check_covariance(student, make, 3, 2.5, dtype=torch.float32)


@item("pose_covariance")
def test_the_covariance_of_the_pose_under_tiny_noise(student, make):
    check_covariance(student, make, 8, 1e-3)


### END HIDDEN TESTS
