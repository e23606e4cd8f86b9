"""Right answers to `flat`, written otherwise than the solution: whole modules in other styles, and small liberties."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

from autograder.course.answers import Answer, Edit
from autograder.course.flat.mistakes.notebook import FAULTY, PREDICTED

HERE = Path(__file__).parent
KINDS = ("hinge", "softmax", "squared", "logistic")
FUNCTIONS = ("linear_hinge", "linear_softmax", "linear_squared", "logistic", "net_hinge", "net_softmax")
NETS = ("net_hinge", "net_softmax")
ALL = (
    "toy", "neuron", *(f"{kind}_{part}" for kind in KINDS for part in ("loss", "grad_scores", "grad_w", "grad_b")),
    *(f"{net}_{part}" for net in NETS for part in ("loss", "grad_second", "grad_first")), "bugs_repaired",
)  # fmt: skip


def everywhere(what: str, old: str, new: str, functions: tuple[str, ...] = FUNCTIONS) -> Answer:
    """One liberty, taken in each of the functions."""
    return Answer(what, ALL, tuple(Edit(function, old, new) for function in functions))


RIGHT: list[Answer] = [
    Answer("the solution itself", ("predict", *ALL, "bugs_found")),
    Answer("explicit loops over rows and classes", ALL, file=HERE / "loops" / "flat.py"),
    Answer("einsum and one-hot matrices", ALL, file=HERE / "einsum" / "flat.py"),
    Answer("a detour through NumPy", ALL, file=HERE / "numpy" / "flat.py"),
    everywhere("the loss as a float", "return loss, grads", "return loss.item(), grads"),
    everywhere("the loss with shape (1,)", "return loss, grads", "return loss.reshape(1), grads"),
    everywhere("the gradients in another order", "return loss, grads", "return loss, dict(sorted(grads.items()))"),
    everywhere("an ordered dict in a namedtuple", "return loss, grads",
               "import collections\n    return collections.namedtuple('Answer', 'loss grads')("
               "loss, collections.OrderedDict(grads))"),
    everywhere("gradients as expanded views", "return loss, grads",
               "return loss, {k: v[None].expand(2, *v.shape)[0] for k, v in grads.items()}"),
    everywhere("the other subgradient at the ReLU's kink", "(a > 0)", "(a >= 0)", NETS),
    everywhere("half of the slope at the ReLU's kink", "(a > 0)", "(1 + torch.sign(a)) / 2", NETS),
    everywhere("the mask from the ReLU's output", "(a > 0)", "(h > 0)", NETS),
    everywhere("torch.relu in the forward pass", "a.clamp(min=0)", "torch.relu(a)", NETS),
    everywhere("everything in float64", "    N = x.shape[0]\n",
               "    x = x.double()\n    N = x.shape[0]\n    [w, b] = w.double(), b.double()\n",
               ("linear_hinge", "linear_softmax", "linear_squared", "logistic")),
    Answer("predictions as floats", ("predict",), notebook={"predicted": {k: float(v) for k, v in PREDICTED.items()}}),
    Answer("predictions with a private note", ("predict",), notebook={"predicted": PREDICTED | {"note": "by hand"}}),
    Answer("predictions as tensors", ("predict",),
           notebook={"predicted": {name: torch.tensor(float(k)) for name, k in PREDICTED.items()}}),
    Answer("diagnoses as NumPy's numbers", ("bugs_found",),
           notebook={"faulty": {name: line if line is None else np.int64(line) for name, line in FAULTY.items()}}),
    Answer("diagnoses found by argmax", ("bugs_found",),
           notebook={"faulty": {name: line if line is None else torch.tensor(line) for name, line in FAULTY.items()}}),
    Answer("diagnoses in another order", ("bugs_found",), notebook={"faulty": dict(reversed(FAULTY.items()))}),
]  # fmt: skip
