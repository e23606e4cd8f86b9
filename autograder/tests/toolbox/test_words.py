"""Every picture has words, made of the numbers drawn, and they become the image's alternative text."""

from __future__ import annotations

import base64
from html import escape
from pathlib import Path

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import pytest
import torch

from toolbox import draw
from toolbox.draw import alternative_text, course, describe, listed, number, words_of
from toolbox.notebook.cells import Notebook


@pytest.fixture(autouse=True)
def no_figure_left_open():
    yield
    plt.close("all")


def test_numbers_are_read_out_with_three_digits_and_what_is_none_is_told():
    words = [number(value) for value in (0.73106, -12.0, 1.234e-7, 12345.0, None, float("nan"), -float("inf"), -0.0)]
    assert words == ["0.731", "-12", "1.23e-07", "12345", "unknown", "not a number", "minus infinity", "0"]


def test_a_curve_is_told_by_its_ends_and_by_the_extremes_between_them():
    assert course([3, 2, 1]) == "from 3 at 0 to 1 at 2"
    assert (
        course([1, 5, 0, 2], along="step") == "from 1 at step 0 to 2 at step 3, lowest 0 at step 2, highest 5 at step 1"
    )
    assert course([4, 4], at=[1, 9]) == "4 all along, from 1 to 9"
    assert course([1, float("nan"), 3]) == "from 1 at 0 to 3 at 2, 1 values not finite"
    assert course([7]) == "7 at 0" and course([]) == "no finite value"


def test_a_long_list_says_how_much_it_leaves_out():
    assert listed(["a"]) == "a" and listed(["a", "b", 3.0]) == "a, b and 3" and listed([]) == "nothing"
    assert listed(range(20), 4) == "0, 1, 2 and 17 more"


def test_a_graph_is_told_node_by_node_with_values_and_gradients():
    ax = draw.draw_graph(
        {"q": "+", "f": "×"}, [("x", "q"), ("y", "q"), ("q", "f"), ("z", "f")],
        {"x": -2, "y": 5, "z": -4, "q": 3, "f": -12}, {"f": 1, "z": 3, "q": -4}, title="f = (x + y) z", highlight=["q"],
    )  # fmt: skip
    assert words_of(ax.figure) == (
        "f = (x + y) z: a graph. Input x: value -2, gradient unknown. Input y: value 5, gradient unknown. "
        "Input z: value -4, gradient 3. Node q is + of x and y: value 3, gradient -4. "
        "Node f is × of q and z: value -12, gradient 1. Marked: q."
    )


def test_gradients_that_come_back_along_several_wires_are_told_for_each():
    ax = draw.draw_graph({"p": "×", "f": "+"}, [("x", "p"), ("y", "p"), ("p", "f"), ("x", "f")], {},
                         {"f": 1, ("x", "p"): 2, ("x", "f"): 1.5})  # fmt: skip
    assert "gradient 2 back from p, gradient 1.5 back from f" in words_of(ax.figure)


def test_what_nobody_has_described_is_read_off_its_axes():
    figure, (a, b) = plt.subplots(1, 2)
    a.plot([0, 1, 2], [3, 2.5, 1], label="hinge")
    a.axhline(0)
    a.set(title="losses", xlabel="step")
    b.bar(["ReLU", "tanh"], [4, 7.25])
    b.text(0, 1, "slow")
    assert words_of(figure) == (
        "Panel 1 of 2. losses. Axes, across: step. Hinge, from 3 at 0 to 1 at 2. "
        "Panel 2 of 2. Bars: ReLU 4 and tanh 7.25. Written in it: slow."
    )
    plt.barh(["Value", "Var"], [1.5, 12])
    assert "Value 1.5 and Var 12" in words_of(plt.gcf())
    assert words_of(plt.figure()) == "An empty picture."


def test_images_and_weights_are_told_by_what_is_dark_and_where_the_extremes_are():
    images = torch.zeros(2, 64)
    images[1] = 0.5
    assert words_of(draw.show_images(images, [3, 8], title="digits")) == (
        "digits. 2 grey images: 3, 0% ink and 8, 50% ink."
    )
    w = torch.zeros(64, 1)
    w[8 * 2 + 5], w[7] = 0.75, -0.25
    words = words_of(draw.show_weights(w, ["zero"]))
    assert "8 by 8 pixels, from -0.75 (red) to 0.75 (blue)" in words
    assert words.endswith("zero: highest 0.75 at row 2, column 5, lowest -0.25 at row 0, column 7.")


def test_words_of_a_figure_go_before_those_of_its_axes():
    figure, ax = plt.subplots()
    describe(ax, "It  falls\nfrom 3 to 1.")
    assert words_of(figure) == "It falls from 3 to 1."
    assert describe(figure, "All of it.") is figure and words_of(figure) == "All of it."


@pytest.fixture(scope="module")
def shown():
    """What a notebook shows of a picture whose words hold what HTML could trip over."""
    notebook = Notebook(Path.cwd())
    alternative_text.install()  # as the first import of toolbox.draw does in a notebook
    try:
        notebook.run("%matplotlib inline\nimport matplotlib.pyplot as plt\nfrom toolbox.draw import describe")
        cell = """figure, ax = plt.subplots(figsize=(1, 1)); describe(figure, 'from "3" to <1>');"""
        yield lambda size="(1, 1)": notebook.run(cell.replace("(1, 1)", size))
    finally:
        notebook.close()


def test_in_grading_a_picture_is_a_png_whose_words_stand_in_the_metadata(shown):
    (output,) = shown()
    assert "text/html" not in output["data"] and base64.b64decode(output["data"]["image/png"]).startswith(b"\x89PNG")
    assert output["metadata"]["image/png"] == {"alt": 'from "3" to <1>'}


def test_where_somebody_watches_a_picture_is_an_image_of_html_with_its_words_and_a_png_for_other_viewers(
    shown, monkeypatch
):
    monkeypatch.setattr(alternative_text, "watched", lambda: True)
    (output,) = shown()
    words, image = escape('from "3" to <1>'), output["data"]["image/png"]
    assert output["data"]["text/html"] == f'<img alt="{words}" src="data:image/png;base64,{image}">'


def test_a_wide_picture_scrolls_also_from_the_keyboard_and_is_not_shrunk_until_nobody_can_read_it(shown, monkeypatch):
    monkeypatch.setattr(alternative_text, "watched", lambda: True)
    (output,) = shown("(20, 1)")
    page = output["data"]["text/html"]
    words = escape('from "3" to <1>')
    wide = int.from_bytes(base64.b64decode(output["data"]["image/png"])[16:20], "big")
    assert wide > alternative_text.WIDE and f"min-width:{round(alternative_text.LEAST * wide)}px" in page
    assert page.startswith("<div role=") and 'tabindex="0"' in page and "overflow-x:auto" in page
    assert f'<img alt="{words}"' in page


def test_the_words_outlive_a_later_matplotlib_inline(shown):
    from IPython import get_ipython
    from matplotlib_inline.backend_inline import set_matplotlib_formats

    set_matplotlib_formats("png")
    assert get_ipython() is not None
    assert shown()[0]["metadata"]["image/png"]["alt"]
