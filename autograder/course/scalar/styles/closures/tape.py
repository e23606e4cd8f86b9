"""A tape of closures: every Var knows how to pass its gradient on."""

from __future__ import annotations

TAPE = []


def forget(mark):
    del TAPE[mark:]


class Var:
    def __init__(self, data, push=None):
        self.data, self.grad, self.push = data, 0, push or (lambda grad_out: None)
        TAPE.append(self)

    def collect(self, amount):
        self.grad = self.grad + amount

    def __add__(self, other):
        if not isinstance(other, Var):
            return Var(self.data + other, self.collect)

        def push(grad_out):
            other.collect(grad_out)
            self.collect(grad_out)

        return Var(self.data + other.data, push)

    def __mul__(self, other):
        if not isinstance(other, Var):
            return Var(self.data * other, lambda grad_out: self.collect(grad_out * other))

        def push(grad_out):
            other.collect(grad_out * self.data)
            self.collect(grad_out * other.data)

        return Var(self.data * other.data, push)

    __radd__, __rmul__ = __add__, __mul__

    def relu(self):
        return Var(0.5 * (self.data + abs(self.data)), lambda grad_out: self.collect(grad_out * (self.data > 0)))

    def backward(self):
        for node in TAPE:
            node.grad = 0
        self.grad = 1
        for node in TAPE[::-1]:
            node.push(node.grad)


def dot(w, x, b):
    def push(grad_out):
        for weight, entry in zip(w, x, strict=True):
            weight.collect(grad_out * getattr(entry, "data", entry))
            if isinstance(entry, Var):
                entry.collect(grad_out * weight.data)
        b.collect(grad_out)

    total = b.data
    for weight, entry in zip(w, x, strict=True):
        total = total + weight.data * getattr(entry, "data", entry)
    return Var(total, push)
