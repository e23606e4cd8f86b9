"""Differences with exact sums, one point that is nudged and put back, and a length that cannot overflow."""

from __future__ import annotations

import math
from functools import reduce


def one_sided(f, x, eps=1e-8):
    return math.fsum([f(x + eps), -f(x)]) / eps


def symmetric(f, x, eps=1e-5):
    return 0.5 * math.fsum([f(x + eps), -f(x - eps)]) / eps


def numeric_gradient(f, point, eps=1e-5):
    gradient, at = [], point.copy()
    while len(gradient) < len(point):
        i = len(gradient)
        at[i] = point[i] - eps
        low = f(at)
        at[i] = point[i] + eps
        gradient.append((f(at) - low) / eps * 0.5)
        at[i] = point[i]
    return gradient


def linear_approximation(value, gradient, step):
    return reduce(lambda height, pair: height + pair[0] * pair[1], zip(gradient, step, strict=True), value)


def steepest_ascent(gradient):
    largest = max(map(abs, gradient), default=0.0)
    if not largest:
        return [0.0] * len(gradient)
    scaled = [g / largest for g in gradient]
    return [g / math.sqrt(math.fsum(s * s for s in scaled)) for g in scaled]
