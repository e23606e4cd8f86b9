"""Differences made of each other: a gradient of slopes along one axis, a symmetric one of two one-sided ones."""

from __future__ import annotations

import math


def one_sided(f, x, eps=1e-8):
    here, there = f(x), f(x + eps)
    rise = there - here
    return rise / eps


def symmetric(f, x, eps=1e-5):
    to_the_right, to_the_left = one_sided(f, x, eps), one_sided(f, x, -eps)
    return (to_the_right + to_the_left) / 2


def numeric_gradient(f, point, eps=1e-5):
    def along(i):
        return lambda value: f([*point[:i], value, *point[i + 1 :]])

    return tuple(symmetric(along(i), x, eps) for i, x in enumerate(point))


def linear_approximation(value, gradient, step):
    height = value
    for i in range(len(step)):
        height += step[i] * gradient[i]
    return height


def steepest_ascent(gradient):
    length = math.hypot(*gradient)
    if length == 0:
        return gradient
    return [1 / length * slope for slope in gradient]
