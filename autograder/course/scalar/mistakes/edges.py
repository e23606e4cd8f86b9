"""Wrong answers that are right nearly everywhere: not at 0, at ties, and where things cancel."""

from __future__ import annotations

from autograder.course.answers import Answer, Edit, wrong

PROPPED = "z = max(0.0, self.data); result = {node}(z, {source}, {slope})"
RELU = "result = Value(self.data, (self,), (1.0,)) if self.data > 0 else Value(0.0, (self,), (0.0,))"
VAR_RELU = "result = Var(self.data, self, 1.0) if self.data > 0 else Var(0.0, self, 0.0)"
X, Y = "grad_x = grad_out if x > y else 0.0", "grad_y = 0.0 if x > y else grad_out"

EDGES: list[Answer] = [
    *wrong(
        "multiply_backward",
        "gate_multiply",
        ("wins a factor back from the output", "grad_out * y", "grad_out * z / x", "zero-over-zero"),
        ("wins the other factor back", "grad_out * x", "grad_out * (z / y)", "zero-over-zero"),
    ),
    Answer(
        "gate_max: gives all to both at a tie",
        ("gate_max",),
        (
            Edit("maximum_backward", X, X.replace(">", ">=")),
            Edit("maximum_backward", Y, "grad_y = grad_out * (y >= x)"),
        ),
        ("max-tie-counted-twice",),
    ),
    *wrong(
        "maximum_backward",
        "gate_max",
        ("gives nothing to anybody at a tie", Y, "grad_y = grad_out if y > x else 0.0", "max-tie-lost"),
        ("takes the sign of the difference", X, "grad_x = grad_out * (1 + (x - y) / abs(x - y)) / 2", None),
    ),
    *wrong(
        "Value.__mul__",
        "value_arithmetic",
        ("wins a factor back", "(other.data, self.data)", "(self.data * other.data / self.data, self.data)",
         "zero-over-zero"),
        ("wins the other back", "(other.data, self.data)", "(other.data, self.data * other.data / other.data)",
         "zero-over-zero"),
    ),
    *wrong(
        "Value.__truediv__",
        "value_arithmetic",
        ("divides the quotient by the numerator", "(1 / other.data,", "(self.data / other.data / self.data,",
         "zero-over-zero"),
    ),
    *wrong(
        "Value.__pow__",
        "value_arithmetic",
        ("divides the power by its base", "exponent * self.data ** (exponent - 1)",
         "exponent * self.data**exponent / self.data", "zero-over-zero"),
    ),
    *wrong(
        "Value.relu",
        "value_functions",
        ("divides the output by the input", RELU,
         PROPPED.format(node="Value", source="(self,)", slope="(z / self.data,)"), "zero-over-zero"),
    ),
    *wrong(
        "Value.max",
        "value_functions",
        ("gives all to both at a tie", "(float(first), float(not first))",
         "(float(self.data >= other.data), float(other.data >= self.data))", "max-tie-counted-twice"),
        ("gives nothing to anybody at a tie", "float(not first)", "float(self.data < other.data)", "max-tie-lost"),
    ),
    *wrong(
        "Var.__mul__",
        "tape",
        ("wins a factor back", "other.data, other, self.data)", "self.data * other.data / self.data, other, self.data)",
         "zero-over-zero"),
    ),
    *wrong(
        "Var.relu",
        "tape",
        ("divides the output by the input", VAR_RELU, PROPPED.format(node="Var", source="self", slope="z / self.data"),
         "zero-over-zero"),
    ),
    *wrong(
        "steepest_ascent",
        "ascent",
        ("takes entries that cancel for nothing", "if length else 0.0", "if sum(gradient) else 0.0", "all-zeros"),
        ("takes one entry of zero for nothing", "if length else 0.0", "if all(gradient) else 0.0", "all-zeros"),
    ),
]  # fmt: skip

EDGES += [
    *wrong("total", "gate_sum", ("uses its list up", "z = sum(xs)", "z = 0.0\n    while xs:\n        z += xs.pop()",
                                 "input-changed")),
    *wrong("total", "gate_sum", ("puts a tensor into its list", "z = sum(xs)",
                                 "import torch\n    z = sum(xs)\n    xs[0] = torch.ones(2)", "input-changed")),
    *wrong("steepest_ascent", "ascent",
           ("takes small gradients for none", "if length else", "if length > 1e-8 else", None)),
    *wrong("Value.tanh", "value_functions",
           ("cuts its input at 2", "math.tanh(self.data)", "math.tanh(max(-2.0, min(2.0, self.data)))", None)),
    *wrong("dot", "tape_dot",
           ("adds the bias to the list of weights", "more = [*w, *x, b], [*numbers, *weights, 1.0]",
            "w.append(b)\n        more = [*w, *x], [*numbers, 1.0, *weights]", "input-changed"),
           ("goes through both lists from behind", "weights = [weight.data", "w.reverse()\n    x.reverse()\n"
            "    weights = [weight.data", "input-changed")),
    *wrong("neuron", "neuron",
           ("goes through both lists from behind", "total = b\n", "total = b\n    w.reverse()\n    x.reverse()\n",
            "input-changed")),
]  # fmt: skip

# Right until numbers repeat, end or come as ints.
EDGES += wrong(
    "numeric_gradient", "numeric_gradient",
    ("looks a coordinate up by its number", "for i in range(len(point)):", "for i in map(point.index, point):", None),
)  # fmt: skip
EDGES += wrong(
    "linear_approximation", "plane",
    ("looks a step up by its slope", "g * s for g, s in zip(gradient, step, strict=True)",
     "g * step[gradient.index(g)] for g in gradient", None),
)  # fmt: skip
EDGES += wrong(
    "steepest_ascent", "ascent",
    ("takes a first slope of 0 for level ground", "if length", "if gradient[0]", None),
)  # fmt: skip
EDGES += wrong("Var.__mul__", "tape", ("knows no ints", "type(other) is Var", "type(other) is not float", None))
EDGES += wrong(
    "Value.backward", "value_backward",
    ("stops where nothing comes back", "            for source, local in",
     "            if node.grad == 0:\n                break\n            for source, local in", None),
    ("knows no value that stands alone", "self.grad = 1.0", "self.grad = 1.0 if self.inputs else 0.0", None),
)  # fmt: skip
EDGES += wrong("total", "gate_sum", ("sums each number once", "sum(xs)", "sum(set(xs))", None))
EDGES += wrong("gates:exp", "gate_exp", ("clips", "math.exp(x)", "math.exp(min(x, 50))", None))
EDGES += wrong("gates:log", "gate_log", ("clips", "math.log(x)", "math.log(max(x, 1e-7))", None))
