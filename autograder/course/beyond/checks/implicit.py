"""What implicit layers must do: a solve, a fixed point, the argmin, eigenvectors, a camera."""

from __future__ import annotations

from typing import Any

import torch

from toolbox.checks.compare import as_tensor, assert_grad, assert_value
from toolbox.checks.diagnose import verdicts_only
from toolbox.checks.reference import implicit as layers
from toolbox.checks.reference.tensor import pull
from toolbox.checks.suite import item
from toolbox.errors import Malformed, Mismatch, Missing, Raised

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


def no_number(call) -> None:
    """Where nothing is right, the call raises an error or gives nan or inf; any number would be taken for an answer."""
    try:
        answer = call()
    except Raised:
        return
    if answer is None:
        raise Missing("nothing is returned yet")
    parts = answer if isinstance(answer, list | tuple) else [answer]
    if all(bool(as_tensor(part, "the answer").isfinite().all()) for part in parts):
        raise Mismatch("the system is singular, and numbers came back: raise an error", diagnosis=["no-clear-error"])


# Predicted by hand


def predicts(student, key: str, true: float, **forms: float | tuple[float, ...]) -> None:
    """Compare one entry of the notebook's `predicted_implicit` with the truth."""
    found = student.value("predicted_implicit")
    if not isinstance(found, dict):
        raise Malformed("`predicted_implicit` must be a dict that maps names to numbers")
    if found.get(key) is None:
        raise Missing(f"predicted_implicit[{key!r}] is not filled in yet")
    values = {name.replace("_", "-"): form if isinstance(form, tuple) else (form,) for name, form in forms.items()}
    forms = {name: [torch.tensor(float(value)) for value in form] for name, form in values.items()}
    assert_value(found[key], torch.tensor(true, dtype=torch.float64), name=key, inputs=torch.float32, forms=forms)


@item("implicit_by_hand", says="the predicted slope of the circle is right")
def test_the_slope_of_the_circle_is_foreseen(student, make):
    predicts(student, "circle", -0.75, implicit_minus_missing=0.75, implicit_upside_down=(-4 / 3, 4 / 3),
             implicit_one_side=(-1.2, 1.2, 1.6, -1.6))  # fmt: skip


@item("implicit_by_hand", says="the predicted slope of the linear fixed point is right")
def test_the_slope_of_the_linear_fixed_point_is_foreseen(student, make):
    predicts(student, "linear", 10.0, implicit_feedback_missing=1.0, implicit_upside_down=0.1,
             implicit_feedback_sign=1 / 1.9, implicit_one_step=(1.9, 0.9))  # fmt: skip


@item("implicit_by_hand", says="the predicted slope of the square root is right")
def test_the_slope_of_the_square_root_is_foreseen(student, make):
    predicts(student, "root", 0.25, implicit_value_for_slope=2.0, implicit_upside_down=4.0,
             implicit_feedback_partial=0.5, implicit_minus_missing=-0.25)  # fmt: skip


### BEGIN HIDDEN TESTS
@item("implicit_by_hand", says="the predicted number of steps at a contraction of 0.99 is right")
def test_the_number_of_steps_at_a_contraction_of_099_is_foreseen(student, make):
    predicts(student, "steps", 1375, steps_off_by_one=(1374, 1376), steps_of_the_wrong_logarithm=(597, 598, 596, 1983))


@item("implicit_by_hand", says="what unrolling keeps is predicted correctly")
def test_what_unrolling_keeps_is_foreseen(student, make):
    """The number of steps is given in the text, so that one mistake does not cost two marks."""
    predicts(student, "kept", 1000 * 32 * 100, kept_without_steps=32 * 100,
             kept_without_batch=(1000 * 100, 100 * 100 * 1000),
             kept_in_bytes=(4 * 3_200_000, 8 * 3_200_000))  # fmt: skip


### END HIDDEN TESTS


# The linear solve


def system(make, *shape: int) -> torch.Tensor:
    """Systems that are well away from singular, and not symmetric."""
    return torch.eye(shape[-1], dtype=torch.float64) * 3 + make.normal(*shape, scale=0.8 / shape[-1] ** 0.5)


