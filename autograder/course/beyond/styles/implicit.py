"""Right answers to the items on implicit layers, written otherwise than the solution."""

from __future__ import annotations

import math
from pathlib import Path

import torch

from autograder.course.answers import Answer, liberty
from autograder.course.beyond.mistakes.implicit import FORESEEN

HERE = Path(__file__).parent

ITEMS = (
    "solve", "deq_solve", "deq_adjoint", "deq_grads", "as_equilibrium", "ridge_backward", "eigh_backward", "pose_solve",
    "pose_backward", "pose_covariance",
)  # fmt: skip


RIGHT: list[Answer] = [
    Answer("the implicit solution itself", (*ITEMS, "implicit_by_hand")),
    Answer("implicit layers in loops and series", ITEMS, file=HERE / "loops" / "implicit.py"),
    Answer("implicit layers in matrix forms and decompositions", ITEMS, file=HERE / "forms" / "implicit.py"),
    Answer("implicit layers by a detour through NumPy", ITEMS, file=HERE / "numpy" / "implicit.py"),
    Answer("implicit layers in place, on buffers of their own", ITEMS,
           file=HERE / "buffers" / "implicit.py"),
    liberty("any error below ArithmeticError", "solve deq_solve eigh_backward",
            ("solve", "raise ArithmeticError", "raise ZeroDivisionError"),
            ("deq_solve", "raise ArithmeticError", "raise FloatingPointError"),
            ("eigh_backward", "raise ArithmeticError", "raise ZeroDivisionError")),
    liberty("gradients as a list", "deq_grads",
            ("deq_grads", "return grad_x, grad_w, grad_u, grad_b", "return [grad_x, grad_w, grad_u, grad_b]")),
    liberty("a smaller limit of condition", "solve deq_adjoint ridge_backward pose_solve pose_backward",
            ("solve", "0.1 / torch.finfo(system.dtype).eps", "0.02 / torch.finfo(system.dtype).eps")),
    Answer("predicted implicit numbers as floats, with a note", ("implicit_by_hand",),
           notebook={"predicted_implicit": {key: float(value) for key, value in FORESEEN.items()} | {"note": "done"}}),
    Answer("predicted implicit numbers as tensors", ("implicit_by_hand",),
           notebook={"predicted_implicit": {key: torch.tensor(float(value)) for key, value in FORESEEN.items()}}),
    Answer("predicted implicit numbers worked out in Python", ("implicit_by_hand",),
           notebook={"predicted_implicit": {"circle": -3 / 4, "linear": 1 / (1 - 0.9), "root": 1 / (2 * 4**0.5),
                                           "steps": math.ceil(math.log(1e-6) / math.log(0.99)),
                                           "kept": 1000 * 32 * 100}}),
]  # fmt: skip
