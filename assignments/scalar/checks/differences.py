"""What differences, the tangent plane and the steepest ascent must be."""

from __future__ import annotations

import torch

from toolbox.calling.callbacks import Given, Number, Numbers
from toolbox.checks.compare import assert_grad, assert_value
from toolbox.checks.diagnose import verdicts_only
from toolbox.checks.rows import Story
from toolbox.checks.suite import item
from toolbox.errors import Mismatch
from toolbox.given import curves

from .inputs import away_from_zero, filled, lists_stay

STORIES = [
    *(Story(name, "it takes a function") for name in ("one_sided", "symmetric", "numeric_gradient")),
    *(Story(name, "it takes lists of floats") for name in ("linear_approximation", "steepest_ascent")),
]


def cubic(make, falls: bool) -> tuple[list[float], float, float]:
    """Coefficients of a cubic, a place where it falls or climbs, and a step: no two differences agree there."""
    while True:
        coefficients, (x,), eps = (
            away_from_zero(make, 4),
            away_from_zero(make, 1),
            make.uniform(low=0.1, high=0.4).item(),
        )
        a, b, c, _ = coefficients
        slope, bend = 3 * a * x * x + 2 * b * x + c, (3 * a * x + b) * eps
        if (slope < 0) is not falls:
            continue
        if abs(slope) > 0.5 and abs(bend) > 0.05 and abs(slope + a * eps * eps) > 0.2 and abs(slope + bend) > 0.2:
            return coefficients, x, eps


def check_difference(student, make, name: str, falls: bool = True) -> None:
    """Compare a difference on a cubic with what it must be."""
    coefficients, x, eps = cubic(make, falls)
    a, b, c, _ = coefficients
    slope, bend, rest = 3 * a * x * x + 2 * b * x + c, (3 * a * x + b) * eps, a * eps * eps
    s = student.script()
    (answer,) = s.fetch(getattr(s.differences, name)(s.give(Given(curves.cubic(*coefficients), Number())), x, eps))
    true = torch.tensor(slope + rest + (bend if name == "one_sided" else 0.0), dtype=torch.float64)
    assert_grad(filled(answer, name), true, name="the slope")


@item("one_sided", says="the one-sided difference is right for a cubic")
def test_the_one_sided_difference_of_a_cubic(student, make):
    check_difference(student, make, "one_sided")


@item("symmetric", says="the symmetric difference is right for a cubic")
def test_the_symmetric_difference_of_a_cubic(student, make):
    check_difference(student, make, "symmetric")


def check_gradient(student, make, count: int, tiny: bool = False, equal: bool = False) -> None:
    """Compare the numeric gradient of a surface with the true one. equal: at a point with two equal coordinates."""
    cubes, squares, at = away_from_zero(make, count), away_from_zero(make, count), away_from_zero(make, count)
    (twist,), eps = away_from_zero(make, 1), 0.25
    at[-1] = at[-2] if equal else at[-1]
    at[0] = 1e-12 if tiny else 0.1  # lost, or another, where a step is added and taken off again

    def height(point: torch.Tensor) -> torch.Tensor:
        c, s = torch.tensor(cubes, dtype=torch.float64), torch.tensor(squares, dtype=torch.float64)
        return (c * point**3 + s * point**2).sum() + twist * point.prod()

    point = torch.tensor(at, dtype=torch.float64, requires_grad=True)
    (slope,) = torch.autograd.grad(height(point), point)
    true = slope + torch.tensor(cubes, dtype=torch.float64) * eps**2
    s = student.script()
    place = s.keep(list(at))
    function = s.give(Given(curves.surface(cubes, squares, twist), Numbers(count)))
    answer, after = s.fetch(s.differences.numeric_gradient(function, place, eps), place)
    assert_grad(filled(answer, "numeric_gradient"), true, name="the gradient")
    if at != after:  # to the last bit
        raise Mismatch("the point that was passed in has changed afterwards", diagnosis=["input-changed"])


@item("numeric_gradient")
def test_every_coordinate_gets_its_own_symmetric_difference(student, make):
    check_gradient(student, make, 3)


def check_plane(student, make, count: int, equal: bool = False) -> None:
    """Compare a linear approximation with the one that torch makes of the same numbers. equal: two slopes are."""
    (value,), gradient, step = away_from_zero(make, 1), away_from_zero(make, count), away_from_zero(make, count)
    gradient[-1] = gradient[0] if equal else gradient[-1]
    g, s = torch.tensor(gradient, dtype=torch.float64), torch.tensor(step, dtype=torch.float64)
    true = value + g @ s
    answer = student.differences.linear_approximation(value=value, gradient=gradient, step=step)
    assert_value(filled(answer, "linear_approximation"), true, name="the height of the plane")


@item("plane", says="the plane has the height and the slopes of the surface")
def test_the_plane_goes_on_as_the_surface_goes_here(student, make):
    check_plane(student, make, 2)


def check_ascent(student, gradient: list[float]) -> None:
    """Compare the direction of steepest ascent with torch's normalised gradient."""
    g = torch.tensor(gradient, dtype=torch.float64)
    true = torch.nn.functional.normalize(g, dim=0)
    answer = student.differences.steepest_ascent(gradient)
    assert_grad(filled(answer, "steepest_ascent"), true, name="the step")


@item("ascent")
def test_the_steepest_step_has_length_one_and_points_uphill(student, make):
    check_ascent(student, away_from_zero(make, 2, 1.2, 3.0))


@item("ascent", share=0.5, says="where the gradient is zero, the step is zero")
def test_where_the_ground_is_level_no_step_is_taken(student, make):
    check_ascent(student, [0.0, 0.0, 0.0])
