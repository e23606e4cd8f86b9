"""The linear classifiers: with the hinge loss, softmax cross-entropy, the squared loss, and logistic regression."""

from __future__ import annotations

import torch

from .classifier import Classifier
from .inputs import Given, binary, far_out, linear, sure


def parts(name: str) -> dict[str, str]:
    """The loss and each variable -> its item."""
    return {"loss": f"{name}_loss"} | {part: f"{name}_grad_{part}" for part in ("scores", "w", "b")}


def at_the_kinks() -> list[Given]:
    """Scores with margins of exactly 0, and the same with the right class a little lower, and a little higher."""
    x, y = torch.eye(3, dtype=torch.float64), torch.tensor([0, 1, 2])
    w = torch.tensor([[1.0, 0, -3, 0.5], [0.25, -0.75, -4, -5], [5, 2, 6, 1]], dtype=torch.float64)
    right = torch.nn.functional.one_hot(y, 4)
    b = torch.zeros(4, dtype=torch.float64)
    return [{"x": x, "y": y, "w": w + shift * right, "b": b, "reg": 0.1} for shift in (0.0, -1e-3, 1e-3)]


SIZES = {"one": {"C": 5}, "other": {"C": 3}}
NO_FAR = {"far": "neither max(0, .) nor a square overflows where scores lie near a thousand"}
CLASSIFIERS = [
    Classifier("linear_hinge", parts("hinge"), "hinge", linear, kinked=at_the_kinks, **SIZES, without=NO_FAR),
    Classifier("linear_softmax", parts("softmax"), "softmax", linear, far_out, **SIZES),
    Classifier("linear_squared", parts("squared"), "squared", linear, **SIZES, without=NO_FAR),
    Classifier("logistic", parts("logistic"), "logistic", binary, sure, overflow="sigmoid-unstabilised"),
]
