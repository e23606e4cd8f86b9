"""Wrong answers that are made of every function alike."""

from __future__ import annotations

from autograder.course.answers import Answer
from autograder.course.breaches import breaches

ONE = {
    "softmax_jacobian": ("jacobian", "softmax_jacobian"),
    "matmul_jacobian_x": ("jacobian", "matmul_jacobian"),
    "matmul_jacobian_w": ("jacobian", "matmul_jacobian"),
    "relu_backward": ("grad_x", "relu_backward"),
    "softmax_backward": ("grad_x", "softmax_backward"),
    "unbroadcast": ("grad_x", "unbroadcast"),
    "correlate": ("y", "corr_forward"),
}
SEVERAL = {
    "matmul_backward": {"grad_x": "matmul_grad_x", "grad_w": "matmul_grad_w"},
    "mul_backward": {"grad_x": "mul_backward", "grad_y": "mul_backward"},
    "correlate_backward": {"grad_x": "corr_grad_x", "grad_w": "corr_grad_w", "grad_b": "corr_grad_b"},
}
GENERATED: list[Answer] = [
    *breaches("relu_jacobian", "jacobian", {"jacobian": "relu_jacobian"}, rules="reused widened"),  # 0 and 1 are exact
    *(answer for name, (value, item) in ONE.items() for answer in breaches(name, value, {value: item})),
    *(answer for name, items in SEVERAL.items() for answer in breaches(name, ", ".join(items), items)),
]
