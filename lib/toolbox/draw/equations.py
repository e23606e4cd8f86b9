"""Pictures of layers that are equations: slopes of a curve, iterations that settle, close eigenvalues, a camera."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from toolbox.draw.graph import GRADIENT, VALUE
from toolbox.draw.words import course, describe, listed, number
from toolbox.given import camera

COLOURS, STYLES = (VALUE, GRADIENT, "0.35", "tab:purple"), ("-", "--", ":", "-.")


def show_circle_and_webs(slope: float | None, weights: Sequence[float], drive: float = 0.5) -> Figure:
    """Left: the circle x² + z² = 1 with the tangent of the given slope at (0.6, 0.8). Then, for each weight, how the
    iteration z <- tanh(weight z + drive) walks between the curve and the diagonal to where they meet."""
    size = (3.6 * (1 + len(weights)), 3.5)
    figure, axes = plt.subplots(1, 1 + len(weights), figsize=size, squeeze=False, layout="constrained")
    axes = axes[0]
    turn = torch.linspace(0, 2 * math.pi, 200)
    axes[0].plot(torch.cos(turn), torch.sin(turn), color=VALUE)
    axes[0].plot([0.6], [0.8], "o", color=GRADIENT)
    if slope is not None:
        axes[0].plot([0.1, 1.1], [0.8 + slope * (x - 0.6) for x in (0.1, 1.1)], "--", color=GRADIENT)
    axes[0].set(title="x² + z² = 1", xlabel="x", ylabel="z", aspect="equal", xlim=(-1.3, 1.3), ylim=(-1.3, 1.3))
    line = "" if slope is None else f", with a line of slope {number(slope)} through it"
    describe(axes[0], f"The circle x² + z² = 1, and the point (0.6, 0.8) on it{line}.")
    for ax, weight in zip(axes[1:], weights, strict=True):
        _web(ax, weight, drive, -1.0)
    return figure


def show_web(w: float, z: float = -1.0, drive: float = 0.5) -> Figure:
    """How the iteration z <- tanh(w z + drive) walks from z between the curve and the diagonal, 60 steps."""
    figure, ax = plt.subplots(figsize=(4.4, 4.2), layout="constrained")
    _web(ax, w, drive, z)
    return figure


def _web(ax: Axes, weight: float, drive: float, start: float) -> None:
    line = torch.linspace(-1.1, 1.1, 200)
    ax.plot(line, torch.tanh(weight * line + drive), color=VALUE, label="tanh(w z + c)")
    ax.plot(line, line, color="0.5", lw=1, label="z")
    z, walk, states = start, [], [start]
    for _ in range(60):
        new = math.tanh(weight * z + drive)
        walk += [(z, new), (new, new)]
        z = new
        states.append(z)
    ax.plot(*zip(*walk, strict=True), "--", color=GRADIENT, lw=1)
    ax.plot([z], [z], "o", color=GRADIENT, ms=5)
    ax.set(title=f"w = {weight:g}", xlabel="z", xlim=(-1.15, 1.15), ylim=(-1.15, 1.15), aspect="equal")
    ax.legend(fontsize=8, loc="lower right")
    settled = next((step for step in range(60) if abs(states[step] - z) < 1e-3), 60)
    slope = weight * (1 - math.tanh(weight * z + drive) ** 2)
    if abs(states[-1] - states[-2]) > 1e-3:
        end = f"After 60 steps it still moves, between {number(states[-2])} and {number(states[-1])}"
    else:
        end = f"It comes within a thousandth of {number(z)} after {settled} steps"
    describe(ax, f"The iteration z becomes tanh({number(weight)} z + {number(drive)}), from {number(start)}. {end}. "
                 f"The curve's slope there is {number(slope)}.")  # fmt: skip


def show_settling(errors: Mapping[str, Sequence[float]], *, ylabel: str = "distance from the fixed point") -> Figure:
    """How iterations settle: a falling curve for each name, over the steps, on a logarithmic axis."""
    figure, ax = plt.subplots(figsize=(6.4, 3.2), layout="constrained")
    for (name, values), colour, dash in zip(errors.items(), COLOURS, STYLES, strict=False):
        ax.semilogy(range(1, len(values) + 1), values, dash, color=colour, label=name, lw=1.8)
    ax.set(xlabel="step", ylabel=ylabel)
    ax.set_xscale("log")
    ax.grid(alpha=0.3)
    ax.legend()
    return figure


def show_filling(states: Sequence[torch.Tensor], sizes: Sequence[int]) -> Figure:
    """One row's z after each step as a line of cells, the layers of the net set apart; settled ones ticked."""
    figure, ax = plt.subplots(figsize=(7.2, 0.42 * len(states) + 1.1), layout="constrained")
    table = torch.stack([state.detach().flatten() for state in states])
    ax.imshow(table.numpy(), cmap="RdBu", vmin=-1, vmax=1, aspect="auto")
    edge = 0
    for layer, size in enumerate(sizes, 1):
        ax.text(edge + size / 2 - 0.5, -0.75, f"layer {layer}", ha="center", fontsize=10)
        edge += size
        ax.axvline(edge - 0.5, color="black", lw=1.5)
    for step, state in enumerate(table):
        for unit, value in enumerate(state):
            if torch.isclose(value, table[-1, unit], atol=1e-12):
                ax.text(unit, step, "✓", ha="center", va="center", fontsize=9,
                        color="white" if abs(float(value)) > 0.6 else "0.2")  # fmt: skip
    ax.set(xticks=[], ylabel="after step", yticks=range(len(states)))
    final = torch.isclose(table, table[-1], atol=1e-12)
    said = []
    for step, row in enumerate(final):
        parts = [part.all().item() for part in row.split(list(sizes))]
        said.append(f"after step {step} {listed([f'layer {i}' for i, done in enumerate(parts, 1) if done])}")
    return describe(figure, f"The entries of z after each step; those that have their final value: {'; '.join(said)}.")


