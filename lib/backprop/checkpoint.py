"""Training that may be killed at any moment: files that are never half written, checkpoints, a search that continues.

Everything that a run needs to go on is a *state*: a flat dict from names to tensors ("params/w1", "velocity/w1",
"generator", ...). Files hold plain numbers and nothing else: a pickle runs whatever its author wrote into it, as soon as
it is opened, and checkpoints travel from hand to hand.
"""

from __future__ import annotations

import io
import json
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from torch import Tensor


def write_atomically(path: Path | str, data: bytes) -> None:
    """Write `data` to the file `path`, all of it or nothing: after a crash, too, it holds the old content or the new.

    Steps: write a temporary file *in the same folder*, make sure it is on the disk (flush, os.fsync), put it in place of
    the old one with os.replace, which does that in a single step. Where writing fails, the error is passed on, the old
    file is as it was, and no temporary file is left behind.
    """
    path = Path(path)
    # YOUR CODE HERE


def save_checkpoint(path: Path | str, state: dict[str, Tensor]) -> None:
    """Write a state to one file, atomically, in numpy's .npz format: one array for each tensor, under its name.

    state: name -> tensor of any shape and of dtype float64, float32, int64, int32, uint8 or bool, on any device. Any
    name will do but "file" and "allow_pickle", which np.savez keeps to itself.
    """
    # np.savez(buffer, **arrays) writes into an io.BytesIO() as well as into a file.
    # YOUR CODE HERE


def load_checkpoint(path: Path | str) -> dict[str, Tensor]:
    """Read what `save_checkpoint` wrote: name -> tensor on the CPU, every bit and dtype as it was.

    Never unpickles: a file with anything but plain arrays raises ValueError, and nothing in it is run.
    """
    state = None
    # YOUR CODE HERE
    return state


def capture(params: dict[str, Tensor], optimizer, generator: torch.Generator, epoch: int) -> dict[str, Tensor]:
    """The state of a training run as it is *now*: nothing in it changes when training goes on.

    optimizer: has `lr` (a float) and `velocity` (a dict of tensors, which may be empty). generator: its
    `get_state()` is a tensor. epoch: how many epochs are done. Returns name -> tensor, names as you like.
    """
    state = None
    # YOUR CODE HERE
    return state


def restore(state: dict[str, Tensor], params: dict[str, Tensor], optimizer, generator: torch.Generator) -> int:
    """Put a run back to where `capture` saw it. Returns the number of epochs done.

    params: its tensors are filled *in place* (the optimiser holds the same ones). optimizer: of the same kind as the one
    that was captured; its `lr` and its `velocity` become what they were, each velocity on the device of its parameter.
    generator: goes on as it would have. The state may be used again: nothing in it changes, now or later.
    """
    epoch = None
    # YOUR CODE HERE
    return epoch


def search(points: list[dict[str, float]], evaluate: Callable[..., float], path: Path | str) -> list[dict[str, float]]:
    """Evaluate every point, in order, and survive being killed: what is in the file `path` is not evaluated again.

    points: e.g. [{"lr": 0.1, "reg": 0.001}, ...]. evaluate(**point) returns a float, and may take hours.
    path: one JSON object on each line, the point with its "result", e.g. {"lr": 0.1, "reg": 0.001, "result": 0.95};
    after every evaluation the file holds all lines so far, written atomically. Two points are the same where all of
    their settings are. A file may hold points of an earlier search that are not asked for now, and of one with other
    settings: they stay in it. Returns the rows of `points`, in their order. An error of `evaluate` is passed on.
    """
    rows = None
    # Read the lines that are there; for each point that is not among them: evaluate, then write all lines again.
    # YOUR CODE HERE
    return rows
