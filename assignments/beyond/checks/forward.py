"""What forward mode must do: Duals, directional derivatives, whole Jacobians."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import torch

from toolbox.checks.compare import as_tensor, assert_between, assert_value
from toolbox.checks.diagnose import verdicts_only
from toolbox.checks.reference.forward import OPERATIONS, UNARY, push
from toolbox.checks.suite import item
from toolbox.errors import Malformed, Mismatch, Missing, Raised
from toolbox.given.smooth_functions import Cubed, unmoved

# ---------------------------------------------------------------- forward mode


def noted(student, variable: str) -> dict[str, Any]:
    """A dict of the notebook. Raises Malformed for another form."""
    found = student.value(variable)
    if not isinstance(found, dict):
        raise Malformed(f"`{variable}` must be a dict that maps names to numbers")
    return found


def predicts(student, key: str, true: float, accept: list[torch.Tensor] | tuple = (), **forms: list[float]) -> None:
    """Compare one number of the notebook's `predicted` with the truth, or with what follows from the student's own."""
    found = noted(student, "predicted")
    if found.get(key) is None:
        raise Missing(f"predicted[{key!r}] is not filled in yet")
    wide = {name.replace("_", "-"): [torch.tensor(float(v)).double() for v in values] for name, values in forms.items()}
    assert_value(found[key], torch.tensor(float(true)).double(), name=key, forms=wide, accept=accept)


@item("by_hand", says="the predicted value and tangent of q are right")
def test_the_middle_of_the_dual_computation_is_foreseen(student, make):
    predicts(student, "q", 3)
    predicts(student, "dq", 5, dual_term_missing=[2, 3], dual_tangents_only=[6])


@item("by_hand", says="the predicted passes for the gradient of a loss are right")
def test_the_passes_for_the_gradient_of_a_loss_are_foreseen(student, make):
    predicts(student, "loss_forward", 7850, passes_of_other_mode=[1], passes_per_layer=[2])
    predicts(student, "loss_reverse", 1, passes_of_other_mode=[7850], passes_per_layer=[2])


def parts(found: list) -> list[torch.Tensor]:
    """[value, tangent] of what should be a Dual, from the name of its class and both. Raises Missing, Malformed."""
    kind, *both = found
    if kind == "NoneType":
        raise Missing("nothing is returned yet")
    if not all(isinstance(part, torch.Tensor) for part in both):
        raise Malformed(f"the result must be a Dual with two tensors; it is of type {kind}")
    return both


def moved(student, operation: Callable, *given: tuple[torch.Tensor, torch.Tensor]) -> list[torch.Tensor]:
    """[value, tangent] of an operation on the student's Duals. Raises Mismatch where it changes what went in."""
    s = student.script()
    duals = [s.forward_mode.Dual(value, tangent) for value, tangent in given]
    try:
        told = [s.facts.attributes(dual, ["value", "tangent"]) for dual in (operation(*duals), *duals)]
        answer, *after = map(parts, s.fetch(*told))
    except Raised as error:
        found = ["dual-shapes-differ"] if "has the shape of its value" in str(error) else []
        raise Raised(str(error), diagnosis=found) from None
    for before, now in zip(given, after, strict=True):
        if not all(torch.equal(a, b) for a, b in zip(before, now, strict=True)):
            raise Mismatch("the operation changed a number that went in: work on a copy", diagnosis=["input-changed"])
    return answer


def check_dual(
    answer: list, true: tuple[torch.Tensor, torch.Tensor], dtype, name: str, batch: int | None = None
) -> None:
    """batch: 1 where too many mistakes look alike to name one."""
    value, tangent = true
    assert_value(answer[0], value, name=f"value of {name}", inputs=dtype, condition=4.0)
    assert_value(answer[1], tangent, name=f"tangent of {name}", inputs=dtype, condition=16.0, batch=batch)


SIGNS = {"add": "a + b", "sub": "a - b", "mul": "a * b", "truediv": "a / b", "matmul": "a @ b"}


def binary(student, make, name: str, left: tuple, right: tuple, dtype=torch.float64) -> None:
    """One operation of two Duals of the given shapes; the right one stays away from 0."""
    (a, da), (b, db) = ((make.normal(*s, dtype=dtype), make.normal(*s, dtype=dtype)) for s in (left, right))
    b = b + 0.5 * torch.sign(b) if name == "truediv" else b
    answer = moved(student, getattr(operator, name), (a, da), (b, db))
    true = push(OPERATIONS[name], (a, b), (da, db))
    check_dual(answer, true, dtype, SIGNS[name])


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
    check_dual(answer, push(OPERATIONS[name], inputs, tangents), torch.float64, shown, batch=1)


@item("dual_arithmetic", says="sums and differences of Duals have the right tangents")
def test_sums_and_differences_of_duals_move_as_torch_says(student, make):
    for name in ("add", "sub"):
        binary(student, make, name, (4,), (4,))


@item("dual_arithmetic", says="products of Duals have the right tangents")
def test_products_of_duals_move_as_torch_says(student, make):
    binary(student, make, "mul", (2, 3), (2, 3))


@item("dual_arithmetic", says="quotients of Duals have the right tangents")
def test_quotients_of_duals_move_as_torch_says(student, make):
    binary(student, make, "truediv", (5,), (5,))


