"""Wrong answers written after the suite and its diagnoses were finished: how do unforeseen mistakes fare?"""

from __future__ import annotations

from autograder.course.answers import Answer, wrong
from autograder.course.scalar.mistakes.differences import ENTRY, ONE, STEP
from autograder.course.scalar.mistakes.engine import PUSH, SORT, sort
from autograder.course.scalar.mistakes.gates import BOTH, MEAN, RECIPROCAL, TOTAL
from autograder.course.scalar.mistakes.operations import DIVISION, SUM

FRESH: list[Answer] = [
    *wrong("copy_backward", "gate_copy", ("uses one user twice", "grad_first + grad_second", "2 * grad_first", None)),
    *wrong(
        "maximum_backward",
        "gate_max",
        ("weighs by size", BOTH, "    grad_x, grad_y = grad_out * x / (x + y), grad_out * y / (x + y)\n", None),
        ("keeps the larger's value", BOTH, "    grad_x, grad_y = max(x, y), 0.0\n", None),
    ),
    *wrong("reciprocal_backward", "gate_reciprocal", ("squares it all", RECIPROCAL, "-((grad_out / x) ** 2)", None)),
    *wrong(
        "exp_backward",
        "gate_exp",
        ("forgets that z is there and negates", "grad_out * z", "-grad_out * z", "sign-flipped"),
    ),
    *wrong(
        "log_backward", "gate_log", ("takes the upstream below the bar", "grad_out / x", "1 / (grad_out * x)", None)
    ),
    *wrong("total_backward", "gate_sum", ("shares by value", TOTAL, "[grad_out * x / z for x in xs]", None)),
    *wrong("mean_backward", "gate_mean", ("returns the mean's value", MEAN, "[z for _ in xs]", None)),
    *wrong(
        "sigmoid_by_parts",
        "sigmoid_parts",
        ("counts the one", 'grads["b"] = grads["c"]', 'grads["b"] = grads["c"] * c', None),
    ),
    *wrong("one_sided", "one_sided", ("divides by x", ONE, "(f(x + eps) - f(x)) / x", None)),
    *wrong(
        "numeric_gradient",
        "numeric_gradient",
        ("returns sizes", ENTRY, "abs(f(up) - f(down)) / (2 * eps)", "sign-flipped"),
        ("turns the list round", "return gradient", "return gradient[::-1]", None),
    ),
    *wrong(
        "steepest_ascent",
        "ascent",
        ("halves the step", STEP, "[g / length / 2 if length else 0.0 for g in gradient]", "factor-two-missing"),
    ),
    *wrong(
        "Value.__truediv__", "value_arithmetic", ("exchanges the local gradients", DIVISION, f"{DIVISION}[::-1]", None)
    ),
    *wrong("Value.tanh", "value_functions", ("adds where it should subtract", "1 - t * t", "1 + t * t", None)),
    *wrong(
        "topological",
        "value_order",
        ("sorts by data", SORT, SORT + sort("order.sort(key=lambda node: node.data)"), "order-too-early"),
        ("lists the output twice", "return order", "return [*order, output]", "order-doubled"),
    ),
    *wrong(
        "Value.backward",
        "value_backward",
        (
            "keeps the largest gradient",
            PUSH,
            "                source.grad = max(source.grad, node.grad * local, key=abs)\n",
            "overwritten-not-accumulated",
        ),
        (
            "sets a node back after it went",
            PUSH,
            PUSH + "            node.grad = 0.0 if node.inputs else node.grad\n",
            "all-zeros",
        ),
    ),
    *wrong(
        "neuron",
        "neuron",
        ("averages the products", SUM, SUM.replace("weight * entry", "weight * entry / len(w)"), None),
    ),
    *wrong(
        "Var.relu",
        "tape",
        (
            "takes the slope at the output's sign the wrong way",
            "Var(self.data, self, 1.0)",
            "Var(self.data, self, -1.0)",
            "sign-flipped",
        ),
    ),
]
