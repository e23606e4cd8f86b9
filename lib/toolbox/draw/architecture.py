"""Whole networks in one picture: a strip of boxes for each, from left to right, with skip connections as arcs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import matplotlib.pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch, Rectangle
from torch import Tensor

from toolbox.draw.graph import LINE
from toolbox.draw.words import describe, listed

KINDS = {"conv": ("#dbe9f1", ""), "pool": ("#f3e3c8", "///"), "mean": ("#f3e3c8", "///"), "full": ("#e6ddf0", "..."),
         "+": ("white", "")}  # fmt: skip
TALL, SMALL, ABOVE, HALF = 0.75, 0.17, 1.45, 0.36  # half heights of boxes, the height of a second row, half a width


def show_architectures(nets: Mapping[str, Any], values: Mapping[str, Mapping[str, Tensor]]) -> Figure:
    """Graphs whose ops have a `label`, such as `toolbox.given.famous_nets`: title -> graph, title -> its values.

    A box for each node, as far right as the longest path to it; what stands above one another can be computed at the
    same time. Below a box is the height and width of its result, where they change.
    """
    most = max(max(levels_of(net).values()) for net in nets.values())
    tops = [2.05 if any(len(node.sources) > 1 for node in net.nodes.values()) else 1.0 for net in nets.values()]
    heights = [top + 1.15 for top in tops]
    size = (0.45 * most + 0.9, 0.72 * sum(heights))
    figure, axes = plt.subplots(len(nets), 1, figsize=size, squeeze=False, height_ratios=heights)
    for ax, top, (title, net) in zip(axes[:, 0], tops, nets.items(), strict=True):
        _strip(ax, title, net, values[title])
        ax.set(xlim=(-0.6, most + 0.6), ylim=(-1.15, top))
    figure.tight_layout(h_pad=0.2)
    return figure


def levels_of(net: Any) -> dict[str, int]:
    """For every name how many nodes are on the longest path to it; inputs have 0. Nodes in any order, no cycle."""
    level = dict.fromkeys(net.inputs, 0)
    while waiting := [name for name in net.nodes if name not in level]:
        ready = [name for name in waiting if all(source in level for source in net.nodes[name].sources)]
        if not ready:
            raise ValueError(f"{', '.join(waiting)} wait for each other, or for a name that is not there")
        level |= {name: 1 + max(level[source] for source in net.nodes[name].sources) for name in ready}
    return level


def _strip(ax: Axes, title: str, net: Any, values: Mapping[str, Tensor]) -> None:
    level = levels_of(net)
    readers: dict[str, int] = {}  # a level -> how many of its nodes have been drawn
    at: dict[str, tuple[float, float, float]] = {name: (0.0, 0.0, 0.2) for name in net.inputs}  # x, y, half height
    for name in sorted(net.nodes, key=lambda name: level[name]):
        row = readers.get(str(level[name]), 0)
        readers[str(level[name])] = row + 1
        small = net.nodes[name].op.label == "+"
        at[name] = (level[name], ABOVE * row, SMALL if small else (0.5 if row else TALL))
        _box(ax, net.nodes[name].op.label, *at[name])
    for name in net.inputs:
        ax.text(*at[name][:2], name, ha="center", va="center", fontsize=12, style="italic")
    arcs = [(source, name) for name, node in net.nodes.items() for source in node.sources
            if level[name] - level[source] > 1 or at[name][1] != at[source][1]]  # fmt: skip
    for name, node in net.nodes.items():
        for source in node.sources:
            _wire(ax, at[source], at[name], (source, name) in arcs)
    side = 0
    for name in (name for name in values if name in net.nodes and at[name][1] == 0):
        size = values[name].shape[-1] if values[name].dim() == 4 else 0
        if size != side:
            ax.text(at[name][0], -TALL - 0.08, f"{size}×{size}" if size else "flat", ha="center", va="top", fontsize=7)
            side = size
    ax.set_title(title, fontsize=11, loc="left", y=0.95)
    ax.axis("off")
    parts = [f"{name} {net.nodes[name].op.label} giving {'×'.join(map(str, values[name].shape[1:]))}"
             for name in values if name in net.nodes]  # fmt: skip
    told = f" Skips: {listed([f'{a} to {b}' for a, b in arcs], 30)}." if arcs else " A chain without skips."
    describe(ax, f"{title}, {len(net.nodes)} nodes: {listed(parts, 40)}.{told}")


def _box(ax: Axes, label: str, x: float, y: float, half: float) -> None:
    colour, hatch = KINDS.get(label.split()[0].rstrip(","), ("white", ""))
    ax.add_patch(Rectangle((x - HALF, y - half), 2 * HALF, 2 * half, fc=colour, ec=LINE, hatch=hatch, lw=1))
    behind = {"fc": "white", "ec": "none", "pad": 0.6} if hatch else None
    ax.text(x, y, label.replace(", ", "\n", 1), rotation=0 if label == "+" else 90, ha="center", va="center",
            fontsize=11 if label == "+" else 6.8, bbox=behind)  # fmt: skip


def _wire(ax: Axes, start: tuple[float, float, float], end: tuple[float, float, float], arc: bool) -> None:
    options: dict[str, Any] = {"arrowstyle": "-|>", "mutation_scale": 8, "color": LINE, "lw": 1.1}
    if not arc:
        ax.add_patch(FancyArrowPatch((start[0] + HALF, start[1]), (end[0] - HALF, end[1]), shrinkA=0, shrinkB=0,
                                     **options))  # fmt: skip
    elif start[1] != end[1]:  # up to a second row, or down from it
        ax.add_patch(FancyArrowPatch((start[0] + HALF * (end[1] < start[1]), start[1] + start[2] * (end[1] > start[1])),
                                     (end[0] - HALF * (end[1] > start[1]), end[1] + end[2] * (end[1] < start[1])),
                                     connectionstyle="arc3,rad=-0.25", **options))  # fmt: skip
    else:
        ax.add_patch(FancyArrowPatch((start[0], start[1] + start[2]), (end[0], end[1] + end[2]),
                                     connectionstyle=f"arc3,rad={-1.2 / (end[0] - start[0]) ** 0.5:.3f}",
                                     **options))  # fmt: skip
