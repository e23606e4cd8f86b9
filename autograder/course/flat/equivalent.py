"""Mutants of flat.py that say the same in other words: (module, reason, (line before, line after), ...)."""

from __future__ import annotations

KINK = "at a kink every subgradient is right, and no test may depend on the choice"

EQUIVALENT = [
    ("flat", "the margin of the correct class is cut off at 0, whether it is 0 or below",
     ("margins[rows, y] = 0", "margins[rows, y] = -1")),
    ("flat", f"{KINK}; where the margin of the correct class counts, what goes in at scores[rows, y] comes out again",
     ("grad_margins = grad_losses[:, None] * (margins > 0)", "grad_margins = grad_losses[:, None] * (margins >= 0)")),
    ("flat", "grad_margins is not used again, and its sum is taken before the line changes it",
     ('grads["scores"] = grad_margins.clone()', 'grads["scores"] = grad_margins')),
    ("flat", "the sums have one column: the first is the last",
     ("losses = sums.log()[:, 0] - shifted[rows, y]", "losses = sums.log()[:, -1] - shifted[rows, y]")),
    ("flat", "a sign is its own reciprocal",
     ('grads["scores"] = grad_t * signs', 'grads["scores"] = grad_t / signs')),
    ("flat", KINK,
     ('grads["a"] = grads["h"] * (a > 0)', 'grads["a"] = grads["h"] * (a >= 0)')),
]  # fmt: skip
