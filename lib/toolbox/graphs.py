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
    """`rungs` times the sum of two halves of a value: few nodes, 2 ** rungs paths, a slope of 1."""
    node = start
    for _ in range(rungs):
        node = node * 0.5 + node * 0.5
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


def slopes(output: Any, nodes: Sequence[Any]) -> list[float]:
    """d(output)/d(node) for the inputs of a single operation, read off the output where it holds its local gradients.

    A node built in another way (several operations, or a rule kept elsewhere) is asked to walk backward itself. The
    point is that an operation can be judged before `backward` is written, or while it is wrong.
    """
    inputs, local = getattr(output, "inputs", ()), getattr(output, "local", ())
    plain = isinstance(inputs, tuple | list) and isinstance(local, tuple | list)
    if plain and len(inputs) == len(local) > 0 and all(any(source is node for source in inputs) for node in nodes):
        return [sum(g for source, g in zip(inputs, local, strict=True) if source is node) for node in nodes]
    output.backward()
    return [node.grad for node in nodes]


def present(value: Any) -> bool:
    """Whether there is anything at all: False for None."""
    return value is not None