def show_tangents(
    at: Sequence[float], values: Sequence[float], slopes: Sequence[tuple[float, float, float]], *,
    more: Mapping[str, Sequence[float]] | None = None, marks: Sequence[tuple[float, float]] = (), xlabel: str,
    ylabel: str,
) -> Figure:  # fmt: skip
    """A curve over a logarithmic axis, with short tangents: slopes are (place, value, derivative by the place)."""
    figure, ax = plt.subplots(figsize=(6.6, 3.4), layout="constrained")
    ax.semilogx(at, values, color=VALUE, label=ylabel)
    for name, other in (more or {}).items():
        ax.semilogx(at, other, ":", color="0.4", label=name)
    for i, (place, value, slope) in enumerate(slopes):
        near = [place * 10**t for t in torch.linspace(-0.35, 0.35, 15).tolist()]
        # a tangent on a logarithmic axis: by log(place), the slope is place times the derivative
        line = [value + place * slope * math.log(x / place) for x in near]
        ax.plot(near, line, color=GRADIENT, lw=2.4, label="slope, from one solve" if i == 0 else None)
    if marks:
        ax.plot(*zip(*marks, strict=True), "o-", color="black", ms=4, lw=0.8, label="gradient descent on log(reg)")
    ax.set(xlabel=xlabel, ylabel=ylabel)
    ax.grid(alpha=0.3)
    ax.legend(fontsize=9)
    curves = {ylabel: values, **(more or {})}
    said = [f"{name}, {course(list(curve), list(at), xlabel)}" for name, curve in curves.items()]
    said += [f"slopes by {xlabel}: " + listed([f"{number(slope)} at {number(place)}" for place, _, slope in slopes])]
    if marks:
        said.append(f"descent on it, from {xlabel} {number(marks[0][0])} with {number(marks[0][1])} "
                    f"to {xlabel} {number(marks[-1][0])} with {number(marks[-1][1])}")  # fmt: skip
    return describe(figure, ". ".join(text[:1].upper() + text[1:] for text in said) + ".")


