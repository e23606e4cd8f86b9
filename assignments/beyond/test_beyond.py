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


@item("by_hand")
def test_the_middle_of_the_dual_computation_is_foreseen(student, make):
    foreseen(student, "q", 3)
    foreseen(student, "dq", 5, dual_term_missing=[2, 3], dual_tangents_only=[6])


@item("by_hand")
def test_the_passes_for_the_gradient_of_a_loss_are_foreseen(student, make):
    foreseen(student, "loss_forward", 7850, passes_of_other_mode=[1], passes_per_layer=[2])
    foreseen(student, "loss_reverse", 1, passes_of_other_mode=[7850], passes_per_layer=[2])


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


@item("dual_matmul")
def test_products_of_matrices_move_as_torch_says(student, make):
    binary(student, make, "matmul", (3, 4), (4, 2))


@item("dual_matmul")
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


def check_covariance(student, make, n: int, sigma: float, dtype=torch.float64) -> None:
    derivative = make.normal(6, n, 2, dtype=dtype)
    true = sigma**2 * sum(torch.outer(column, column) for column in derivative.double().flatten(1).T)
    asked_twice(student, student.implicit.pose_covariance, {"derivative": derivative, "sigma": sigma},
                lambda answer: assert_value(answer, true, name="covariance", inputs=dtype, condition=8.0,
                                            forms=layers.covariance_forms(derivative, sigma)))  # fmt: skip


@item("pose_covariance")
def test_the_covariance_of_the_pose_adds_up_over_all_coordinates(student, make):
    check_covariance(student, make, 5, 0.3)