def nearly_singular(make, n: int, dtype=torch.float64) -> torch.Tensor:
    """(n, n): a combination of its columns is zero but for rounding, though neither an entry nor its determinant
    shows it.
    """
    while True:
        a = make.normal(n, n)
        a[:, -1] = a[:, :-1] @ make.uniform(n - 1, low=0.5, high=1.5)
        if torch.linalg.det(a.to(dtype)).abs() > 0.01 * torch.finfo(dtype).eps:
            return a.to(dtype)


def solves_at_all(student, make) -> None:
    answers_at_all(student.implicit.solve, system=system(make, 3, 3), right=make.normal(3, 1))


def check_solution(answer: Any, a: torch.Tensor, right: torch.Tensor, batch: int | None = None) -> None:
    """batch: 1 where too many mistakes look alike to name one."""
    wide, goal = a.double(), right.double()
    true = torch.linalg.inv(wide) @ goal
    assert_value(answer, true, name="solution", inputs=a.dtype, condition=64.0, batch=batch)


@item("solve")
def test_a_system_is_solved(student, make):
    a, right = system(make, 4, 4), make.normal(4, 2)
    check_solution(answered(student.implicit.solve, system=a, right=right), a, right)


@item("solve")
def test_a_singular_system_is_refused(student, make):
    solves_at_all(student, make)
    singular = torch.tensor([[1.0, 2.0], [2.0, 4.0]], dtype=torch.float64)
    refuses(lambda: student.implicit.solve(system=singular, right=make.normal(2, 1)), "singular", "a singular system")


### BEGIN HIDDEN TESTS
@item("solve")
def test_a_batch_of_systems_is_solved_in_float32(student, make):
    a, right = system(make, 5, 3, 3).float(), make.normal(5, 3, 1).float()
    check_solution(answered(student.implicit.solve, system=a, right=right), a, right)


@item("solve", says="a system that is singular except for rounding is refused")
def test_a_system_that_is_singular_but_for_rounding_is_refused(student, make):
    solves_at_all(student, make)
    for n, dtype in ((3, torch.float64), (6, torch.float64), (5, torch.float32)):
        asked = {"system": nearly_singular(make, n, dtype), "right": make.normal(n, 1, dtype=dtype)}
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


@item("solve", says="small numbers do not make a system singular")
def test_small_numbers_are_no_singular_system(student, make):
    """A determinant of 1e-20, or a condition number of ten million, is nothing to refuse."""
    a, right = 1e-4 * system(make, 5, 5), make.normal(5, 1)
    check_solution(answered(student.implicit.solve, system=a, right=right), a, right)
    a = torch.diag(torch.tensor([1.0, 1e-3, 1e-7], dtype=torch.float64))
    right = make.normal(3, 1)
    check_solution(answered(student.implicit.solve, system=a, right=right), a, right)


@item("solve", says="the limit between singular and regular is where the text puts it")
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
    """w, u, b, x, with w of spectral norm 0.8: every start leads to one fixed point, in some dozens of steps.

    One unit reads no other and settles at once, and so does the first of several rows: no unit and no row speaks for
    all.
    """
    one, other = (torch.linalg.qr(make.normal(H, H))[0] for _ in range(2))
    w = one @ torch.diag(torch.linspace(0.8, 0.7, H).double()) @ other
    if H > 1:
        w[:, -1] = 0
    u, x, b = make.normal(D, H, scale=0.35 / D**0.5), make.normal(N, D), make.normal(H, scale=0.35)
    given = {"w": w, "u": u, "b": -x[0] @ u if N > 1 else b, "x": x}
    return {name: value.to(dtype) for name, value in given.items()}


def check_equilibrium(answer: Any, given: dict[str, torch.Tensor]) -> None:
    if answer is None:
        raise Missing("z is not returned yet (it is None)")
    told = [given[name] for name in ("x", "w", "u", "b")]
    assert_value(answer, layers.equilibrium(*told), name="z", inputs=told[0].dtype, condition=8.0)


def finds_any(student, make) -> None:
    """Who cannot find a fixed point at all is told so, and not that an error is missing."""
    given = equilibrium_layer(make, 2, 3, 4)
    check_equilibrium(answered(student.implicit.deq_solve, **given, tol=1e-15), given)


@item("deq_solve")
def test_the_fixed_point_is_found(student, make):
    given = equilibrium_layer(make, 4, 3, 5)
    check_equilibrium(answered(student.implicit.deq_solve, **given, tol=1e-15), given)


