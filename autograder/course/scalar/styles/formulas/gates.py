"""The gates with other formulas: outputs instead of inputs, NumPy, loops, products of local gradients."""

from __future__ import annotations

import math

import numpy as np


def add(x, y):
    return math.fsum([x, y])


def add_backward(grad_out, x, y, z):
    return [1.0 * grad_out] * 2


def multiply(x, y):
    return y * x


def multiply_backward(grad_out, x, y, z):
    return math.prod((grad_out, y)), math.prod((grad_out, x))


def copy(x):
    return [x] * 2


def copy_backward(grad_first, grad_second, x):
    return sum([grad_first, grad_second])


def maximum(x, y):
    return max(x, y)


def maximum_backward(grad_out, x, y, z):
    first = grad_out * (x >= y)
    return first, grad_out - first


def reciprocal(x):
    return x**-1


def reciprocal_backward(grad_out, x, z):
    return -grad_out * z * z


def exp(x):
    return np.exp(x)


def exp_backward(grad_out, x, z):
    return grad_out * math.exp(x)


def log(x):
    return math.log2(x) * math.log(2)


def log_backward(grad_out, x, z):
    return grad_out * math.exp(-z)


def total(xs):
    result = 0
    for x in xs:
        result += x
    return result


def total_backward(grad_out, xs, z):
    return np.full(len(xs), grad_out)


def mean(xs):
    return np.mean(xs)


def mean_backward(grad_out, xs, z):
    return tuple(total_backward(grad_out * (1 / len(xs)), xs, z).tolist())


def sigmoid_by_parts(x, grad_out):
    b = math.exp(-x)
    z = reciprocal(add(1, b))
    c = reciprocal_backward(grad_out, 1 + b, z)
    return z, {"x": c * b * -1, "a": c * b, "b": c, "c": c}


def sigmoid(x):
    if x < 0:
        return math.exp(x) / (1 + math.exp(x))
    return 1 / (1 + math.exp(-x))


def sigmoid_backward(grad_out, x, z):
    return grad_out * (z - z**2)
