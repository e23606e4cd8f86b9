"""What `beyond` is given and compared with on implicit layers: camera, unrolling, references, pictures."""

import matplotlib.pyplot as plt
import pytest
import torch

from autograder.bench.engine import reference
from toolbox import draw
from toolbox.checks.reference import implicit as truths
from toolbox.draw.equations import ellipse
from toolbox.given import camera
from toolbox.given.unrolling import layer, peak_bytes, steps_to_settle, unrolled

POSE = torch.tensor([0.3, -0.2, 0.5, 0.1, -0.2, 5.0], dtype=torch.float64)


def normal(*shape, seed=0):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


@pytest.fixture(scope="module")
def solved():
    return reference("implicit")


def test_the_camera_s_derivatives_are_those_of_its_projection():
    points, h = normal(5, 3), 1e-5
    for lower, upper in ((camera.project, camera.slopes), (camera.slopes, camera.curvatures)):
        units = torch.eye(6, dtype=torch.float64)
        nudged = [(lower(POSE + h * unit, points) - lower(POSE - h * unit, points)) / (2 * h) for unit in units]
        torch.testing.assert_close(upper(POSE, points), torch.stack(nudged, dim=-1), rtol=0, atol=1e-8)


def test_a_point_where_the_camera_stands_is_seen_from_no_distance():
    torch.testing.assert_close(camera.rotation(POSE[:3]) @ camera.position(POSE), -POSE[3:])
    torch.testing.assert_close(camera.rotation(POSE[:3]) @ camera.rotation(POSE[:3]).T, torch.eye(3).double())


def test_the_reference_of_the_pose_predicts_where_the_minimum_moves():
    points, g, nudge, h = normal(7, 3), normal(6, seed=1), normal(7, 2, seed=2), 1e-4
    image = camera.project(POSE, points) + 0.02 * normal(7, 2, seed=3)
    pose = truths.best_pose(points, image, POSE)
    ends = [truths.best_pose(points, image + sign * h * nudge, pose) for sign in (1, -1)]
    predicted = (truths.pose_pull(g, pose, points, image) * nudge).sum()
    torch.testing.assert_close(g @ (ends[0] - ends[1]) / (2 * h), predicted, rtol=1e-5, atol=0)
    J = camera.slopes(pose, points)
    plain = J @ torch.linalg.solve(torch.einsum("nka,nkb->ab", J, J), g)
    assert abs(float((plain * nudge).sum() / predicted) - 1) > 1e-3  # the curvature is not a matter of taste


@pytest.mark.parametrize("radius", [0.5, 0.9, 0.97])
def test_unrolling_and_the_solution_agree(solved, radius):
    given, g = layer(radius, N=5, D=3, H=8), normal(5, 8, seed=4)
    z = solved.deq_solve(**given, max_steps=10_000)
    mine = [z, *solved.deq_grads(solved.deq_adjoint(g, z, given["w"]), z, given["x"], given["u"])]
    for one, other in zip(mine, unrolled(g, **given), strict=True):
        assert (one - other).abs().max() < 1e-5 * other.abs().max()


def test_steps_grow_as_the_contraction_weakens_and_without_one_there_is_no_end():
    steps = [steps_to_settle(**layer(radius, N=2, D=3, H=8)) for radius in (0.5, 0.9, 0.99)]
    assert steps[0] < steps[1] / 3 < steps[2] / 9
    endless = {"w": torch.tensor([[-3.0]]), "u": torch.ones(1, 1), "b": torch.zeros(1), "x": torch.ones(1, 1)}
    with pytest.raises(ArithmeticError, match="converge"):
        steps_to_settle(**endless)


def test_memory_is_counted_while_it_is_held_and_no_longer():
    x = torch.zeros(1000, dtype=torch.float64)

    def one_after_the_other():
        for _ in range(10):
            _ = x + 1

    assert 8000 <= peak_bytes(one_after_the_other) <= 16_000
    assert peak_bytes(lambda: [x + i for i in range(10)]) == 80_000
    assert peak_bytes(lambda: x.view(10, 100).T) == 0


