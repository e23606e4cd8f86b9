"""An engine: numbers that remember how they were made, and can find the gradients of everything behind them.

    x = Value(2.0)
    y = x * x + 3
    y.backward()
    x.grad                      # 4.0

A Value is a node of a graph. It holds its `data`; the Values it was made from, `inputs`; and, for each of them, the
local gradient, `local`. `backward` then needs nothing but one rule: downstream = upstream * local, summed over all users.
(BEV033DLA, lecture 2, "Automatic Differentiation" and "General DAG".)
"""

from __future__ import annotations

import math


def as_value(number: Value | float) -> Value:
    """A plain number as a Value; a Value as it is. Given."""
    return number if isinstance(number, Value) else Value(number)


class Value:
    """data: float. grad: float, d(output)/d(this), after output.backward(). inputs, local: tuples of one length.

    Numbers may stand on either side of + - * /; exponents of ** are plain numbers.
    """

    __slots__ = ("data", "grad", "inputs", "local")

    def __init__(self, data: float, inputs: tuple[Value, ...] = (), local: tuple[float, ...] = ()):
        self.data = data
        self.grad = 0.0
        self.inputs = inputs
        self.local = local

    def __repr__(self) -> str:
        return f"Value(data={self.data:.6g}, grad={self.grad:.6g})"

    # Given, as examples. The three parts of every operation: the value, who it came from, the local gradients.

    def __neg__(self) -> Value:
        return Value(-self.data, (self,), (-1.0,))

    def square(self) -> Value:
        return Value(self.data**2, (self,), (2 * self.data,))

    # Arithmetic: `other` may be a plain number.

    def __add__(self, other: Value | float) -> Value:
        other, result = as_value(other), None
        ### BEGIN SOLUTION
        result = Value(self.data + other.data, (self, other), (1.0, 1.0))
        ### END SOLUTION
        return result

    def __sub__(self, other: Value | float) -> Value:
        other, result = as_value(other), None
        ### BEGIN SOLUTION
        result = Value(self.data - other.data, (self, other), (1.0, -1.0))
        ### END SOLUTION
        return result

    def __mul__(self, other: Value | float) -> Value:
        other, result = as_value(other), None
        ### BEGIN SOLUTION
        result = Value(self.data * other.data, (self, other), (other.data, self.data))
        ### END SOLUTION
        return result

    def __truediv__(self, other: Value | float) -> Value:
        other, result = as_value(other), None
        ### BEGIN SOLUTION
        result = Value(self.data / other.data, (self, other), (1 / other.data, -self.data / other.data**2))
        ### END SOLUTION
        return result

    def __pow__(self, exponent: float) -> Value:
        """self ** exponent, for an exponent that is a plain number."""
        result = None
        ### BEGIN SOLUTION
        result = Value(self.data**exponent, (self,), (exponent * self.data ** (exponent - 1),))
        ### END SOLUTION
        return result

    # A number on the left: Python asks the Value on the right. Given.

    def __radd__(self, number: float) -> Value:
        return as_value(number) + self

    def __rsub__(self, number: float) -> Value:
        return as_value(number) - self

    def __rmul__(self, number: float) -> Value:
        return as_value(number) * self

    def __rtruediv__(self, number: float) -> Value:
        return as_value(number) / self

    # Functions.

    def exp(self) -> Value:
        result = None
        ### BEGIN SOLUTION
        e = math.exp(self.data)
        result = Value(e, (self,), (e,))
        ### END SOLUTION
        return result

    def log(self) -> Value:
        """The natural logarithm, for data > 0."""
        result = None
        ### BEGIN SOLUTION
        result = Value(math.log(self.data), (self,), (1 / self.data,))
        ### END SOLUTION
        return result

    def tanh(self) -> Value:
        result = None
        ### BEGIN SOLUTION
        t = math.tanh(self.data)
        result = Value(t, (self,), (1 - t * t,))
        ### END SOLUTION
        return result

    def sigmoid(self) -> Value:
        """1 / (1 + exp(-data)) as one node, for every float."""
        result = None
        ### BEGIN SOLUTION
        e = math.exp(-abs(self.data))
        s = (1.0 if self.data >= 0 else e) / (1.0 + e)
        result = Value(s, (self,), (s * (1 - s),))
        ### END SOLUTION
        return result

    def relu(self) -> Value:
        """max(0, data)."""
        result = None
        ### BEGIN SOLUTION
        result = Value(self.data, (self,), (1.0,)) if self.data > 0 else Value(0.0, (self,), (0.0,))
        ### END SOLUTION
        return result

    def max(self, other: Value | float) -> Value:
        """The larger of the two. Equal ones are a kink: any split of 1 between them is right."""
        other, result = as_value(other), None
        ### BEGIN SOLUTION
        first = self.data > other.data
        result = Value(self.data if first else other.data, (self, other), (float(first), float(not first)))
        ### END SOLUTION
        return result

    def backward(self) -> None:
        """Set `grad` of this Value and of all it was made from to d(this)/d(each); whatever stood there is forgotten."""
        ### BEGIN SOLUTION
        order = topological(self)
        for node in order:
            node.grad = 0.0
        self.grad = 1.0
        for node in reversed(order):
            for source, local in zip(node.inputs, node.local, strict=True):
                source.grad += node.grad * local
        ### END SOLUTION


def topological(output: Value) -> list[Value]:
    """All Values that `output` was made from and `output` itself, each once, inputs before what is made from them.

    The graph may be a million nodes deep: Python's own recursion ends at a depth of about a thousand.
    """
    order = []
    ### BEGIN SOLUTION
    seen = set()
    waiting = [(output, False)]
    while waiting:
        node, inputs_done = waiting.pop()
        if inputs_done:
            order.append(node)
        elif node not in seen:
            seen.add(node)
            waiting.append((node, True))  # comes up again when everything pushed after it is done
            for source in node.inputs:
                waiting.append((source, False))
    ### END SOLUTION
    return order


def neuron(w: list[Value], x: list[Value | float], b: Value) -> Value:
    """tanh(w[0] x[0] + w[1] x[1] + ... + b), a Value; x may be Values or plain numbers."""
    output = None
    ### BEGIN SOLUTION
    total = b
    for weight, entry in zip(w, x, strict=True):
        total = total + weight * entry
    output = total.tanh()
    ### END SOLUTION
    return output
