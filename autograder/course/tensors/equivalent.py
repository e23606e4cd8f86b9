"""Mutants of tensors.py that say the same in other words: (module, reason, (line before, line after), ...)."""

from __future__ import annotations

KINK = "at a kink every subgradient is right, and no test may depend on the choice"
RELU, EYE_X, EYE_W = (
    "jacobian = torch.diag((x > 0).to(x.dtype))",
    "same_row = torch.eye(len(x), dtype=w.dtype)",
    "same_column = torch.eye(w.shape[1], dtype=x.dtype)",
)
GATE = "grad_x = grad_out * (x > 0)"
COLUMNS = "jacobian = torch.stack(columns, dim=-1).reshape(*columns[0].shape, *x.shape)"
INTERVAL = "if not min(left, right) - slack <= mine <= max(left, right) + slack:"

EQUIVALENT = [
    ("tensors", KINK, (RELU, RELU.replace(">", ">=")), (GATE, GATE.replace(">", ">="))),
    ("tensors", "to(x) makes it of x's dtype too, and there is one device", (RELU, RELU.replace("x.dtype", "x"))),
    ("tensors", "zeros and ones are exact in every dtype, and a product takes the wider of two",
     (EYE_X, EYE_X.replace(", dtype=w.dtype", "")), (EYE_W, EYE_W.replace(", dtype=x.dtype", ""))),
    ("tensors", "a vector has one axis: the first is the last",
     ("y = torch.softmax(x, dim=0)", "y = torch.softmax(x, dim= -1)")),
    ("tensors", "all columns have one shape", (COLUMNS, COLUMNS.replace("[0]", "[ -1]"))),
    ("tensors", "nothing has an axis of size 0: it would be copied no times",
     ("stretched = [axis for axis, size in enumerate(shape) if size == 1]",
      "stretched = [axis for axis, size in enumerate(shape) if size <= 1]")),
    ("tensors", "the ends of the interval are a slack away from every right slope: no gradient lies on one of them",
     (INTERVAL, INTERVAL.replace("<= mine", "< mine")),
     (INTERVAL, INTERVAL.replace("mine <=", "mine <"))),
]  # fmt: skip