def test_unrolling_keeps_every_step_and_the_solution_does_not(solved):
    g = normal(8, 8, seed=4)
    taken = []
    for radius in (0.9, 0.99):
        given = layer(radius, N=8, D=3, H=8)
        z = solved.deq_solve(**given, max_steps=10_000)
        implicit = peak_bytes(lambda given=given: solved.deq_solve(**given, max_steps=10_000))
        backward = peak_bytes(lambda z=z, given=given: solved.deq_adjoint(g, z, given["w"]))
        taken.append((max(implicit, backward), peak_bytes(lambda given=given: unrolled(g, **given))))
    (few, some), (few_again, many) = taken
    assert few == few_again and many > 5 * some > 5 * few


def test_perturbation_theory_and_the_reference_agree_on_eigenvectors(solved):
    a = normal(4, 4)
    a = a + a.T
    values, vectors = torch.linalg.eigh(a)
    gl, gv = normal(4, seed=1), normal(4, 4, seed=2)
    true = truths.eigen(gl, gv, a, torch.ones(4).double())
    torch.testing.assert_close(solved.eigh_backward(gl, gv, values, vectors), true)
    torch.testing.assert_close(solved.eigh_backward(gl, -gv, values, -vectors), true)


def test_every_solution_refuses_what_has_no_answer(solved):
    eye, zeros = torch.eye(2, dtype=torch.float64), torch.zeros(2, dtype=torch.float64)
    with pytest.raises(ArithmeticError, match="singular"):
        solved.solve(torch.ones(3, 3), torch.ones(3, 1))
    with pytest.raises(ArithmeticError, match="singular"):
        solved.deq_adjoint(torch.ones(1, 2).double(), torch.zeros(1, 2).double(), eye)
    with pytest.raises(ArithmeticError, match="singular"):
        solved.ridge(normal(2, 5), normal(2), 0.0)
    with pytest.raises(ArithmeticError, match="converge"):
        solved.deq_solve(-5 * eye, eye, zeros, torch.ones(1, 2).double() / 3)
    with pytest.raises(ArithmeticError, match="repeated"):
        solved.eigh_backward(zeros, eye, torch.ones(2).double(), eye)
    for points in (normal(2, 3), torch.full((6, 3), torch.nan, dtype=torch.float64)):
        with pytest.raises(ArithmeticError, match="singular|converge"):
            solved.pose_solve(points, camera.project(POSE, points), POSE)


def test_an_ellipse_is_as_wide_as_its_deviations():
    edge = ellipse(torch.diag(torch.tensor([4.0, 9.0]).double()), deviations=2.0)
    assert edge.abs().max(dim=0).values.tolist() == pytest.approx([4.0, 6.0], rel=1e-2)


def test_the_pictures_are_drawn_with_and_without_a_student_s_answers():
    points = normal(6, 3)
    image, places = camera.project(POSE, points), camera.position(POSE) + 0.01 * normal(20, 3, seed=5)
    figures = [
        draw.show_circle_and_webs(None, weights=(0.5, -0.9)),
        draw.show_circle_and_webs(-0.75, weights=()),
        draw.show_settling({"one": [0.1, 0.01], "two": [0.5]}),
        draw.show_filling([torch.zeros(1, 3), torch.ones(1, 3)], (1, 2)),
        draw.show_tangents([0.1, 1.0], [1.0, 2.0], [(0.5, 1.5, 1.0)], marks=[(0.5, 1.5)], xlabel="reg", ylabel="loss"),
        draw.show_crossing([0.0, 1.0], torch.zeros(2, 3), [1.0, 0.1], []),
        draw.show_camera(POSE, points, image, places),
        draw.show_camera(POSE, points, image, places, torch.eye(3).double() * 1e-4),
    ]
    for figure in figures:
        figure.canvas.draw()
        plt.close(figure)
