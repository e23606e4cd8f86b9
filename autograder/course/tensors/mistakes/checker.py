"""Wrong gradient checkers: each one misjudges backward passes of the kinds named."""

from __future__ import annotations

from autograder.course.answers import Answer, Edit

KINDS = ("wrong", "entry", "upstream", "zero", "kinks", "float32", "scales")
ALL = tuple(f"gradcheck_{kind}" for kind in KINDS)
UPSTREAM = "torch.randn_like(y)"
INPUTS = "[x.to(torch.float64) for x in inputs]"
STEP = "1e-4 * max(abs(x.flatten()[entry]), 0.01)"
SLACK = "1e-5 * max(abs(left), abs(right)) + 1e-8"
INTERVAL = "if not min(left, right) - slack <= mine <= max(left, right) + slack:"
SHAPE = "        if claimed[place].shape != x.shape:\n            return False\n"
CENTRAL = "(left + right) / 2"
EVERY_ENTRY = "for entry in range(x.numel()):"


def fails(what: str, kinds: str, *edits: tuple[str, str], names: str = "") -> Answer:
    """A checker that fails the kinds; names: the misconceptions that may be named first."""
    changes = tuple(Edit("gradcheck", old, new) for old, new in edits)
    items = ALL if kinds == "all" else tuple(f"gradcheck_{kind}" for kind in kinds.split())
    return Answer(f"gradcheck: {what}", items, changes, tuple(f"gradcheck-{name}" for name in names.split()))


LENIENT = "step-too-large too-lenient sign-ignored shape-ignored entry-missed nan-passes constant-upstream zero-excused"
LENIENT += " kink-excuses-all absolute-tolerance"
STRICT = "rejects-right zero-over-zero kink-rejected single-precision absolute-tolerance"
NOTHING = "    inputs = [x.to(torch.float64) for x in inputs]\n"

