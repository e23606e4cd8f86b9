"""Training a net: where its weights start, which examples a step sees, the loop, and how well it does in the end.

A net of K layers is a dict of parameters, {"w1": (D, H), "b1": (H,), "w2": ..., "bK": (C,)}, with a ReLU between the
layers and none after the last. Batches are rows. Everything works on whatever device its tensors are; random numbers
come from the given generator, which is on the CPU, so that a seed means the same on every machine.

Sources: EECS 498-007, lectures 4 and 10 (He et al. 2015 for the initialisation); CS5330 slides, "Training".
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

import torch
from backprop.checkpoint import capture, load_checkpoint, restore, save_checkpoint
from torch import Tensor

Gradient = Callable[[Tensor, Tensor, dict[str, Tensor]], tuple[Tensor, dict[str, Tensor]]]


def kaiming(fan_in: int, fan_out: int, generator: torch.Generator, dtype: torch.dtype = torch.float32) -> Tensor:
    """Initial weights of a layer that is followed by a ReLU: random, mean 0, variance 2 / fan_in.

    All random numbers come from `generator`. Returns a tensor (fan_in, fan_out), of the given dtype, on the CPU.
    """
    w = None
    ### BEGIN SOLUTION
    w = torch.randn(fan_in, fan_out, generator=generator, dtype=dtype) * (2 / fan_in) ** 0.5
    ### END SOLUTION
    return w


def init_params(
    sizes: Sequence[int], generator: torch.Generator, device: str = "cpu", dtype: torch.dtype = torch.float32
) -> dict[str, Tensor]:
    """Given: parameters of a net with these layer sizes, e.g. (64, 100, 10): Kaiming weights, biases 0."""
    params: dict[str, Tensor] = {}
    for layer, (fan_in, fan_out) in enumerate(zip(sizes[:-1], sizes[1:], strict=True), 1):
        w = kaiming(fan_in, fan_out, generator, dtype)
        params[f"w{layer}"] = None if w is None else w.to(device)
        params[f"b{layer}"] = torch.zeros(fan_out, dtype=dtype, device=device)
    return params


def minibatches(x: Tensor, y: Tensor, batch_size: int, generator: torch.Generator) -> Iterator[tuple[Tensor, Tensor]]:
    """One epoch: every example once, in a new random order, `batch_size` at a time; the last batch may be smaller.

    x (N, ...), y (N,). The order comes from `generator` (one torch.randperm, or whatever you like).
    Yields pairs (rows of x, their labels), or returns a list of such pairs.
    """
    ### BEGIN SOLUTION
    order = torch.randperm(len(x), generator=generator).to(x.device)
    for start in range(0, len(x), batch_size):
        batch = order[start : start + batch_size]
        yield x[batch], y[batch]
    ### END SOLUTION


def train_epoch(params: dict[str, Tensor], optimizer, batches: Iterable, loss_and_grads: Gradient) -> list[float]:
    """Go once through `batches`: for each (x, y) get loss and gradients, let the optimiser step.

    loss_and_grads(x, y, params) returns (loss, grads). Returns the losses, one float for each batch, as it was *before*
    the step on that batch.
    """
    losses = None
    ### BEGIN SOLUTION
    losses = []
    for x, y in batches:
        loss, grads = loss_and_grads(x, y, params)
        optimizer.step(grads)
        losses.append(float(loss))
    ### END SOLUTION
    return losses


def scores(params: dict[str, Tensor], x: Tensor) -> Tensor:
    """The scores of a net of any depth. x (N, D). Returns (N, C). A ReLU after every layer but the last."""
    out = None
    # len(params) // 2 layers: w1, b1, w2, b2, ...
    ### BEGIN SOLUTION
    out, depth = x, len(params) // 2
    for layer in range(1, depth + 1):
        out = out @ params[f"w{layer}"] + params[f"b{layer}"]
        if layer < depth:
            out = out.clamp(min=0)
    ### END SOLUTION
    return out


def accuracy(params: dict[str, Tensor], x: Tensor, y: Tensor) -> float:
    """Given: the share of the examples whose right class has the highest score; nan while `scores` is not written."""
    found = scores(params, x)
    return float("nan") if found is None else float((found.argmax(dim=1) == y).double().mean())


def confusion(y: Tensor, predicted: Tensor, C: int) -> Tensor:
    """How often class i was taken for class j. y and predicted (N,) int64. Returns counts (C, C) int64, true class down.

    A pair (i, j) may occur many times: `counts[y, predicted] += 1` counts each pair only once.
    """
    counts = None
    ### BEGIN SOLUTION
    counts = torch.bincount(y * C + predicted, minlength=C * C).reshape(C, C)
    ### END SOLUTION
    return counts


def collapse(params: dict[str, Tensor]) -> tuple[Tensor, Tensor]:
    """The one linear layer that does the same as a net of any depth *without* activations.

    params: w1, b1, w2, b2, ... Returns w (D, C) and b (C,) with x @ w + b equal to the whole net's output.
    """
    w, b = None, None
    ### BEGIN SOLUTION
    w, b = params["w1"], params["b1"]
    for layer in range(2, len(params) // 2 + 1):
        w = w @ params[f"w{layer}"]
        b = b @ params[f"w{layer}"] + params[f"b{layer}"]
    ### END SOLUTION
    return w, b


def log_uniform(low: float, high: float, count: int, generator: torch.Generator) -> Tensor:
    """`count` random numbers from low to high whose *logarithm* is spread evenly. Returns (count,) float64.

    As many of them are between 0.001 and 0.01 as between 0.1 and 1. All randomness comes from `generator`.
    """
    values = None
    ### BEGIN SOLUTION
    share = torch.rand(count, generator=generator, dtype=torch.float64)
    values = low * (high / low) ** share
    ### END SOLUTION
    return values


def fit(
    params: dict[str, Tensor], optimizer, x: Tensor, y: Tensor, loss_and_grads: Gradient, *, epochs: int,
    batch_size: int, generator: torch.Generator, checkpoint: Path | None = None,
    schedule: Callable[[int], float] | None = None, on_epoch: Callable[[int, list[float]], None] | None = None,
) -> None:
    """Given: train for `epochs` epochs, in place, from the checkpoint where there is one.

    checkpoint: a file, written after every epoch. schedule(epoch): the learning rate of an epoch.
    on_epoch(epoch, losses): called after every epoch, e.g. to draw.
    """  # fmt: skip
    start = 0
    if checkpoint is not None and Path(checkpoint).is_file():
        start = restore(load_checkpoint(checkpoint), params, optimizer, generator) or 0
    for epoch in range(start, epochs):
        if schedule is not None:
            optimizer.lr = schedule(epoch)
        losses = train_epoch(params, optimizer, minibatches(x, y, batch_size, generator) or (), loss_and_grads) or []
        if checkpoint is not None:
            save_checkpoint(checkpoint, capture(params, optimizer, generator, epoch + 1))
        if on_epoch is not None:
            on_epoch(epoch, losses)
