"""Mutants of the scalar modules that say the same in other words: (module, reason, (line before, line after), ...)."""

from __future__ import annotations

TIE = "at a tie either input will do, as long as one of them gets all"
KINK = "at a kink every subgradient is right, and no test may depend on the choice"
MINUS_ONE = "minus one is its own reciprocal"
GUARD = "strict=True guards the module against itself: both lists are made together, and are equally long"

EQUIVALENT = [
    ("gates", TIE,
     ("z = x if x > y else y", "z = x if x >= y else y")),
    ("gates", MINUS_ONE,
     ("grad_x = grad_out * -1 / x**2", "grad_x = grad_out / -1 / x**2"),
     ('grads["c"] = grad_out * -1 / c**2', 'grads["c"] = grad_out / -1 / c**2')),
    ("differences", "a gradient and a step have one length; no caller asks what happens when they do not",
     ("result = value + sum(g * s for g, s in zip(gradient, step, strict=True))",
      "result = value + sum(g * s for g, s in zip(gradient, step, strict=False))"),
     ("result = value + sum(g * s for g, s in zip(gradient, step, strict=True))",
      "result = value + sum(g * s for g, s in zip(gradient, step))")),
    ("gates", "at 0 both branches give 1/2",
     ("z = (1.0 if x >= 0 else e) / (1.0 + e)", "z = (1.0 if x > 0 else e) / (1.0 + e)")),
    ("scalar", "at 0 both branches give 1/2",
     ("s = (1.0 if self.data >= 0 else e) / (1.0 + e)", "s = (1.0 if self.data > 0 else e) / (1.0 + e)")),
    ("scalar", KINK,
     ("result = Value(self.data, (self,), (1.0,)) if self.data > 0 else Value(0.0, (self,), (0.0,))",
      "result = Value(self.data, (self,), (1.0,)) if self.data >= 0 else Value(0.0, (self,), (0.0,))")),
    ("scalar", TIE,
     ("first = self.data > other.data", "first = self.data >= other.data")),
    ("scalar", GUARD,
     ("for source, local in zip(node.inputs, node.local, strict=True):",
      "for source, local in zip(node.inputs, node.local):"),
     ("for source, local in zip(node.inputs, node.local, strict=True):",
      "for source, local in zip(node.inputs, node.local, strict=False):")),
    ("scalar", "weights and inputs have one length; no caller asks what happens when they do not",
     ("for weight, entry in zip(w, x, strict=True):", "for weight, entry in zip(w, x):"),
     ("for weight, entry in zip(w, x, strict=True):", "for weight, entry in zip(w, x, strict=False):")),
    ("tape", "a class is equal to itself alone",
     ("if type(other) is Var:", "if type(other) == Var:"),
     ("if type(x[0]) is Var:", "if type(x[0]) == Var:")),
    ("tape", KINK,
     ("result = Var(self.data, self, 1.0) if self.data > 0 else Var(0.0, self, 0.0)",
      "result = Var(self.data, self, 1.0) if self.data >= 0 else Var(0.0, self, 0.0)")),
    ("tape", GUARD,
     ("for source, local in zip(*node.more, strict=True):", "for source, local in zip(*node.more):"),
     ("for source, local in zip(*node.more, strict=True):", "for source, local in zip(*node.more, strict=False):")),
    ("tape", "the inputs of one product are all Vars or all numbers",
     ("if type(x[0]) is Var:", "if type(x[ -1]) is Var:")),
]  # fmt: skip
