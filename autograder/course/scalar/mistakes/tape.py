"""Wrong answers to the fast engine."""

from __future__ import annotations

from autograder.course.answers import Answer, wrong

BOTH = "Var(self.data * other.data, self, other.data, other, self.data)"
ONE = "Var(self.data * other, self, other)"
RELU = "Var(self.data, self, 1.0) if self.data > 0 else Var(0.0, self, 0.0)"
RESET = "        for node in TAPE:\n            node.grad = 0.0\n"
FIRST, SECOND = "a.grad += upstream * node.da", "b.grad += upstream * node.db"
FUSED = "source.grad += upstream * local"

TAPE: list[Answer] = [
    *wrong(
        "Var.__mul__",
        "tape",
        (
            "does not swap",
            BOTH,
            BOTH.replace("self, other.data, other, self.data", "self, self.data, other, other.data"),
            "mul-gate-not-swapped",
        ),
        (
            "keeps ones",
            BOTH,
            BOTH.replace("self, other.data, other, self.data", "self, 1.0, other, 1.0"),
            ("upstream-alone", "all-ones"),
        ),
        (
            "forgets the second factor",
            BOTH,
            "Var(self.data * other.data, self, other.data)",
            ("all-zeros", "factor-two-missing"),
        ),
        ("adds", BOTH, BOTH.replace("*", "+"), None),
        ("forgets the plain factor", ONE, ONE.replace("self, other", "self, 1.0"), None),
    ),
    *wrong(
        "Var.relu",
        "tape",
        (
            "lets everything back",
            RELU,
            RELU.replace("0.0, self, 0.0", "0.0, self, 1.0"),
            ("relu-mask-missing", "all-ones"),
        ),
        ("takes the value for the slope", RELU, RELU.replace("self, 1.0", "self, self.data"), "relu-by-value"),
        ("lets everything through", RELU, "Var(self.data, self, 1.0)", None),
    ),
    *wrong(
        "Var.backward",
        "tape",
        ("overwrites", FIRST, FIRST.replace("+=", "="), ("overwritten-not-accumulated", "factor-two-missing")),
        (
            "overwrites both",
            f"{SECOND}\n                if a is not None:\n                    {FIRST}",
            f"{SECOND}\n                if a is not None:\n                    {FIRST}".replace("+=", "="),
            ("overwritten-not-accumulated", "factor-two-missing"),
        ),
        ("walks forward", "in reversed(TAPE)", "in TAPE", "all-zeros"),
        ("forgets the first gradient", "self.grad = 1.0", "pass", "all-zeros"),
        ("never sets anything back", RESET, "", "stale-gradients"),
        (
            "sets back the leaves only",
            RESET,
            RESET.replace("            node", "            if node.a is None:\n                node"),
            "stale-gradients",
        ),
        ("stops at the local gradient", FIRST, "a.grad += node.da", None),
        ("starts at the end of the tape", "self.grad = 1.0", "TAPE[-1].grad = 1.0", None),
        ("forgets the second input", SECOND, "pass", ("all-zeros", "factor-two-missing")),
        ("is off by one part in ten thousand", FIRST, FIRST + " * 1.0001", None),
    ),
    *wrong(
        "dot",
        "tape_dot",
        ("forgets the bias", "numbers), b.data)", "numbers), 0.0)", "bias-missing"),
        ("keeps no gradients", "    result.more = more\n", "", "all-zeros"),
        (
            "does not swap",
            "[*w, *x, b], [*numbers, *weights, 1.0]",
            "[*w, *x, b], [*weights, *numbers, 1.0]",
            "mul-gate-not-swapped",
        ),
        (
            "forgets the inputs' gradients",
            "[*w, *x, b], [*numbers, *weights, 1.0]",
            "[*w, b], [*numbers, 1.0]",
            "all-zeros",
        ),
        (
            "forgets the bias's gradient",
            "[*w, *x, b], [*numbers, *weights, 1.0]",
            "[*w, *x], [*numbers, *weights]",
            "all-zeros",
        ),
        (
            "counts the bias by its value",
            "[*numbers, *weights, 1.0]",
            "[*numbers, *weights, b.data]",
            "bias-not-summed",
        ),
        (
            "is built of parts",
            "    result = Var(sum(map(mul, weights, numbers), b.data))\n    result.more = more\n",
            "    result = b\n    for weight, entry in zip(w, x):\n        result = result + weight * entry\n",
            "not-fused",
        ),
        (
            "forgets the last term",
            "weights = [weight.data for weight in w]",
            "weights = [weight.data for weight in w[:-1]] + [0.0]",
            None,
        ),
        ("takes ones for plain numbers", "[*w, b], [*numbers, 1.0]", "[*w, b], [1.0 for _ in range(len(w) + 1)]", None),
    ),
    *wrong(
        "Var.backward",
        "tape_dot",
        ("overwrites at a fused node", FUSED, FUSED.replace("+=", "="), None),
        ("forgets fused nodes", FUSED, "pass", "all-zeros"),
        ("stops at the local gradient of a fused node", FUSED, "source.grad += local", "local-gradient-only"),
    ),
]
