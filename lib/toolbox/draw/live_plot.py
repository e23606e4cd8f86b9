"""Training that can be watched: a progress bar, and a loss curve that grows while the net learns.

Both are alive where somebody is looking, which is a notebook with a kernel; elsewhere (in grading, in a script) the bar
says nothing and the curve is drawn once, at its end.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from typing import Any

import matplotlib.pyplot as plt
from matplotlib.figure import Figure
from tqdm import tqdm

from toolbox.draw.alternative_text import watched


def progress(steps: Iterable[Any], text: str = "") -> Iterator[Any]:
    """The steps, with a bar that shows how many are done."""
    return tqdm(steps, desc=text, disable=not watched(), mininterval=0.2, leave=False, ncols=80)


class LiveCurve:
    """A figure of curves that grow.

        curve = LiveCurve("loss", "accuracy")
        curve.add(loss=0.7, accuracy=0.81)         # as often as you like; redrawn at most three times a second
        curve.show()                               # at the end

    The names are the panels; a panel named "loss" has a logarithmic axis.
    """

    def __init__(self, *panels: str, xlabel: str = "epoch", seconds: float = 0.35):
        self.points: dict[str, list[float]] = {panel: [] for panel in panels}
        self.xlabel, self.seconds = xlabel, seconds
        self._handle: Any = None
        self._last = 0.0

    def add(self, **values: float) -> None:
        """One more point for each named panel."""
        for panel, value in values.items():
            self.points[panel].append(float(value))
        if watched() and time.monotonic() - self._last > self.seconds:
            self._draw()
            self._last = time.monotonic()

    def figure(self) -> Figure:
        figure, axes = plt.subplots(1, len(self.points), figsize=(5.2 * len(self.points), 2.8), squeeze=False)
        for (panel, values), ax in zip(self.points.items(), axes[0], strict=True):
            ax.plot(range(1, len(values) + 1), values, lw=1.8)
            ax.set(xlabel=self.xlabel, title=panel)
            if panel == "loss" and values and min(values) > 0:
                ax.set_yscale("log")
            if values:
                ax.annotate(
                    f"{values[-1]:.3g}", (len(values), values[-1]), (4, 0), textcoords="offset points", fontsize=9
                )
            ax.margins(y=0.1)
            ax.set_xlim(0, max(2.0, 1.2 * len(values)))  # room for the number at the end
            ax.grid(alpha=0.3)
        figure.tight_layout()
        return figure

    def show(self) -> None:
        """The finished figure."""
        self._draw()

    def _draw(self) -> None:
        from IPython.display import display

        figure = self.figure()
        plt.close(figure)  # shown by hand, and not once more at the end of the cell
        if self._handle is None:
            self._handle = display(figure, display_id=True)
        else:
            self._handle.update(figure)
