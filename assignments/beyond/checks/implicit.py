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


def check_pose_backward(student, make, n: int, noise: float) -> None:
    drawn = scene(make, n, noise)
    pose = layers.best_pose(drawn["points"], drawn["image"], drawn["pose"])
    given = {"grad_pose": make.normal(6), "pose": pose, "points": drawn["points"], "image": drawn["image"]}
    answer = answered(student.implicit.pose_backward, **given)
    assert_grad(answer, layers.pose_pull(**given), name="grad_image", condition=512.0)


@item("pose_backward")
def test_the_gradient_of_the_image_points_matches_autograd(student, make):
    check_pose_backward(student, make, 6, 0.03)


def check_covariance(student, make, n: int, sigma: float, dtype=torch.float64) -> None:
    derivative = make.normal(6, n, 2, dtype=dtype)
    true = sigma**2 * sum(torch.outer(column, column) for column in derivative.double().flatten(1).T)
    answer = answered(student.implicit.pose_covariance, derivative=derivative, sigma=sigma)
    assert_value(answer, true, name="covariance", inputs=dtype, condition=8.0)


@item("pose_covariance")
def test_the_covariance_of_the_pose_adds_up_over_all_coordinates(student, make):
    check_covariance(student, make, 5, 0.3)
