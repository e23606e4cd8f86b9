"""Wrong answers about forward mode: Duals, directional derivatives, whole Jacobians, predicted numbers."""

from __future__ import annotations

from autograder.course.answers import Answer, wrong

ADD, SUB = "self.tangent + other.tangent", "self.tangent - other.tangent"
MUL = "self.tangent * other.value + self.value * other.tangent"
DIV = "(self.tangent - quotient * other.tangent) / other.value"
MATMUL = "self.tangent @ other.value + self.value @ other.tangent"
RECTANGLE = "self.value.shape != other.value.shape"

DUALS: list[Answer] = [
    *wrong(
        "Dual.__add__",
        "dual_arithmetic",
        ("adds only its own tangent", ADD, "self.tangent + 0 * other.tangent", "dual-term-missing"),
        ("subtracts the other tangent in a sum", ADD, SUB, "dual-sign-of-term"),
        ("multiplies the tangents in a sum", ADD, "self.tangent * other.tangent", None),
        ("applies the product rule to a sum", ADD, MUL, None),
        ("averages the tangents", ADD, f"({ADD}) / 2", "dual-tangent-averaged"),
        ("takes the sum for its tangent", ADD, "self.value + other.value", "dual-value-for-tangent"),
        ("adds the tangents to the value", "self.value + other.value", ADD, "dual-tangent-for-value"),
    ),
    *wrong(
        "Dual.__sub__",
        "dual_arithmetic",
        ("adds the tangents in a difference", SUB, ADD, "dual-sign-of-term"),
        ("subtracts the wrong way round", SUB, "other.tangent - self.tangent", "sign-flipped"),
        ("leaves the other tangent out of a difference", SUB, "self.tangent - 0 * other.tangent", "dual-term-missing"),
        ("takes the difference for its tangent", SUB, "self.value - other.value", "dual-value-for-tangent"),
        ("averages the tangents of a difference", SUB, f"({SUB}) / 2", "dual-tangent-averaged"),
        ("takes the speeds for the difference", "self.value - other.value", SUB, "dual-tangent-for-value"),
        ("adds the values of a difference", "self.value - other.value", "self.value + other.value", None),
    ),
    *wrong(
        "Dual.__mul__",
        "dual_arithmetic",
        ("multiplies the tangents", MUL, "self.tangent * other.tangent", "dual-tangents-only"),
        ("lets only the left factor move", MUL, "self.tangent * other.value", "dual-term-missing"),
        ("lets only the right factor move", MUL, "self.value * other.tangent", "dual-term-missing"),
        ("adds the tangents of a product", MUL, ADD, "dual-sum-rule"),
        (
            "multiplies each tangent with its own value",
            MUL,
            "self.tangent * self.value + other.value * other.tangent",
            "dual-factors-not-swapped",
        ),
        ("subtracts in the product rule", " + self.value", " - self.value", "dual-sign-of-term"),
        ("counts the tangents' product, too", MUL, f"{MUL} + self.tangent * other.tangent", "dual-term-twice"),
        (
            "works out the tangent in place",
            MUL,
            "self.tangent.mul_(other.value) + self.value * other.tangent",
            "input-changed",
        ),
        ("is off by one part in a hundred thousand", MUL, f"({MUL}) * 1.00001", None),
        ("takes the product for its tangent", MUL, "self.value * other.value", "dual-value-for-tangent"),
        ("averages the two terms of a product", MUL, f"({MUL}) / 2", "dual-tangent-averaged"),
        ("works out a product in single precision", MUL, f"({MUL}).float()", "dtype-changed"),
    ),
    *wrong(
        "Dual.__truediv__",
        "dual_arithmetic",
        ("divides the tangents", DIV, "self.tangent / other.tangent", "dual-tangents-only"),
        ("forgets that the denominator moves", DIV, "self.tangent / other.value", "dual-term-missing"),
        ("adds in the quotient rule", "tangent - quotient", "tangent + quotient", "dual-sign-of-term"),
        (
            "divides by the denominator, not by its square",
            DIV,
            "(self.tangent * other.value - self.value * other.tangent) / other.value",
            "dual-quotient-square",
        ),
        (
            "forgets the square in one term",
            DIV,
            "self.tangent / other.value - self.value * other.tangent / other.value",
            "dual-quotient-square",
        ),
        (
            "divides by the square of the numerator",
            DIV,
            "(self.tangent * other.value - self.value * other.tangent) / self.value**2",
            "dual-quotient-by-numerator",
        ),
        ("swaps the terms of the quotient rule", DIV, f"-{DIV}", "sign-flipped"),
        ("subtracts the tangents of a quotient", DIV, SUB, "dual-sum-rule"),
        ("takes the quotient for its tangent", DIV, "quotient", "dual-value-for-tangent"),
        (
            "forgets to divide by the square",
            DIV,
            "self.tangent * other.value - self.value * other.tangent",
            "dual-quotient-square",
        ),
        ("averages the terms of a quotient", DIV, f"{DIV} / 2", "dual-tangent-averaged"),
    ),
    *wrong(
        "Dual.__matmul__",
        "dual_matmul",
        ("multiplies the two tangents", MATMUL, "self.tangent @ other.tangent", "dual-tangents-only"),
        ("lets only the left matrix move", MATMUL, "self.tangent @ other.value", "dual-term-missing"),
        ("lets only the right matrix move", MATMUL, "self.value @ other.tangent", "dual-term-missing"),
        ("subtracts", " + self.value", " - self.value", "dual-sign-of-term"),
        (
            "subtracts the other way round",
            MATMUL,
            "self.value @ other.tangent - self.tangent @ other.value",
            "dual-sign-of-term",
        ),
        ("takes the product for the tangent", MATMUL, "self.value @ other.value", "dual-value-for-tangent"),
        ("adds a third term", MATMUL, f"{MATMUL} + self.tangent @ other.tangent", None),
        ("averages the two terms", MATMUL, f"({MATMUL}) / 2", "dual-tangent-averaged"),
        (
            "takes the tangent for the product",
            "self.value @ other.value, ",
            "self.tangent @ other.value + self.value @ other.tangent, ",
            "dual-tangent-for-value",
        ),
        ("leaves the tangent away", f", {MATMUL}", "", "all-zeros"),
        (
            "swaps the factors where nobody notices",
            MATMUL,
            f"{MATMUL} if {RECTANGLE} else other.value @ self.tangent + other.tangent @ self.value",
            "dual-matmul-order",
        ),
        (
            "puts the tangents on the left where nobody notices",
            MATMUL,
            f"{MATMUL} if {RECTANGLE} else self.tangent @ other.value + other.tangent @ self.value",
            "dual-matmul-order",
        ),
        (
            "multiplies entry by entry",
            MATMUL,
            "self.tangent * other.value + self.value * other.tangent",
            "dual-shapes-differ",
        ),
        (
            "works in place",
            MATMUL,
            "self.tangent.mul_(1.5) @ other.value / 1.5 + self.value @ other.tangent",
            "input-changed",
        ),
    ),
]

