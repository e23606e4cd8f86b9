"""Wrong answers to the items that are written in the notebook: predictions, find the bug, the repaired patient."""

from __future__ import annotations

import ast
from dataclasses import replace
from pathlib import Path

from autograder.course.answers import Answer, OfModule, wrong
from autograder.course.flat.mistakes import nets

SUITE = Path(__file__).parents[1] / "checks" / "notebook.py"


def truth_of_the_suite(name: str) -> dict:
    """A constant of the suite's hidden part, read without running it."""
    for node in ast.parse(SUITE.read_text()).body:
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", None) == name:
            return ast.literal_eval(node.value)
    raise ValueError(f"{SUITE.name} has no {name}")


PREDICTED = {"p": -6, "q": -1, "f": 1, "df_dq": -2, "df_dp": -2, "df_dx": 4, "df_dy": -6, "df_dz": -2}
FAULTY = truth_of_the_suite("FAULTY")
NOTEBOOK = {"predicted": PREDICTED, "faulty": FAULTY, "repaired": OfModule("flat", "net_softmax")}
SICK = [name for name, line in FAULTY.items() if line is not None]
HEALTHY = [name for name, line in FAULTY.items() if line is None]


def predicted(what: str, diagnosis: str | None = None, **changes: float | None) -> Answer:
    """A wrong answer to `predict`."""
    ids = (diagnosis,) if diagnosis else ()
    return Answer(f"predicted: {what}", ("predict",), diagnosis=ids, notebook={"predicted": PREDICTED | changes})


def faulty(what: str, **changes: int | None) -> Answer:
    """A wrong answer to `bugs_found`."""
    return Answer(f"faulty: {what}", ("bugs_found",), notebook={"faulty": FAULTY | changes})


def repaired(*rows: tuple) -> list[Answer]:
    """Wrong answers to `bugs_repaired`: the function of the notebook is edited, the module's is right."""
    return [
        replace(answer, edits=(), notebook={"repaired": OfModule("flat", "net_softmax", answer.edits)})
        for answer in wrong("net_softmax", "bugs_repaired", *rows)
    ]


NOTES: list[Answer] = [
    predicted("miscounts the sign of the product", "sign-flipped", p=6),
    predicted("forgets the square", "forward-step-missing", f=-1),
    predicted("squares the product alone", "forward-step-missing", f=36),
    *(
        predicted(f"forgets the square's slope in {name}", "power-rule-missing", **{name: -1})
        for name in ("df_dq", "df_dp", "df_dz")
    ),
    predicted("takes the slope of the square to be 2", "power-rule-missing", df_dq=2),
    predicted("does not swap the gate of x", "mul-gate-not-swapped", df_dx=-6),
    predicted("does not swap the gate of y", "mul-gate-not-swapped", df_dy=4),
    predicted("stops at the local gradient of x", "local-gradient-only", df_dx=-2),
    predicted("stops at the local gradient of y", "local-gradient-only", df_dy=3),
    predicted("flips the sign", "sign-flipped", df_dx=-4),
    predicted("takes a sum's gradient to be one", "all-ones", df_dz=1),
    predicted("leaves a gradient out", df_dz=None),
    predicted("adds where it should multiply", p=1),
    predicted("gives a list of numbers", df_dx=[4, -6]),
    faulty("calls all of them healthy", **dict.fromkeys(FAULTY)),
    faulty("points at line 1 everywhere", **dict.fromkeys(FAULTY, 1)),
    *(faulty(f"is off by one line for {name}", **{name: FAULTY[name] + 1}) for name in SICK),
    *(faulty(f"calls {name} healthy", **{name: None}) for name in SICK),
    *(faulty(f"accuses {name}", **{name: 9}) for name in HEALTHY),
    Answer("faulty: is a list", ("bugs_found",), notebook={"faulty": list(FAULTY.values())}),
]

REPAIRS: list[Answer] = repaired(
    ("still masks by the upstream gradient", nets.A, nets.A.replace("(a > 0)", '(grads["h"] > 0)'),
     "relu-mask-from-upstream"),
    ("still forgets the mask", nets.A, 'grads["a"] = grads["h"].clone()', "relu-mask-missing"),
    ("still averages a bias", nets.B1, nets.B1.replace("sum", "mean"), "bias-averaged"),
    ("still forgets the factor of the penalty", "_reg = 2 * reg * w1", "_reg = reg * w1", "reg-half"),
    ("still forgets the correct class", "    grad_shifted[rows, y] -= grad_losses\n", "", "one-hot-missing"),
    ("leaves the fault where it is", "[rows, y] -= grad_losses", "[rows, y] -= 1", "one-hot-not-averaged"),
    ("still forgets the mean", nets.ROW, "torch.ones_like(losses)", "batch-mean-missing"),
    ("still looks before the ReLU", nets.W2, nets.W2.replace("h.T", "a.T"), "input-before-relu"),
    ("still steps over the ReLU", nets.W1, nets.W1.replace('grads["a"]', 'grads["h"]'), "upstream-from-wrong-node"),
    ("still subtracts the penalty", nets.W1, nets.W1.replace("+", "-"), "reg-sign"),
    ("still flips the sign of h", nets.H, nets.H.replace("= ", "= -"), "sign-flipped"),
    ("overwrites the penalty of w2", nets.W2, nets.W2.replace(" + grad_w2_reg", ""), "reg-missing"),
    ("repairs the gradients and breaks the loss", "losses.sum() / N", "losses.sum()", "batch-mean-missing"),
)  # fmt: skip
