"""Right answers to `scalar`, written otherwise than the solution: other engines, other formulas, small liberties."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

from autograder.course.answers import Answer, Edit, liberty
from autograder.course.scalar.mistakes.engine import RECURSIVE, RESET, SORT, sort
from autograder.course.scalar.mistakes.gates import BOTH, SAFE
from autograder.course.scalar.mistakes.notebook import PATTERNS, PREDICTED, TRACED

HERE = Path(__file__).parent
GATES = (
    *(
        f"gate_{name}"
        for name in ("add", "multiply", "copy", "max", "reciprocal", "exp", "log", "sum", "mean", "sigmoid")
    ),
    "sigmoid_parts",
)
DIFFERENCES = ("one_sided", "symmetric", "numeric_gradient", "plane", "ascent")
VALUES = ("value_arithmetic", "value_functions", "value_order", "value_backward", "value_again", "value_deep", "neuron")
TAPES = ("tape", "tape_dot")
SHALLOW = tuple(name for name in VALUES if name != "value_deep")
BY_BIRTH = sort(
    "waiting, seen = [output], {output}",
    "while waiting:",
    "    for source in waiting.pop().inputs:",
    "        if source not in seen:",
    "            seen.add(source)",
    "            waiting.append(source)",
    "users = {node: 0 for node in seen}",
    "for node in seen:",
    "    for source in node.inputs:",
    "        users[source] += 1",
    "ready = [output]",
    "while ready:",
    "    node = ready.pop()",
    "    order.append(node)",
    "    for source in node.inputs:",
    "        users[source] -= 1",
    "        if not users[source]:",
    "            ready.append(source)",
    "order.reverse()",
)
EXACT = {
    "b": 0.36788,
    "c": 1.36788,
    "f": 0.73106,
    "df_dc": -0.53445,
    "df_db": -0.53445,
    "df_da": -0.19661,
    "df_ds": 0.19661,
    "df_dw2": 0.19661,
    "df_dw0": -0.19661,
    "df_dx0": 0.39322,
    "df_dw1": -0.39322,
    "df_dx1": -0.58984,
}

RIGHT: list[Answer] = [
    Answer("the solution itself", ("predict_sum", "predict_neuron", "patterns", *GATES, *DIFFERENCES, *VALUES, *TAPES)),
    Answer("gates by other formulas", GATES, file=HERE / "formulas" / "gates.py"),
    Answer("differences by NumPy and by one list", DIFFERENCES, file=HERE / "arrays" / "differences.py"),
    Answer("differences made of each other", DIFFERENCES, file=HERE / "helpers" / "differences.py"),
    Answer("differences by torch, over the way that was gone", DIFFERENCES, file=HERE / "tensors" / "differences.py"),
    Answer("differences with exact sums", DIFFERENCES, file=HERE / "careful" / "differences.py"),
    Answer("an engine of closures", VALUES, file=HERE / "closures" / "scalar.py"),
    Answer("an engine that composes its operations, and sorts by birth", VALUES, file=HERE / "births" / "scalar.py"),
    liberty(
        "half of the gradient for each at a tie",
        "gate_max value_functions",
        ("maximum_backward", "grad_out if x > y else 0.0", "grad_out * (0.5 if x == y else float(x > y))"),
        ("maximum_backward", "0.0 if x > y else grad_out", "grad_out * (0.5 if x == y else float(x < y))"),
        (
            "Value.max",
            "(float(first), float(not first))",
            "(0.5, 0.5) if self.data == other.data else (float(first), float(not first))",
        ),
    ),
    liberty(
        "a third of the way between the slopes of a ReLU at its kink",
        "value_functions tape",
        ("Value.relu", "Value(0.0, (self,), (0.0,))", "Value(0.0, (self,), (1 / 3 if self.data == 0 else 0.0,))"),
        ("Var.relu", "Var(0.0, self, 0.0)", "Var(0.0, self, 1 / 3 if self.data == 0 else 0.0)"),
    ),
    Answer("a tape of records", TAPES, file=HERE / "records" / "tape.py"),
    Answer("a tape of closures", TAPES, file=HERE / "closures" / "tape.py"),
    Answer("an order by counting users", VALUES, (Edit("topological", SORT, BY_BIRTH),)),
    Answer("a recursive order, for shallow graphs", SHALLOW, (Edit("topological", SORT, RECURSIVE),)),
    Answer(
        "inputs visited the other way round",
        VALUES,
        (Edit("topological", "in node.inputs:", "in reversed(node.inputs):"),),
    ),
    Answer(
        "gradients set back before the sort",
        SHALLOW,
        (Edit("Value.backward", RESET, "        for node in topological(self):\n            node.grad = 0\n"),),
    ),
    Answer("the other subgradient at the ReLU's kink", SHALLOW, (Edit("Value.relu", "> 0", ">= 0"),)),
    Answer(
        "the other side at a tie of max",
        (*SHALLOW, *GATES),
        (
            Edit("Value.max", "self.data > other.data", "self.data >= other.data"),
            Edit("maximum_backward", BOTH, BOTH.replace(">", ">=")),
        ),
    ),
    Answer(
        "a split at a tie of max",
        GATES,
        (
            Edit(
                "maximum_backward",
                BOTH,
                "    share = 0.5 if x == y else float(x > y)\n"
                "    grad_x, grad_y = share * grad_out, (1 - share) * grad_out\n",
            ),
        ),
    ),
    Answer(
        "the sigmoid by tanh",
        GATES,
        (
            Edit(
                "sigmoid",
                SAFE,
                "    z = 0.5 * (1 + math.tanh(x / 2)) if x > -30 else math.exp(x) / (1 + math.exp(x))\n",
            ),
        ),
    ),
    Answer(
        "gradients as lists",
        GATES,
        tuple(
            Edit(f"{gate}_backward", "return grad_x, grad_y", "return [grad_x, grad_y]")
            for gate in ("add", "multiply", "maximum")
        ),
    ),
    Answer("a tape that zeroes from behind", TAPES, (Edit("Var.backward", "in TAPE:", "in TAPE[::-1]:"),)),
    Answer(
        "a tape that is walked from the output's own place",
        TAPES,
        (Edit("Var.backward", "in reversed(TAPE):", "in TAPE[TAPE.index(self) :: -1]:"),),
    ),
    Answer(
        "predictions as floats", ("predict_sum",), notebook={"predicted": {k: float(v) for k, v in PREDICTED.items()}}
    ),
    Answer(
        "predictions with a private note",
        ("predict_sum", "predict_neuron"),
        notebook={"predicted": PREDICTED | {"note": 0}, "traced": TRACED | {"note": 0}},
    ),
    Answer(
        "predictions as NumPy's numbers",
        ("predict_sum", "predict_neuron"),
        notebook={
            "predicted": {name: np.float64(number) for name, number in PREDICTED.items()},
            "traced": {name: np.float64(number) for name, number in TRACED.items()},
        },
    ),
    Answer(
        "predictions as tensors",
        ("predict_sum", "predict_neuron"),
        notebook={
            "predicted": {name: torch.tensor(number) for name, number in PREDICTED.items()},
            "traced": {name: torch.tensor([number]) for name, number in TRACED.items()},
        },
    ),
    Answer(
        "gradients that begin as NumPy's zeros",
        SHALLOW,
        (Edit("Value.backward", RESET, RESET.replace("0.0", "__import__('numpy').float64(0)")),),
    ),
    Answer(
        "patterns between blanks",
        ("patterns",),
        notebook={"patterns": {gate: f" {word.upper()} " for gate, word in PATTERNS.items()}},
    ),
    Answer("predictions with five digits", ("predict_neuron",), notebook={"traced": TRACED | EXACT}),
    Answer(
        "predictions from rounded numbers",
        ("predict_neuron",),
        notebook={"traced": TRACED | {"df_dx0": 0.4, "df_dx1": -0.59}},
    ),
    Answer("patterns in capitals", ("patterns",), notebook={"patterns": {k: v.title() for k, v in PATTERNS.items()}}),
    Answer("patterns in another order", ("patterns",), notebook={"patterns": dict(reversed(PATTERNS.items()))}),
]