def show_crossing(t: Sequence[float], values: torch.Tensor, gaps: Sequence[float], sizes: Sequence[float]) -> Figure:
    """Left: eigenvalues (len(t), n) over t. Right: the size of a gradient through the vectors, over the gap."""
    figure, (a, b) = plt.subplots(1, 2, figsize=(8.6, 3.3), layout="constrained")
    for i in range(values.shape[1]):
        a.plot(t, values[:, i], STYLES[i % 4], color=COLOURS[i % 4], label=f"eigenvalue {i}")
    a.set(xlabel="t", title="eigenvalues of a matrix that changes")
    a.legend(fontsize=8)
    a.grid(alpha=0.3)
    if sizes:
        b.loglog(gaps[: len(sizes)], sizes, "o-", color=GRADIENT)
    b.set(xlabel="gap between two eigenvalues", title="gradient through the eigenvectors", ylabel="largest entry")
    b.grid(alpha=0.3)
    return figure


def ellipse(covariance: torch.Tensor, deviations: float = 2.0) -> torch.Tensor:
    """(100, 2): points on the ellipse that is `deviations` standard deviations of a (2, 2) covariance away from 0."""
    values, vectors = torch.linalg.eigh(covariance)
    turn = torch.linspace(0, 2 * math.pi, 100, dtype=covariance.dtype)
    circle = torch.stack([torch.cos(turn), torch.sin(turn)], dim=1)
    return deviations * (circle * values.clamp(min=0).sqrt()) @ vectors.T


def show_camera(
    pose: torch.Tensor, points: torch.Tensor, image: torch.Tensor, places: torch.Tensor,
    covariance: torch.Tensor | None = None,
) -> Figure:  # fmt: skip
    """Left: what the camera saw and where the pose puts it. Middle: the scene from above. Right: where the camera
    stands, from above and close up, found from many noisy images (places (k, 3)), and the ellipse of two standard
    deviations that the covariance (3, 3) of the place predicts."""
    figure, (a, b, c) = plt.subplots(1, 3, figsize=(12, 3.7), layout="constrained")
    seen = camera.project(pose, points)
    for (u, v), (s, t) in zip(image.tolist(), seen.tolist(), strict=True):
        a.plot([u, s], [v, t], color="0.6", lw=1)
    a.plot(*image.T, "x", color=GRADIENT, label="seen")
    a.plot(*seen.T, "o", mfc="none", color=VALUE, label="projected")
    a.invert_yaxis()
    a.set(title="the image", aspect="equal")
    a.legend(fontsize=8)
    here = camera.position(pose)
    ahead = camera.rotation(pose[:3])[2]
    b.plot(points[:, 0], points[:, 2], "s", color=VALUE, label="points")
    b.plot([here[0]], [here[2]], "^", color=GRADIENT, ms=9, label="camera")
    b.annotate("", (here + 1.5 * ahead)[[0, 2]].tolist(), here[[0, 2]].tolist(),
               arrowprops={"arrowstyle": "->", "color": GRADIENT})  # fmt: skip
    b.set(title="from above", xlabel="x (m)", ylabel="z (m)", aspect="equal")
    b.legend(fontsize=8)
    c.plot(100 * (places[:, 0] - here[0]), 100 * (places[:, 2] - here[2]), ".", color="0.5", ms=3,
           label=f"found from {len(places)} images")  # fmt: skip
    if covariance is not None:
        edge = 100 * ellipse(covariance[[0, 2]][:, [0, 2]])
        c.plot(edge[:, 0], edge[:, 1], color=GRADIENT, lw=2, label="two standard deviations")
    c.set(title="the camera's place", xlabel="x (cm)", ylabel="z (cm)", aspect="equal")
    c.legend(fontsize=8, loc="upper right")
    c.set_ylim(top=c.get_ylim()[1] * 1.5)  # room for the legend
    error = float((image - seen).norm(dim=1).mean())
    describe(
        a, f"The image: {len(points)} points, seen on average {number(error)} away from where the pose projects them."
    )
    describe(b, f"The scene from above: the points around the origin, the camera at x {number(here[0])} m, "
                f"z {number(here[2])} m, looking at them.")  # fmt: skip
    cloud = 100 * places.std(dim=0)
    predicted = [] if covariance is None else [f"{100 * float(covariance[i, i]) ** 0.5:.1f}" for i in (0, 2)]
    told = f"; the ellipse predicts {listed(predicted)} cm" if predicted else ""
    describe(c, f"The camera's place found from {len(places)} noisy images: standard deviations {number(cloud[0])} cm "
                f"in x and {number(cloud[2])} cm in z{told}.")  # fmt: skip
    return figure
