"""How far two layers go on a larger set: `python -m toolbox train --data cifar10`. Gradients by hand, no autograd.

The steps: load the set and standardise it; draw batches, each image shifted by up to a few pixels and perhaps mirrored;
train `backprop.fast.FastNet` with dropout, momentum, and a learning rate that rises for an epoch and then falls along
half a cosine; after each epoch write a checkpoint; at the end, and only then, look at the test images.

Every epoch draws its numbers from a seed of its own, so a run that was killed goes on from its last checkpoint to the
same weights, bit for bit on the same machine with the same number of threads.
"""

from __future__ import annotations

import hashlib
import math
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from tqdm.auto import tqdm

from toolbox.datasets import larger_sets
from toolbox.datasets.augment import Batches
from toolbox.given import checkpoint


@dataclass(frozen=True)
class Recipe:
    """Everything that decides the weights. Defaults: CIFAR-10's; `RECIPES` names what differs."""

    data: str = "cifar10"
    hidden: int = 1024
    epochs: int = 40
    batch: int = 256
    lr: float = 0.04
    rho: float = 0.9
    reg: float = 0.0
    drop: float = 0.3
    components: int = 512  # of the image's principal ones; 0: all pixels
    shift: int = 2
    flip: bool = True
    seed: int = 0
    held_out: bool = False  # keep the last 5,000 training images back, and report on them instead of the test images


RECIPES: dict[str, dict[str, Any]] = {
    "cifar10": {},
    "fashion-mnist": {"epochs": 20, "shift": 1, "components": 0, "lr": 0.02},
    "mnist": {"epochs": 20, "shift": 1, "components": 0, "lr": 0.02, "flip": False},  # a mirrored 2 is no 2
}


def chosen(data: str, **own: object) -> Recipe:
    """The recipe of a set, with settings of one's own in place of those that are not None."""
    if data not in RECIPES:
        raise ValueError(f"no set is called {data!r}: choose one of {', '.join(map(repr, RECIPES))}")
    return Recipe(data=data, **RECIPES[data] | {name: value for name, value in own.items() if value is not None})


def rate(recipe: Recipe, now: float) -> float:
    """The learning rate `now` epochs after the start: it rises for an epoch, then falls along half a cosine to 0.

    Neighbouring pixels are alike, which makes the loss very steep in a few directions before the first layer has
    settled: at full rate the first steps would throw the weights far away.
    """
    return recipe.lr * min(1.0, now) * (1 + math.cos(math.pi * now / recipe.epochs)) / 2


def place_of(recipe: Recipe) -> Path:
    """Where the checkpoint of a recipe lies when nobody names a place: another recipe, another file."""
    digest = hashlib.sha256(repr(recipe).encode()).hexdigest()[:8]
    return larger_sets.downloads() / "runs" / f"{recipe.data}-{recipe.hidden}-seed{recipe.seed}-{digest}.npz"


def said(recipe: Recipe, found: dict) -> str:
    """What came of a run, in a line."""
    return (
        f"{recipe.data}, {recipe.hidden} hidden units, {recipe.epochs} epochs, seed {recipe.seed}: "
        f"{100 * found['accuracy']:.2f} % of {found['images']:,} {found['part']} images right, "
        f"last loss {found['losses'][-1]:.3f}, {found['seconds']:.0f} s, {found['cpu_seconds']:.0f} s of processor time"
    )


def train(
    recipe: Recipe, *, folder: Path | None = None, saved: Path | None = None, device: str = "cpu", show: bool = True
) -> dict:
    """Train, or go on with the checkpoint `saved`, and report.

    Returns accuracy (of the test images, or of those held out), train_loss of each epoch, seconds and processor
    seconds, all stops counted. Raises ValueError where the checkpoint belongs to another recipe.
    """
    from backprop.fast import FastNet

    split = "train" if recipe.held_out else "train+validation"
    images, labels = larger_sets.load_images(recipe.data, split, folder=folder)
    if len(labels) < recipe.batch:
        raise ValueError(f"{len(labels)} images fill no batch of {recipe.batch}: take a smaller one")
    batches = Batches(images, labels, recipe.batch, recipe.shift, recipe.flip, recipe.components)
    steps = len(labels) // recipe.batch
    D, C = recipe.components or images[0].numel(), len(larger_sets.SETS[recipe.data].classes)
    net = FastNet(recipe.batch, D, recipe.hidden, C, rho=recipe.rho, reg=recipe.reg, drop=recipe.drop, device=device)
    torch.manual_seed(recipe.seed)
    net.w1.normal_(0, math.sqrt(2 / D))
    net.w2.normal_(0, 0.3 * math.sqrt(1 / recipe.hidden))  # small: it starts with even odds, not with loud guesses
    state: dict[str, Any] = {"epoch": 0, "losses": [], "seconds": 0.0, "cpu_seconds": 0.0}
    if saved and saved.exists():
        tensors, state = checkpoint.load(saved)
        if state.pop("recipe") != asdict(recipe):
            raise ValueError(f"{saved} is the checkpoint of another recipe: delete it, or name another file")
        net.parameters.copy_(tensors["parameters"])
        net.velocity.copy_(tensors["velocity"])
    bar = tqdm(total=steps * recipe.epochs, initial=steps * state["epoch"], unit="step", disable=not show)
    for epoch in range(state["epoch"], recipe.epochs):
        begin, cpu = time.perf_counter(), time.process_time()
        generator = torch.Generator().manual_seed(1_000_003 * (recipe.seed + 1) + epoch)
        torch.manual_seed(1_000_003 * (recipe.seed + 1) + epoch)  # for the dropout masks
        total = torch.zeros((), device=device)
        for number, (x, y) in enumerate(batches.of_epoch(generator)):
            # a GPU records its step anew for each learning rate, so there it changes only from epoch to epoch
            now = epoch + (number / steps if device == "cpu" else 0.5)
            total += net.step(x.to(device), y.to(device), rate(recipe, now))
            bar.update()
        state["losses"].append(float(total) / steps)
        state["epoch"] = epoch + 1
        state["seconds"] += time.perf_counter() - begin
        state["cpu_seconds"] += time.process_time() - cpu
        bar.set_description(f"epoch {epoch + 1}/{recipe.epochs}, loss {state['losses'][-1]:.3f}")
        if saved:
            tensors = {"parameters": net.parameters, "velocity": net.velocity}
            checkpoint.save(saved, tensors, state | {"recipe": asdict(recipe)})
    bar.close()
    part = "validation" if recipe.held_out else "test"
    x, y = larger_sets.load_images(recipe.data, part, folder=folder)
    return state | {"part": part, "images": len(y), "accuracy": accuracy(net, batches, x, y, device)}


def accuracy(net: Any, batches: Batches, images: Tensor, labels: Tensor, device: str = "cpu") -> float:
    """The share of images whose largest score is their label's; neither shifted nor mirrored."""
    right = 0
    for begin in range(0, len(labels), 1000):
        scores = net.scores(batches.ready(images[begin : begin + 1000]).to(device))
        right += int((scores.argmax(1).cpu() == labels[begin : begin + 1000]).sum())
    return right / len(labels)
