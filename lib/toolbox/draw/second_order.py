"""Pictures of motion and curvature: a thrown ball with its sensitivities, Hessians, decision boundaries."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
import torch
from matplotlib.figure import Figure

from toolbox.draw.graph import GRADIENT, VALUE
from toolbox.draw.words import course, describe, listed, number


def show_throw(
    places: torch.Tensor, moves: torch.Tensor, *, others: Mapping[str, torch.Tensor] | None = None, dt: float = 0.02,
    every: int = 10, title: str = "",
) -> Figure:  # fmt: skip
    """A flight and how it moves with gravity: its places (T, 2) with arrows, and the moves (T, 2) over time.

    moves: d place / d gravity; the arrows show where a place goes when gravity grows by 1 m/s². others: more flights,
    name -> places, drawn thin.
    """
    places, moves = places.detach(), moves.detach()
    figure, (a, b) = plt.subplots(1, 2, figsize=(11, 4.1), width_ratios=(1.35, 1), layout="constrained")
    for (name, flight), dash in zip((others or {}).items(), ("--", ":", "-.") * 3, strict=False):
        a.plot(flight[:, 0], flight[:, 1], dash, color="0.55", lw=1.2, label=name)
    a.plot(places[:, 0], places[:, 1], color=VALUE, lw=2, label="the flight")
    at = slice(every - 1, None, every)
    a.quiver(places[at, 0], places[at, 1], moves[at, 0], moves[at, 1], angles="xy", scale_units="xy", scale=1,
             color=GRADIENT, width=0.004, label="where 1 m/s² more takes it")  # fmt: skip
    a.axhline(0, color="0.3", lw=1)
    a.set(xlabel="x in metres", ylabel="y in metres", aspect="equal", title=title)
    a.legend(fontsize=8, loc="upper left", ncols=2)
    a.set_ylim(top=float(places[:, 1].max()) + 2.6)
    time = dt * (1 + np.arange(len(moves)))
    b.plot(time, moves[:, 0], "--", color=GRADIENT, label="dx / dg")
    b.plot(time, moves[:, 1], "-", color=GRADIENT, label="dy / dg")
    b.axhline(0, color="0.3", lw=0.8)
    b.set(xlabel="time in seconds", ylabel="metres per m/s²", title="the tangents of all places")
    b.grid(alpha=0.3, lw=0.4)
    b.legend(fontsize=9)
    end = places[-1]
    describe(a, f"{title}. A flight of {len(places)} steps: it rises to {number(places[:, 1].max())} m and ends at x "
                f"{number(end[0])} m, y {number(end[1])} m. Arrows show where each place goes if gravity grows by 1 "
                f"m/s²: downwards, the further along the flight the more.")  # fmt: skip
    across, down = (course(moves[:, axis].tolist(), time.tolist(), "second") for axis in (0, 1))
    describe(b, f"The tangents of the places over time. dx/dg, {across}; dy/dg, {down}.")
    return figure


def show_hessian(hessians: Mapping[str, torch.Tensor | None], sizes: Mapping[str, int]) -> Figure:
    """Hessians with lines between the groups of parameters, blue above zero and red below, all on one scale.

    hessians: title -> (n, n); None leaves an empty place that says so. sizes: parameter -> number of entries, summing
    to n. Zeros are white.
    """
    figure, axes = plt.subplots(1, len(hessians), figsize=(4.9 * len(hessians), 4.3), squeeze=False,
                                layout="constrained")  # fmt: skip
    edges = np.cumsum([0, *sizes.values()]) - 0.5
    most = max([float(H.abs().max()) for H in hessians.values() if H is not None] or [1.0]) or 1.0
    for ax, (title, H) in zip(axes.flat, hessians.items(), strict=True):
        ax.set_title(title, fontsize=11)
        ax.set(xticks=[], yticks=[])
        if H is None:
            ax.axis("off")
            ax.text(0.5, 0.5, "not written yet", ha="center", va="center", color="0.5", transform=ax.transAxes)
            continue
        H = H.detach()
        shade = torch.where(H == 0, torch.nan, torch.sign(H) * (H.abs() / most).sqrt())  # roots: small entries show
        ax.imshow(shade.numpy(), cmap="RdBu", vmin=-1.05, vmax=1.05)
        for edge in edges[1:-1]:
            ax.axhline(edge, color="0.35", lw=0.9)
            ax.axvline(edge, color="0.35", lw=0.9)
        middles = (edges[:-1] + edges[1:]) / 2
        ax.set_xticks(middles, list(sizes), fontsize=9)
        ax.set_yticks(middles, list(sizes), fontsize=9)
        ax.tick_params(length=0)
        zeros = f"{int((H == 0).sum())} of {H.numel()} entries zero"
        describe(ax, f"{title}: a Hessian of {len(H)} rows and columns, {zeros}. Largest entry of each block: "
                     f"{listed(_blocks(H, sizes), 10)}.")  # fmt: skip
    return figure


def _blocks(H: torch.Tensor, sizes: Mapping[str, int]) -> list[str]:
    """For each pair of parameters the largest size of an entry of their block, the diagonal blocks first."""
    parts = [part.split(list(sizes.values()), dim=1) for part in H.split(list(sizes.values()))]
    names = list(sizes)
    pairs = [(i, i) for i in range(len(names))] + [(i, j) for i in range(len(names)) for j in range(i)]
    return [f"{names[i]} with {names[j]} {number(parts[i][j].abs().max())}" for i, j in pairs]


def show_boundaries(
    nets: Mapping[str, Callable[[torch.Tensor], torch.Tensor]], x: torch.Tensor, y: torch.Tensor,
    arrows: Mapping[str, torch.Tensor] | None = None,
) -> Figure:  # fmt: skip
    """What nets of two inputs decide: the probability of class 1 as a shade, the boundary as a line, the data on top.

    nets: title -> function from (N, 2) to scores (N,), the boundary being at 0. x (N, 2), y (N,) of 0 and 1.
    arrows: title -> (N, 2), drawn at the data.
    """
    figure, axes = plt.subplots(1, len(nets), figsize=(4.5 * len(nets), 3.9), squeeze=False, layout="constrained")
    low, high = x.min(dim=0).values - 0.6, x.max(dim=0).values + 0.6
    across, up = torch.linspace(float(low[0]), float(high[0]), 120), torch.linspace(float(low[1]), float(high[1]), 110)
    grid = torch.cartesian_prod(across, up).to(x.dtype)
    for ax, (title, net) in zip(axes.flat, nets.items(), strict=True):
        scores = net(grid).detach().reshape(len(across), len(up)).T
        ax.imshow(torch.sigmoid(scores).numpy(), origin="lower", cmap="RdBu", vmin=-0.25, vmax=1.25, aspect="auto",
                  extent=(float(low[0]), float(high[0]), float(low[1]), float(high[1])))  # fmt: skip
        ax.contour(across, up, scores.numpy(), levels=[0.0], colors="black", linewidths=1.6)
        for label, mark, colour in ((0, "o", GRADIENT), (1, "^", VALUE)):
            here = x[y == label]
            ax.scatter(here[:, 0], here[:, 1], marker=mark, color=colour, edgecolor="white", s=34, lw=0.7)
        if arrows and title in arrows:
            along = arrows[title].detach()
            ax.quiver(x[:, 0], x[:, 1], along[:, 0], along[:, 1], color="0.15", width=0.004, scale=22, zorder=3)
        ax.set(title=title, xticks=[], yticks=[])
        ax.title.set_fontsize(10.5)
        right = float(((net(x).detach() > 0) == (y > 0)).double().mean())
        sure = float((torch.sigmoid(scores.abs()) > 0.9).double().mean())
        describe(ax, f"{title}. {right:.0%} of {len(y)} points on the right side of the boundary; {sure:.0%} of the "
                     "plane is decided with more than 90% confidence.")  # fmt: skip
    return figure


def show_steps(curves: Mapping[str, tuple[Sequence[float], Sequence[float]]], *, xlabel: str, ylabel: str) -> Figure:
    """Curves that each have their own places: name -> (x, y), the y axis logarithmic."""
    figure, ax = plt.subplots(figsize=(6.6, 3.5), layout="constrained")
    colours, styles = (VALUE, GRADIENT, "0.4"), ("-", "o--", "^:")
    for (name, (at, values)), colour, style in zip(curves.items(), colours, styles, strict=False):
        ax.semilogy(at, values, style, color=colour, ms=4, lw=1.6, label=name)
    ax.set(xlabel=xlabel, ylabel=ylabel)
    ax.grid(alpha=0.3, lw=0.4, which="both")
    ax.legend(fontsize=9)
    return figure
