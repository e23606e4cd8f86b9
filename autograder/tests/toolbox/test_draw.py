"""Drawing: every number reaches the picture, above or below its own wire, and nothing lies on anything else."""

from __future__ import annotations

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch
from matplotlib.patches import Ellipse

from toolbox import draw
from toolbox.draw.graph import GRADIENT, VALUE

NODES = {"q": "+", "f": "×"}
EDGES = [("x", "q"), ("y", "q"), ("q", "f"), ("z", "f")]
VALUES = {"x": -2, "y": 5, "z": -4, "q": 3, "f": -12}
GRADS = {"f": 1, "z": 3.14159, "q": -4.5, "x": -4.25}

NEURON = (
    {"s0": "×", "s1": "×", "s2": "+", "s3": "+", "f": "sigmoid"},
    [
        ("w0", "s0"),
        ("x0", "s0"),
        ("w1", "s1"),
        ("x1", "s1"),
        ("s0", "s2"),
        ("s1", "s2"),
        ("s2", "s3"),
        ("w2", "s3"),
        ("s3", "f"),
    ],
    {"w0": 2, "x0": -1, "w1": -3, "x1": -2, "w2": -3, "s0": -2, "s1": 6, "s2": 4, "s3": 1, "f": 0.7311},
)


@pytest.fixture(autouse=True)
def no_figure_left_open():
    yield
    plt.close("all")


def written(ax, color):
    return [text.get_text() for text in ax.texts if text.get_color() == color]


def test_every_value_and_every_gradient_is_written_and_a_missing_gradient_is_a_question_mark():
    ax = draw.draw_graph(NODES, EDGES, VALUES, GRADS)
    assert sorted(written(ax, VALUE)) == sorted(["-2", "5", "-4", "q = 3", "-12"])
    assert sorted(written(ax, GRADIENT)) == sorted(["1", "3.14", "-4.5", "-4.25", "?"])


def test_without_gradients_there_are_no_question_marks():
    assert written(draw.draw_graph(NODES, EDGES, VALUES), GRADIENT) == []


def test_a_gradient_stands_right_below_the_value_of_its_own_wire():
    ax = draw.draw_graph(NODES, EDGES, VALUES, {**GRADS, "y": 7})
    at = {text.get_text(): text.get_position() for text in ax.texts}
    for value, gradient in [("-2", "-4.25"), ("5", "7"), ("-4", "3.14"), ("q = 3", "-4.5"), ("-12", "1")]:
        assert at[value][0] == at[gradient][0] and 0 < at[value][1] - at[gradient][1] < 0.3


def test_the_graph_runs_from_left_to_right_and_the_nodes_bear_their_signs():
    nodes, edges, values = NEURON
    ax = draw.draw_graph(nodes, edges, values, {})
    circles = [patch for patch in ax.patches if isinstance(patch, Ellipse)]
    assert len(circles) == 5
    columns = sorted({round(circle.center[0], 3) for circle in circles})
    assert len(columns) == 4
    signs = [text.get_text() for text in ax.texts if text.get_text() in ("×", "+", "sigmoid")]
    assert sorted(signs) == sorted(nodes.values())


@pytest.mark.parametrize("graph", [(NODES, EDGES, VALUES), NEURON], ids=["sum and product", "neuron"])
def test_no_two_texts_overlap(graph):
    ax = draw.draw_graph(*graph, {})
    ax.figure.canvas.draw()
    boxes = [text.get_window_extent() for text in ax.texts]
    for i, one in enumerate(boxes):
        assert not any(one.overlaps(other) for other in boxes[i + 1 :]), ax.texts[i].get_text()


def test_names_and_shapes_do_not_run_into_the_nodes_beside_them():
    ax = draw.draw_graph(
        {"scores": "linear", "penalty": "reg · Σ w²", "loss": "+"},
        [("x", "scores"), ("w", "scores"), ("w", "penalty"), ("scores", "loss"), ("penalty", "loss")],
        {"x": "(N, D)", "w": "(D, C)", "scores": "(N, C)", "penalty": "( )", "loss": "( )"},
    )
    ax.figure.canvas.draw()
    signs = {"linear", "reg · Σ w²", "+"}  # these stand in the nodes
    nodes = [patch.get_window_extent() for patch in ax.patches if isinstance(patch, Ellipse)]
    for text in (text for text in ax.texts if text.get_text() not in signs):
        assert not any(text.get_window_extent().overlaps(node) for node in nodes), text.get_text()