EXP, LOG, TANH, RELU = "e * self.tangent", "self.tangent / self.value", "(1 - t * t) * self.tangent", "self.value > 0"
SUM = "self.tangent.sum(dim=dim, keepdim=keepdim)"

FUNCTIONS: list[Answer] = [
    *wrong(
        "Dual.exp",
        "dual_functions",
        ("passes the tangent of exp through", EXP, "self.tangent", "dual-slope-missing"),
        ("takes exp of the tangent", EXP, "self.tangent.exp()", "dual-tangents-only"),
        ("stops at the slope of exp", EXP, "e", ("dual-tangent-missing", "dual-value-for-tangent")),
        ("uses the input for the slope of exp", EXP, "self.value * self.tangent", "dual-slope-at-wrong-place"),
        ("uses the power rule for exp", EXP, "self.value * (self.value - 1).exp() * self.tangent",
         "dual-slope-at-wrong-place"),
        ("adds slope and tangent of exp", EXP, "e + self.tangent", "dual-added-not-multiplied"),
        ("divides by the slope of exp", EXP, "self.tangent / e", "dual-slope-divided"),
    ),
    *wrong(
        "Dual.log",
        "dual_functions",
        ("passes the tangent of log through", LOG, "self.tangent", "dual-slope-missing"),
        ("stops at the slope of log", LOG, "1 / self.value", "dual-tangent-missing"),
        ("multiplies where log divides", LOG, "self.tangent * self.value", "dual-slope-divided"),
        ("divides by the logarithm", LOG, "self.tangent / self.value.log()", "dual-slope-at-wrong-place"),
        ("squares the slope of log", LOG, "self.tangent / self.value**2", "dual-slope-squared"),
        ("divides the value by the tangent", LOG, "self.value / self.tangent", None),
        ("takes the logarithm to base ten", "self.value.log()", "self.value.log10()", None),
    ),
    *wrong(
        "Dual.tanh",
        "dual_functions",
        ("passes the tangent of tanh through", TANH, "self.tangent", "dual-slope-missing"),
        ("takes tanh of the tangent", TANH, "self.tangent.tanh()", "dual-tangents-only"),
        ("stops at the slope of tanh", TANH, "1 - t * t", "dual-tangent-missing"),
        ("puts the input into the slope of tanh", TANH, "(1 - self.value**2) * self.tangent",
         "dual-slope-at-wrong-place"),
        ("takes tanh twice in its slope", TANH, "(1 - t.tanh() ** 2) * self.tangent", "dual-slope-at-wrong-place"),
        ("forgets the square in the slope of tanh", TANH, "(1 - t) * self.tangent", "dual-square-missing"),
        ("takes the sigmoid's slope for tanh's", TANH, "t * (1 - t) * self.tangent", "dual-other-slope"),
        ("adds in the slope of tanh", TANH, "(1 + t * t) * self.tangent", "dual-other-slope"),
        ("returns the tangent for the value of tanh", "Dual(t, ", "Dual((1 - t * t) * self.tangent, ",
         "dual-tangent-for-value"),
    ),
    *wrong(
        "Dual.relu",
        "dual_functions",
        ("lets every tangent through the relu", f"self.tangent * ({RELU})", "self.tangent", "dual-slope-missing"),
        ("takes the relu of the tangent", f"self.tangent * ({RELU})", "self.tangent.clamp(min=0)",
         ("dual-tangents-only", "dual-mask-from-tangent")),
        ("opens the gate by the tangent", RELU, "self.tangent > 0", ("dual-mask-from-tangent", "dual-tangents-only")),
        ("opens the wrong gates", RELU, "self.value < 0", "dual-mask-inverted"),
        ("multiplies with the values", f"({RELU})", "self.value.clamp(min=0)", "relu-values-instead-of-mask"),
        ("stops at the gate", f"self.tangent * ({RELU})", f"({RELU}).to(self.value.dtype)", "dual-tangent-missing"),
        ("takes the sign for the gate", f"({RELU})", "self.value.sign()", "dual-sign-for-mask"),
        ("cuts off the input's negative entries in place", "self.value.clamp(min=0)", "self.value.clamp_(min=0)",
         "input-changed"),
    ),
    *wrong(
        "Dual.sum",
        "dual_functions",
        ("leaves the tangent unsummed", SUM, "self.tangent", "dual-shapes-differ"),
        ("sums the whole tangent", SUM, "self.tangent.sum()", "dual-shapes-differ"),
        ("forgets keepdim for the tangent", SUM, "self.tangent.sum(dim=dim)", "dual-shapes-differ"),
        ("averages the tangent", SUM, "self.tangent.mean(dim=dim, keepdim=keepdim)", "mean-for-sum"),
        ("sums the value for the tangent", SUM, "self.value.sum(dim=dim, keepdim=keepdim)", "dual-value-for-tangent"),
        ("forgets that the tangent moves", f", {SUM}", "", "all-zeros"),
        ("sums along the first axis", "dim=dim, keepdim=keepdim), ", "dim=0, keepdim=keepdim), ", "dual-shapes-differ"),
    ),
]  # fmt: skip

