"""A network as a graph: nodes with names, wired in any way without a cycle.

    graph = Graph("x")                          # the inputs
    graph.add("a", Linear(w, b), "x")           # a node: its name, what it does, where its inputs come from
    graph.add("h", ReLU(), "a")
    graph.add("y", Add(), "h", "x")             # x is used twice: a skip connection
    values = graph.forward(x=x)                 # {"x": ..., "a": ..., "h": ..., "y": ...}
    grads = graph.backward({"y": grad_y})       # {"y": ..., "h": ..., "a": ..., "x": ...}

What a node does, its op, is any object with `forward(*inputs)`, which returns one tensor, and `backward(grad_out)`,
which returns a tensor, or a tuple with one for each input (`Add` and `Concat` return a tuple even for one input). Every
layer of layers.py is such an object; the gradients of its parameters stay with it, in `op.grads`. The graph knows nothing about mathematics, the ops know nothing about
the graph. Sources: EECS 498-007, lecture 6, "Graph (or Net) object"; BEV033DLA, lecture 2, "General DAG".
"""

from __future__ import annotations

from typing import Any, NamedTuple

import torch
from torch import Tensor

# Ops with several inputs. Like a layer, each keeps in its cache what its backward needs, and changes no input.


class Add:
    """z = x + y + ..., any number of inputs of one shape. Given, as an example."""

    def forward(self, *inputs: Tensor) -> Tensor:
        self.cache = len(inputs)
        return sum(inputs[1:], start=inputs[0])

    def backward(self, grad_out: Tensor) -> tuple[Tensor, ...]:
        return (grad_out,) * self.cache


class Multiply:
    """z = x * y, entry by entry."""

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        """x, y: one shape, any. Returns z, of that shape."""
        z = None
        # YOUR CODE HERE
        return z

    def backward(self, grad_out: Tensor) -> tuple[Tensor, Tensor]:
        """grad_out: the shape of z. Returns (grad_x, grad_y)."""
        grad_x, grad_y = None, None
        # YOUR CODE HERE
        return grad_x, grad_y


class Concat:
    """z = the inputs side by side, along the last axis: the other way to build a skip connection."""

    def forward(self, *inputs: Tensor) -> Tensor:
        """inputs: (N, D1), (N, D2), ..., any number. Returns z (N, D1 + D2 + ...)."""
        z = None
        # YOUR CODE HERE
        return z

    def backward(self, grad_out: Tensor) -> tuple[Tensor, ...]:
        """grad_out (N, D1 + D2 + ...). Returns one gradient for each input, of its shape."""
        grads = None
        # YOUR CODE HERE
        return grads


class Node(NamedTuple):
    """op: what the node does. sources: the names of the nodes and inputs that it reads, in order. Given."""

    op: Any
    sources: tuple[str, ...]


class Graph:
    """Named nodes without a cycle. inputs: the names of what comes in from outside; nodes: name -> Node."""

    def __init__(self, *inputs: str):
        self.inputs = inputs
        self.nodes: dict[str, Node] = {}
        self._taken: dict[int, str] = {}  # id of an op -> the node that has it

    def add(self, name: str, op: Any, *sources: str) -> str:
        """Add a node and return its name. Given. `sources` may be added later: nodes come in any order.

        Raises ValueError for a name that is taken, a node without sources, and an op that another node uses: a layer
        has one cache, so every node needs an op of its own.
        """
        if name in self.nodes or name in self.inputs:
            raise ValueError(f"there is a {name!r} already; every node needs a name of its own")
        if not sources:
            raise ValueError(f"node {name!r} reads nothing: name its sources after the op")
        if id(op) in self._taken:
            raise ValueError(f"{name!r} has the op of {self._taken[id(op)]!r}: make a second {type(op).__name__}")
        self._taken[id(op)] = name
        self.nodes[name] = Node(op, sources)
        return name

    def order(self) -> list[str]:
        """All names, inputs too, each once, and each after everything that it reads. Any such order is right.

        Works for chains of thousands of nodes. Raises ValueError where a node reads a name that does not exist, and
        where nodes wait for each other in a cycle; the message has the name of one that cannot be placed.
        """
        order = None
        # For each name: who reads it? For each node: how many of its sources are still missing?
        # Go along the list of what is ready; it grows as you go.
        # YOUR CODE HERE
        return order

    def forward(self, **inputs: Tensor) -> dict[str, Tensor]:
        """The value of every node and input, by name. inputs: a tensor for each name in `self.inputs`."""
        if set(inputs) != set(self.inputs):
            raise TypeError(f"the graph's inputs are {', '.join(self.inputs)}; given were {', '.join(inputs) or 'none'}")
        values = {}
        # YOUR CODE HERE
        return values

    def backward(self, grad_out: dict[str, Tensor]) -> dict[str, Tensor]:
        """The gradients of the latest forward pass, by name: of every node and input that the given outputs depend on.

        grad_out: name -> upstream gradient, for one output or several. An output may be read by other nodes, too: then
        its gradient is the given one plus what comes back from its readers. Names that no output depends on are left
        out. Each op's backward runs once. Nothing that is given is changed, and a second call gives the same.
        """
        grads = {}
        # YOUR CODE HERE
        return grads


def residual_block(graph: Any, source: str, name: str, first: Any, activation: Any, second: Any) -> str:
    """Add the nodes of `source + second(activation(first(source)))` to a graph, and return the name of the last one.

    first, activation, second: ops with one input. name: the name of the last node; those of the others begin with it
    and a dot, so that a graph can hold many blocks. (He et al., 2015, "Deep residual learning for image recognition".)
    """
    last = None
    # YOUR CODE HERE
    return last
