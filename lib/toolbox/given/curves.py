"""Functions to hand to a student's: curves of one number and surfaces over a point, with slopes known exactly.

A cubic is the simplest curve that tells all differences apart: by how much each of them misses the true slope is known
to the last digit, so a test needs no small step and no generous tolerance.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence


def cubic(a: float, b: float, c: float, d: float) -> Callable[[float], float]:
    """x -> a x**3 + b x**2 + c x + d. Its slope is 3 a x**2 + 2 b x + c."""
    return lambda x: ((a * x + b) * x + c) * x + d


def surface(cubes: Sequence[float], squares: Sequence[float], twist: float) -> Callable[[Sequence[float]], float]:
    """point -> sum of cubes[i] x_i**3 + squares[i] x_i**2, plus twist times the product of all x_i.

    Raises ValueError where the point has another number of coordinates.
    """

    def height(point: Sequence[float]) -> float:
        product, result = 1.0, 0.0
        for cube, square, x in zip(cubes, squares, point, strict=True):
            result += (cube * x + square) * x * x
            product *= x
        return result + twist * product

    return height
