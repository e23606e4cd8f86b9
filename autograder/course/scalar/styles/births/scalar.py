"""An engine of few primitives, the rest composed of them; nodes are numbered at birth, and birth order is the order."""

from __future__ import annotations

import itertools
import math

births = itertools.count()


def as_value(number):
    return number if isinstance(number, Value) else Value(number)


class Value:
    def __init__(self, data, inputs=(), local=()):
        self.data, self.grad, self.inputs, self.local, self.birth = data, 0.0, list(inputs), list(local), next(births)

    def __add__(self, other):
        other = as_value(other)
        return Value(self.data + other.data, [self, other], [1, 1])

    def __mul__(self, other):
        other = as_value(other)
        if other is self:
            return Value(self.data**2, [self], [2 * self.data])
        return Value(self.data * other.data, [self, other], [other.data, self.data])

    def __neg__(self):
        return Value(-self.data, [self], [-1.0])

    def __sub__(self, other):
        return self + as_value(other) * -1

    def __truediv__(self, other):
        other = as_value(other)
        return self * Value(1 / other.data, [other], [-1 / other.data**2])

    def __pow__(self, exponent):
        return Value(self.data**exponent, [self], [exponent * math.pow(self.data, exponent - 1)])

    def __radd__(self, number):
        return self + number

    def __rsub__(self, number):
        return as_value(number) - self

    def __rmul__(self, number):
        return self * number

    def __rtruediv__(self, number):
        return as_value(number) / self

    def exp(self):
        return Value(math.exp(self.data), [self], [math.exp(self.data)])

    def log(self):
        return Value(math.log(self.data), [self], [self.data**-1])

    def tanh(self):
        return (self * 2).sigmoid() * 2 - 1

    def sigmoid(self):
        s = 1 / (1 + math.exp(-self.data)) if self.data > -700 else 0.0
        return Value(s, [self], [s - s * s])

    def relu(self):
        return self.max(0.0)

    def max(self, other):
        other = as_value(other)
        if self.data == other.data:
            return Value(self.data, [self, other], [0.5, 0.5])
        return Value(max(self.data, other.data), [self, other], [self.data > other.data, other.data > self.data])

    def backward(self):
        nodes = topological(self)
        for node in nodes:
            node.grad = float(node is self)
        while nodes:
            node = nodes.pop()
            for k in range(len(node.inputs)):
                node.inputs[k].grad = node.inputs[k].grad + node.local[k] * node.grad


def topological(output):
    found, waiting = {output.birth: output}, [output]
    while waiting:
        for source in waiting.pop().inputs:
            if source.birth not in found:
                found[source.birth] = source
                waiting.append(source)
    return [found[birth] for birth in sorted(found)]


def neuron(w, x, b):
    total = w[-1] * x[-1]
    for k in range(len(w) - 1):
        total += x[k] * w[k]
    return (b + total).tanh()
