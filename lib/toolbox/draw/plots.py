"""The small plots of the notebooks: images, weights as images, curves, one sample's scores, steps of a graph.

Every function draws one figure and returns it as matplotlib knows it (`plt.show()` is the notebook's business).
Colours: dashes and hatches repeat whatever a colour says; weights are "RdBu", white at zero.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
import torch
from matplotlib.figure import Figure

from toolbox.draw.graph import GRADIENT, VALUE, draw_graph
from toolbox.draw.words import describe, listed, number


def show_images(images: torch.Tensor, titles: Sequence[object] = (), *, columns: int = 10, title: str = "") -> Figure:
    """Grey images (N, 64) or (N, 8, 8), ink dark, in a grid with a title each where given."""
    figure, ax, tiles = _mosaic(images.reshape(len(images), -1), titles, columns, title)
    ax.imshow(tiles, cmap="gray_r", vmin=0, vmax=1)
    ink = images.detach().reshape(len(images), -1).double().mean(dim=1).tolist()
    names = [f"{titles[i]}, {share:.0%} ink" if i < len(titles) else f"{share:.0%} ink" for i, share in enumerate(ink)]
    head = f"{title}. " if title else ""
    return describe(figure, f"{head}{len(images)} grey images: {listed(names, 24)}.")


def show_weights(w: torch.Tensor, titles: Sequence[object] = (), *, columns: int = 10, title: str = "") -> Figure:
    """The columns of w (64, C) as 8x8 images on one scale: blue raises that column's score, red lowers it."""
    w = w.detach().reshape(w.shape[0], -1)
    most = float(w.abs().max()) or 1.0
    figure, ax, tiles = _mosaic(w.T, titles, columns, title)
    picture = ax.imshow(tiles, cmap="RdBu", vmin=-most, vmax=most)
    figure.colorbar(picture, ax=ax, fraction=0.05, pad=0.01, shrink=0.9).ax.tick_params(labelsize=8)
    side = int(w.shape[0] ** 0.5)
    said = []
    for i, column in enumerate(w.T):
        (high, up), (low, down) = (column.max(dim=0), column.min(dim=0))
        name = f"{titles[i]}: " if i < len(titles) else f"image {i}: "
        said.append(f"{name}highest {number(high)} at row {up // side}, column {up % side}, "
                    f"lowest {number(low)} at row {down // side}, column {down % side}")  # fmt: skip
    head = f"{title}. " if title else ""
    return describe(figure, f"{head}Weights as images of {side} by {side} pixels, from {number(-most)} (red) to "
                            f"{number(most)} (blue). {'; '.join(said[:16])}.")  # fmt: skip


def _mosaic(images: torch.Tensor, titles: Sequence[object], columns: int, title: str):
    """A figure, its axes, and one array with all images side by side: a single imshow is ten times as fast as many."""
    count, side = len(images), int(images.shape[1] ** 0.5)
    columns = min(columns, count)
    lines, gap, head = -(-count // columns), side // 6 + 1, 3 if len(titles) else 1
    tiles = np.full((lines * (side + head), columns * (side + gap) - gap), np.nan)
    figure, ax = plt.subplots(figsize=(max(1.8, 0.95 * columns + 0.5), (side + head) * lines * 0.1 + 0.3 * bool(title)))
    for i, image in enumerate(images.detach().to(torch.float64).cpu()):
        top, left = (i // columns) * (side + head) + head, (i % columns) * (side + gap)
        tiles[top : top + side, left : left + side] = image.reshape(side, side).numpy()
        if i < len(titles):
            ax.text(left + side / 2 - 0.5, top - 0.9, str(titles[i]), ha="center", va="bottom", fontsize=10)
    ax.axis("off")
    ax.set_title(title, fontsize=12)
    figure.subplots_adjust(left=0.01, right=0.99, bottom=0.01, top=0.9 if title else 0.99)
    return figure, ax, tiles


def show_curves(
    curves: Mapping[str, Sequence[float]],
    *,
    at: Sequence[float] | None = None,
    xlabel: str = "step",
    ylabel: str = "loss",
    title: str = "",
) -> Figure:
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


def show_scores(
    scores: Sequence[float],
    right: int,
    terms: Sequence[float],
    *,
    names: Sequence[str] = (),
    ylabel: str = "share of the loss",
    title: str = "",
    line: float | None = None,
) -> Figure:
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
        for i, height in enumerate(numbers):
            height = float(height)
            ax.annotate(
                f"{height:.2f}",
                (i, height),
                (0, 2 if height >= 0 else -3),
                textcoords="offset points",
                ha="center",
                va="bottom" if height >= 0 else "top",
                fontsize=9,
            )
        ax.spines[["top", "right"]].set_visible(False)
    b.set_title(ylabel, fontsize=10)
    if title:
        figure.suptitle(title, fontsize=12)
    figure.tight_layout()
    return figure


def show_graph_steps(
    nodes: Mapping[str, str],
    edges: Sequence[tuple[str, str]],
    values: Mapping[str, object],
    steps: Sequence[tuple[str, Mapping[str, object], Sequence[str]]],
    *,
    columns: int = 2,
    below: str = "gradient",
) -> Figure:
    """The same graph once for each step of a pass: steps are (title, numbers below the wires so far, wires to mark).

    below: what these numbers are, as in `draw_graph`.
    """
    lines = -(-len(steps) // columns)
    figure, axes = plt.subplots(lines, columns, figsize=(6.2 * columns, 3.7 * lines), squeeze=False)
    for ax in axes.flat:
        ax.axis("off")
    for ax, (title, grads, marked) in zip(axes.flat, steps, strict=False):
        draw_graph(nodes, edges, values, grads, title=title, highlight=marked, below=below, ax=ax)
    figure.tight_layout()
    return figure
