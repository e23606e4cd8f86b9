"""Pictures of layers: a curve with its slope, what a Dropout drops, what a BatchNorm does to a batch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib.pyplot as plt
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from toolbox.draw.graph import GRADIENT, VALUE, draw_graph
from toolbox.draw.words import describe, number


def show_slopes(curves: Mapping[str, tuple], *, columns: int = 3) -> Figure:
    """name -> (x, out, slope), each a panel: the curve drawn through, its slope dashed. slope may be None."""
    lines = -(-len(curves) // columns)
    figure, axes = plt.subplots(lines, columns, figsize=(3.1 * columns, 2.4 * lines), squeeze=False)
    for ax in axes.flat[len(curves) :]:
        ax.axis("off")
    for ax, (name, (x, out, slope)) in zip(axes.flat, curves.items(), strict=False):
        ax.axhline(0, color="black", lw=0.6)
        ax.axvline(0, color="black", lw=0.6)
        ax.plot(x, out, color=VALUE, lw=2, label="out")
        if slope is not None:
            ax.plot(x, slope, color=GRADIENT, lw=1.8, ls="--", label="slope")
        ax.set_title(name, fontsize=11)
        ax.grid(alpha=0.25)
        ax.spines[["top", "right"]].set_visible(False)
    axes.flat[0].legend(fontsize=9, loc="upper left")
    figure.tight_layout()
    return figure


def show_masks(masks: Mapping[str, torch.Tensor]) -> Figure:
    """Titles -> (N, D) tensors, drawn as tiles: what is 0 is dark, whatever else is light."""
    figure, axes = plt.subplots(1, len(masks), figsize=(2.9 * len(masks), 2.2), squeeze=False)
    for ax, (title, mask) in zip(axes.flat, masks.items(), strict=True):
        ax.imshow((mask != 0).double().numpy(), cmap="Blues_r", vmin=-0.25, vmax=1.25, aspect="auto")
        rows, columns = mask.shape
        ax.hlines([row + 0.5 for row in range(rows - 1)], -0.5, columns - 0.5, color="white", lw=0.8)
        ax.vlines([column + 0.5 for column in range(columns - 1)], -0.5, rows - 0.5, color="white", lw=0.8)
        ax.set(xticks=[], yticks=[], xlabel="features")
        ax.set_title(title, fontsize=10)
        share = float((mask == 0).double().mean())
        describe(ax, f"{title}: of {rows} rows of {columns} features {share:.0%} are dropped.")
    axes.flat[0].set_ylabel("rows")
    figure.tight_layout()
    return figure


def show_columns(batches: Mapping[str, torch.Tensor], *, names: Sequence[str] = ()) -> Figure:
    """Titles -> (N, D) batches: every feature a column of dots, its mean a bar, one panel for each batch."""
    figure, axes = plt.subplots(1, len(batches), figsize=(3.2 * len(batches), 2.8), squeeze=False)
    for ax, (title, batch) in zip(axes.flat, batches.items(), strict=True):
        N, D = batch.shape
        jitter = torch.linspace(-0.18, 0.18, N)
        ax.axhline(0, color="black", lw=0.6)
        for d in range(D):
            ax.plot((d + jitter).tolist(), batch[:, d].tolist(), "o", ms=3.5, alpha=0.5, color=VALUE, mew=0)
            ax.plot([d - 0.3, d + 0.3], [float(batch[:, d].mean())] * 2, color=GRADIENT, lw=2.5)
        ax.set_xticks(range(D), list(names) or [f"feature {d}" for d in range(D)], fontsize=9)
        ax.set_title(title, fontsize=10)
        ax.spines[["top", "right"]].set_visible(False)
        ax.grid(axis="y", alpha=0.25)
        said = [f"{label} has mean {number(round(float(batch[:, d].mean()), 6))} and deviation "
                f"{number(batch[:, d].std(correction=0))}"
                for d, label in enumerate(list(names) or [f"feature {d}" for d in range(D)])]  # fmt: skip
        describe(ax, f"{title}, {N} rows: {'; '.join(said)}.")
    figure.tight_layout()
    return figure


def show_layer(layer: Any, x: torch.Tensor, *, grad_out_seed: int = 0) -> Axes:
    """A layer with a batch going through it: shapes above the wires, those of the gradients below.

    layer: keeps the contract of `toolbox.given.layer.Layer`; its forward and backward run. x (N, D). The upstream
    gradient is random. Raises NotImplementedError where one of the two returns nothing yet.
    """
    name = type(layer).__name__
    out = layer.forward(x)
    if out is None:
        raise NotImplementedError(f"{name}.forward is not written yet")
    grad_out = torch.randn(out.shape, generator=torch.Generator().manual_seed(grad_out_seed), dtype=out.dtype)
    grad_x = layer.backward(grad_out)
    if grad_x is None:
        raise NotImplementedError(f"{name}.backward is not written yet")
    values = {"x": x, **layer.params, "out": out}
    grads = {"x": grad_x, **layer.grads, "out": grad_out}
    edges = [(source, "out") for source in ("x", *layer.params)]
    above = {source: _shape(value) for source, value in values.items()}
    below = {source: _shape(grads[source]) if source in grads else None for source in values}
    numbers, bits = _kept(layer.cache)
    kept = " and ".join(([f"{numbers} numbers"] if numbers else []) + ([f"{bits} bits"] if bits else [])) or "nothing"
    return draw_graph({"out": name}, edges, above, below, title=f"{name} keeps {kept}")


def _shape(tensor: torch.Tensor) -> str:
    return f"({', '.join(map(str, tensor.shape))}{',' if tensor.dim() == 1 else ''})"


def _kept(cache: Any) -> tuple[int, int]:
    """How many numbers and how many truth values (a bit each) a cache holds."""
    if isinstance(cache, torch.Tensor):
        return (0, cache.numel()) if cache.dtype == torch.bool else (cache.numel(), 0)
    parts = cache.values() if isinstance(cache, Mapping) else cache if isinstance(cache, list | tuple) else ()
    found = [_kept(part) for part in parts]
    return sum(numbers for numbers, _ in found), sum(bits for _, bits in found)