FUNCTIONS += [
    answer for name in ("exp", "log", "tanh", "relu", "sum")
    for answer in wrong(f"Dual.{name}", "dual_functions", (f"swaps value and tangent of {name}", "return result",
                        "return Dual(result.tangent, result.value)", "dual-tangent-for-value"))
]  # fmt: skip

SEED = "[Dual(x, v) for x, v in zip(inputs, tangents, strict=True)]"
BOTH = "value, tangent = result.value, result.tangent"
FIRST = "[Dual(inputs[0], tangents[0]), *[Dual(x) for x in inputs[1:]]]"
LAST = "[*[Dual(x) for x in inputs[:-1]], Dual(inputs[-1], tangents[-1])]"
STEP = "function(*[x + v for x, v in zip(inputs, tangents, strict=True)]) - function(*inputs)"
CENTRAL = (
    "(function(*[x + 1e-5 * v for x, v in zip(inputs, tangents, strict=True)])"
    " - function(*[x - 1e-5 * v for x, v in zip(inputs, tangents, strict=True)])) / 2e-5"
)

DIRECTIONS: list[Answer] = [
    *wrong(
        "jvp",
        "jvp",
        ("seeds with ones", SEED, "[Dual(x, torch.ones_like(x)) for x in inputs]", "jvp-seeded-with-ones"),
        ("seeds with the inputs", SEED, "[Dual(x, x) for x in inputs]", "jvp-seeded-with-values"),
        ("lets the first input move alone", SEED, FIRST, "jvp-first-input-only"),
        ("lets the last input move alone", SEED, LAST, "jvp-first-input-only"),
        ("forgets the tangents", SEED, "[Dual(x) for x in inputs]", "all-zeros"),
        ("makes each tangent length 1", SEED, SEED.replace("Dual(x, v)", "Dual(x, v / v.norm())"), "jvp-normalised"),
        ("swaps its two answers", BOTH, "value, tangent = result.tangent, result.value", "jvp-answers-swapped"),
        ("returns the value twice", BOTH, "value, tangent = result.value, result.value", "dual-value-for-tangent"),
        ("sums the tangent", BOTH, f"{BOTH}.sum()", "jvp-summed"),
        ("returns the Dual", BOTH, "return result", None),
        ("does not expect a plain tensor", "as_dual(function(*duals))", "function(*duals)", None),
        ("goes a whole step", BOTH, f"value, tangent = result.value, {STEP}", "jvp-finite-step"),
        ("takes central differences", BOTH, f"value, tangent = result.value, {CENTRAL}", None),
        ("changes place and direction", SEED, SEED.replace("Dual(x, v)", "Dual(v, x)"), None),
        (
            "takes the function of the tangents",
            BOTH,
            "value, tangent = result.value, as_dual(function(*[Dual(v) for v in tangents])).value",
            "jvp-function-at-tangent",
        ),
        ("gives the tangents in reverse", SEED, SEED.replace("tangents,", "tangents[::-1],"), "jvp-tangents-swapped"),
        ("moves the inputs in place", f"duals = {SEED}", f"duals = {SEED}\n    inputs[0].add_(1e-3)", "input-changed"),
        ("pushes in single precision", BOTH, "value, tangent = result.value, result.tangent.float()", "dtype-changed"),
        (
            "scales the tangents in place",
            SEED,
            SEED.replace("Dual(x, v)", "Dual(x, v.mul_(2))"),
            ("factor-two-extra", "input-changed"),
        ),
    ),
]

