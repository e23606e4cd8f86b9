"""Slopes without calculus: differences, the plane that touches a surface, and the way up.

The step is called eps. The error of a one-sided difference is O(eps), that of a symmetric one O(eps**2), until
rounding takes over (BEV033DLA, lecture 2, "Derivative").
"""

from __future__ import annotations

import math
from collections.abc import Callable


def one_sided(f: Callable[[float], float], x: float, eps: float = 1e-8) -> float:
    """The slope of f at x from f(x) and one step to the right."""
    slope = None
    # YOUR CODE HERE
    return slope


def symmetric(f: Callable[[float], float], x: float, eps: float = 1e-5) -> float:
    """The slope of f at x from one step to the right and one to the left."""
    slope = None
    # YOUR CODE HERE
    return slope


def numeric_gradient(f: Callable[[list[float]], float], point: list[float], eps: float = 1e-5) -> list[float]:
    """The gradient of f at a point (a list of n floats): n symmetric differences, one coordinate nudged at a time.

    `point` belongs to the caller and is the same afterwards.
    """
    gradient = None
    # YOUR CODE HERE
    return gradient


def linear_approximation(value: float, gradient: list[float], step: list[float]) -> float:
    """The approximate value of f at p + step, given value = f(p) and gradient = the gradient of f at p."""
    result = None
    # YOUR CODE HERE
    return result


def steepest_ascent(gradient: list[float]) -> list[float]:
    """The step of length 1 (Euclidean) that raises the linear approximation most.

    Where the gradient is zero no direction is better than another: a list of zeros then.
    """
    step = None
    # YOUR CODE HERE
    return step
