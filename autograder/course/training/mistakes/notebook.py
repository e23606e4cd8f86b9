"""The notebook's values: the right ones, and wrong ones. Nets are trained here, with torch's own means."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from autograder.course.answers import Answer
from toolbox.datasets.digits import load_digits

PREDICTED = {"sgd_w1": 0.8, "sgd_w2": 0.64, "momentum_w1": 0.8, "momentum_w2": 0.54, "final_velocity": 10.0}
EXPECTED = {"first_loss": math.log(10), "penalty": 22.0, "steps": 20, "last_batch": 41}


def trained(
    x: Tensor, y: Tensor, steps: int, *, H: int = 50, lr: float = 0.1, decay: float = 0.0, batch: int = 64
) -> dict[str, Tensor]:
    """A net of two layers after so many steps of torch.optim.SGD."""
    torch.manual_seed(0)
    net = torch.nn.Sequential(torch.nn.Linear(64, H), torch.nn.ReLU(), torch.nn.Linear(H, 10))
    optimizer = torch.optim.SGD(net.parameters(), lr=lr, momentum=0.9, weight_decay=decay)
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # with more, a busy machine takes minutes for what is the work of a second
    with torch.enable_grad():
        for _ in range(steps):
            rows = torch.randint(len(x), (batch,))
            optimizer.zero_grad()
            torch.nn.functional.cross_entropy(net(x[rows]), y[rows]).backward()
            optimizer.step()
    torch.set_num_threads(threads)
    found = [p.detach().clone() for p in net.parameters()]
    return {"w1": found[0].T.contiguous(), "b1": found[1], "w2": found[2].T.contiguous(), "b2": found[3]}


X, Y = load_digits("train", dtype=torch.float32)
FRESH, SMALL, NET = trained(X, Y, 0), trained(X[:50], Y[:50], 300), trained(X, Y, 500, H=100)
NOTEBOOK = {"predicted": PREDICTED, "expected": EXPECTED, "small": SMALL, "net": NET}


def note(variable: str, item: str, *rows: tuple) -> list[Answer]:
    """Wrong numbers in a dict of the notebook: rows of (what, key, wrong number, id or None)."""
    return [
        Answer(f"{item}: {what}", (item,), diagnosis=(diagnosis,) if diagnosis else (),
               notebook={variable: NOTEBOOK[variable] | {key: number}})
        for what, key, number, diagnosis in rows
    ]  # fmt: skip


def nets(variable: str, item: str, *rows: tuple) -> list[Answer]:
    """Wrong nets: rows of (what, parameters, id or None)."""
    return [
        Answer(f"{item}: {what}", (item,), diagnosis=(diagnosis,) if diagnosis else (), notebook={variable: params})
        for what, params, diagnosis in rows
    ]


def spoilt(params: dict[str, Tensor], **changes: Tensor) -> dict[str, Tensor]:
    return params | changes


NOTES: list[Answer] = [
    *note(
        "predicted",
        "predict",
        ("climbs", "sgd_w1", 1.2, "update-uphill"),
        ("forgets the learning rate", "sgd_w1", -1.0, "rate-forgotten"),
        ("climbs twice", "sgd_w2", 1.44, "update-uphill"),
        ("takes the first gradient again", "sgd_w2", 0.6, None),
        ("starts with the gradient in the velocity", "momentum_w1", 0.7, "velocity-starts-at-gradient"),
        ("does not keep the velocity", "momentum_w2", 0.64, "velocity-not-kept"),
        ("adds velocities without fading", "momentum_w2", 0.44, None),
        ("damps", "momentum_w2", 0.72, "dampened"),
        ("thinks that momentum does not speed up", "final_velocity", 1.0, "velocity-not-kept"),
        ("takes one minus rho", "final_velocity", 0.1, "dampened"),
        ("takes rho", "final_velocity", 0.9, "velocity-not-faded"),
    ),
    *note(
        "expected",
        "ladder",
        ("takes logarithms of base ten", "first_loss", 1.0, "log-base"),
        ("forgets the minus", "first_loss", -math.log(10), "sign-flipped"),
        ("gives the probability", "first_loss", 0.1, "probability-for-loss"),
        ("counts whole batches only", "steps", 19, "last-batch-dropped"),
        ("counts a broken number of steps", "steps", 1257 / 64, None),
        ("fills the last batch", "last_batch", 64, "last-batch-padded"),
        ("counts one too few", "last_batch", 40, None),
        ("forgets reg", "penalty", 220.0, "reg-not-weighted"),
        ("halves the penalty", "penalty", 11.0, "reg-half"),
        ("takes one layer", "penalty", 20.0, "reg-one-layer"),
        ("takes fan out", "penalty", 0.1 * 328, "kaiming-fan-out"),
    ),
    *nets(
        "small",
        "overfit",
        ("does not train", FRESH, "not-trained"),
        ("stops after ten steps", trained(X[:50], Y[:50], 10), None),
        ("learns other images", trained(X[200:250], Y[200:250], 300), None),
        ("mixes labels up", trained(X[:50], (Y[:50] + 1) % 10, 300), "not-trained"),
        ("lets the weights fade", trained(X[:50], Y[:50], 300, decay=0.1), None),
        ("starts with zeros", {name: w * 0 for name, w in FRESH.items()}, "not-trained"),
        ("diverges", spoilt(SMALL, w1=SMALL["w1"] * math.nan), "training-diverged"),
        ("hands the transposes in", spoilt(SMALL, w1=SMALL["w1"].T, w2=SMALL["w2"].T), None),
        ("takes tiny steps", trained(X[:50], Y[:50], 100, lr=1e-3), "not-trained"),
        ("hands one layer in", {"w1": SMALL["w1"], "b1": SMALL["b1"]}, None),
    ),
    *nets(
        "net",
        "trained",
        ("does not train", FRESH, "not-trained"),
        ("learns fifty images only", SMALL, None),
        ("mixes labels up", trained(X, (Y + 1) % 10, 300), "not-trained"),
        ("stops after twenty steps", trained(X, Y, 20, lr=0.02), None),
        ("lets the weights fade", trained(X, Y, 300, decay=0.3), "not-trained"),
        ("starts with zeros", {name: w * 0 for name, w in FRESH.items()}, "not-trained"),
        ("diverges", spoilt(NET, w2=NET["w2"] * math.inf), "training-diverged"),
        ("hands the transposes in", spoilt(NET, w1=NET["w1"].T, w2=NET["w2"].T), None),
        ("has two hidden units", trained(X, Y, 300, H=2), "not-trained"),
        ("forgets a layer", {name: NET[name] for name in ("w1", "b1", "w2")}, None),
    ),
]