@item("dual_matmul", says="products of matrices have the right tangents")
def test_products_of_matrices_move_as_torch_says(student, make):
    binary(student, make, "matmul", (3, 4), (4, 2))


@item("dual_matmul", says="products of square matrices have the right tangents")
def test_products_of_square_matrices_move_as_torch_says(student, make):
    binary(student, make, "matmul", (3, 3), (3, 3))


def unary(student, make, name: str, shape: tuple, dtype=torch.float64) -> None:
    """exp, log, tanh or relu of a Dual, away from the kink and from the end of the logarithm."""
    a, da = make.normal(*shape), make.normal(*shape)
    a = a + 0.2 * torch.sign(a)
    a.view(-1)[0], a.view(-1)[-1] = 1.3, -a.view(-1)[-1].abs()  # both signs are there
    a = (a.abs() + 0.1 if name == "log" else a).to(dtype)
    da = da.to(dtype)
    answer = moved(student, lambda dual: getattr(dual, name)(), (a, da))
    check_dual(answer, push(UNARY[name], [a], [da]), dtype, f"a.{name}()")


def summed(student, make, shape: tuple, dim: int | None, keepdim: bool, dtype=torch.float64) -> None:
    a, da = make.normal(*shape, dtype=dtype), make.normal(*shape, dtype=dtype)
    answer = moved(student, lambda dual: dual.sum(dim=dim, keepdim=keepdim), (a, da))
    if dim is not None and isinstance(answer[0], torch.Tensor) and answer[0].dim() == 0:
        message = f"a.sum(dim={dim}, keepdim={keepdim}) is one number: it must be the sums along that axis alone"
        raise Mismatch(message, diagnosis=["summed-too-far"])
    true = push(lambda v: v.sum(dim=dim, keepdim=keepdim), [a], [da])
    check_dual(answer, true, dtype, f"a.sum(dim={dim}, keepdim={keepdim})")


@item("dual_functions", says="the exp of a Dual has the right tangent")
def test_exp_of_a_dual_moves_as_torch_says(student, make):
    unary(student, make, "exp", (5,))


@item("dual_functions", says="the log of a Dual has the right tangent")
def test_log_of_a_dual_moves_as_torch_says(student, make):
    unary(student, make, "log", (5,))


@item("dual_functions", says="the tanh of a Dual has the right tangent")
def test_tanh_of_a_dual_moves_as_torch_says(student, make):
    unary(student, make, "tanh", (5,))


@item("dual_functions", says="the ReLU of a Dual has the right tangent")
def test_relu_of_a_dual_moves_as_torch_says(student, make):
    unary(student, make, "relu", (8,))


@item("dual_functions", says="sums of a Dual along an axis have the right tangents")
def test_sums_of_a_dual_along_an_axis_move_as_torch_says(student, make):
    summed(student, make, (3, 4), 1, False)


def directional(student, make, shapes: list[tuple], out: tuple, dtype=torch.float64) -> None:
    """jvp of a function with known tangents, whatever the student's Duals can do."""
    size = torch.Size(out).numel()
    matrices = [make.normal(size, torch.Size(shape).numel()) / 2 for shape in shapes]
    inputs = [make.normal(*shape, dtype=dtype) for shape in shapes]
    tangents = [make.normal(*shape, dtype=dtype) for shape in shapes]
    s, function = student.script(), Cubed([matrix.to(dtype) for matrix in matrices], out)
    cubed = s.toolbox.smooth_functions.Cubed(function.matrices, list(out))
    (answer,) = s.fetch(s.forward_mode.jvp(cubed, inputs, tangents))
    true = push(function, inputs, tangents)
    for place, name in enumerate(("y", "dy")):
        assert_value(two(answer, place), true[place], name=name, inputs=dtype, condition=64.0)


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


def whole(student, make, y_shape: tuple, x_shape: tuple, forward: bool, dtype=torch.float64) -> None:
    """A Jacobian built of products with a known one, in as many products as it has columns or rows."""
    true = make.normal(*y_shape, *x_shape, dtype=dtype)
    at = make.normal(*(x_shape if forward else y_shape), dtype=dtype)
    at = at.mT.contiguous().mT if at.dim() > 1 else at  # column by column
    s = student.script()
    passes = s.toolbox.smooth_functions.Passes(true, len(y_shape), forward)
    build = s.forward_mode.jacobian_by_columns if forward else s.forward_mode.jacobian_by_rows
    answer, calls = s.fetch(build(passes, at), passes.calls)
    assert_value(answer, true, name="jacobian", inputs=dtype)
    if calls > at.numel():
        due = f"{at.numel()} {'columns' if forward else 'rows'}"
        raise Mismatch(f"{calls} passes for {due}", diagnosis=["jacobian-passes-wasted"])


@item("jacobians", says="the Jacobian of a vector function by columns is right")
def test_the_jacobian_by_columns_of_a_vector_function_is_whole(student, make):
    whole(student, make, (3,), (4,), forward=True)


@item("jacobians", says="the Jacobian of a vector function by rows is right")
def test_the_jacobian_by_rows_of_a_vector_function_is_whole(student, make):
    whole(student, make, (3,), (4,), forward=False)
