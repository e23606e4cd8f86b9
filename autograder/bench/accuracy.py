"""How well the two-layer net reads the shipped digits: the worst of ten seeds, beside models of scikit-learn.

Each seed cuts the 1,797 digits anew, 80 % to train on and 20 % to test with, and starts the net and its batches anew.
Training uses the solution's own pieces: `kaiming`, `minibatches`, `train_epoch`, `Momentum`, `net_softmax`. The
training images come with copies that are moved by one pixel (half of them, another way in each epoch). Nothing is
chosen by the test images: the settings are the same for all seeds.
"""

from __future__ import annotations

import math
import statistics
import sys
import time
from pathlib import Path

import torch
from torch import Tensor

from toolbox.datasets.splits import split_digits

ROOT = Path(__file__).resolve().parents[2]
SEEDS, EPOCHS, RATE, REG, HIDDEN, BATCH = range(10), 60, 0.1, 1e-4, 256, 64


def measure() -> list[dict]:
    """The worst accuracy of the net over ten seeds, and the mean accuracies of the models beside it."""
    begin = time.perf_counter()
    ours = [net_accuracy(seed) for seed in SEEDS]
    seconds = (time.perf_counter() - begin) / len(ours)
    mean = f"mean {statistics.mean(ours):.1%} of ten random 80/20 splits, {seconds:.1f} s a seed on one core"
    found = [figure("digits_accuracy", min(ours), 0.97, f"worst; {mean}")]
    for name, reference in (("logistic", 0.968), ("svm", 0.991)):
        try:
            theirs = [beside(name, seed) for seed in SEEDS]
        except ImportError:
            missing = "scikit-learn is not installed here; it is needed for this comparison alone"
            found.append(figure(f"digits_{name}", None, None, f"{missing} (reference: {reference:.1%})"))
        else:
            detail = f"mean of the same ten splits, worst {min(theirs):.1%} (reference: {reference:.1%})"
            found.append(figure(f"digits_{name}", statistics.mean(theirs), None, detail))
    return found


def figure(name: str, value: float | None, reach: float | None, detail: str) -> dict:
    value = None if value is None else round(value, 4)
    return {"name": name, "value": value, "reach": reach, "better": "higher", "detail": detail}


def net_accuracy(seed: int, epochs: int = EPOCHS) -> float:
    """The share of the test digits that a net of this seed reads."""
    flat, optim, training = solutions()
    (x, y), (x_test, y_test) = split_digits("random", seed=seed)
    mean = x.mean(dim=0)
    generator = torch.Generator().manual_seed(seed)
    params = training.init_params((64, HIDDEN, 10), generator)
    optimizer = optim.Momentum(params, lr=RATE, rho=0.9)

    def loss_and_grads(x: Tensor, y: Tensor, params: dict[str, Tensor]) -> tuple:
        return flat.net_softmax(x=x, y=y, **params, reg=REG)

    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # the net is small: more threads only wait for each other
    try:
        for epoch in range(epochs):
            optimizer.lr = RATE * 0.5 * (1 + math.cos(math.pi * epoch / epochs))
            batches = training.minibatches(moved(x, generator) - mean, y, BATCH, generator)
            training.train_epoch(params, optimizer, batches, loss_and_grads)
    finally:
        torch.set_num_threads(threads)
    return training.accuracy(params, x_test - mean, y_test)


def moved(x: Tensor, generator: torch.Generator) -> Tensor:
    """Images (N, 64), half of them moved by one pixel up, down, left or right; what leaves is lost, blank comes in."""
    wide = torch.nn.functional.pad(x.view(-1, 8, 8), (1, 1, 1, 1))
    ways = [(1, 1), (0, 1), (2, 1), (1, 0), (1, 2)]  # where the window of 8 x 8 begins: the first moves nothing
    chosen = torch.randint(0, 8, (len(x),), generator=generator)
    out = x.clone()
    for way, (top, left) in enumerate(ways[1:]):
        rows = chosen == way
        out[rows] = wide[rows, top : top + 8, left : left + 8].flatten(1)
    return out


def beside(name: str, seed: int) -> float:
    """The accuracy of a model of scikit-learn on the same split. Raises ImportError where that is not installed."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.svm import SVC
    from threadpoolctl import threadpool_limits

    (x, y), (x_test, y_test) = ((x.numpy(), y.numpy()) for x, y in split_digits("random", seed=seed))
    model = LogisticRegression(max_iter=2000) if name == "logistic" else SVC(C=10)
    with threadpool_limits(1):
        return float(model.fit(x, y).score(x_test, y_test))


def solutions() -> tuple:
    """The solved modules flat, optim and training, whatever `backprop` this process has imported."""
    import importlib

    kept = {name: module for name, module in sys.modules.items() if name.split(".")[0] == "backprop"}
    for name in kept:
        del sys.modules[name]
    sys.path.insert(0, str(ROOT / "solutions"))
    try:
        return tuple(importlib.import_module(f"backprop.{name}") for name in ("flat", "optim", "training"))
    finally:
        sys.path.remove(str(ROOT / "solutions"))
        for name in [name for name in sys.modules if name.split(".")[0] == "backprop"]:
            del sys.modules[name]
        sys.modules.update(kept)
