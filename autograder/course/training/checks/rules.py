"""The functions of `training` under the rules of the house: what each takes, and what is right."""

### BEGIN HIDDEN TESTS
from __future__ import annotations

import torch

from toolbox.checks.reference.training import sequential
from toolbox.checks.rows import Story

from .function import Function, stretched
from .nets import balance, net_of


def net_and_images(make, dtype, more):
    params, x = net_of(make, 4, 5 + more, 3, dtype=dtype), make.normal(6, 4, dtype=dtype)
    balance(params, x)
    return {"params": params, "x": x}


def net_alone(make, dtype, more):
    return {"params": net_of(make, 4, 5 + more, 3, 2, dtype=dtype)}


def line(params):
    """w and b of the whole net without activations."""
    whole, D = sequential(params, torch.nn.Identity()), len(params["w1"])
    b = whole(torch.zeros(D, dtype=torch.float64))
    return [whole(torch.eye(D, dtype=torch.float64)) - b, b]


def labels(make, dtype, more):
    drawn = {"y": make.labels(30 + more, 4), "predicted": make.labels(30 + more, 4)}
    for labels in drawn.values():
        labels[-1] = 3  # the last class is taken for itself at least once
    return drawn | {"C": 4}


COUNTS = {"dtype": "it counts in whole numbers", "far": "classes are few"}
FAR = {"far": "products of weights, and no more"}
RANDOM = "it draws: its own checks compare what is drawn"
FUNCTIONS = [
    Function("scores", "training", {"": "scores"}, net_and_images,
             lambda make, dtype: stretched(net_and_images(make, dtype, 0), "x"),
             lambda params, x: [sequential(params)(x)], condition=64.0),
    Function("collapse", "training", {"w": "collapse", "b": "collapse"}, net_alone, true=line, without=FAR),
    Function("confusion", "training", {"": "confusion"}, labels, without=COUNTS,
             true=lambda y, predicted, C: [torch.zeros(C, C).double().index_put_(
                 (y, predicted), torch.ones(len(y)).double(), accumulate=True)]),
    *(Story(name, RANDOM) for name in ("kaiming", "minibatches", "log_uniform")),
    *(Story(name, "given") for name in ("init_params", "accuracy", "fit")),
    *(Story(name, "it works on files: its own checks look at what is written")
      for name in ("write_atomically", "save_checkpoint", "load_checkpoint", "search")),
    *(Story(name, "it takes an optimiser") for name in ("capture", "restore", "train_epoch")),
    Story("BufferedNet", "it works in place, and its own checks count what it makes"),
]  # fmt: skip
### END HIDDEN TESTS