COLUMN = "v = torch.zeros(x.numel(), dtype=x.dtype)"
STACKED = "torch.stack(columns, dim=-1).reshape(*columns[0].shape, *x.shape)"
ROW = "g = torch.zeros(y.numel(), dtype=y.dtype)"
ROWS = "torch.stack(rows).reshape(*y.shape, *rows[0].shape)"

WHOLE: list[Answer] = [
    *wrong(
        "jacobian_by_columns",
        "jacobians",
        ("stacks the columns in front", STACKED, "torch.stack(columns)", "jacobian-layout"),
        ("leaves the columns flat", STACKED, "torch.stack(columns, dim=-1)", "jacobian-flat"),
        ("flattens everything", STACKED, "torch.stack([c.flatten() for c in columns], dim=-1)", "jacobian-flat"),
        ("piles up the unit vectors", "v[entry] = 1", "v[: entry + 1] = 1", "jacobian-passes-pile-up"),
        ("forgets the last column", "v[entry] = 1", "v[entry] = float(entry < x.numel() - 1)",
         "jacobian-one-pass-missing"),
        ("adds the columns up", STACKED, "sum(columns)", "jacobian-summed"),
        ("pushes ones, once", "columns = []", "return push(torch.ones_like(x))\n    columns = []", "jacobian-summed"),
        ("pushes everything twice", "columns.append(", "push(v.reshape(x.shape))\n        columns.append(",
         "jacobian-passes-wasted"),
        ("pushes flat vectors", "v.reshape(x.shape)", "v", None),
        ("always pushes doubles", COLUMN, "v = torch.zeros(x.numel(), dtype=torch.float64)[:1].repeat(x.numel() - 1)",
         None),
        ("steps by two", "v[entry] = 1", "v[entry] = 2", "factor-two-extra"),
        ("uses x for its vectors", COLUMN, "v = x.flatten()", "input-changed"),
    ),
    *wrong(
        "jacobian_by_rows",
        "jacobians",
        ("stacks the rows behind", ROWS, "torch.stack(rows, dim=-1)", "jacobian-layout"),
        ("leaves the rows flat", ROWS, "torch.stack(rows)", "jacobian-flat"),
        ("transposes, but for the shape", ROWS,
         "torch.stack([r.flatten() for r in rows], dim=-1).reshape(*y.shape, *rows[0].shape)", "jacobian-layout"),
        ("piles up the unit vectors of the rows", "g[entry] = 1", "g[: entry + 1] = 1", "jacobian-passes-pile-up"),
        ("forgets the first row", "g[entry] = 1", "g[entry] = float(entry > 0)", "jacobian-one-pass-missing"),
        ("adds the rows up", ROWS, "sum(rows)", "jacobian-summed"),
        ("pulls everything twice", "rows.append(", "pull(g.reshape(y.shape))\n        rows.append(",
         "jacobian-passes-wasted"),
        ("pulls flat vectors", "g.reshape(y.shape)", "g", None),
        ("pulls ones, once", "rows = []", "return pull(torch.ones_like(y))\n    rows = []", "jacobian-summed"),
        ("steps by two in the rows", "g[entry] = 1", "g[entry] = 2", "factor-two-extra"),
        ("flattens every row", ROWS, "torch.stack([r.flatten() for r in rows]).reshape(*y.shape, -1)",
         "jacobian-flat"),
        ("forgets the last row", "g[entry] = 1", "g[entry] = float(entry < y.numel() - 1)",
         "jacobian-one-pass-missing"),
        ("uses y for its vectors", ROW, "g = y.flatten()", "input-changed"),
    ),
]  # fmt: skip

