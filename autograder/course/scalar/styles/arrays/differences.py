"""Differences by NumPy, with one list that is put back."""

from __future__ import annotations

import numpy as np


def one_sided(f, x, eps=1e-8):
    before = f(x)
    return (f(x + eps) - before) * (1 / eps)


def symmetric(f, x, eps=1e-5):
    return (f(x + eps) - f(x)) / (2 * eps) + (f(x) - f(x - eps)) / (2 * eps)


def numeric_gradient(f, point, eps=1e-5):
    found = np.zeros(len(point))
    for i, here in enumerate(list(point)):
        point[i] = here + eps
        above = f(point)
        point[i] = here - eps
        below = f(point)
        point[i] = here
        found[i] = (above - below) / eps / 2
    return found


def linear_approximation(value, gradient, step):
    return value + np.dot(gradient, step)


def steepest_ascent(gradient):
    length = np.linalg.norm(gradient)
    return np.zeros(len(gradient)) if length == 0 else np.array(gradient) / length