@item("deq_solve", says="an iteration that jumps back and forth is refused")
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
def test_the_fixed_point_of_one_row_is_found(student, make):
    given = equilibrium_layer(make, 1, 4, 6)
    check_equilibrium(answered(student.implicit.deq_solve, **given, tol=1e-15), given)


@item("deq_solve", says="there are as many steps as are needed, and as are allowed")
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
    weights = [weight / weight.abs().sum(dim=0) for weight in weights]  # no value moves by 1 or more
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


@item("deq_solve", says="one slow number among many is enough to continue")
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


@item("deq_solve", says="nan is not accepted as an answer")
def test_nan_is_not_taken_for_an_answer(student, make):
    finds_any(student, make)
    given = equilibrium_layer(make, 3, 2, 4)
    given["x"][1, 0] = torch.nan
    refuses(lambda: student.implicit.deq_solve(**given), "converge", "nan among the inputs")


### END HIDDEN TESTS


def check_adjoint(student, make, N: int, H: int, dtype=torch.float64) -> None:
    given = equilibrium_layer(make, N, 3, H)
    z = layers.equilibrium(given["x"], given["w"], given["u"], given["b"]).to(dtype)
    w, g = given["w"].to(dtype), make.normal(N, H, dtype=dtype)
    answer = answered(student.implicit.deq_adjoint, grad_z=g, z=z, w=w)
    assert_grad(answer, layers.adjoint(g, z, w), name="grad_a", inputs=dtype, condition=32.0,
                terms=g.abs().max().item())  # fmt: skip  # 1 - z * z loses digits where z is near 1


@item("deq_adjoint")
def test_the_gradient_at_a_matches_unrolling(student, make):
    check_adjoint(student, make, 4, 5)


### BEGIN HIDDEN TESTS
@item("deq_adjoint")
def test_the_gradient_at_a_of_a_single_row_matches_unrolling(student, make):
    check_adjoint(student, make, 1, 4)


@item("deq_adjoint", says="the gradient at a is right where repeated steps would not converge")
def test_the_gradient_at_a_where_steps_do_not_converge(student, make):
    for dtype in (torch.float64, torch.float32):
        solved(student, make, torch.tensor([[3.0, 0.5], [-1.0, -4.0]], dtype=dtype))


def solved(student, make, w) -> None:
    """Compare the gradient at a with what a solver of systems finds; no mistake is named."""
    z, g = torch.tensor([[0.1, -0.3], [0.2, 0.4]], dtype=w.dtype), make.normal(2, 2, dtype=w.dtype)
    slope = 1 - z.double() ** 2
    system = torch.eye(2).double() - w.double() * slope[:, None]
    true = torch.linalg.solve(system, g.double()[:, :, None])[:, :, 0] * slope
    answer = answered(student.implicit.deq_adjoint, grad_z=g, z=z, w=w)
    with verdicts_only():
        assert_grad(answer, true, name="grad_a", inputs=w.dtype, condition=64.0)


@item("deq_adjoint", says="where the system is singular, no number is returned")
def test_a_singular_system_of_the_adjoint_gives_no_number(student, make):
    solved(student, make, torch.tensor([[0.3, 0.1], [-0.2, 0.2]]).double())  # else it is not the missing error
    no_number(lambda: student.implicit.deq_adjoint(
        grad_z=torch.ones(1, 2).double(), z=torch.zeros(1, 2).double(), w=torch.eye(2).double()))  # fmt: skip


@item("deq_adjoint")
def test_the_gradient_at_a_of_many_rows_in_float32_matches_unrolling(student, make):
    check_adjoint(student, make, 7, 3, dtype=torch.float32)


### END HIDDEN TESTS


