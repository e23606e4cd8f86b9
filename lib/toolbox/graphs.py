"""Graphs made of a student's nodes, and facts about them as plain data: for tests that record steps.

A node is anything with the operators that a function below uses; nothing here looks inside one but `positions`,
which compares by identity.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any


def chain(start: Any, length: int) -> Any:
    """`length` sign changes, one after the other: a graph as deep as it is long. Its slope is 1 or -1."""
    node = start
    for _ in range(length):
        node = -node
    return node


def ladder(start: Any, rungs: int) -> Any:
    """`rungs` times the sum of a value with itself: few nodes, but 2 ** rungs paths from the end to the start."""
    node = start
    for _ in range(rungs):
        node = node + node
    return node


def positions(order: Sequence[Any], nodes: Sequence[Any]) -> list[list[int]]:
    """For each node, all places at which that very object stands in `order`."""
    places: dict[int, list[int]] = {}
    for place, entry in enumerate(order):
        places.setdefault(id(entry), []).append(place)
    return [places.get(id(node), []) for node in nodes]


def length(entries: Sequence[Any]) -> int:
    """How many entries a list has."""
    return len(entries)
