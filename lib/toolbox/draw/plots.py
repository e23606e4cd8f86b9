"""The small plots of the notebooks: images, weights as images, curves, one sample's scores, steps of a graph.

Every function draws one figure and returns it as matplotlib knows it (`plt.show()` is the notebook's business).
Colours: dashes and hatches repeat whatever a colour says; weights are "RdBu", white at zero.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import torch
from matplotlib.figure import Figure

from toolbox.draw.graph import GRADIENT, VALUE, draw_graph


def show_images(images: torch.Tensor, titles: Sequence[object] = (), *, columns: int = 10, title: str = "") -> Figure:
    """Grey images (N, 64) or (N, 8, 8), ink dark, in a grid with a title each where given."""
    images = images.reshape(len(images), -1)
    side = int(images.shape[1] ** 0.5)
    columns = min(columns, len(images))
    lines = -(-len(images) // columns)
    height = 1.15 if len(titles) else 0.95
    size = (0.95 * columns, height * lines + 0.3 * bool(title))
    figure, axes = plt.subplots(lines, columns, figsize=size, squeeze=False)
    for ax in axes.flat:
        ax.axis("off")
    for i, (ax, image) in enumerate(zip(axes.flat, images, strict=False)):
        ax.imshow(image.reshape(side, side).numpy(), cmap="gray_r", vmin=0, vmax=1)
        if i < len(titles):
            ax.set_title(str(titles[i]), fontsize=10, pad=2)
    if title:
        figure.suptitle(title, fontsize=12)
    figure.tight_layout(pad=0.3)
    return figure


def show_weights(w: torch.Tensor, titles: Sequence[object] = (), *, columns: int = 10, title: str = "") -> Figure:
    """The columns of w (64, C) as 8x8 images on one scale: blue raises that column's score, red lowers it."""
    w = w.detach().to(torch.float64).reshape(w.shape[0], -1)
    side, count = int(w.shape[0] ** 0.5), w.shape[1]
    columns = min(columns, count)
    lines = -(-count // columns)
    most = float(w.abs().max()) or 1.0
    figure, axes = plt.subplots(lines, columns, squeeze=False, layout="constrained",
                                figsize=(0.95 * columns + 0.8, 1.15 * lines + 0.3 * bool(title)))
    for ax in axes.flat:
        ax.axis("off")
    picture = None
    for i, (ax, column) in enumerate(zip(axes.flat, w.T, strict=False)):
        picture = ax.imshow(column.reshape(side, side).numpy(), cmap="RdBu", vmin=-most, vmax=most)
        if i < len(titles):
            ax.set_title(str(titles[i]), fontsize=10, pad=2)
    figure.colorbar(picture, ax=axes, fraction=0.02, pad=0.01).ax.tick_params(labelsize=8)
    if title:
        figure.suptitle(title, fontsize=12)
    return figure


def show_curves(curves: Mapping[str, Sequence[float]], *, at: Sequence[float] | None = None, xlabel: str = "step",
                ylabel: str = "loss", title: str = "") -> Figure:
    """Named curves, over their index or over `at`; each line differs in dash as well as in colour."""
    figure, ax = plt.subplots(figsize=(6, 3))
    for (name, values), dash in zip(curves.items(), ["-", "--", ":", "-."] * len(curves), strict=False):
        places = range(len(values)) if at is None else [float(place) for place in at]
        ax.plot(places, [float(value) for value in values], dash, label=name, lw=1.8)
    ax.set(xlabel=xlabel, ylabel=ylabel, title=title)
    ax.grid(alpha=0.3)
    if len(curves) > 1:
        ax.legend()
    figure.tight_layout()
    return figure


def show_scores(scores: Sequence[float], right: int, terms: Sequence[float], *, names: Sequence[str] = (),
                ylabel: str = "share of the loss", title: str = "", line: float | None = None) -> Figure:
    """One sample: its scores as bars (the right class hatched), and beside them what each class adds to the loss.

    `line` draws a dashed level over the scores, such as the hinge loss's "right score minus 1".
    """
    names = list(names) or [f"class {i}" for i in range(len(scores))]
    figure, (a, b) = plt.subplots(1, 2, figsize=(7.2, 2.7))
    bars = a.bar(names, [float(s) for s in scores], color=VALUE, alpha=0.75)
    bars[right].set(hatch="//", edgecolor="white")
    a.axhline(0, color="black", lw=0.8)
    a.set_title("scores (hatched: the right class)", fontsize=10)
    if line is not None:
        a.axhline(line, color=GRADIENT, ls="--", lw=1.5)
    for ax, numbers in ((a, scores), (b, terms)):
        low, high = ax.get_ylim() if ax is a else (min([0, *map(float, terms)]), max([0.1, *map(float, terms)]))
        if ax is b:
            b.bar(names, [float(t) for t in terms], color=GRADIENT, alpha=0.75)
            b.axhline(0, color="black", lw=0.8)
        ax.set_ylim(low - 0.14 * (high - low) * (low < 0), high + 0.16 * (high - low))
        for i, number in enumerate(numbers):
            number = float(number)
            ax.annotate(f"{number:.2f}", (i, number), (0, 2 if number >= 0 else -3), textcoords="offset points",
                        ha="center", va="bottom" if number >= 0 else "top", fontsize=9)
        ax.spines[["top", "right"]].set_visible(False)
    b.set_title(ylabel, fontsize=10)
    if title:
        figure.suptitle(title, fontsize=12)
    figure.tight_layout()
    return figure


def show_graph_steps(nodes: Mapping[str, str], edges: Sequence[tuple[str, str]], values: Mapping[str, object],
                     steps: Sequence[tuple[str, Mapping[str, object], Sequence[str]]], *, columns: int = 2) -> Figure:
    """The same graph once for each step of a backward pass: steps are (title, gradients so far, wires to mark)."""
    lines = -(-len(steps) // columns)
    figure, axes = plt.subplots(lines, columns, figsize=(6.2 * columns, 3.7 * lines), squeeze=False)
    for ax in axes.flat:
        ax.axis("off")
    for ax, (title, grads, marked) in zip(axes.flat, steps, strict=False):
        draw_graph(nodes, edges, values, grads, title=title, highlight=marked, ax=ax)
    figure.tight_layout()
    return figure