PREDICTED = {
    "q": 3,
    "dq": 5,
    "f": -12,
    "df": -17,
    "loss_forward": 7850,
    "loss_reverse": 1,
    "flight_forward": 1,
    "flight_reverse": 200,
    "scores_forward": 64,
    "scores_reverse": 10,
}
NOTEBOOK = {"predicted": PREDICTED}


def noted(what: str, diagnosis: str | None = None, **changes: object) -> Answer:
    """A wrong answer among the predicted numbers."""
    ids = (diagnosis,) if diagnosis else ()
    return Answer(f"by_hand: {what}", ("by_hand",), diagnosis=ids, notebook={"predicted": PREDICTED | changes})


NOTES = [
    noted("lets x move alone", "dual-term-missing", dq=2),
    noted("multiplies the tangents of a sum", "dual-tangents-only", dq=6),
    noted("miscalculates the value", q=-7),
    noted("multiplies the tangents of the product", "dual-tangents-only", df=5),
    noted("lets q move alone", "dual-term-missing", df=-20),
    noted("subtracts in the product rule", "dual-sign-of-term", df=-23),
    noted("flips the sign of f", "sign-flipped", f=12),
    noted("takes forward mode for reverse", "passes-of-other-mode", loss_forward=1),
    noted("takes reverse mode for forward", "passes-of-other-mode", loss_reverse=7850),
    noted("counts layers", "passes-per-layer", loss_reverse=2),
    noted("counts places once", "passes-half-of-them", flight_reverse=100),
    noted("pushes every state", "passes-of-other-mode", flight_forward=200),
    noted("counts the entries of the Jacobian", "passes-for-every-entry", scores_forward=640),
    noted("swaps pixels and scores", "passes-of-other-mode", scores_reverse=64),
    noted("leaves one out", scores_forward=None),
]
FORWARD = [*NOTES, *DUALS, *FUNCTIONS, *DIRECTIONS, *WHOLE]
