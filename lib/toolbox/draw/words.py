"""A picture in words, for those who cannot see it: what a sighted student would take away, made of the numbers drawn.

Every picture has such a text. A drawing function that knows what its picture means says it with `describe`; for any
other picture, a student's own included, `words_of` reads the axes: titles, labels, where each curve begins, ends, is
lowest and highest, the heights of bars, the words that are written. `alternative_text` puts the text on the image.

    figure, ax = plt.subplots()
    ax.plot(steps, losses)
    describe(figure, f"The loss falls from {number(losses[0])} to {number(losses[-1])}.")
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.container import BarContainer
from matplotlib.figure import Figure

LONGEST = 4000  # characters of one picture's text; a longer one tells nobody anything
MOST = 12  # curves, bars or written words of one panel that are read out; of the rest, their number
_SAID: WeakKeyDictionary[Artist, str] = WeakKeyDictionary()
Picture = TypeVar("Picture", Figure, Axes)


def describe(picture: Picture, text: str) -> Picture:
    """Give a figure, or one of its axes, its words; returns the picture. Another call replaces them.

    text: whole sentences, with the numbers that the picture shows. Where a figure has several axes and none of its own
    words, their texts are read in order.
    """
    _SAID[picture] = " ".join(text.split())
    return picture


def words_of(figure: Figure) -> str:
    """The words of a figure: those that it was given, else those of its axes, else what can be read off them."""
    if figure in _SAID:
        return _SAID[figure][:LONGEST]
    title = figure.get_suptitle()
    panels = [ax for ax in figure.axes if ax in _SAID or ax.has_data() or ax.texts]
    said = [_SAID.get(ax) or _read(ax) for ax in panels]
    if len(said) > 1:
        said = [f"Panel {place} of {len(said)}. {text}" for place, text in enumerate(said, 1)]
    return " ".join(([_sentence(title)] if title else []) + said)[:LONGEST] or "An empty picture."


def number(value: Any) -> str:
    """A number as it is read out, three digits of it: 0.731, -12, 1.2e-07. Text stays text; None is "unknown"."""
    if value is None or isinstance(value, str):
        return "unknown" if value is None else value
    number = float(value)
    if not math.isfinite(number):
        return {math.inf: "infinity", -math.inf: "minus infinity"}.get(number, "not a number")
    text = f"{number:.0f}" if abs(number) >= 1000 and number == round(number) else f"{number:.3g}"
    return "0" if text == "-0" else text


def listed(words: Iterable[object], most: int = MOST) -> str:
    """Words or numbers as a list in a sentence: "a, b and c"; beyond `most`, how many more there are."""
    texts = [word if isinstance(word, str) else number(word) for word in words]
    if len(texts) > most:
        texts = [*texts[: most - 1], f"{len(texts) - most + 1} more"]
    return texts[0] if len(texts) == 1 else f"{', '.join(texts[:-1])} and {texts[-1]}" if texts else "nothing"


def course(values: Sequence[float], at: Sequence[float] | None = None, along: str = "") -> str:
    """How a curve runs: where it begins and ends, and its lowest and highest point where those lie in between.

    at: the places of the values, by default 0, 1, 2, …; along: what the places are, such as "step".
    """
    pairs = [(float(x), float(y)) for x, y in zip(range(len(values)) if at is None else at, values, strict=False)]
    known = [(x, y) for x, y in pairs if math.isfinite(y)]
    if not known:
        return "no finite value"

    closest = min((abs(x - z) for (x, _), (z, _) in pairwise(pairs) if x != z), default=0.0)

    def place(x: float) -> str:
        return f"{along} {number(0.0 if abs(x) < 1e-3 * closest else x)}".strip()  # 0, as far as the places tell

    (a, first), (b, last) = known[0], known[-1]
    if len(known) == 1:
        text = f"{number(first)} at {place(a)}"
    elif all(y == first for _, y in known):
        text = f"{number(first)} all along, from {place(a)} to {place(b)}"
    else:
        text = f"from {number(first)} at {place(a)} to {number(last)} at {place(b)}"
        low, high = min(known, key=lambda p: p[1]), max(known, key=lambda p: p[1])
        for name, (x, y) in (("lowest", low), ("highest", high)):
            if number(y) not in (number(first), number(last)):
                text += f", {name} {number(y)} at {place(x)}"
    left_out = len(pairs) - len(known)
    return f"{text}, {left_out} values not finite" if left_out else text


def _sentence(text: str) -> str:
    text = " ".join(text.split())
    return text if text.endswith((".", "!", "?", ":", "…")) else f"{text}."


def _read(ax: Axes) -> str:
    """What can be read off a panel whose meaning nobody has told."""
    parts = [_sentence(ax.get_title())] if ax.get_title() else []
    if labels := [f"{name}: {text}" for name, text in (("across", ax.get_xlabel()), ("up", ax.get_ylabel())) if text]:
        parts.append(_sentence(f"Axes, {', '.join(labels)}"))
    parts += _bars(ax)
    parts += _curves(ax)
    for image in ax.images:
        rows, columns = np.shape(image.get_array())[:2]  # type: ignore[arg-type]  # an image that is drawn has one
        parts.append(f"A grid of {rows} rows and {columns} columns, shaded by value.")
    for cloud in ax.collections:
        if len(points := np.asarray(cloud.get_offsets())) > 1:
            label = str(cloud.get_label())
            parts.append(f"{len(points)} points{'' if label.startswith('_') else f' ({label})'}.")
    written = [text.get_text() for text in ax.texts if text.get_text().strip()]
    if written:
        parts.append(_sentence(f"Written in it: {listed(written, 3 * MOST)}"))
    return " ".join(parts)


def _bars(ax: Axes) -> list[str]:
    parts = []
    for bars in (container for container in ax.containers if isinstance(container, BarContainer)):
        flat = bars.orientation == "horizontal"
        ticks = ax.yaxis if flat else ax.xaxis
        names = {round(float(at), 6): tick.get_text() for at, tick in zip(ticks.get_ticklocs(), ticks.get_ticklabels(),
                                                                       strict=False)}  # fmt: skip
        said = []
        for bar in bars:
            middle = bar.get_y() + bar.get_height() / 2 if flat else bar.get_x() + bar.get_width() / 2
            height = bar.get_width() if flat else bar.get_height()
            said.append(f"{names.get(round(float(middle), 6)) or number(middle)} {number(height)}")
        parts.append(_sentence(f"Bars: {listed(said)}"))
    return parts


def _curves(ax: Axes) -> list[str]:
    said, unnamed = [], 0
    for line in ax.lines:
        x, y = np.asarray(line.get_xdata()), np.asarray(line.get_ydata())
        label = str(line.get_label())
        if label.startswith("_"):
            unnamed += len(x) > 2
            if len(x) <= 2 or len(ax.lines) > MOST:  # an axis or a level, or one of a bundle
                continue
        name = f"curve {unnamed}" if label.startswith("_") else label
        said.append(f"{name}, {course(y.tolist(), x.tolist())}")
    more = [f"{len(said) - MOST} more curves"] if len(said) > MOST else []
    return [_sentence(text[:1].upper() + text[1:]) for text in [*said[:MOST], *more]]
