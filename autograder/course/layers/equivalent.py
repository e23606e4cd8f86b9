"""Mutants of the modules of `layers` that say the same in other words: (module, reason, (before, after), ...)."""

from __future__ import annotations

KINK = "at a kink every subgradient is right, and no test may depend on the choice"
TWO_AXES = "the tensors have two axes here, (N, D): the last one is the second"
CPU = "hand-ins are graded on the CPU, where it is the same; test_layers_solution.py runs the solution elsewhere"
TO = "what is made to agree with a tensor has its dtype, and on the CPU no other device"
GUARD = "strict=True guards against an op that breaks its contract; no graph of right ops notices"

WINNERS = "mask = winner == torch.arange(K{})[:, None, None]  # (K, N, M): who won"
DRAW = "draw = torch.rand(x.shape, generator=self.generator{})"
DROP = "self.cache = (draw {} self.p).to({}) / (1 - self.p)"
TAPS = 'self.grads = {{"w": torch.stack([(grad_out * x[:, k : k + n]).sum() for k in range(w.shape[{}])])}}'
WALK = "for source, grad in zip(node.sources, downstream{}):"
PASSED = "grad_scores = (margins {} 0).to({}) / N"
WIDTHS, JOIN, CUT = (
    "self.cache = [x.shape[{}] for x in inputs]",
    "z = torch.cat(inputs, dim={})",
    "grads = torch.split(grad_out, self.cache, dim={})",
)
ROWS = (
    "probabilities = torch.softmax(scores, dim={})",
    "shared = (grad_out * probabilities).sum(dim={}, keepdim=True)",
)

EQUIVALENT = [
    ("activations", KINK,
     ("self.cache = x > 0", "self.cache = x >= 0"),
     ("self.cache = x > 0, below", "self.cache = x >= 0, below")),
    ("activations", "at 0 both branches are 0",
     ("out = torch.where(x > 0, x, below)", "out = torch.where(x >= 0, x, below)")),
    ("layers", CPU,
     (WINNERS.format(", device=w.device"), WINNERS.format("")),
     (DRAW.format(", dtype=x.dtype, device=x.device"), DRAW.format(", dtype=x.dtype"))),
    ("layers", "w has one axis: the first is the last",
     ("n = x.shape[1] - w.shape[0] + 1", "n = x.shape[1] - w.shape[ -1] + 1"),
     ("for k in range(w.shape[0]):", "for k in range(w.shape[ -1]):"),
     (TAPS.format("0"), TAPS.format(" -1"))),
    ("layers", "the draws are only compared with p, and a draw of any dtype falls below it with the same chance",
     (DRAW.format(", dtype=x.dtype, device=x.device"), DRAW.format(", device=x.device"))),
    ("layers", "a draw is p itself once in 2**53 times (for p = 0, where an entry would be lost, too)",
     (DROP.format(">=", "x.dtype"), DROP.format(">", "x.dtype"))),
    ("layers", TO,
     (DROP.format(">=", "x.dtype"), DROP.format(">=", "x"))),
    ("losses", "the margin of the right class is cut off at 0, whether it is 0 or below",
     ("margins[rows, y] = 0", "margins[rows, y] = -1")),
    ("losses", f"{KINK}; where the margin of the right class counts, what goes in at scores[rows, y] comes out again",
     (PASSED.format(">", "scores.dtype"), PASSED.format(">=", "scores.dtype"))),
    ("losses", TO,
     (PASSED.format(">", "scores.dtype"), PASSED.format(">", "scores"))),
    ("graph", TWO_AXES,
     *((line.format("-1"), line.format(axis)) for line in (WIDTHS, JOIN, CUT) for axis in ("1", "+1"))),
    ("graph", "what is missing is counted down one by one, and never falls below 0",
     ("if missing[reader] == 0:", "if missing[reader] <= 0:")),
    ("graph", "the order never has more names than there are",
     ("if len(order) < len(readers):", "if len(order) != len(readers):")),
    ("graph", GUARD,
     (WALK.format(", strict=True"), WALK.format("")),
     (WALK.format(", strict=True"), WALK.format(", strict=False"))),
    ("functions", "PyTorch sums a gradient down to the shape of its input where that was spread over rows",
     ("grad_b = grad_out.sum(dim=0)", "grad_b = grad_out")),
    ("functions", TWO_AXES,
     *((line.format("-1"), line.format(axis)) for line in ROWS for axis in ("1", "+1"))),
    ("layers", "the remainder of a place is never below 0",
     ("if place % self.every == 0:", "if place % self.every <= 0:")),
]  # fmt: skip
