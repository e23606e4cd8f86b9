"""Pictures that follow their controls, and stand still where there are none."""

from __future__ import annotations

from typing import Any

import IPython.display
import ipywidgets
import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import pytest
from matplotlib.figure import Figure

from toolbox.draw import describe, play, words_of


class Handle:
    def __init__(self, shown: list):
        self.shown = shown

    def update(self, what: Any) -> None:
        self.shown.append(what)


@pytest.fixture
def shown(monkeypatch):
    """All that is displayed, and put in the place of what was displayed."""
    seen: list = []

    def display(what: Any, display_id: bool = False) -> Handle:
        seen.append(what)
        return Handle(seen)

    monkeypatch.setattr(IPython.display, "display", display)
    yield seen
    plt.close("all")


def picture(x: float, eps: float = 0.1, step: int = 0, rule: str = "one-sided") -> Figure:
    if x == 4:
        raise TypeError("unsupported operand type(s) for *: 'NoneType'")
    return describe(plt.subplots(figsize=(1, 1))[0], f"x is {x}, eps is {eps}, step {step}, {rule}.")


def controls_of(box: Any) -> dict[str, Any]:
    """Every control by its name, those beside a play button included."""
    found = {}
    for child in box.children:
        found |= controls_of(child) if hasattr(child, "children") else {getattr(child, "description", ""): child}
    return found


def test_where_nobody_watches_the_picture_stands_still_at_the_start(shown):
    plt.close("all")  # what other tests left open
    play.play(picture, x=play.Slide(-2, -5, 5))
    assert [words_of(figure) for figure in shown] == ["x is -2, eps is 0.1, step 0, one-sided."]
    assert plt.get_fignums() == []  # or it would be shown once more


def test_without_widgets_the_picture_stands_still_too(shown, monkeypatch):
    monkeypatch.setattr(play, "watched", lambda: True)
    monkeypatch.setitem(__import__("sys").modules, "ipywidgets", None)
    play.play(picture, x=play.Slide(-2, -5, 5))
    assert len(shown) == 1 and isinstance(shown[0], Figure)


def test_the_picture_follows_every_kind_of_control_and_leaves_no_figure_open(shown, monkeypatch):
    monkeypatch.setattr(play, "watched", lambda: True)
    play.play(picture, x=play.Slide(-2, -5, 5, 1), eps=play.Power(0.1, 1e-10, 1), step=play.Steps(6),
              rule=play.Choice(["one-sided", "symmetric"]))  # fmt: skip
    box, first = shown
    assert isinstance(box, ipywidgets.VBox) and words_of(first) == "x is -2, eps is 0.1, step 0, one-sided."
    controls = controls_of(box)
    for name, value in {"x": 3, "eps": 1e-5, "step": 4, "rule": "symmetric"}.items():
        controls[name].value = value
    assert words_of(shown[-1]) == "x is 3, eps is 1e-05, step 4, symmetric."
    assert plt.get_fignums() == [] and len(shown) == 6


def test_a_mistake_in_the_student_s_code_stands_in_the_place_of_the_picture_until_it_is_mended(shown, monkeypatch):
    monkeypatch.setattr(play, "watched", lambda: True)
    play.play(picture, x=play.Slide(4, -5, 5, 1))
    assert repr(shown[1]) == "No picture for x = 4: TypeError: unsupported operand type(s) for *: 'NoneType'"
    controls_of(shown[0])["x"].value = 3
    assert words_of(shown[-1]).startswith("x is 3,")


def test_axes_stand_for_their_figure(shown):
    play.play(lambda x: plt.subplots()[1], x=play.Slide(1, 0, 2))
    assert isinstance(shown[0], Figure)
