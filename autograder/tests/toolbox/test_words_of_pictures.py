"""The pictures of layers, training and beyond say in words what they show: numbers come from what was drawn."""

from __future__ import annotations

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import pytest
import torch

from toolbox import draw
from toolbox.draw import words_of
from toolbox.given.landscapes import LANDSCAPES


@pytest.fixture(autouse=True)
def no_figure_left_open():
    yield
    plt.close("all")


def test_masks_say_how_much_was_dropped():
    mask = torch.ones(4, 5)
    mask[0, :3] = 0
    text = words_of(draw.show_masks({"p = 0.25": mask, "in use": torch.ones(4, 5)}))
    assert "p = 0.25: of 4 rows of 5 features 15% are dropped" in text and "in use: of 4 rows of 5 features 0%" in text


def test_columns_say_each_features_mean_and_deviation():
    text = words_of(draw.show_columns({"before": torch.tensor([[2.0, -1.0], [10.0, -1.0]])}))
    assert text == "before, 2 rows: feature 0 has mean 6 and deviation 4; feature 1 has mean -1 and deviation 0."


def test_paths_say_where_each_optimiser_ends_and_how_its_loss_runs():
    land = LANDSCAPES["ravine"]
    path = torch.tensor([[-9.0, 1.6], [-3.0, 0.5], [0.0, 0.0]])
    text = words_of(draw.show_paths({"ravine": land.loss}, {"ravine": {"SGD": path}}, {"ravine": land.window}))
    assert "ravine, from (-9, 1.6): SGD ends at (0, 0), its loss from 6.74 at step 0 to 0 at step 2" in text


def test_a_path_that_diverges_leaves_room_to_see_the_others():
    land = LANDSCAPES["ravine"]
    paths = {"SGD": torch.tensor([[-9.0, 1.6], [-9.0, -1e20], [-9.0, torch.inf]]), "momentum": torch.zeros(3, 2)}
    figure = draw.show_paths({"ravine": land.loss}, {"ravine": paths}, {"ravine": land.window})
    assert figure.axes[1].get_ylim()[1] < 100


def test_signals_say_their_spread_their_zeros_and_whether_they_are_saturated():
    signal = torch.tensor([-1.0, 1.0, 1.0, -1.0])
    text = words_of(draw.show_signals({"std 0.5": {1: signal, 6: torch.zeros(4)}}, limit=1.05))
    assert "layer 1 1.15 with 100% near -1 or 1 and layer 6 0 with 100% exact zeros" in text


def test_a_graph_of_tangents_calls_them_tangents():
    drawn = draw.draw_graph({"p": "×"}, [("a", "p"), ("b", "p")], {"a": 2, "b": -3}, {"a": 0, "b": 1}, below="tangent")
    text = words_of(drawn.figure)
    assert "Input b: value -3, tangent 1." in text and "tangent unknown" in text and "gradient" not in text


def test_a_curve_is_highest_at_0_where_rounding_has_left_a_little():
    figure, ax = plt.subplots()
    x = torch.linspace(-4, 4, 161, dtype=torch.float64)
    ax.plot(x - 2e-16, 1 - x**2)
    assert "highest 1 at 0" in words_of(figure)


def test_a_confusion_matrix_says_which_classes_are_confused():
    text = words_of(draw.show_confusion(torch.tensor([[5, 2], [0, 7]]), ["cat", "dog"], title="2 mistakes"))
    assert "Right, by class: cat 5 and dog 7" in text and "cat as dog twice" in text and "dog as cat" not in text


def test_a_search_says_its_best_point_and_how_many_values_it_tried():
    rows = [{"lr": lr, "reg": reg, "result": result} for lr, reg, result in
            [(0.1, 0.01, 0.5), (0.1, 0.1, 0.6), (1.0, 0.01, 0.1), (1.0, 0.1, 0.2)]]  # fmt: skip
    text = words_of(draw.show_search({"grid": rows}))
    assert "grid: 4 points with 2 values of lr and 2 of reg; best 60.0% at lr 0.1 and reg 0.1" in text


@pytest.mark.parametrize("inside", [True, False])
def test_regions_say_whether_the_boundary_is_closed(inside):
    def scores(x):
        line = x.norm(dim=1) - 0.8 if inside else x[:, 0]
        return torch.stack([-line, line], dim=1)

    points = torch.tensor([[0.1, 0.0], [1.0, 0.0]])
    text = words_of(draw.show_regions({"net": scores}, points, torch.tensor([0, 1])))
    assert ("its boundary is closed" in text) == inside
    assert f"{100 if inside else 50}% of 2 points" in text


def test_a_hessian_says_its_zeros_and_its_blocks():
    H = torch.diag(torch.tensor([3.0, -2.0, 0.0]))
    text = words_of(draw.show_hessian({"ReLU": H, "tanh": None}, {"w": 2, "b": 1}))
    assert "ReLU: a Hessian of 3 rows and columns, 7 of 9 entries zero" in text and "w with w 3, b with b 0" in text


def test_a_jacobian_says_its_entries_or_where_its_zeros_are():
    text = words_of(draw.show_jacobians({"small": torch.tensor([[1.0, 0.0]])}))
    assert text == "small: 1 rows (outputs) and 2 columns (inputs). Row 1: 1, 0."
    strict = torch.ones(8, 8).triu(1)
    assert "36 of 64 entries zero, nothing below the diagonal" in words_of(draw.show_jacobians({"w": strict}))
    assert "nothing below or above the diagonal" in words_of(draw.show_jacobians({"relu": torch.eye(8)}))


@pytest.mark.parametrize("w, said", [(0.5, "comes within a thousandth of 0.688"), (-2.0, "still moves, between")])
def test_a_web_says_whether_and_where_it_settles(w, said):
    assert said in words_of(draw.show_web(w))


def test_what_fills_up_says_which_layers_have_their_final_values():
    states = [torch.tensor([[0.0, 0.0]]), torch.tensor([[1.0, 0.0]]), torch.tensor([[1.0, 0.5]])]
    text = words_of(draw.show_filling(states, (1, 1)))
    assert "after step 0 nothing; after step 1 layer 1; after step 2 layer 1 and layer 2" in text


def test_a_flight_says_where_it_ends_and_how_its_tangents_run():
    places = torch.tensor([[0.0, 0.0], [1.0, 3.0], [2.0, 1.0]])
    moves = torch.tensor([[0.0, 0.0], [0.0, -0.5], [-0.1, -2.0]])
    text = words_of(draw.show_throw(places, moves, title="a throw", every=1))
    assert "rises to 3 m and ends at x 2 m, y 1 m" in text
    assert "dy/dg, from 0 at second 0.02 to -2 at second 0.06" in text


def test_chords_say_whether_the_loss_rises_above_them():
    ways = [0.0, 0.5, 1.0]
    text = words_of(draw.show_chords({"bowl": (ways, [4.0, 1.0, 2.0], [4.0, 3.0, 2.0]),
                                      "hill": (ways, [1.0, 9.0, 1.0], [1.0, 1.0, 1.0])}))  # fmt: skip
    assert "bowl: loss from 4 at 0 to 2 at 1, lowest 1 at 0.5; it is never above the chord" in text
    assert "hill: loss 1 all along" not in text and "it is above the chord by up to 8" in text
