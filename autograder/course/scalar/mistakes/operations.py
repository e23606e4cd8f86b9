"""Wrong answers to the operations of `Value`, and to the neuron made of them."""

from __future__ import annotations

from autograder.course.answers import Answer, wrong

ARITHMETIC, FUNCTIONS = "value_arithmetic", "value_functions"
DIVISION = "(1 / other.data, -self.data / other.data**2)"
SLOPE = "exponent * self.data ** (exponent - 1)"
RELU = "Value(self.data, (self,), (1.0,)) if self.data > 0 else Value(0.0, (self,), (0.0,))"
MAX = "(float(first), float(not first))"
SAFE = "        e = math.exp(-abs(self.data))\n        s = (1.0 if self.data >= 0 else e) / (1.0 + e)\n"
SUM = "        total = total + weight * entry\n"

OPERATIONS: list[Answer] = [
    *wrong(
        "Value.__add__",
        ARITHMETIC,
        ("subtracts", "self.data + other.data", "self.data - other.data", None),
        ("splits the gradient", "(1.0, 1.0)", "(0.5, 0.5)", "factor-two-missing"),
        ("treats the sum like a product", "(1.0, 1.0)", "(other.data, self.data)", "add-gate-swapped"),
        ("forgets other among the inputs", "(self, other), (1.0, 1.0)", "(self,), (1.0,)", "all-zeros"),
    ),
    *wrong(
        "Value.__sub__",
        ARITHMETIC,
        ("loses the minus on the way back", "(1.0, -1.0)", "(1.0, 1.0)", "minus-lost"),
        ("swaps the operands", "self.data - other.data", "other.data - self.data", "operands-swapped"),
        ("swaps the operands on the way back", "(1.0, -1.0)", "(-1.0, 1.0)", "operands-swapped"),
    ),
    *wrong(
        "Value.__mul__",
        ARITHMETIC,
        ("does not swap", "(other.data, self.data)", "(self.data, other.data)", "mul-gate-not-swapped"),
        ("keeps ones", "(other.data, self.data)", "(1.0, 1.0)", ("all-ones", "upstream-alone")),
        ("adds", "self.data * other.data", "self.data + other.data", None),
    ),
    *wrong(
        "Value.__truediv__",
        ARITHMETIC,
        (
            "forgets the denominator's minus",
            DIVISION,
            "(1 / other.data, self.data / other.data**2)",
            "denominator-sign",
        ),
        (
            "forgets the denominator's square",
            DIVISION,
            "(1 / other.data, -self.data / other.data)",
            "denominator-not-squared",
        ),
        ("treats it like a product", DIVISION, "(other.data, self.data)", "mul-gate-not-swapped"),
        ("swaps the operands", "self.data / other.data, ", "other.data / self.data, ", "operands-swapped"),
        ("rounds down", "self.data / other.data, ", "self.data // other.data, ", "all-zeros"),
    ),
    *wrong(
        "Value.__pow__",
        ARITHMETIC,
        ("does not lower the exponent", SLOPE, "exponent * self.data**exponent", "power-not-lowered"),
        ("lowers what is left of the exponent", SLOPE, "exponent * self.data**exponent - 1", "power-not-lowered"),
        ("forgets the factor", SLOPE, "self.data ** (exponent - 1)", "power-factor-missing"),
        ("returns the power itself", SLOPE, "self.data**exponent", "power-factor-missing"),
        (
            "differentiates with respect to the exponent",
            SLOPE,
            "self.data**exponent * math.log(abs(self.data))",
            "exp-like-a-power",
        ),
        ("multiplies instead", "self.data**exponent, (self,)", "self.data * exponent, (self,)", None),
        ("is off by one part in ten thousand", SLOPE, f"1.0001 * {SLOPE}", None),
    ),
    *wrong(
        "Value.exp",
        FUNCTIONS,
        ("takes the input for the slope", "(e,))", "(self.data,))", "exp-of-input"),
        ("uses the power rule", "(e,))", "(self.data * math.exp(self.data - 1),))", "exp-like-a-power"),
        ("applies exp twice", "(e,))", "(math.exp(e),))", "exp-twice"),
        ("takes one for the slope", "(e,))", "(1.0,))", ("upstream-alone", "all-ones")),
    ),
    *wrong(
        "Value.log",
        FUNCTIONS,
        ("multiplies by the input", "(1 / self.data,)", "(self.data,)", "log-inverted"),
        ("divides by the output", "(1 / self.data,)", "(1 / math.log(self.data),)", "log-of-output"),
        ("takes the log for its slope", "(1 / self.data,)", "(math.log(self.data),)", "log-itself"),
        ("takes base ten", "Value(math.log(self.data)", "Value(math.log10(self.data)", None),
    ),
    *wrong(
        "Value.tanh",
        FUNCTIONS,
        ("forgets the square", "1 - t * t", "1 - t", "tanh-not-squared"),
        ("takes the input", "1 - t * t", "1 - self.data**2", "tanh-of-input"),
        ("uses the sigmoid's slope", "1 - t * t", "t * (1 - t)", "tanh-like-sigmoid"),
        ("flips the sign", "1 - t * t", "t * t - 1", "sign-flipped"),
    ),
    *wrong(
        "Value.sigmoid",
        FUNCTIONS,
        ("takes the input", "s * (1 - s)", "self.data * (1 - self.data)", "sigmoid-of-wrong-value"),
        ("forgets a factor", "s * (1 - s)", "1 - s", "sigmoid-half"),
        ("uses tanh's slope", "s * (1 - s)", "1 - s * s", "tanh-not-squared"),
        ("lets exp overflow", SAFE, "        s = 1 / (1 + math.exp(-self.data))\n", "sigmoid-overflows"),
        ("computes tanh", SAFE, "        s = math.tanh(self.data)\n", None),
    ),
    *wrong(
        "Value.relu",
        FUNCTIONS,
        ("leaks below zero", "(0.0,))", "(0.01,))", "relu-leaks"),
        ("lets everything back", "(0.0,))", "(1.0,))", ("relu-mask-missing", "all-ones")),
        ("takes the value for the slope", "(self,), (1.0,)) if", "(self,), (self.data,)) if", "relu-by-value"),
        (
            "inverts the mask",
            RELU,
            RELU.replace("(1.0,)", "(A,)").replace("(0.0,)", "(1.0,)").replace("(A,)", "(0.0,)"),
            ("relu-mask-inverted", "all-zeros"),
        ),
        ("lets everything through", RELU, "Value(self.data, (self,), (1.0,))", None),
        ("cuts at one", "self.data > 0", "self.data > 1", "all-zeros"),
    ),
    *wrong(
        "Value.max",
        FUNCTIONS,
        ("sends it to both", MAX, "(1.0, 1.0)", "max-not-routed"),
        ("splits", MAX, "(0.5, 0.5)", "max-split"),
        ("sends it to the smaller", MAX, "(float(not first), float(first))", "max-to-the-smaller"),
        ("compares sizes", "self.data > other.data", "abs(self.data) > abs(other.data)", None),
    ),
    *wrong(
        "neuron",
        "neuron",
        ("forgets the bias", "total = b\n", "total = 0.0\n", ("bias-missing", "order-incomplete")),
        ("forgets tanh", "total.tanh()", "total", "activation-missing"),
        ("takes the sigmoid", "total.tanh()", "total.sigmoid()", "sigmoid-gradient-twice"),
        ("adds weight and input", SUM, SUM.replace("*", "+"), "forward-step-missing"),
        ("keeps the last product alone", SUM, SUM.replace("total + weight", "b + weight"), "order-incomplete"),
        ("keeps the first product alone", SUM, SUM + "        break\n", ("forward-step-missing", "order-incomplete")),
        ("adds the bias each time", SUM, SUM.replace("weight * entry", "weight * entry + b"), None),
        ("subtracts", SUM, SUM.replace("total +", "total -"), None),
        ("squashes too early", SUM, SUM.replace("weight * entry", "(weight * entry).tanh()"), None),
        ("leaves the graph", "output = total.tanh()", "output = Value(total.tanh().data)", "order-incomplete"),
        (
            "leaves the graph at the weights",
            SUM,
            SUM.replace("weight * entry", "as_value(entry) * weight.data"),
            "order-incomplete",
        ),
    ),
]