def check_deq_grads(student, make, N: int, D: int, H: int, dtype=torch.float64) -> None:
    x, u, b = make.normal(N, D, dtype=dtype), make.normal(D, H, dtype=dtype), make.normal(H, dtype=dtype)
    z, w, g = torch.tanh(make.normal(N, H, dtype=dtype)), make.normal(H, H, dtype=dtype), make.normal(N, H, dtype=dtype)
    true = pull(lambda x, w, u, b: z.double() @ w + x @ u + b, g, x, w, u, b)

    answer, names = answered(student.implicit.deq_grads, grad_a=g, z=z, x=x, u=u), "grad_x grad_w grad_u grad_b"
    for place, name in enumerate(names.split()):
        assert_grad(one_of(answer, place, names), true[place], name=name, inputs=dtype, condition=8.0, batch=N,
                    upstream=g if place == 3 else None)  # fmt: skip


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
    answer = student.implicit.as_equilibrium(weights=weights, biases=biases)
    for place, (name, true) in enumerate(zip("wub", layers.blocks(weights, biases), strict=True)):
        assert_value(one_of(answer, place, "w u b"), true, name=name, inputs=dtype)


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
def test_a_net_of_four_layers_of_different_widths_is_an_equilibrium(student, make):
    with verdicts_only():
        check_blocks(student, make, 3, 2, 4, 3, 5)


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


def check_ridge(student, make, N: int, D: int, reg: float, dtype=torch.float64) -> None:
    x, y, g = make.normal(N, D, dtype=dtype), make.normal(N, dtype=dtype), make.normal(D, dtype=dtype)
    weight = torch.tensor(reg, dtype=torch.float64)
    w = layers.ridge(x.double(), y.double(), weight).to(dtype)
    _, grad_y, grad_reg = pull(layers.ridge, g, x, y, weight)
    answer = answered(student.implicit.ridge_backward, grad_w=g, x=x, w=w, reg=reg)
    for place, (name, true) in enumerate((("grad_reg", grad_reg), ("grad_y", grad_y))):
        assert_grad(one_of(answer, place, "grad_reg grad_y"), true, name=name, inputs=dtype, condition=256.0, batch=N)


@item("ridge_backward")
def test_the_gradients_of_the_penalty_and_the_targets_match_autograd(student, make):
    check_ridge(student, make, 7, 4, 0.3)


### BEGIN HIDDEN TESTS
@item("ridge_backward")
def test_the_gradients_with_fewer_rows_than_unknowns_match_autograd(student, make):
    check_ridge(student, make, 3, 5, 0.7)


@item("ridge_backward")
def test_the_gradients_under_a_large_penalty_match_autograd(student, make):
    check_ridge(student, make, 9, 2, 20.0)


@item("ridge_backward")
def test_the_gradients_in_float32_match_autograd(student, make):
    check_ridge(student, make, 8, 3, 0.5, dtype=torch.float32)


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
    values, vectors = torch.linalg.eigh(a)
    # how each vector should turn towards each other one: of two, never the same way, or they would cancel
    turns = make.uniform(n, n, low=0.3, high=2.0) * (torch.ones(n, n).triu() * 2 - 1)
    gl, gv = make.normal(n, dtype=dtype), (vectors @ turns).to(dtype)
    signs = torch.where(torch.arange(n) % 2 == 0, -1.0, 1.0).double() if flip else torch.ones(n).double()
    true = layers.eigen(gl, gv, a, signs)
    values, vectors = values.to(dtype), (vectors * signs).to(dtype)
    asked = {"grad_values": gl, "grad_vectors": gv, "values": values, "vectors": vectors}
    assert_grad(answered(student.implicit.eigh_backward, **asked), true, name="grad_a", inputs=dtype, condition=256.0)


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
@item("eigh_backward", says="flipped eigenvectors lead to the gradient that belongs to them")
def test_vectors_of_the_other_sign_lead_to_the_gradient_that_goes_with_them(student, make):
    check_eigen(student, make, 5, flip=True)


@item("eigh_backward")
def test_the_gradient_of_a_two_by_two_matrix_in_float32_matches_autograd(student, make):
    check_eigen(student, make, 2, dtype=torch.float32)


@item("eigh_backward", says="a 1 × 1 matrix is its own eigenvalue")
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
        assert_grad(answer, closed(*asked.values()), name="grad_a", inputs=dtype, condition=64.0)


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


def find_pose(student, make, n: int, noise: float) -> None:
    drawn = scene(make, n, noise)
    given = {"points": drawn["points"], "image": drawn["image"], "start": drawn["pose"] + make.normal(6, scale=0.05)}
    given["tol"] = 1e-13  # steps shrink by a factor each: what is left is smaller still
    true = layers.best_pose(drawn["points"], drawn["image"], drawn["pose"])
    answer = answered(student.implicit.pose_solve, **given)
    if answer is None:
        raise Missing("the pose is not returned yet (it is None)")
    assert_value(answer, true, name="pose", condition=256.0)


