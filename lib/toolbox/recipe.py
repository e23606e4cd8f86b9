"""How far two layers go on a larger set: `python -m toolbox train --data cifar10`. Gradients by hand, no autograd.

The steps: load the set and standardise it; draw batches, each image shifted by up to a few pixels and perhaps mirrored;
train `backprop.fast.FastNet` with dropout, a learning rate that falls along half a cosine, and momentum; after each
epoch write a checkpoint; at the end, and only then, look at the test images.

Every epoch draws its numbers from a seed of its own, so a run that was killed goes on from its last checkpoint to the
same weights, bit for bit on the same machine with the same number of threads.
"""

from __future__ import annotations

import hashlib
import math
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from torch import Tensor
from tqdm.auto import tqdm

from toolbox import checkpoint, larger


@dataclass(frozen=True)
class Recipe:
    """Everything that decides the weights. Defaults: CIFAR-10's; `RECIPES` names what differs."""

    data: str = "cifar10"
    hidden: int = 1024
    epochs: int = 40
    batch: int = 256
    lr: float = 0.03
    rho: float = 0.9
    reg: float = 0.0
    drop: float = 0.3
    shift: int = 2
    flip: bool = True
    seed: int = 0
    held_out: bool = False  # keep the last 5,000 training images back, and report on them instead of the test images


RECIPES = {
    "cifar10": {},
    "fashion-mnist": {"epochs": 20, "shift": 1},
    "mnist": {"epochs": 20, "flip": False},  # a mirrored 2 is no 2
}


def chosen(data: str, **own: object) -> Recipe:
    """The recipe of a set, with settings of one's own in place of those that are not None."""
    if data not in RECIPES:
        raise ValueError(f"no set is called {data!r}: choose one of {', '.join(map(repr, RECIPES))}")
    return Recipe(data=data, **RECIPES[data] | {name: value for name, value in own.items() if value is not None})


def place_of(recipe: Recipe) -> Path:
    """Where the checkpoint of a recipe lies when nobody names a place: another recipe, another file."""
    digest = hashlib.sha256(repr(recipe).encode()).hexdigest()[:8]
    return larger.downloads() / "runs" / f"{recipe.data}-{recipe.hidden}-seed{recipe.seed}-{digest}.npz"


def said(recipe: Recipe, found: dict) -> str:
    """What came of a run, in a line."""
    return (
        f"{recipe.data}, {recipe.hidden} hidden units, {recipe.epochs} epochs, seed {recipe.seed}: "
        f"{100 * found['accuracy']:.2f} % of {found['images']:,} {found['part']} images right, "
        f"last loss {found['losses'][-1]:.3f}, {found['seconds']:.0f} s, {found['cpu_seconds']:.0f} s of processor time"
    )


class Batches:
    """The training images, ready to be drawn: padded, so that a shifted image is a window at another place."""

    def __init__(self, images: Tensor, labels: Tensor, recipe: Recipe):
        """images (N, channels, height, width) uint8, labels (N,) int64. Mean and deviation of a channel are theirs."""
        values = images.to(torch.float32)
        self.mean = values.mean((0, 2, 3), keepdim=True)
        self.deviation = values.std((0, 2, 3), keepdim=True).clamp(min=1)
        self.recipe, self.labels = recipe, labels
        height, width = images.shape[2:]
        padded = torch.nn.functional.pad(images, [recipe.shift] * 4)
        self.windows = padded.unfold(2, height, 1).unfold(3, width, 1)  # a view: (N, channels, dy, dx, height, width)

    def ready(self, images: Tensor) -> Tensor:
        """Images as rows that the net takes, standardised as the training images are."""
        from backprop.fast import with_ones

        return with_ones(((images - self.mean) / self.deviation).flatten(1))

    def of_epoch(self, generator: torch.Generator):
        """Every image once, in a new order and at a new place: (x, y). What fills no whole batch waits for an epoch."""
        order = torch.randperm(len(self.labels), generator=generator)
        size, places = self.recipe.batch, 2 * self.recipe.shift + 1
        for begin in range(0, len(order) - size + 1, size):
            rows = order[begin : begin + size]
            dy, dx = torch.randint(0, places, (2, size), generator=generator)
            x = self.windows[rows, :, dy, dx]
            if self.recipe.flip:
                mirrored = torch.rand(size, 1, 1, 1, generator=generator) < 0.5
                x = torch.where(mirrored, x.flip(-1), x)
            yield self.ready(x), self.labels[rows]


def train(
    recipe: Recipe, *, folder: Path | None = None, saved: Path | None = None, device: str = "cpu", show: bool = True
) -> dict:
    """Train, or go on with the checkpoint `saved`, and report.

    Returns accuracy (of the test images, or of those held out), train_loss of each epoch, seconds and processor
    seconds, all stops counted. Raises ValueError where the checkpoint belongs to another recipe.
    """
    from backprop.fast import FastNet

    split = "train" if recipe.held_out else "train+validation"
    images, labels = larger.load_images(recipe.data, split, folder=folder)
    if len(labels) < recipe.batch:
        raise ValueError(f"{len(labels)} images fill no batch of {recipe.batch}: take a smaller one")
    batches, steps = Batches(images, labels, recipe), len(labels) // recipe.batch
    D, C = images[0].numel(), len(larger.SETS[recipe.data].classes)
    net = FastNet(
        recipe.batch, D, recipe.hidden, C, rho=recipe.rho, reg=recipe.reg, drop=recipe.drop, device=device
    )
    torch.manual_seed(recipe.seed)
    net.w1.normal_(0, math.sqrt(2 / D))
    net.w2.normal_(0, math.sqrt(1 / recipe.hidden))
    state = {"epoch": 0, "losses": [], "seconds": 0.0, "cpu_seconds": 0.0}
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
            done = (epoch * steps + number) / (steps * recipe.epochs)
            # a GPU records its step anew for each learning rate, so there it falls only from epoch to epoch
            done = epoch / recipe.epochs if device != "cpu" else done
            total += net.step(x.to(device), y.to(device), recipe.lr * (1 + math.cos(math.pi * done)) / 2)
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
    x, y = larger.load_images(recipe.data, part, folder=folder)
    return state | {"part": part, "images": len(y), "accuracy": accuracy(net, batches, x, y, device)}


def accuracy(net: object, batches: Batches, images: Tensor, labels: Tensor, device: str = "cpu") -> float:
    """The share of images whose largest score is their label's; neither shifted nor mirrored."""
    right = 0
    for begin in range(0, len(labels), 1000):
        scores = net.scores(batches.ready(images[begin : begin + 1000]).to(device))
        right += int((scores.argmax(1).cpu() == labels[begin : begin + 1000]).sum())
    return right / len(labels)
