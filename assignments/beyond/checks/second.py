"""What second order must do: Hessians, their products, the R-operator, iterations, the gradient penalty."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import torch

from toolbox.checks.compare import as_tensor, assert_value
from toolbox.checks.diagnose import diagnose, verdicts_only
from toolbox.checks.reference.forward import push
from toolbox.checks.reference.models import usable
from toolbox.checks.reference.second import Net, hessian, hvp, penalty
from toolbox.checks.suite import item
from toolbox.errors import Malformed, Mismatch, Missing, Raised, Timeout
from toolbox.given import smooth_functions

from .forward import two

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
    x, function = make.normal(n, dtype=dtype, scale=0.7), getattr(smooth_functions, name)
    s = student.script()
    call = s.second_order.hessian(getattr(s.toolbox.smooth_functions, name), x)
    (answer,) = differentiated(student, s, call)
    assert_value(answer, hessian(function, x), name="hessian", inputs=dtype, condition=64.0)


@item("hessian", says="the Hessian of a function of neighbouring entries matches PyTorch")
def test_the_hessian_of_a_function_with_neighbours_matches_torch(student, make):
    curvature(student, make, "quartic", 4)


@item("hessian")
def test_the_hessian_of_a_function_of_all_entries_matches_torch(student, make):
    curvature(student, make, "valley", 3)


def products(student, make, name: str, shapes: list[tuple], dtype=torch.float64) -> None:
    inputs, vectors = ([make.normal(*shape, dtype=dtype, scale=0.8) for shape in shapes] for _ in "iv")
    s, function = student.script(), getattr(smooth_functions, name)
    call = s.second_order.hvp_twice(getattr(s.toolbox.smooth_functions, name), inputs, vectors)
    (answer,) = differentiated(student, s, call, flat=name.startswith("half"))
    if answer is None:
        raise Missing("nothing is returned yet: end the function with its `return` line")
    if not isinstance(answer, list | tuple) or len(answer) != len(shapes):
        raise Malformed(f"return a list of {len(shapes)} tensors, one for each input")
    for place, true in enumerate(hvp(function, inputs, vectors)):
        assert_value(answer[place], true, name=f"H v for input {place}", inputs=dtype, condition=64.0)


@item("hvp_twice", says="the Hessian-vector product for one input matches PyTorch")
def test_the_hessian_vector_product_for_one_input_matches_torch(student, make):
    products(student, make, "quartic", [(5,)])


@item("hvp_twice", says="the Hessian-vector product for two inputs matches PyTorch")
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
    assert_value(two(answer, 0), truth.r["h"], name="r_h", inputs=dtype, condition=16.0)


def check_rop_scores(answer: Any, truth: Net, dtype) -> None:
    theirs, r_h, given = two(answer, 0), truth.r["h"], truth.given
    own = []
    if isinstance(theirs, torch.Tensor) and usable(theirs, r_h):
        moving = [(truth.value["h"], theirs.double()), *((given[name], given[f"v_{name}"]) for name in ("w2", "b2"))]
        own = [push(lambda h, w2, b2: h @ w2 + b2, *zip(*moving, strict=True))[1]]
    assert_value(two(answer, 1), truth.r["scores"], name="r_scores", inputs=dtype, condition=16.0, accept=own)


def rop_forward(student, make, check: Callable, *sizes: int, dtype=torch.float64) -> None:
    truth = net(make, *sizes, dtype=dtype)
    check(student.second_order.rop_forward(**given_to(truth, "x h w2 v_w1 v_b1 v_w2 v_b2", dtype)), truth, dtype)


@item("rop_forward")
def test_the_tangent_of_the_hidden_layer_matches_forward_mode(student, make):
    rop_forward(student, make, check_rop_forward, 5, 3, 4, 2)


@item("rop_forward")
def test_the_tangent_of_the_scores_matches_forward_mode(student, make):
    rop_forward(student, make, check_rop_scores, 5, 3, 4, 2)


def rop_softmax(student, make, N: int, C: int, dtype=torch.float64, scale: float = 1.0) -> None:
    probs = torch.softmax(make.normal(N, C, scale=scale, dtype=dtype), dim=1)
    r_scores = make.normal(N, C, dtype=dtype)
    logs, r = probs.double().log(), r_scores.double()
    true = push(lambda scores: torch.softmax(scores, dim=1) / N, [logs], [r])[1]
    answer = student.second_order.rop_softmax(probs=probs, r_scores=r_scores)
    assert_value(answer, true, name="r_grad_scores", inputs=dtype, condition=64.0, batch=N)


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
    r, given = truth.r, truth.given
    reg, true = given["reg"], r[f"grad_{name}"]
    clues: dict[str, Any] = {"batch": len(given["x"])}
    if name[0] == "b":
        clues["upstream"] = r["grad_scores" if name == "b2" else "grad_a"]
    else:
        penalty = 2 * reg * given[f"v_{name}"]
        clues |= {"reg": reg, "parts": {"data": true - penalty, "reg": penalty}}
    assert_value(product_of(answer, name), true, name=f"H v for {name}", inputs=dtype, condition=64.0, **clues)


ROP_BACKWARD = "x h r_h grad_scores r_grad_scores w2 v_w1 v_w2 reg"


def rop_backward(student, make, names: str, *sizes: int, dtype=torch.float64) -> None:
    truth = net(make, *sizes, dtype=dtype)
    answer = student.second_order.rop_backward(**given_to(truth, ROP_BACKWARD, dtype))
    for name in names.split():
        check_rop_backward(answer, truth, name, dtype)


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
    product, kept = s.toolbox.smooth_functions.Products(matrix), s.keep(b)
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
        forms = {"cg-right-side-itself": [b], "cg-product-itself": [matrix @ b]}
        found = diagnose(x, true, 100 * tolerance, forms=forms)
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
    answer, after = s.fetch(
        s.second_order.power_iteration(s.toolbox.smooth_functions.Products(matrix), kept, **options), kept
    )
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
    call = s.toolbox.smooth_functions.trained_by(s.second_order.gradient_penalty, kept, [w1, w2])
    answer, after = differentiated(student, s, call, kept)
    value, *grads = penalty(x, [w1, w2])
    assert_value(answer["value"], value, name="penalty", inputs=dtype, condition=64.0)
    if answer["grads"] is None:
        raise Mismatch("the penalty's value is right, but autograd cannot go on from it to the parameters: "
                       "keep the graph of the gradient", diagnosis=["graph-not-kept"])  # fmt: skip
    for place, true in enumerate(grads):
        assert_value(answer["grads"][place], true, name=f"gradient of the penalty by w{place + 1}", inputs=dtype,
                     condition=64.0)  # fmt: skip
    if not torch.equal(after, x):
        raise Mismatch("x is not what it was: work on a copy", diagnosis=["input-changed"])


@item("gradient_penalty")
def test_the_penalty_and_its_gradient_match_torch(student, make):
    penalised(student, make, 5, 3, 4)
