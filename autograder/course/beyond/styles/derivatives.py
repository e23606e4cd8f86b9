"""Right answers to `beyond`, part one, written otherwise than the solution: whole modules, and small liberties."""

from __future__ import annotations

from pathlib import Path

import torch

from autograder.course.answers import Answer, liberty
from autograder.course.beyond.mistakes.forward import PREDICTED

HERE = Path(__file__).parent
FORWARD = ("dual_arithmetic", "dual_matmul", "dual_functions", "jvp", "jacobians")
SECOND = ("hessian", "hvp_twice", "rop_forward", "rop_softmax", "rop_backward", "conjugate_gradients",
          "power_iteration", "gradient_penalty")  # fmt: skip


RIGHT: list[Answer] = [
    Answer("the solution itself, part one", ("by_hand", *FORWARD, *SECOND)),
    Answer("forward mode in blocks", FORWARD, file=HERE / "blocks" / "forward_mode.py"),
    Answer("forward mode in loops", FORWARD, file=HERE / "loops" / "forward_mode.py"),
    Answer("second order in blocks", SECOND, file=HERE / "blocks" / "second_order.py"),
    Answer("second order in loops", SECOND, file=HERE / "loops" / "second_order.py"),
    Answer("forward mode by a detour through NumPy", FORWARD, file=HERE / "numpy" / "forward_mode.py"),
    Answer("second order by torch.func and NumPy", SECOND, file=HERE / "numpy" / "second_order.py"),
    Answer("forward mode in place, on buffers of its own", FORWARD, file=HERE / "buffers" / "forward_mode.py"),
    Answer("second order in place, on buffers of its own", SECOND, file=HERE / "buffers" / "second_order.py"),
    Answer("predicted numbers as floats", ("by_hand",),
           notebook={"predicted": {name: float(value) for name, value in PREDICTED.items()}}),
    Answer("predicted numbers as tensors", ("by_hand",),
           notebook={"predicted": {name: torch.tensor(value) for name, value in PREDICTED.items()}}),
    Answer("predicted numbers as lists of one", ("by_hand",),
           notebook={"predicted": {name: [value] for name, value in PREDICTED.items()}}),
    Answer("more numbers predicted than asked for", ("by_hand",), notebook={"predicted": PREDICTED | {"more": "yes"}}),
    liberty("a quotient as a product", "dual_arithmetic",
            ("Dual.__truediv__", "(self.tangent - quotient * other.tangent) / other.value",
             "self.tangent / other.value - self.value * other.tangent / other.value**2")),
    liberty("the other subgradient at the kink", "dual_functions", ("Dual.relu", "self.value > 0", "self.value >= 0")),
    liberty("one of the products by tensordot", "dual_matmul",
            ("Dual.__matmul__", "self.value @ other.tangent)", "torch.tensordot(self.value, other.tangent, dims=1))")),
    liberty("the answers as a list", "jvp rop_forward",
            ("jvp", "return value, tangent", "return [value, tangent]"),
            ("rop_forward", "return r_h, r_scores", "return [r_h, r_scores]")),
    liberty("the answers as a namedtuple", "jvp", ("jvp", "return value, tangent",
            "import collections\n    return collections.namedtuple('Moved', 'value tangent')(value, tangent)")),
    liberty("tangents that are views", "jvp", ("jvp", "Dual(x, v)", "Dual(x.view_as(x), v.view_as(v))")),
    liberty("an infinite curvature is found at the end of the steps", "conjugate_gradients",
            ("conjugate_gradients", "not curvature > 0", "curvature <= 0")),
    liberty("a start that is made length 1 first", "power_iteration",
            ("power_iteration", "v = start\n", "v = start / start.norm()\n")),
    liberty("a product list as a tuple", "hvp_twice", ("hvp_twice", "products = list(", "products = tuple(")),
    liberty("a Hessian made symmetric", "hessian", ("hessian", "for entry in grad])",
            "for entry in grad])\n    rows = (rows + rows.T) / 2")),
    liberty("the penalty as a squared norm", "gradient_penalty",
            ("gradient_penalty", "grad.square().sum(dim=1).mean()", "(grad * grad).sum() / grad.shape[0]")),
    liberty("a sum of squares by linalg", "gradient_penalty",
            ("gradient_penalty", "grad.square().sum(dim=1).mean()", "grad.pow(2).mean(dim=0).sum()")),
    liberty("the mean outside the bracket", "rop_softmax",
            ("rop_softmax", "probs * own.sum(dim=1, keepdim=True)", "probs * (probs * r_scores).sum(1)[:, None]")),
    liberty("curvature first", "rop_backward",
            ("rop_backward", "r_grad_h * (1 - h * h) - 2 * grad_h * h * r_h",
             "-(2 * h * r_h) * grad_h + r_grad_h - r_grad_h * h**2")),
]  # fmt: skip
