"""Pictures to play with: a slider for each number that a picture is drawn from, and the picture follows.

    from toolbox.draw.play import Power, Slide, Steps, play

    def picture(x, y):
        return draw_graph(…)

    play(picture, x=Slide(-2, -5, 5), y=Slide(5, -5, 5))

Where nobody can move anything (in grading, in a script, without ipywidgets), the same call shows the picture once, as
it stands at the start. Nothing that is graded depends on a control. The picture is an ordinary output below its
controls: it stays in the saved notebook, and its words (`toolbox.draw.describe`) follow it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import matplotlib.pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from toolbox.draw.alternative_text import watched

WIDE = {"width": "30em"}
NAMES = {"description_width": "initial"}


class Control(Protocol):
    """Where a number starts, and what moves it."""

    @property
    def start(self) -> Any: ...

    def made(self, name: str) -> tuple[Any, Any]:
        """The widget that holds the value, and the one to show."""
        ...


@dataclass(frozen=True)
class Slide:
    """A number between low and high, in steps. A whole `step` and whole ends make whole numbers."""

    start: float
    low: float
    high: float
    step: float = 0.5

    def made(self, name: str) -> tuple[Any, Any]:
        import ipywidgets

        whole = all(isinstance(value, int) for value in (self.start, self.low, self.high, self.step))
        kind = ipywidgets.IntSlider if whole else ipywidgets.FloatSlider
        slider = kind(
            self.start, min=self.low, max=self.high, step=self.step, description=name, layout=WIDE, style=NAMES
        )
        return slider, slider


@dataclass(frozen=True)
class Power:
    """A positive number between low and high, on a logarithmic scale; `step` in powers of ten."""

    start: float
    low: float
    high: float
    step: float = 0.1

    def made(self, name: str) -> tuple[Any, Any]:
        import ipywidgets

        low, high = math.log10(self.low), math.log10(self.high)
        slider = ipywidgets.FloatLogSlider(self.start, base=10, min=low, max=high, step=self.step, description=name,
                                           readout_format=".1e", layout=WIDE, style=NAMES)  # fmt: skip
        return slider, slider


@dataclass(frozen=True)
class Steps:
    """A step of something that happens in order, 0 to last, with a button that plays it, a step each `seconds`."""

    last: int
    start: int = 0
    seconds: float = 1.0

    def made(self, name: str) -> tuple[Any, Any]:
        import ipywidgets

        slider = ipywidgets.IntSlider(self.start, min=0, max=self.last, description=name, layout=WIDE, style=NAMES)
        button = ipywidgets.Play(value=self.start, min=0, max=self.last, interval=int(1000 * self.seconds))
        ipywidgets.jslink((button, "value"), (slider, "value"))
        return slider, ipywidgets.HBox([button, slider])


@dataclass(frozen=True)
class Choice:
    """One of several things, shown by their words."""

    options: Sequence[Any]

    @property
    def start(self) -> Any:
        return self.options[0]

    def made(self, name: str) -> tuple[Any, Any]:
        import ipywidgets

        chosen = ipywidgets.Dropdown(options=list(self.options), description=name, layout=WIDE, style=NAMES)
        return chosen, chosen


def play(picture: Callable[..., Figure | Axes], **controls: Control) -> None:
    """Show `picture(name=value, …)`, with a control for each name where there are widgets and somebody to move them.

    picture: draws one figure from the numbers it is given, and returns it or its axes; what it raises is shown in the
    picture's place, as it mostly comes from code that is still being written. Takes a tenth of a second or less, or the
    picture lags behind the hand.
    """
    from IPython.display import display

    movable = _movable() and {name: control.made(name) for name, control in controls.items()}
    if movable:
        from ipywidgets import VBox

        display(VBox([shown for _, shown in movable.values()]))
    handle = display(_drawn(picture, {name: control.start for name, control in controls.items()}), display_id=True)

    def redraw(_: Any) -> None:
        handle.update(_drawn(picture, {name: widget.value for name, (widget, _) in (movable or {}).items()}))

    for widget, _ in movable.values() if movable else ():
        widget.observe(redraw, names="value")


class Message:
    """A line of text in the place of a picture."""

    def __init__(self, text: str):
        self.text = text

    def __repr__(self) -> str:
        return self.text


def _drawn(picture: Callable[..., Figure | Axes], values: dict[str, Any]) -> Figure | Message:
    try:
        made = picture(**values)
    except Exception as error:
        plt.close("all")  # what it had begun to draw
        return Message(
            f"No picture for {', '.join(f'{k} = {v}' for k, v in values.items())}: {type(error).__name__}: {error}"
        )
    figure = made.get_figure(root=True) if isinstance(made, Axes) else made
    assert figure is not None
    plt.close(figure)  # shown here, and not once more at the end of the cell
    return figure


def _movable() -> bool:
    """Whether somebody watches, and ipywidgets is there."""
    if not watched():
        return False
    try:
        import ipywidgets  # noqa: F401
    except ImportError:
        return False
    return True
