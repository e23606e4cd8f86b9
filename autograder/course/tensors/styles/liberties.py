"""Right answers to `tensors`, written otherwise than the solution: whole modules, and small liberties."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

from autograder.course.answers import Answer, liberty
from autograder.course.tensors.mistakes.checker import ALL as CHECKER
from autograder.course.tensors.mistakes.notebook import EXPLOSION, PREDICTED, VERDICTS

HERE = Path(__file__).parent
ITEMS = (
    "relu_jacobian",
    "softmax_jacobian",
    "matmul_jacobian",
    "numeric_jacobian",
    "relu_backward",
    "softmax_backward",
    "softmax_linear",
    "matmul_grad_x",
    "matmul_grad_w",
    "matmul_implicit",
    "unbroadcast",
    "mul_backward",
    "corr_forward",
    "corr_grad_x",
    "corr_grad_w",
    "corr_grad_b",
    "corr_linear",
    "product_cost",
    *CHECKER,
)
NOTES = ("by_hand", "explosion", "suspects")
COLUMN = "columns.append((function(x + nudge) - function(x - nudge)) / (2 * h))"


RIGHT: list[Answer] = [
    Answer("the solution itself", (*ITEMS, *NOTES)),
    Answer("loops, masks and running sums", ITEMS, file=HERE / "loops" / "tensors.py"),
    Answer("matrix forms, einsum and torch's own layers", ITEMS, file=HERE / "forms" / "tensors.py"),
    Answer("a detour through NumPy", ITEMS, file=HERE / "numpy" / "tensors.py"),
    liberty(
        "the other subgradient at the kink",
        "relu_jacobian relu_backward",
        ("relu_jacobian", "x > 0", "x >= 0"),
        ("relu_backward", "x > 0", "x >= 0"),
    ),
    liberty(
        "half of the slope at the kink",
        "relu_jacobian relu_backward",
        ("relu_jacobian", "(x > 0).to(x.dtype)", "(1 + torch.sign(x)) / 2"),
        ("relu_backward", "(x > 0)", "(1 + torch.sign(x)) / 2"),
    ),
    *[
        liberty(f"a central difference that {how}", "numeric_jacobian", ("numeric_jacobian", COLUMN, instead))
        for how, instead in {
            "divides each value by itself": "columns.append("
            "function(x + nudge) / (2 * h) - function(x - nudge) / (2 * h))",
            "multiplies by the reciprocal": COLUMN.replace("/ (2 * h)", "* (1 / (2 * h))"),
            "takes half of it first": COLUMN.replace("function(", "0.5 * function(").replace("(2 * h)", "h"),
            "divides by the way that was really gone": COLUMN.replace("(2 * h)", "((x + nudge) - (x - nudge)).sum()"),
            "works in one copy, += h and then -= 2 h": """moved = x.contiguous().clone()
        moved.view(-1)[entry] += h
        up = function(moved).clone()
        moved.view(-1)[entry] -= 2 * h
        columns.append((up - function(moved)) / (2 * h))""",
            "works in one copy that it puts back": """moved = x.contiguous().clone()
        moved.view(-1)[entry] -= h
        down = function(moved).clone()
        moved.view(-1)[entry] += h
        moved.view(-1)[entry] += h
        columns.append((function(moved) - down) / (h + h))""",
        }.items()
    ],
    liberty(
        "the gradients as a list",
        "matmul_grad_x matmul_grad_w matmul_implicit",
        ("matmul_backward", "return grad_x, grad_w", "return [grad_x, grad_w]"),
    ),
    liberty(
        "a batch of outer products",
        "matmul_grad_w matmul_implicit",
        ("matmul_backward", "x.T @ grad_out", "(x[:, :, None] * grad_out[:, None, :]).sum(dim=0)"),
    ),
    liberty(
        "a copy of the upstream gradient",
        "corr_grad_b",
        ("correlate_backward", "grad_b = grad_out", "grad_b = grad_out.clone()"),
    ),
    liberty("a larger tolerance", " ".join(CHECKER), ("gradcheck", "1e-5 * max", "1e-4 * max")),
    liberty(
        "a step of 1e-6 everywhere",
        " ".join(CHECKER[:6]),
        ("gradcheck", "1e-4 * max(abs(x.flatten()[entry]), 0.01)", "1e-6"),
    ),
    liberty(
        "an upstream gradient between -1 and 1",
        " ".join(CHECKER),
        ("gradcheck", "torch.randn_like(y)", "2 * torch.rand(y.shape).double() - 1"),
    ),
    Answer(
        "predicted numbers as floats",
        ("by_hand", "explosion"),
        notebook={
            "predicted": PREDICTED | {"relu_grad_x": [4.0, 0.0, 5.0, 0.0]},
            "explosion": {name: float(value) for name, value in EXPLOSION.items()},
        },
    ),
    Answer(
        "predicted numbers to six digits, and shapes as tuples",
        ("by_hand", "explosion"),
        notebook={
            "predicted": PREDICTED
            | {"softmax_dy0_dx0": 0.138889, "softmax_dy0_dx1": -0.0555556}
            | {"softmax_grad_x": (0.833333, -0.333333, -0.5)}
            | {"dy_dx_shape": (2, 4, 2, 3), "dy_dw_shape": (2, 4, 3, 4)},
            "explosion": EXPLOSION | {"share_dy_dx": 0.015625, "share_dy_dw": 0.000244141},
        },
    ),
    liberty(
        "counts as tensors",
        "product_cost",
        ("cost_left_to_right", "return count", "return torch.tensor(count)"),
        ("cost_right_to_left", "return count", "return torch.tensor([count])"),
    ),
    Answer(
        "verdicts as NumPy's",
        ("suspects",),
        notebook={"verdicts": {name: np.bool_(verdict) for name, verdict in VERDICTS.items()}},
    ),
    Answer(
        "verdicts as tensors, in another order",
        ("suspects",),
        notebook={"verdicts": {name: torch.tensor(verdict) for name, verdict in reversed(VERDICTS.items())}},
    ),
    Answer(
        "predicted with private notes",
        ("by_hand", "explosion", "suspects"),
        notebook={
            "predicted": PREDICTED | {"note": "on paper"},
            "explosion": EXPLOSION | {"mib_x": 1},
            "verdicts": VERDICTS | {"demo": True},
        },
    ),
]