def test_a_value_used_twice_shows_the_gradient_of_each_wire():
    ax = draw.draw_graph(
        {"p": "×", "f": "+"},
        [("x", "p"), ("y", "p"), ("p", "f"), ("x", "f")],
        {"x": 3, "y": 2, "p": 6, "f": 9},
        {"f": 1, "p": 1, "x": 3, ("x", "p"): 2, ("x", "f"): 1.5},
    )
    assert {"3", "2", "1.5"} <= set(written(ax, GRADIENT))


def test_shapes_may_stand_in_the_place_of_numbers_with_the_names_of_inner_values_below_them():
    ax = draw.draw_graph(
        {"s": "linear", "h": "max"}, [("x", "s"), ("w", "s"), ("s", "h")], {"x": "(N, D)", "w": "(D, C)", "s": "(N, C)"}
    )
    assert sorted(written(ax, VALUE)) == ["(D, C)", "(N, C)", "(N, D)"]
    at = {text.get_text(): text.get_position() for text in ax.texts}
    assert at["s"][0] == at["(N, C)"][0] and at["s"][1] < at["(N, C)"][1]


@pytest.mark.parametrize("edges, says", [([("x", "q"), ("q", "g")], "not a node"), ([("q", "f"), ("f", "q")], "cycle")])
def test_a_graph_that_cannot_be_drawn_is_refused_with_the_reason(edges, says):
    with pytest.raises(ValueError, match=says):
        draw.draw_graph(NODES, edges)


def test_a_tensor_of_one_number_and_a_tiny_number_are_written_legibly():
    ax = draw.draw_graph({"f": "exp"}, [("x", "f")], {"x": torch.tensor(-8.0), "f": 0.000335}, {"f": torch.tensor(1.0)})
    assert written(ax, VALUE) == ["-8", "3.4e-04"] and "1" in written(ax, GRADIENT)


def test_the_steps_of_a_backward_pass_are_one_picture_each():
    figure = draw.show_graph_steps(NODES, EDGES, VALUES, [("start", {"f": 1}, ["f"]), ("then", GRADS, ["q", "z"])])
    assert [ax.get_title() for ax in figure.axes] == ["start", "then"]
    assert written(figure.axes[0], GRADIENT).count("?") == 4 and written(figure.axes[1], GRADIENT).count("?") == 1


def tiles(figure, count, columns, side=8):
    """The drawn array cut back into its images: those cells that are no gap, line by line."""
    (picture,) = figure.axes[0].images
    array = np.ma.filled(picture.get_array().astype(float), np.nan)
    lines = -(-count // columns)
    rows = [row for row in array if not np.isnan(row).all()]
    assert len(rows) == lines * side
    found = []
    for line in range(lines):
        band = np.array(rows[line * side : (line + 1) * side])
        found += np.split(band[:, ~np.isnan(band).all(axis=0)], min(columns, count - line * columns), axis=1)
    return found


def test_images_are_shown_one_each_with_their_titles():
    images = torch.rand(12, 64, dtype=torch.float64)
    figure = draw.show_images(images, list("abcdefghijkl"), columns=5)
    for image, tile in zip(images, tiles(figure, 12, 5), strict=True):
        assert (tile == image.reshape(8, 8).numpy()).all()
    assert [text.get_text() for text in figure.axes[0].texts] == list("abcdefghijkl")
    assert figure.axes[0].images[0].get_clim() == (0, 1)


def test_weights_are_shown_column_by_column_on_one_scale_around_zero():
    w = torch.randn(64, 10, dtype=torch.float64)
    figure = draw.show_weights(w, range(10))
    for column, tile in zip(w.T, tiles(figure, 10, 10), strict=True):
        assert (tile == column.reshape(8, 8).numpy()).all()
    assert figure.axes[0].images[0].get_clim() == (-float(w.abs().max()), float(w.abs().max()))


def test_weights_that_are_one_vector_or_all_zero_can_be_shown():
    assert len(tiles(draw.show_weights(torch.zeros(64)), 1, 1)) == 1


def test_curves_keep_their_names_and_differ_in_dashes():
    (ax,) = draw.show_curves({"hinge": [3, 2, 1], "softmax": [2, 1.5, 1]}).axes
    assert [line.get_label() for line in ax.lines] == ["hinge", "softmax"]
    assert len({line.get_linestyle() for line in ax.lines}) == 2 and list(ax.lines[0].get_ydata()) == [3, 2, 1]


def test_one_samples_scores_and_shares_are_written_on_their_bars():
    figure = draw.show_scores([2.0, 1.5, -0.25], 0, [0, 0.5, 0], line=1.0)
    assert [t.get_text() for t in figure.axes[0].texts] == ["2.00", "1.50", "-0.25"]
    assert [t.get_text() for t in figure.axes[1].texts] == ["0.00", "0.50", "0.00"]
