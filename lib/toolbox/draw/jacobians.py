"""Pictures of Jacobians, and of how they grow: matrices with their zeros left white, and costs on logarithmic axes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import torch
from matplotlib.figure import Figure

from toolbox.draw.graph import GRADIENT, VALUE
from toolbox.draw.words import describe, listed, number

COLOURS, STYLES = (GRADIENT, VALUE, "0.4"), ("o-", "s--", "^:")


def show_jacobians(
    jacobians: Mapping[str, torch.Tensor | None], *, columns: int = 3, axes: tuple[str, str] = ("outputs", "inputs")
) -> Figure:
    """Each Jacobian as a matrix, outputs down and inputs across, zeros white; small ones with their entries.

    jacobians: title -> tensor; one with four axes is flattened, the first two to rows. None leaves an empty place that
    says so. axes: what the rows and the columns are.
    """
    columns = min(columns, len(jacobians))
    lines = -(-len(jacobians) // columns)
    size = (3.9 * columns, 3.5 * lines)
    figure, places = plt.subplots(lines, columns, figsize=size, squeeze=False, layout="constrained")
    for ax in places.flat:
        ax.axis("off")
    for ax, (title, jacobian) in zip(places.flat, jacobians.items(), strict=False):
        ax.set_title(title, fontsize=11)
        if jacobian is None:
            ax.text(0.5, 0.5, "not written yet", ha="center", va="center", color="0.5", transform=ax.transAxes)
            continue
        jacobian = torch.as_tensor(jacobian).detach().to(torch.float64)
        rows = jacobian.shape[: jacobian.dim() // 2].numel()
        _matrix(ax, jacobian.reshape(rows, -1))
        ax.set(ylabel=axes[0], xlabel=axes[1])
        describe(ax, f"{title}: {_told(jacobian.reshape(rows, -1), axes)}")
    return figure


def _told(matrix: torch.Tensor, axes: tuple[str, str]) -> str:
    """A matrix in a sentence or two: its entries where it is small, else its size, its zeros, and where the rest is."""
    rows, columns = matrix.shape
    size = f"{rows} rows and {columns} columns"
    if tuple(axes) != ("rows", "columns"):
        size = f"{rows} rows ({axes[0]}) and {columns} columns ({axes[1]})"
    if max(rows, columns) <= 6:
        return f"{size}. " + " ".join(
            f"Row {i}: {', '.join(map(number, row.tolist()))}." for i, row in enumerate(matrix, 1)
        )
    zeros = int((matrix == 0).sum())
    off = {"below": bool(matrix.tril(-1).any()), "above": bool(matrix.triu(1).any())}
    empty = [side for side, there in off.items() if not there] if zeros and rows == columns else []
    where = f", nothing {listed(empty).replace('and', 'or')} the diagonal" if empty else ""
    return (
        f"{size}, {zeros} of {matrix.numel()} entries zero{where}; the largest is {number(matrix.abs().max())} in size."
    )


def _matrix(ax: plt.Axes, matrix: torch.Tensor) -> None:
    """One matrix: blue above zero, red below, white at zero, a thin frame around every entry."""
    shade = torch.sign(matrix) * (0.15 + 0.75 * (matrix.abs() / (matrix.abs().max() or 1.0)).sqrt())  # small ones show
    ax.axis("on")
    ax.set_facecolor("white")
    ax.imshow(torch.where(matrix == 0, torch.nan, shade).numpy(), cmap="RdBu", vmin=-1.2, vmax=1.2)
    rows, across = matrix.shape
    ax.set(xticks=[], yticks=[])
    if max(rows, across) > 64:
        return
    for edge in range(rows + 1):
        ax.axhline(edge - 0.5, color="0.8", lw=0.6)
    for edge in range(across + 1):
        ax.axvline(edge - 0.5, color="0.8", lw=0.6)
    if max(rows, across) <= 6:
        for i in range(rows):
            for j in range(across):
                number = float(matrix[i, j])
                text = f"{number:.2f}".rstrip("0").rstrip(".") if number else "0"
                ax.text(j, i, "0" if text == "-0" else text, ha="center", va="center", fontsize=9,
                        color="0.6" if number == 0 else "black")  # fmt: skip


def show_growth(
    at: Sequence[float], panels: Mapping[str, Mapping[str, Sequence[float]]], *, xlabel: str = "D",
    limits: Mapping[str, tuple[float, str]] | None = None, marks: Mapping[str, tuple[float, float, str]] | None = None,
) -> Figure:  # fmt: skip
    """Costs over sizes, both axes logarithmic, a panel for each kind of cost.

    panels: label of the vertical axis -> name -> costs at `at` (shorter where it was not measured any further).
    limits: panel -> (level, text), a dashed line. marks: panel -> (x, y, text), a single point far out.
    """
    figure, axes = plt.subplots(1, len(panels), figsize=(5.4 * len(panels), 3.7), squeeze=False, layout="constrained")
    for ax, (label, curves) in zip(axes.flat, panels.items(), strict=True):
        for (name, costs), colour, style in zip(curves.items(), COLOURS, STYLES, strict=False):
            ax.loglog(at[: len(costs)], costs, style, color=colour, label=name, ms=5)
        if limits and label in limits:
            level, text = limits[label]
            ax.axhline(level, color="0.3", ls="--", lw=1.2)
            ax.text(at[0], level * 1.4, text, fontsize=9, color="0.3")
            ax.set_ylim(top=max(ax.get_ylim()[1], level * 6))
        if marks and label in marks:
            x, y, text = marks[label]
            ax.plot([x], [y], "*", color=GRADIENT, ms=14)
            ax.annotate(text, (x, y), textcoords="offset points", xytext=(-10, 5), ha="right", fontsize=9)
        ax.set(xlabel=xlabel, ylabel=label)
        ax.set_xticks(at, [f"{size:g}" for size in at], fontsize=8)
        ax.set_xticks([], minor=True)
        ax.grid(alpha=0.3, lw=0.4)
        if any(len(costs) for costs in curves.values()):
            ax.legend(fontsize=9, loc="best")
    return figure