@item("pose_solve")
def test_the_pose_is_found_where_the_points_fit_exactly(student, make):
    find_pose(student, make, 6, 0.0)


@item("pose_solve", says="the best pose is found where no pose fits exactly")
def test_the_best_pose_is_found_where_no_pose_fits(student, make):
    find_pose(student, make, 7, 0.01)


### BEGIN HIDDEN TESTS
@item("pose_solve")
def test_the_best_pose_is_found_from_many_points(student, make):
    find_pose(student, make, 14, 0.02)


@item("pose_solve", says="a solver that has not converged says so")
def test_a_solver_that_is_not_there_yet_says_so(student, make):
    drawn = scene(make, 6, 0.01)
    given = {"points": drawn["points"], "image": drawn["image"], "start": drawn["pose"] + 0.1}
    answers_at_all(student.implicit.pose_solve, **given)
    refuses(lambda: student.implicit.pose_solve(**given, max_steps=2), "converge", "two steps from a start far off")


@item("pose_solve", says="two points do not determine a pose")
def test_two_points_do_not_tell_a_pose(student, make):
    drawn = scene(make, 6, 0.0)
    answers_at_all(student.implicit.pose_solve, points=drawn["points"], image=drawn["image"], start=drawn["pose"])
    drawn = scene(make, 2, 0.0)
    given = {"points": drawn["points"], "image": drawn["image"], "start": drawn["pose"] + make.normal(6, scale=0.02)}
    # that `solve` lets torch's own error through has cost its own item already
    refuses(lambda: student.implicit.pose_solve(**given), "singular converge", "two points for six unknowns",
            (*REFUSALS, *TORCH_REFUSALS))  # fmt: skip


### END HIDDEN TESTS


def check_pose_backward(student, make, n: int, noise: float) -> None:
    drawn = scene(make, n, noise)
    pose = layers.best_pose(drawn["points"], drawn["image"], drawn["pose"])
    given = {"grad_pose": make.normal(6), "pose": pose, "points": drawn["points"], "image": drawn["image"]}
    answer = answered(student.implicit.pose_backward, **given)
    assert_grad(answer, layers.pose_pull(**given), name="grad_image", condition=512.0)


@item("pose_backward")
def test_the_gradient_of_the_image_points_matches_autograd(student, make):
    check_pose_backward(student, make, 6, 0.03)


### BEGIN HIDDEN TESTS
@item("pose_backward")
def test_the_gradient_of_many_image_points_matches_autograd(student, make):
    check_pose_backward(student, make, 13, 0.05)


@item("pose_backward", says="the gradient of the image points agrees with nudging")
def test_the_gradient_of_the_image_points_matches_the_solver_nudged(student, make):
    """No derivative of any kind: the best pose for the image points moved up and down, found anew."""
    drawn = scene(make, 7, 0.04)
    points, image = drawn["points"], drawn["image"]
    pose = layers.best_pose(points, image, drawn["pose"])
    g, nudge, h = make.normal(6), make.normal(7, 2), 1e-4
    answer = student.implicit.pose_backward(grad_pose=g, pose=pose, points=points, image=image)
    true = layers.pose_pull(g, pose, points, image)
    assert_grad(answer, true, name="grad_image", condition=512.0)
    ends = [layers.best_pose(points, image + sign * h * nudge, pose) for sign in (1, -1)]
    moved = (g @ (ends[0] - ends[1])) / (2 * h)
    off = abs(float((answer.double() * nudge).sum() - moved))
    if off > 1e-4 * float((true * nudge).abs().sum()):
        raise Mismatch("the gradient does not predict how the pose changes when the image points move")


### END HIDDEN TESTS


def check_covariance(student, make, n: int, sigma: float, dtype=torch.float64) -> None:
    derivative = make.normal(6, n, 2, dtype=dtype)
    true = sigma**2 * sum(torch.outer(column, column) for column in derivative.double().flatten(1).T)
    answer = answered(student.implicit.pose_covariance, derivative=derivative, sigma=sigma)
    assert_value(answer, true, name="covariance", inputs=dtype, condition=8.0)


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