CHECKER: list[Answer] = [
    fails("says yes to everything", "all", (NOTHING, "    return True\n" + NOTHING), names=LENIENT),
    fails("says no to everything", "all", (NOTHING, "    return False\n" + NOTHING), names=STRICT),
    fails("looks at the shapes only", "all", (EVERY_ENTRY, "for entry in range(0):"), names=LENIENT),
    fails(
        "compares the backward pass with itself",
        "all",
        ("            mine = ", "            left = right = "),
        (INTERVAL, "if abs(left - right) > slack:"),
        names=LENIENT,
    ),
    fails(
        "tosses a coin",
        "all",
        (NOTHING, "    return bool(torch.rand(()) < 0.5)\n" + NOTHING),
        names=LENIENT + " " + STRICT,
    ),
    # the upstream gradient
    fails(
        "takes ones for the upstream gradient", "upstream", (UPSTREAM, "torch.ones_like(y)"), names="constant-upstream"
    ),
    fails(
        "takes twos for the upstream gradient",
        "upstream",
        (UPSTREAM, "torch.full_like(y, 2.0)"),
        names="constant-upstream",
    ),
    fails(
        "takes a positive upstream gradient",
        "upstream",
        (UPSTREAM, "torch.rand(y.shape, dtype=torch.float64)"),
        names="constant-upstream",
    ),
    fails(
        "takes one random number for the whole upstream gradient",
        "upstream",
        (UPSTREAM, "torch.randn(()).double().expand(y.shape)"),
        names="constant-upstream",
    ),
    fails(
        "sends an upstream gradient into the first output only",
        "upstream",
        (UPSTREAM, "torch.zeros_like(y)\n    grad_out.view(-1)[0] = 1.0"),
        names="entry-missed constant-upstream too-lenient nan-passes",
    ),
    fails("takes zeros for the upstream gradient", "wrong upstream", (UPSTREAM, "torch.zeros_like(y)"), names=LENIENT),
    fails("takes a mean as the loss", "upstream", (UPSTREAM, "torch.ones_like(y) / y.numel()"), names=LENIENT),
    # shapes
    fails("does not look at shapes", "wrong", (SHAPE, ""), names="shape-ignored"),
    fails(
        "compares numbers of entries only",
        "wrong",
        (SHAPE, SHAPE.replace("claimed[place].shape != x.shape", "claimed[place].numel() != x.numel()")),
        names="shape-ignored",
    ),
    fails(
        "reshapes what it gets",
        "wrong",
        (SHAPE, "        claimed[place] = claimed[place].reshape(x.shape)\n"),
        names="shape-ignored",
    ),
    # signs and tolerance
    fails(
        "compares sizes without signs",
        "wrong",
        (
            "            mine = claimed[place].flatten()[entry]\n",
            "            mine = abs(claimed[place].flatten()[entry])\n            left, right = abs(left), abs(right)\n",  # noqa: E501
        ),
        names="sign-ignored",
    ),
    fails(
        "allows one part in a hundred",
        "wrong scales",
        (SLACK, "2e-2 * max(abs(left), abs(right)) + 1e-9"),
        names="too-lenient absolute-tolerance",
    ),
    fails(
        "allows one part in a hundred of everything",
        "wrong float32",
        (SLACK, f"2e-2 * max(abs(left), abs(right)) + {SLACK}"),
        names="too-lenient",
    ),
    fails("allows half", "wrong entry float32", (SLACK, f"0.5 * max(abs(left), abs(right)) + {SLACK}"), names=LENIENT),
    fails("allows an absolute 1e-3", "scales", (SLACK, "1e-3"), names="absolute-tolerance too-lenient rejects-right"),
    fails("allows an absolute 1e-6", "scales", (SLACK, "1e-6"), names="absolute-tolerance rejects-right"),
    fails(
        "allows an absolute 1e-2",
        "wrong zero scales",
        (SLACK, "2e-2"),
        names="absolute-tolerance too-lenient zero-excused rejects-right",
    ),
    fails(
        "allows one in everything", "wrong entry zero float32 scales", (SLACK, "1.0"), names=LENIENT + " rejects-right"
    ),
    fails("adds an absolute 1e-4 to the tolerance", "scales", (SLACK, f"1e-4 + {SLACK}"), names="absolute-tolerance"),
    fails("adds an absolute 1e-5 to the tolerance", "scales", (SLACK, f"1e-5 + {SLACK}"), names="absolute-tolerance"),
    fails(
        "measures against the largest of all gradients",
        "scales",
        (SLACK, "1e-5 * max(g.abs().max().item() for g in claimed) + 1e-3"),
        names="absolute-tolerance too-lenient",
    ),
    fails("allows an absolute 1e-8 and nothing in proportion", "scales", (SLACK, "1e-8"), names="absolute-tolerance"),
    fails(
        "allows a part of the slope and nothing for rounding",
        "zero",
        (SLACK, "1e-5 * max(abs(left), abs(right))"),
        names="zero-over-zero",
    ),
    fails(
        "takes the relative error with 1e-8 below the bar",
        "kinks",
        (
            INTERVAL,
            "middle = (left + right) / 2\n"
            "            if not abs(mine - middle) / max(abs(mine) + abs(middle), 1e-8) <= 1e-4:",
        ),
        names="kink-rejected",
    ),
    fails("asks for all sixteen digits", "wrong", (SLACK, "1e-15"), names="rejects-right absolute-tolerance"),
    # the step
    fails("takes a step of 1", "wrong float32", (STEP, "1.0"), names="rejects-right too-lenient single-precision"),
    fails(
        "takes a step of 0.1 forwards only",
        "wrong",
        (STEP, "0.1"),
        ("            left =", "            unused ="),
        ("            right =", "            left = right ="),
        names="rejects-right",
    ),
    fails(
        "takes a forward difference with a step of 0.01",
        "wrong zero",
        (STEP, "1e-2"),
        ("            left =", "            unused ="),
        ("            right =", "            left = right ="),
        names="rejects-right zero-over-zero kink-rejected",
    ),
    fails(
        "takes a step of 1e-12",
        "wrong",
        (STEP, "1e-12"),
        (SLACK, "1e-5 * max(abs(left), abs(right))"),
        names="rejects-right",
    ),
    fails("takes a step of 0.001 at inputs of 0.001", "scales", (STEP, "1e-3"), names="step-too-large"),
    fails(
        "takes a step of 0.1",
        "scales",
        (STEP, "0.1"),
        names="absolute-tolerance too-lenient step-too-large rejects-right",
    ),
    # entries
    fails(
        "looks at the first entry only",
        "entry",
        (EVERY_ENTRY, "for entry in range(min(1, x.numel())):"),
        names="entry-missed nan-passes",
    ),
    fails(
        "looks at three entries",
        "entry",
        (EVERY_ENTRY, "for entry in range(min(3, x.numel())):"),
        names="entry-missed nan-passes",
    ),
    fails(
        "leaves the first entry out", "entry", (EVERY_ENTRY, "for entry in range(1, x.numel()):"), names="entry-missed"
    ),
    fails(
        "leaves the last entry out", "entry", (EVERY_ENTRY, "for entry in range(x.numel() - 1):"), names="entry-missed"
    ),
    fails(
        "looks at every other entry",
        "entry",
        (EVERY_ENTRY, "for entry in range(0, x.numel(), 2):"),
        names="entry-missed nan-passes",
    ),
    fails(
        "checks the first input only",
        "entry float32",
        (SHAPE, SHAPE + "        if place:\n            continue\n"),
        names="entry-missed too-lenient",
    ),
    fails(
        "checks the last input only",
        "entry float32 scales",
        (SHAPE, SHAPE + "        if place < len(inputs) - 1:\n            continue\n"),
        names="entry-missed too-lenient absolute-tolerance",
    ),
    fails(
        "lets nan pass",
        "entry",
        (INTERVAL, "if mine < min(left, right) - slack or mine > max(left, right) + slack:"),
        names="nan-passes",
    ),
    # zeros
    fails(
        "skips inputs that are zero",
        "zero kinks",
        (EVERY_ENTRY, f"{EVERY_ENTRY}\n            if x.flatten()[entry] == 0:\n                continue"),
        names="zero-excused kink-excuses-all",
    ),
    fails(
        "skips claimed gradients that are zero",
        "zero",
        (INTERVAL, "if mine != 0 and " + INTERVAL.removeprefix("if ")),
        names="zero-excused",
    ),
    fails(
        "skips true gradients that are zero",
        "zero",
        (INTERVAL, "if abs(left + right) > 1e-4 and " + INTERVAL.removeprefix("if ")),
        names="zero-excused",
    ),
    fails(
        "divides zero by zero",
        "zero",
        (
            INTERVAL,
            "centre = (left + right) / 2\n            if not abs(mine - centre) / centre.abs() < 1e-4:",
        ),
        names="zero-over-zero kink-rejected",
    ),
    fails(
        "rejects where nothing moves",
        "zero",
        (INTERVAL, f"if left == right == 0:\n                return False\n            {INTERVAL}"),
        names="zero-over-zero",
    ),
    fails(
        "moves zeros away first",
        "zero kinks",
        (INPUTS, "[torch.where(x == 0, 0.1, x.to(torch.float64)) for x in inputs]"),
        names="zero-excused kink-excuses-all kink-rejected",
    ),
    # kinks
    fails(
        "compares with the central difference only",
        "kinks",
        (INTERVAL, "if not abs(mine - (left + right) / 2) <= slack:"),
        names="kink-rejected",
    ),
    fails(
        "compares with the slope on the right only",
        "kinks",
        (INTERVAL, "if not abs(mine - right) <= slack + 1e-5:"),
        names="kink-rejected",
    ),
    fails(
        "compares with the slope on the left only",
        "kinks",
        (INTERVAL, "if not abs(mine - left) <= slack + 1e-5:"),
        names="kink-rejected",
    ),
    fails(
        "accepts the left or the right slope and nothing between",
        "kinks",
        (INTERVAL, "if not min(abs(mine - left), abs(mine - right)) <= slack + 1e-5:"),
        names="kink-rejected",
    ),
    fails(
        "forgives everything at a kink",
        "kinks",
        (INTERVAL, "if abs(left - right) < 1e-3 and " + INTERVAL.removeprefix("if ")),
        names="kink-excuses-all",
    ),
    fails(
        "lets a kink excuse the whole input",
        "kinks",
        (INTERVAL, f"if abs(left - right) > 1e-3:\n                return True\n            {INTERVAL}"),
        names="kink-excuses-all zero-excused",
    ),
    # precision
    fails(
        "stays in single precision with a small step",
        "float32",
        (INPUTS, "list(inputs)"),
        (UPSTREAM, "torch.randn(y.shape, dtype=y.dtype)"),
        names="single-precision too-lenient",
    ),
    fails(
        "stays in single precision with a large step and an open mind",
        "float32 wrong",
        (INPUTS, "list(inputs)"),
        (UPSTREAM, "torch.randn(y.shape, dtype=y.dtype)"),
        (STEP, "1e-2"),
        (SLACK, "0.05 * (1 + abs(left))"),
        names="single-precision too-lenient absolute-tolerance shape-ignored",
    ),
    fails(
        "goes down to single precision",
        "wrong float32",
        (INPUTS, "[x.to(torch.float32) for x in inputs]"),
        (UPSTREAM, "torch.randn(y.shape)"),
        names="single-precision rejects-right too-lenient",
    ),
    fails(
        "rounds the upstream gradient to half precision for the differences",
        "float32",
        ("            left = ((y - values[0]) * grad_out)", "            left = ((y - values[0]) * grad_out.half())"),
        ("            right = ((values[1] - y) * grad_out)", "            right = ((values[1] - y) * grad_out.half())"),
        names="single-precision rejects-right",
    ),
]
