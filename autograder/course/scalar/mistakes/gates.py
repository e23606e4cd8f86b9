"""Wrong answers to the gates and to the sigmoid in its two forms."""

from __future__ import annotations

from autograder.course.answers import Answer, wrong

ADD, MUL, MAX = "gate_add", "gate_multiply", "gate_max"
MAX_BACK = ("grad_x = grad_out if x > y else 0.0", "grad_y = 0.0 if x > y else grad_out")
BOTH = "    grad_x = grad_out if x > y else 0.0\n    grad_y = 0.0 if x > y else grad_out\n"
RECIPROCAL = "grad_out * -1 / x**2"
TOTAL, MEAN = "[grad_out for _ in xs]", "[grad_out / len(xs) for _ in xs]"
SAFE = "    e = math.exp(-abs(x))\n    z = (1.0 if x >= 0 else e) / (1.0 + e)\n"


def unary(gate: str, line: str) -> list[Answer]:
    """Mistakes that any gate with one input invites, in its line `grad_x = ...`."""
    right = line.removeprefix("grad_x = ")
    rest = right.removeprefix("grad_out").strip()
    rest = f"1 {rest}" if rest[0] == "/" else rest.removeprefix("* ")
    return wrong(
        f"{gate}_backward",
        f"gate_{gate}",
        ("stops at the local gradient", line, f"grad_x = {rest}", "local-gradient-only"),
        ("adds where it should multiply", line, f"grad_x = grad_out + ({rest})", "upstream-added"),
        (
            "passes the upstream gradient on",
            line,
            "grad_x = grad_out",
            "sigmoid-local-missing" if gate == "sigmoid" else "upstream-alone",
        ),
        ("flips the sign", line, f"grad_x = -({right})", "reciprocal-sign" if gate == "reciprocal" else "sign-flipped"),
        ("returns zero", line, "grad_x = 0.0", "all-zeros"),
        ("halves it", line, f"grad_x = ({right}) / 2", "factor-two-missing"),
        ("is off by one part in ten thousand", line, f"grad_x = ({right}) * 1.0001", None),
        ("forgets the return value", "return grad_x", "return None", None),
    )


def listed(gate: str, right: str) -> list[Answer]:
    """Mistakes that a gate with a list of inputs invites."""
    function = "total" if gate == "sum" else "mean"
    number = right.removeprefix("[").removesuffix(" for _ in xs]")
    return wrong(
        f"{function}_backward",
        f"gate_{gate}",
        ("returns one number", right, number, "not-a-list"),
        ("returns a list of one", right, f"[{number}]", "not-a-list"),
        ("multiplies by the numbers", right, f"[{number} * x for x in xs]", "sum-times-value"),
        ("flips the sign", right, right.replace("[grad_out", "[-grad_out"), "sign-flipped"),
        ("returns zeros", right, "[0.0 for _ in xs]", "all-zeros"),
        ("returns ones", right, "[1.0 for _ in xs]", ("all-ones", "local-gradient-only")),
        ("is off by one part in ten thousand", right, right.replace("[grad_out", "[1.0001 * grad_out"), None),
        ("forgets the first input", right, right.replace("in xs", "in xs[1:]"), None),
    )


