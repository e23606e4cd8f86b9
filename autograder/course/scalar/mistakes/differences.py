"""Wrong answers to the differences, the tangent plane and the steepest ascent."""

from __future__ import annotations

from autograder.course.answers import Answer, wrong

ONE = "(f(x + eps) - f(x)) / eps"
TWO = "(f(x + eps) - f(x - eps)) / (2 * eps)"
UP = "        up, down = list(point), list(point)\n"
BOTH = "        up[i] += eps\n        down[i] -= eps\n"
ENTRY = "(f(up) - f(down)) / (2 * eps)"
PLANE = "value + sum(g * s for g, s in zip(gradient, step, strict=True))"
LENGTH = "math.sqrt(sum(g * g for g in gradient))"
STEP = "[g / length if length else 0.0 for g in gradient]"

DIFFERENCES: list[Answer] = [
    *wrong(
        "one_sided",
        "one_sided",
        ("looks to both sides", ONE, TWO, "difference-symmetric"),
        ("steps to the left", ONE, "(f(x) - f(x - eps)) / eps", "difference-to-the-left"),
        ("divides by two steps", ONE, "(f(x + eps) - f(x)) / (2 * eps)", "difference-divided-by-two-steps"),
        ("does not divide", ONE, "f(x + eps) - f(x)", "difference-not-divided"),
        ("swaps the two", ONE, "(f(x) - f(x + eps)) / eps", "sign-flipped"),
        ("steps by two", ONE, "(f(x + 2 * eps) - f(x)) / (2 * eps)", None),
        ("takes another step", ONE, "(f(x + 1e-6) - f(x)) / 1e-6", None),
        ("forgets f(x)", ONE, "f(x + eps) / eps", None),
        ("takes the size", ONE, "abs(f(x + eps) - f(x)) / eps", "sign-flipped"),
        ("returns zero", ONE, "0.0", "all-zeros"),
        ("is off by one part in ten thousand", ONE, f"1.0001 * {ONE}", None),
    ),
    *wrong(
        "symmetric",
        "symmetric",
        ("is one-sided", TWO, ONE, "difference-one-sided"),
        ("is one-sided to the left", TWO, "(f(x) - f(x - eps)) / eps", "difference-one-sided"),
        ("is one-sided and divides by two steps", TWO, "(f(x + eps) - f(x)) / (2 * eps)", "difference-one-sided"),
        ("divides by one step", TWO, "(f(x + eps) - f(x - eps)) / eps", "difference-divided-by-one-step"),
        ("forgets a bracket", TWO, "(f(x + eps) - f(x - eps)) / 2 * eps", "difference-not-divided"),
        ("does not divide", TWO, "f(x + eps) - f(x - eps)", "difference-not-divided"),
        ("swaps the two", TWO, "(f(x - eps) - f(x + eps)) / (2 * eps)", "sign-flipped"),
        ("takes half steps", TWO, "(f(x + eps / 2) - f(x - eps / 2)) / eps", None),
        ("takes the second difference", TWO, "(f(x + eps) - 2 * f(x) + f(x - eps)) / eps**2", None),
        ("steps to the left twice", TWO, "(f(x) - f(x - 2 * eps)) / (2 * eps)", None),
        ("squares the step", TWO, "(f(x + eps) - f(x - eps)) / (2 * eps**2)", None),
        ("adds the two", TWO, "(f(x + eps) + f(x - eps)) / (2 * eps)", None),
        ("returns zero", TWO, "0.0", "all-zeros"),
        ("is off by one part in ten thousand", TWO, f"1.0001 * {TWO}", None),
    ),
    *wrong(
        "numeric_gradient",
        "numeric_gradient",
        ("is one-sided", ENTRY, "(f(up) - f(point)) / eps", "difference-one-sided"),
        ("is one-sided to the left", ENTRY, "(f(point) - f(down)) / eps", "difference-one-sided"),
        ("divides by one step", ENTRY, "(f(up) - f(down)) / eps", "difference-divided-by-one-step"),
        ("does not divide", ENTRY, "f(up) - f(down)", "difference-not-divided"),
        ("swaps the two", ENTRY, "(f(down) - f(up)) / (2 * eps)", "sign-flipped"),
        (
            "leaves the nudges of a common copy",
            UP + BOTH,
            "        up, down = list(point), list(point)\n"
            "        for j in range(i):\n            up[j] += eps\n            down[j] += eps\n" + BOTH,
            "nudge-not-undone",
        ),
        (
            "nudges down and leaves it",
            UP + BOTH,
            "        up, down = list(point), list(point)\n"
            "        for j in range(i):\n            up[j] -= eps\n            down[j] -= eps\n" + BOTH,
            "nudge-not-undone",
        ),
        (
            "nudges all at once",
            BOTH,
            "        up = [x + eps for x in point]\n        down = [x - eps for x in point]\n",
            "nudged-all-at-once",
        ),
        (
            "moves the caller's point",
            UP,
            "        up, down = point, list(point)\n",
            ("input-changed", "nudge-not-undone"),
        ),
        (
            "nudges the point itself and back, but not quite",
            UP + BOTH,
            "        point[i] += eps\n        up = list(point)\n"
            "        point[i] -= 2 * eps\n        down = list(point)\n",
            "nudge-not-undone",
        ),
        ("stops one early", "range(len(point))", "range(len(point) - 1)", None),
        ("returns the last entry alone", "return gradient", "return gradient[-1:]", None),
        ("returns zeros", ENTRY, "0.0", "all-zeros"),
        ("is off by one part in ten thousand", ENTRY, f"1.0001 * {ENTRY}", None),
    ),
    *wrong(
        "linear_approximation",
        "plane",
        ("forgets the start", PLANE, PLANE.removeprefix("value + "), "value-at-start-missing"),
        ("forgets the step", PLANE, "value + sum(gradient)", "step-not-weighted"),
        ("forgets the gradient", PLANE, "value + sum(step)", "step-not-weighted"),
        ("adds everything", PLANE, "value + sum(gradient) + sum(step)", "step-not-weighted"),
        ("goes downhill", PLANE, PLANE.replace("+ sum", "- sum"), "sign-flipped"),
        ("halves the rise", PLANE, PLANE.replace("g * s", "g * s / 2"), "factor-two-missing"),
        ("takes the first coordinate alone", PLANE, "value + gradient[0] * step[0]", "local-gradient-only"),
        ("stays where it is", PLANE, "value", None),
        ("adds a bend", PLANE, PLANE.replace("g * s", "g * s + s * s"), None),
        ("is off by one part in ten thousand", PLANE, PLANE.replace("g * s", "1.0001 * g * s"), None),
    ),
    *wrong(
        "steepest_ascent",
        "ascent",
        ("returns the gradient", STEP, "list(gradient)", "direction-not-normalised"),
        ("goes downhill", STEP, STEP.replace("[g /", "[-g /"), "direction-downhill"),
        ("goes downhill, not normalised", STEP, "[-g for g in gradient]", "direction-downhill"),
        ("takes the sum of sizes as length", LENGTH, "sum(abs(g) for g in gradient)", "direction-other-length"),
        ("takes the largest size as length", LENGTH, "max(abs(g) for g in gradient)", "direction-other-length"),
        ("forgets the root", LENGTH, "sum(g * g for g in gradient)", "direction-other-length"),
        ("takes the sum as length", LENGTH, "sum(gradient)", "direction-other-length"),
        ("divides by the count", LENGTH, "len(gradient)", "direction-other-length"),
        ("takes the signs", STEP, "[math.copysign(1.0, g) if g else 0.0 for g in gradient]", "direction-signs-only"),
        ("divides by zero on level ground", STEP, "[g / length for g in gradient]", None),
        (
            "goes along the steepest coordinate alone",
            STEP,
            "[math.copysign(1.0, g) if g and abs(g) == max(map(abs, gradient)) else 0.0 for g in gradient]",
            None,
        ),
        ("is off by one part in ten thousand", STEP, STEP.replace("[g /", "[1.0001 * g /"), None),
    ),
]
