"""A tape whose nodes keep their inputs as pairs, however many: one rule for every kind of node."""

from __future__ import annotations

TAPE = []


def forget(mark):
    del TAPE[mark:]


class Var:
    def __init__(self, data, pairs=()):
        self.data, self.grad, self.pairs = data, 0.0, pairs
        TAPE.append(self)

    def __add__(self, other):
        if isinstance(other, Var):
            return Var(self.data + other.data, [(self, 1), (other, 1)])
        return Var(self.data + other, [(self, 1)])

    def __mul__(self, other):
        if isinstance(other, Var):
            return Var(self.data * other.data, [(self, other.data), (other, self.data)])
        return Var(self.data * other, [(self, other)])

    __radd__, __rmul__ = __add__, __mul__

    def relu(self):
        return Var(max(self.data, 0.0), [(self, float(self.data >= 0))])

    def backward(self):
        for node in TAPE:
            node.grad = 0.0
        self.grad = 1.0
        for k in range(len(TAPE) - 1, -1, -1):
            for source, local in TAPE[k].pairs:
                source.grad += TAPE[k].grad * local


def dot(w, x, b):
    value, pairs = b.data, [(b, 1.0)]
    for weight, entry in zip(w, x, strict=True):
        number = entry.data if isinstance(entry, Var) else entry
        value += weight.data * number
        pairs.append((weight, number))
        if isinstance(entry, Var):
            pairs.append((entry, weight.data))
    return Var(value, pairs)
