"""An engine that keeps each node's backward step in a closure, as micrograd does; the order by an iterative walk."""

from __future__ import annotations

import math


def as_value(number):
    return number if isinstance(number, Value) else Value(number)


class Value:
    def __init__(self, data, sources=()):
        self.data, self.grad, self.sources, self.step = data, 0, sources, lambda: None

    def __add__(self, other):
        other = as_value(other)
        out = Value(self.data + other.data, (self, other))

        def step():
            self.grad += out.grad
            other.grad += out.grad

        out.step = step
        return out

    def __mul__(self, other):
        other = as_value(other)
        out = Value(self.data * other.data, (self, other))

        def step():
            self.grad += other.data * out.grad
            other.grad += self.data * out.grad

        out.step = step
        return out

    def _of(self, data, slope):
        out = Value(data, (self,))

        def step():
            self.grad += slope * out.grad

        out.step = step
        return out

    def __pow__(self, exponent):
        return self._of(self.data**exponent, exponent * self.data ** (exponent - 1))

    def __neg__(self):
        return self._of(-self.data, -1)

    def __sub__(self, other):
        return self + -as_value(other)

    def __truediv__(self, other):
        return self * as_value(other) ** -1

    __radd__, __rmul__ = __add__, __mul__

    def __rsub__(self, number):
        return -self + number

    def __rtruediv__(self, number):
        return self**-1 * number

    def exp(self):
        return self._of(math.exp(self.data), math.exp(self.data))

    def log(self):
        return self._of(math.log(self.data), 1 / self.data)

    def tanh(self):
        return self._of(math.tanh(self.data), 1 / math.cosh(self.data) ** 2)

    def sigmoid(self):
        s = 0.5 * (1 + math.tanh(self.data / 2)) if self.data > -30 else math.exp(self.data)
        return self._of(s, s * (1 - s))

    def relu(self):
        return self._of(max(0, self.data), int(self.data >= 0))

    def max(self, other):
        other = as_value(other)
        chosen = self if self.data >= other.data else other
        return chosen._of(chosen.data, 1.0)

    def backward(self):
        order = topological(self)
        for node in order:
            node.grad = 0
        self.grad = 1
        for node in reversed(order):
            node.step()


def topological(output):
    seen, order, path = {output}, [], [(output, iter(output.sources))]
    while path:
        node, rest = path[-1]
        for source in rest:
            if source not in seen:
                seen.add(source)
                path.append((source, iter(source.sources)))
                break
        else:
            order.append(node)
            path.pop()
    return order


def neuron(w, x, b):
    return (sum((wi * xi for wi, xi in zip(w, x, strict=True)), as_value(0.0)) + b).tanh()
