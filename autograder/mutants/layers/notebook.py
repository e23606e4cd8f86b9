"""What the right notebook holds, and wrong numbers in it."""

from __future__ import annotations

PREDICTED = {
    "out": [0.5, 7.5],
    "grad_w": [-5.0, 4.0],
    "grad_b": -1.0,
    "grad_x": [[2.0, -1.0], [-4.0, 2.0]],
    "kept": 8.0,
    "normal": [-1.0, 1.0],
}
NOTEBOOK = {"predicted": PREDICTED}