GATES: list[Answer] = [
    *wrong(
        "add",
        ADD,
        ("subtracts", "z = x + y", "z = x - y", None),
        ("multiplies", "z = x + y", "z = x * y", None),
        ("forgets y", "z = x + y", "z = x", None),
    ),
    *wrong(
        "add_backward",
        ADD,
        (
            "swaps like a product",
            "grad_x = grad_out\n    grad_y = grad_out",
            "grad_x = grad_out * y\n    grad_y = grad_out * x",
            "add-gate-swapped",
        ),
        (
            "splits",
            "grad_x = grad_out\n    grad_y = grad_out",
            "grad_x = grad_out / 2\n    grad_y = grad_out / 2",
            "factor-two-missing",
        ),
        (
            "stops at the local gradient",
            "grad_x = grad_out\n    grad_y = grad_out",
            "grad_x = 1.0\n    grad_y = 1.0",
            ("local-gradient-only", "all-ones"),
        ),
        (
            "adds the local gradient",
            "grad_x = grad_out\n    grad_y = grad_out",
            "grad_x = grad_y = grad_out + 1",
            "upstream-added",
        ),
        ("leaves y at zero", "grad_y = grad_out", "grad_y = 0.0", None),
        ("flips the signs", "return grad_x, grad_y", "return -grad_x, -grad_y", "sign-flipped"),
        ("returns one number", "return grad_x, grad_y", "return grad_x", None),
        ("is off by one part in ten thousand", "grad_x = grad_out", "grad_x = grad_out * 1.0001", None),
        ("sends the values instead", "grad_x = grad_out\n    grad_y = grad_out", "grad_x, grad_y = x, y", None),
    ),
    *wrong(
        "multiply",
        MUL,
        ("adds", "z = x * y", "z = x + y", None),
        ("divides", "z = x * y", "z = x / y", None),
    ),
    *wrong(
        "multiply_backward",
        MUL,
        ("divides on the way back", "grad_x = grad_out * y", "grad_x = grad_out / y", None),
        (
            "does not swap",
            "grad_x = grad_out * y\n    grad_y = grad_out * x",
            "grad_x = grad_out * x\n    grad_y = grad_out * y",
            "mul-gate-not-swapped",
        ),
        (
            "stops at the local gradients",
            "grad_x = grad_out * y\n    grad_y = grad_out * x",
            "grad_x = y\n    grad_y = x",
            "local-gradient-only",
        ),
        (
            "adds the local gradients",
            "grad_x = grad_out * y\n    grad_y = grad_out * x",
            "grad_x = grad_out + y\n    grad_y = grad_out + x",
            "upstream-added",
        ),
        (
            "distributes",
            "grad_x = grad_out * y\n    grad_y = grad_out * x",
            "grad_x = grad_y = grad_out",
            "upstream-alone",
        ),
        ("does not swap the gate of x", "grad_x = grad_out * y", "grad_x = grad_out * x", None),
        ("multiplies by the output", "grad_x = grad_out * y", "grad_x = grad_out * z", None),
        ("flips the signs", "return grad_x, grad_y", "return -grad_x, -grad_y", "sign-flipped"),
        (
            "exchanges the order of its results",
            "return grad_x, grad_y",
            "return grad_y, grad_x",
            "mul-gate-not-swapped",
        ),
        ("is off by one part in ten thousand", "grad_x = grad_out * y", "grad_x = grad_out * y * 1.0001", None),
    ),
    *wrong(
        "copy",
        "gate_copy",
        ("halves", "first, second = x, x", "first, second = x / 2, x / 2", "factor-two-missing"),
        ("gives one copy", "return first, second", "return first", None),
        ("leaves the second empty", "first, second = x, x", "first, second = x, 0.0", None),
    ),
    *wrong(
        "copy_backward",
        "gate_copy",
        ("averages", "grad_first + grad_second", "(grad_first + grad_second) / 2", "copy-averaged"),
        ("hears the first user only", "grad_first + grad_second", "grad_first", "copy-one-user"),
        ("hears the second user only", "grad_first + grad_second", "grad_second", "copy-one-user"),
        ("multiplies", "grad_first + grad_second", "grad_first * grad_second", "copy-multiplied"),
        ("subtracts", "grad_first + grad_second", "grad_first - grad_second", None),
        (
            "takes the larger",
            "grad_first + grad_second",
            "max(grad_first, grad_second)",
            ("copy-one-user", "max-of-sizes"),
        ),
        ("multiplies by the value", "grad_first + grad_second", "(grad_first + grad_second) * x", "sum-times-value"),
        ("returns the value", "grad_first + grad_second", "x", None),
        ("doubles", "grad_first + grad_second", "2 * (grad_first + grad_second)", "factor-two-extra"),
        ("is off by one part in ten thousand", "grad_first + grad_second", "(grad_first + grad_second) * 1.0001", None),
    ),
    *wrong(
        "maximum",
        MAX,
        ("takes the smaller", "z = x if x > y else y", "z = x if x < y else y", None),
        ("compares sizes", "z = x if x > y else y", "z = x if abs(x) > abs(y) else y", None),
        ("takes the first", "z = x if x > y else y", "z = x", None),
        ("takes the size", "z = x if x > y else y", "z = max(abs(x), abs(y))", None),
    ),
    *wrong(
        "maximum_backward",
        MAX,
        ("sends it to both", BOTH, "    grad_x = grad_y = grad_out\n", "max-not-routed"),
        ("splits", BOTH, "    grad_x = grad_y = grad_out / 2\n", "max-split"),
        ("sends it to the smaller", BOTH, BOTH.replace(">", "<"), "max-to-the-smaller"),
        (
            "multiplies by the value",
            BOTH,
            BOTH.replace("= grad_out if", "= grad_out * z if").replace("else grad_out", "else grad_out * z"),
            "max-times-value",
        ),
        ("stops at the local gradient", BOTH, BOTH.replace("grad_out", "1.0"), "local-gradient-only"),
        ("always routes to x", BOTH, "    grad_x, grad_y = grad_out, 0.0\n", "max-to-the-smaller"),
        ("compares sizes on the way back", BOTH, BOTH.replace("x > y", "abs(x) > abs(y)"), "max-to-the-smaller"),
        ("looks at the sign of x", BOTH, BOTH.replace("x > y", "x > 0"), "max-to-the-smaller"),
        ("flips the signs", "return grad_x, grad_y", "return -grad_x, -grad_y", "sign-flipped"),
        ("lets only positive gradients through", BOTH, BOTH.replace("grad_out", "max(grad_out, 0.0)"), "all-zeros"),
        ("is off by one part in ten thousand", BOTH, BOTH.replace("grad_out", "1.0001 * grad_out"), None),
    ),
    *wrong(
        "reciprocal",
        "gate_reciprocal",
        ("negates", "z = 1 / x", "z = -x", None),
        ("loses the sign", "z = 1 / x", "z = 1 / abs(x)", "sign-flipped"),
        ("squares", "z = 1 / x", "z = 1 / x**2", None),
    ),
    *unary("reciprocal", f"grad_x = {RECIPROCAL}"),
    *wrong(
        "reciprocal_backward",
        "gate_reciprocal",
        ("forgets the minus", RECIPROCAL, "grad_out / x**2", "reciprocal-sign"),
        ("forgets the square", RECIPROCAL, "grad_out * -1 / x", "reciprocal-not-squared"),
        ("forgets the minus and the square", RECIPROCAL, "grad_out / x", "reciprocal-not-squared"),
        ("takes the output for the input", RECIPROCAL, "grad_out * -1 / z**2", "reciprocal-of-output"),
        ("integrates", RECIPROCAL, "grad_out * math.log(abs(x))", "log-itself"),
        ("cubes", RECIPROCAL, "grad_out * -1 / x**3", None),
        ("loses the upstream's sign", RECIPROCAL, "-abs(grad_out) / x**2", "reciprocal-sign"),
    ),
    *wrong(
        "exp",
        "gate_exp",
        ("raises two", "math.exp(x)", "2**x", None),
        ("forgets the sign", "math.exp(x)", "math.exp(-x)", None),
    ),
    *unary("exp", "grad_x = grad_out * z"),
    *wrong(
        "exp_backward",
        "gate_exp",
        ("takes the input", "grad_out * z", "grad_out * x", "exp-of-input"),
        ("uses the power rule", "grad_out * z", "grad_out * x * math.exp(x - 1)", "exp-like-a-power"),
        ("applies exp to the output", "grad_out * z", "grad_out * math.exp(z)", "exp-twice"),
        ("inverts", "grad_out * z", "grad_out / z", None),
        ("takes the reciprocal of the input", "grad_out * z", "grad_out / x", "log-inverted"),
        ("puts the upstream into the exponent", "grad_out * z", "math.exp(grad_out + x)", "upstream-added"),
    ),
    *wrong(
        "log",
        "gate_log",
        ("takes base ten", "math.log(x)", "math.log10(x)", None),
        ("takes base two", "math.log(x)", "math.log2(x)", None),
        ("adds one", "math.log(x)", "math.log(1 + x)", None),
    ),
    *unary("log", "grad_x = grad_out / x"),
    *wrong(
        "log_backward",
        "gate_log",
        ("multiplies by the input", "grad_out / x", "grad_out * x", "log-inverted"),
        ("divides by the output", "grad_out / x", "grad_out / z", "log-of-output"),
        ("multiplies by the output", "grad_out / x", "grad_out * z", "log-itself"),
        ("uses exp", "grad_out / x", "grad_out * math.exp(x)", "exp-twice"),
        ("squares", "grad_out / x", "grad_out / x**2", None),
        ("divides by ten's logarithm", "grad_out / x", "grad_out / (x * math.log(10))", None),
    ),
    *wrong(
        "total",
        "gate_sum",
        ("averages", "z = sum(xs)", "z = sum(xs) / len(xs)", None),
        ("forgets the last", "z = sum(xs)", "z = sum(xs[:-1])", None),
        ("adds sizes", "z = sum(xs)", "z = sum(map(abs, xs))", None),
    ),
    *listed("sum", TOTAL),
    *wrong(
        "total_backward",
        "gate_sum",
        ("averages on the way back", TOTAL, "[grad_out / len(xs) for _ in xs]", "sum-averaged"),
        ("gives it to the first alone", TOTAL, "[grad_out] + [0.0 for _ in xs[1:]]", None),
    ),
    *wrong(
        "mean",
        "gate_mean",
        ("sums", "sum(xs) / len(xs)", "sum(xs)", None),
        ("divides by one less", "sum(xs) / len(xs)", "sum(xs) / max(len(xs) - 1, 1)", None),
        ("takes the middle", "sum(xs) / len(xs)", "sorted(xs)[len(xs) // 2]", None),
    ),
    *listed("mean", MEAN),
    *wrong(
        "mean_backward",
        "gate_mean",
        ("forgets the 1/n", MEAN, "[grad_out for _ in xs]", "mean-without-count"),
        ("divides twice", MEAN, "[grad_out / len(xs) ** 2 for _ in xs]", "averaged-twice"),
        ("multiplies by n", MEAN, "[grad_out * len(xs) for _ in xs]", None),
        ("divides by one less", MEAN, "[grad_out / max(len(xs) - 1, 1) for _ in xs]", None),
        ("always divides by four", MEAN, "[grad_out / 4 for _ in xs]", None),
    ),
    *wrong(
        "sigmoid_by_parts",
        "sigmoid_parts",
        ("forgets the minus going forward", "a = -x", "a = x", "forward-step-missing"),
        ("forgets the one", "c = 1 + b", "c = b", "forward-step-missing"),
        ("returns c", "z = 1 / c", "z = c", "forward-step-missing"),
        ("forgets the reciprocal's minus", "grad_out * -1 / c**2", "grad_out / c**2", "reciprocal-sign"),
        ("forgets the reciprocal's square", "grad_out * -1 / c**2", "grad_out * -1 / c", "reciprocal-not-squared"),
        ("forgets the upstream gradient", "grad_out * -1 / c**2", "-1 / c**2", "local-gradient-only"),
        (
            "takes the reciprocal's output for its input",
            "grad_out * -1 / c**2",
            "grad_out * -1 / z**2",
            "reciprocal-of-output",
        ),
        ("passes the reciprocal by", "grad_out * -1 / c**2", "grad_out", "upstream-alone"),
        ("multiplies at the sum", 'grads["b"] = grads["c"]', 'grads["b"] = grads["c"] * b', "add-gate-swapped"),
        ("takes exp's input for its slope", 'grads["b"] * b', 'grads["b"] * a', "exp-of-input"),
        ("passes exp by", 'grads["b"] * b', 'grads["b"]', "chain-step-skipped"),
        ("applies exp twice", 'grads["b"] * b', 'grads["b"] * math.exp(b)', "exp-twice"),
        ("passes the minus by", 'grads["x"] = -grads["a"]', 'grads["x"] = grads["a"]', "chain-step-skipped"),
        ("stops at the local gradient", 'grads["x"] = -grads["a"]', 'grads["x"] = -1.0', "local-gradient-only"),
        (
            "leaves c out",
            'grads["c"] = grad_out',
            'c_grad = grads["c"] = None\n    grads["c"] = 0.0 * grad_out',
            "all-zeros",
        ),
        ("is off by one part in ten thousand", "grad_out * -1 / c**2", "grad_out * -1.0001 / c**2", None),
    ),
    *wrong(
        "sigmoid",
        "gate_sigmoid",
        ("lets exp overflow", SAFE, "    z = 1 / (1 + math.exp(-x))\n", "sigmoid-overflows"),
        ("lets exp overflow on the other side", SAFE, "    z = math.exp(x) / (1 + math.exp(x))\n", "sigmoid-overflows"),
        ("cuts far out", SAFE, "    z = 1 / (1 + math.exp(-max(min(x, 20.0), -20.0)))\n", None),
        ("flips the sign", SAFE, SAFE.replace("x >= 0", "x < 0"), None),
        ("computes tanh", SAFE, "    z = math.tanh(x)\n", None),
    ),
    *unary("sigmoid", "grad_x = grad_out * (1 - z) * z"),
    *wrong(
        "sigmoid_backward",
        "gate_sigmoid",
        ("takes the input", "(1 - z) * z", "(1 - x) * x", "sigmoid-of-wrong-value"),
        ("forgets a factor", "(1 - z) * z", "z", "sigmoid-half"),
        ("forgets the other factor", "(1 - z) * z", "(1 - z)", "sigmoid-half"),
        ("uses tanh's slope", "(1 - z) * z", "(1 - z * z)", "tanh-not-squared"),
        ("multiplies the slope twice", "(1 - z) * z", "((1 - z) * z) ** 2", "sigmoid-gradient-twice"),
        ("takes the difference the other way round", "(1 - z) * z", "(z - 1) * z", "sign-flipped"),
    ),
]
