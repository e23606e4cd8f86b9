"""Mutants of the solutions of beyond that say the same in other words: (module, reason, (before, after), ...)."""

from __future__ import annotations

KINK = "at a kink every subgradient is right, and no test may depend on the choice"
PAIRS = "the two lists have one length; no caller asks what happens when they do not"

EQUIVALENT = [
    ("forward_mode", KINK,
     ("result = Dual(self.value.clamp(min=0), self.tangent * (self.value > 0))",
      "result = Dual(self.value.clamp(min=0), self.tangent * (self.value >= 0))")),
    ("forward_mode", PAIRS,
     ("duals = [Dual(x, v) for x, v in zip(inputs, tangents, strict=True)]",
      "duals = [Dual(x, v) for x, v in zip(inputs, tangents, strict=False)]"),
     ("duals = [Dual(x, v) for x, v in zip(inputs, tangents, strict=True)]",
      "duals = [Dual(x, v) for x, v in zip(inputs, tangents)]")),
    ("forward_mode", "all columns, and all rows, have one shape: the first has that of the last",
     ("jacobian = torch.stack(columns, dim=-1).reshape(*columns[0].shape, *x.shape)",
      "jacobian = torch.stack(columns, dim=-1).reshape(*columns[ -1].shape, *x.shape)"),
     ("jacobian = torch.stack(rows).reshape(*y.shape, *rows[0].shape)",
      "jacobian = torch.stack(rows).reshape(*y.shape, *rows[ -1].shape)")),
]  # fmt: skip
