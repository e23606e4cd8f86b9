"""Pictures of training: paths over landscapes, signals through layers, confusion, searches, bars of time."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import torch
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullFormatter, PercentFormatter
from torch import Tensor

from toolbox.draw.words import course, describe, listed, number

STYLES = {"SGD": ("#c44e52", "-", "o"), "momentum": ("#1f6f8b", "--", "s")}


def show_paths(
    landscapes: Mapping[str, Callable[[Tensor, Tensor], Tensor]], paths: Mapping[str, Mapping[str, Tensor]],
    windows: Mapping[str, tuple[float, float, float, float]],
) -> Figure:  # fmt: skip
    """Landscapes as contours with the paths of optimisers on them, and below each the loss against the step.

    landscapes: title -> loss(x, y) of tensors. paths: title -> optimiser -> points (steps, 2), the start included.
    windows: title -> (left, right, bottom, top).
    """
    figure, axes = plt.subplots(
        2, len(landscapes), figsize=(3.9 * len(landscapes), 5.6), height_ratios=(3, 2), squeeze=False
    )
    said = []
    for (title, loss), above, below in zip(landscapes.items(), *axes, strict=True):
        left, right, bottom, top = windows[title]
        x, y = torch.meshgrid(torch.linspace(left, right, 160), torch.linspace(bottom, top, 160), indexing="xy")
        height = loss(x, y)
        levels = torch.quantile(height.flatten(), torch.linspace(0, 0.98, 16)).unique().tolist()
        above.contourf(x, y, height, levels, cmap="Greys", alpha=0.35, extend="both")
        above.contour(x, y, height, levels, colors="0.55", linewidths=0.5)
        losses: dict[str, Tensor] = {}
        for name, points in paths[title].items():
            color, dash, mark = STYLES.get(name, ("black", "--", "^"))
            points = points.detach()
            above.plot(*points.T, dash, color=color, lw=1.2, marker=mark, ms=2.6, label=name)
            above.plot(*points[-1], mark, color=color, ms=9, mec="white", mew=1.2)
            losses[name] = loss(points[:, 0], points[:, 1])
            below.plot(losses[name], dash, color=color, lw=1.6, label=name)
        start = next(iter(paths[title].values()))[0].tolist()
        most = 2 * max(float(height.max()), *(float(values[0]) for values in losses.values()))
        if any(not float(values.max()) < most for values in losses.values()):  # one that diverges: show where it begins
            below.set_ylim(min(float(height.min()), 0.0), most)
        above.plot(*start, "*", color="black", ms=11)
        above.set(title=title, xlim=(left, right), ylim=(bottom, top), xticks=[], yticks=[])
        below.set(xlabel="step", ylabel="loss" if below is axes[1][0] else "")
        below.grid(alpha=0.3)
        ends = [f"{name} ends at ({number(points[-1, 0])}, {number(points[-1, 1])}), its loss "
                f"{course(losses[name].tolist(), along='step')}" for name, points in paths[title].items()]  # fmt: skip
        said.append(f"{title}, from ({number(start[0])}, {number(start[1])}): {'; '.join(ends)}.")
    axes[0][0].legend(loc="best", fontsize=9)
    figure.tight_layout()
    return describe(figure, "Paths of optimisers over landscapes, and their losses. " + " ".join(said))


def show_chords(lines: Mapping[str, tuple[Sequence[float], Sequence[float], Sequence[float]]]) -> Figure:
    """Losses along straight lines between two sets of parameters: title -> (ways from 0 to 1, losses, the chord)."""
    figure, axes = plt.subplots(1, len(lines), figsize=(3.7 * len(lines), 3.0), squeeze=False)
    for (title, (ways, losses, chord)), ax in zip(lines.items(), axes[0], strict=True):
        ax.plot(ways, losses, "-", color="#1f6f8b", lw=2, label="loss")
        ax.plot(ways, chord, ":", color="black", lw=1.6, label="chord")
        ax.set(title=title, xlabel="from A (0) to B (1)", ylabel="loss" if ax is axes[0][0] else "")
        ax.title.set_fontsize(10)
        ax.set_ylim(0, 1.15 * max(losses))
        ax.grid(alpha=0.3)
        above = max(loss - level for loss, level in zip(losses, chord, strict=True))
        where = f"above the chord by up to {number(above)}" if above > 1e-4 * max(losses) else "never above the chord"
        describe(ax, f"{title}: loss {course(losses, ways)}; it is {where}.")
    axes[0][0].legend(fontsize=9)
    figure.tight_layout()
    return figure


def show_signals(signals: Mapping[str, Mapping[int, Tensor]], *, limit: float = 3.0) -> Figure:
    """Histograms of what comes out of layers, `signals[way][layer]`: a row for each way to start, a column a layer.

    The share of exact zeros is written into each picture, and so is the standard deviation.
    """
    rows, columns = len(signals), max(len(layers) for layers in signals.values())
    figure, axes = plt.subplots(
        rows, columns, figsize=(1.9 * columns + 1, 1.55 * rows + 0.3), squeeze=False, sharex=True
    )
    said = []
    for row, (name, layers) in enumerate(signals.items()):
        line, parts = axes[row], []
        for (place, layer), ax in zip(layers.items(), line, strict=True):
            values = layer.detach().flatten().double()
            zeros, spread = float((values == 0).double().mean()), float(values.std())
            ax.hist(
                values[values != 0].clamp(-limit, limit).numpy(), bins=np.linspace(-limit, limit, 49), color="#1f6f8b"
            )
            shown = f"{spread:.2g}" if math.isfinite(spread) else "inf"
            text = f"std {shown}" + (f"\nzero {zeros:.0%}" if zeros > 0.005 else "")
            ax.text(0.04, 0.95, text, transform=ax.transAxes, va="top", fontsize=8)
            ax.margins(y=0.4)
            ax.set(yticks=[], title="" if row else f"layer {place}")
            ax.spines[["top", "right", "left"]].set_visible(False)
            edge = float((values.abs() >= 0.98 * min(limit, 1.0)).double().mean()) if limit < 2 else 0.0
            parts.append(f"layer {place} {number(spread)}" + (f" with {zeros:.0%} exact zeros" if zeros > 0.005 else "")
                         + (f" with {edge:.0%} near -1 or 1" if edge > 0.02 else ""))  # fmt: skip
        line[0].set_ylabel(name, fontsize=9)
        said.append(f"{name}: {listed(parts)}.")
    figure.tight_layout()
    return describe(figure, "Histograms of the outputs of layers; their standard deviations. " + " ".join(said))


def show_confusion(counts: Tensor, names: Sequence[object] = (), *, title: str = "") -> Figure:
    """A confusion matrix: true class down, predicted class across; mistakes in colour, the diagonal in grey."""
    counts = counts.detach().double()
    C = len(counts)
    names = [str(name) for name in names] or [str(c) for c in range(C)]
    mistakes = counts - torch.diag(counts.diagonal())
    figure, ax = plt.subplots(figsize=(0.46 * C + 1.2, 0.46 * C + 0.9))
    ax.imshow(mistakes.numpy(), cmap="Reds", vmin=0, vmax=max(3.0, float(mistakes.max())))
    for i in range(C):
        ax.add_patch(plt.Rectangle((i - 0.5, i - 0.5), 1, 1, color="0.88"))
        for j in range(C):
            if counts[i, j]:
                strong = i != j and counts[i, j] > 0.6 * mistakes.max()
                ax.text(j, i, f"{int(counts[i, j])}", ha="center", va="center", fontsize=10,
                        color="white" if strong else "black")  # fmt: skip
    ax.set(xlabel="taken for", ylabel="is", title=title)
    labels = [str(name) for name in names]
    ax.set_xticks(range(C), labels)
    ax.set_yticks(range(C), labels)
    figure.tight_layout()
    most = mistakes.flatten().argsort(descending=True, stable=True)[:8].tolist()
    pairs = [f"{labels[i // C]} as {labels[i % C]} {_times(int(mistakes.flatten()[i]))}" for i in most
             if mistakes.flatten()[i]]  # fmt: skip
    right = [f"{label} {int(count)}" for label, count in zip(labels, counts.diagonal(), strict=True)]
    return describe(figure, f"{title or 'A confusion matrix'}. Right, by class: {listed(right)}. "
                            f"Most frequent mistakes: {listed(pairs)}.")  # fmt: skip


def show_search(searches: Mapping[str, Sequence[Mapping[str, float]]], x: str = "lr", y: str = "reg") -> Figure:
    """Searches side by side: settings on logarithmic axes, colour for the result; marks along the axes for the
    different values that were tried of each setting, a ring around the best."""
    results = [row["result"] for rows in searches.values() for row in rows]
    low, high = sorted(results)[len(results) // 3], max(results)
    options: dict[str, Any] = {"squeeze": False, "sharex": True, "sharey": True, "layout": "constrained"}
    figure, axes = plt.subplots(1, len(searches), figsize=(4.7 * len(searches), 3.6), **options)
    said = []
    for (name, rows), ax in zip(searches.items(), axes[0], strict=True):
        a, b, c = ([row[key] for row in rows] for key in (x, y, "result"))
        dots = ax.scatter(a, b, c=c, cmap="viridis", vmin=low, vmax=high, s=90, edgecolors="0.3", linewidths=0.6)
        best = max(rows, key=lambda row: row["result"])
        ax.scatter(best[x], best[y], s=320, facecolors="none", edgecolors="#c44e52", linewidths=2)
        ax.set(xscale="log", yscale="log", xlabel=x, title=f"{name}: best {best['result']:.1%}")
        ax.plot(a, [0.02] * len(a), "|", color="0.3", ms=10, transform=ax.get_xaxis_transform(), clip_on=False)
        ax.plot([0.015] * len(b), b, "_", color="0.3", ms=10, transform=ax.get_yaxis_transform(), clip_on=False)
        ax.grid(alpha=0.25)
        points = [f"{x} {number(row[x])} and {y} {number(row[y])} {row['result']:.0%}"
                  for row in sorted(rows, key=lambda row: row[x])]  # fmt: skip
        said.append(f"{name}: {len(rows)} points with {len(set(a))} values of {x} and {len(set(b))} of {y}; "
                    f"best {best['result']:.1%} at {x} {number(best[x])} and {y} {number(best[y])}. By {x}: "
                    f"{listed(points, 20)}.")  # fmt: skip
    axes[0][0].set_ylabel(y)
    bar = figure.colorbar(dots, ax=axes[0].tolist(), format=PercentFormatter(1.0, decimals=0), extend="min")
    bar.set_label("right on the validation images")
    return describe(figure, "Results of searches. " + " ".join(said))


def show_times(times: Mapping[str, Mapping[str, float]], *, title: str = "", against: str = "") -> Figure:
    """Bars of milliseconds, one group a shape: `times[shape][variant]`; with `against`, its multiples on top."""
    figure, axes = plt.subplots(1, len(times), figsize=(4.2 * len(times), 2.9), squeeze=False)
    for (shape, group), ax in zip(times.items(), axes[0], strict=True):
        bars = ax.bar(list(group), [1000 * value for value in group.values()], width=0.6,
                      color=["0.65", "#c44e52", "#1f6f8b", "#55a868"][: len(group)])  # fmt: skip
        for bar, value in zip(bars, group.values(), strict=True):
            text = f"{1000 * value:.3g} ms"
            if against in group and group[against] != value:
                text += f"\n× {value / group[against]:.2f}"
            ax.annotate(text, (bar.get_x() + bar.get_width() / 2, bar.get_height()), (0, 2), textcoords="offset points",
                        ha="center", fontsize=9)  # fmt: skip
        ax.set(title=shape, ylim=(0, 1300 * max(group.values())), ylabel="ms a step" if ax is axes[0][0] else "")
        ax.spines[["top", "right"]].set_visible(False)
    if title:
        figure.suptitle(title)
    figure.tight_layout()
    return figure


def show_learning(curves: Mapping[str, Mapping[str, Sequence[float]]], *, xlabel: str = "epoch") -> Figure:
    """Several panels of curves over the epoch, `curves[panel][name]`; a panel called "loss" gets a logarithmic axis."""
    figure, axes = plt.subplots(1, len(curves), figsize=(5.2 * len(curves), 3.1), squeeze=False)
    for (panel, lines), ax in zip(curves.items(), axes[0], strict=True):
        for (name, values), dash in zip(lines.items(), ["-", "--", ":", "-."] * len(lines), strict=False):
            ax.plot(range(1, len(values) + 1), values, dash, label=name, lw=1.8)
        ax.set(xlabel=xlabel, title=panel)
        if panel.startswith("loss"):
            ax.set_yscale("log")
            ax.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
            ax.yaxis.set_major_formatter("{x:g}")
            ax.yaxis.set_minor_formatter(NullFormatter())
        else:
            ax.yaxis.set_major_formatter(PercentFormatter(1.0))
        ax.grid(alpha=0.3)
        if panel == list(curves)[-1] or list(lines) != list(curves[list(curves)[-1]]):  # once, where it is the same
            ax.legend(fontsize=9)
    figure.tight_layout()
    return figure


def _times(count: int) -> str:
    return {1: "once", 2: "twice"}.get(count, f"{count} times")


def show_regions(
    classifiers: Mapping[str, Callable[[Tensor], Tensor]], x: Tensor, y: Tensor, *, reach: float = 1.6
) -> Figure:
    """Points of two classes in the plane, and where each classifier says which. classifiers: title -> scores(x)."""
    figure, axes = plt.subplots(1, len(classifiers), figsize=(3.1 * len(classifiers), 3.3), squeeze=False)
    line = torch.linspace(-reach, reach, 120, dtype=x.dtype)
    places = torch.cartesian_prod(line, line)
    for (name, scores), ax in zip(classifiers.items(), axes[0], strict=True):
        side = scores(places).argmax(dim=1).reshape(len(line), len(line)).T
        right = float((scores(x).argmax(dim=1) == y).double().mean())
        ax.contourf(line, line, side, levels=[-0.5, 0.5, 1.5], colors=["#f3d3d1", "#cfe3ea"])
        if len(side.unique()) > 1:
            ax.contour(line, line, side, levels=[0.5], colors="black", linewidths=1)
        for label, (color, mark, size) in enumerate((("#c44e52", "o", 3.5), ("#1f6f8b", "^", 4.5))):
            ax.plot(*x[y == label].T, mark, color=color, ms=size, mec="white", mew=0.3)
        ax.set(title=f"{name}\n{right:.0%} right", xticks=[], yticks=[], aspect="equal")
        area = f"class 1 has {float(side.double().mean()):.0%} of the area"
        describe(ax, f"{name}: {right:.0%} of {len(y)} points on the right side; {area}, and {_closed(side)}.")
    figure.tight_layout()
    return figure


def _closed(side: Tensor) -> str:
    """Whether a region of class 0 lies within class 1, as a disc in a ring must."""
    edge = torch.cat([side[0], side[-1], side[:, 0], side[:, -1]])
    return "its boundary is closed" if len(edge.unique()) == 1 else "its boundary runs to the edge of the picture"
