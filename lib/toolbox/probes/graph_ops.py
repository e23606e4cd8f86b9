"""Ops, graphs and facts about them, for tests that work with a student's graph.

A graph is described by plain rows: name, kind of op, sources, parameters. `Bench` makes a student's graph of them, with
ops of this module, whose backward passes are right and which count how often they run; so what goes wrong is the
graph's doing. `record` runs a function that builds a graph and returns the rows that it made.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor


class Op:
    """An op with a cache, gradients of its parameters, and a count of its runs."""

    def __init__(self, *params: Tensor):
        self.params, self.grads, self.cache = params, [], None
        self.runs = {"forward": 0, "backward": 0}

    def forward(self, *inputs: Tensor) -> Tensor:
        self.runs["forward"] += 1
        self.cache = inputs
        return self.value(*inputs)

    def backward(self, grad_out: Tensor) -> Tensor | tuple[Tensor, ...]:
        self.runs["backward"] += 1
        return self.gradient(grad_out)

    def value(self, *inputs: Tensor) -> Tensor:
        raise NotImplementedError

    def gradient(self, grad_out: Tensor) -> Tensor | tuple[Tensor, ...]:
        raise NotImplementedError


class Linear(Op):
    """x @ w + b."""

    def value(self, x: Tensor) -> Tensor:
        w, b = self.params
        return x @ w + b

    def gradient(self, grad_out: Tensor) -> Tensor:
        (x,), (w, _) = self.cache, self.params
        self.grads = [x.T @ grad_out, grad_out.sum(dim=0)]
        return grad_out @ w.T


class Scale(Op):
    """s * x, for a parameter s of one number."""

    def value(self, x: Tensor) -> Tensor:
        return self.params[0] * x

    def gradient(self, grad_out: Tensor) -> Tensor:
        self.grads = [(grad_out * self.cache[0]).sum()]
        return self.params[0] * grad_out


class Square(Op):
    def value(self, x: Tensor) -> Tensor:
        return x * x

    def gradient(self, grad_out: Tensor) -> Tensor:
        return 2 * self.cache[0] * grad_out


class Tanh(Op):
    def value(self, x: Tensor) -> Tensor:
        return torch.tanh(x)

    def gradient(self, grad_out: Tensor) -> Tensor:
        return grad_out * (1 - torch.tanh(self.cache[0]) ** 2)


class Same(Op):
    """The input as it is: what comes back is the very tensor that was handed in."""

    def value(self, x: Tensor) -> Tensor:
        return x

    def gradient(self, grad_out: Tensor) -> Tensor:
        return grad_out


class Add(Op):
    """A sum; all sources get one and the same tensor."""

    def value(self, *inputs: Tensor) -> Tensor:
        return sum(inputs[1:], start=inputs[0])

    def gradient(self, grad_out: Tensor) -> tuple[Tensor, ...]:
        return (grad_out,) * len(self.cache)


class Mix(Op):
    """2 x - 5 y: tells its sources apart, and is not zero where both are the same."""

    def value(self, x: Tensor, y: Tensor) -> Tensor:
        return 2 * x - 5 * y

    def gradient(self, grad_out: Tensor) -> tuple[Tensor, Tensor]:
        return 2 * grad_out, -5 * grad_out


class Multiply(Op):
    def value(self, x: Tensor, y: Tensor) -> Tensor:
        return x * y

    def gradient(self, grad_out: Tensor) -> tuple[Tensor, Tensor]:
        x, y = self.cache
        return grad_out * y, grad_out * x


OPS: dict[str, type[Op]] = {kind.__name__.lower(): kind for kind in
                            (Linear, Scale, Square, Tanh, Same, Add, Mix, Multiply)}  # fmt: skip
Row = Sequence[Any]  # name, kind, sources, parameters


class Bench:
    """A student's graph made of rows, and the ops in it. order: what its `order()` is to say, where that is not judged.

    `graph` is the student's; the ops stay in here as well, so their counts and gradients are at hand whatever the
    graph does with them.
    """

    def __init__(self, graph: type, inputs: Sequence[str], rows: Sequence[Row], order: Sequence[str] | None = None):
        self.graph = graph(*inputs)
        self.rows, self.ops, self.given = rows, {}, None
        for name, kind, sources, params in rows:
            self.ops[name] = OPS[kind](*params)
            self.graph.add(name, self.ops[name], *sources)
        if order is not None:
            self.graph.order = lambda: list(order)

    def forward(self, inputs: Mapping[str, Tensor]) -> Any:
        """The graph's own forward pass."""
        return self.graph.forward(**inputs)

    def prepare(self, inputs: Mapping[str, Tensor], order: Sequence[str]) -> None:
        """A forward pass that leaves every op with the right cache, whatever the graph's own one does."""
        try:
            self.graph.forward(**inputs)
        except Exception:  # judged elsewhere; but a backward pass may count on what a forward pass keeps
            pass
        values, sources = dict(inputs), {row[0]: row[2] for row in self.rows}
        for name in order:
            if name in self.ops:
                values[name] = self.ops[name].forward(*[values[source] for source in sources[name]])
        for op in self.ops.values():
            op.runs = {"forward": 0, "backward": 0}

    def backward(self, grad_out: Mapping[str, Tensor]) -> Any:
        """The graph's own backward pass. What it is handed is kept in `given`: it should not change."""
        self.given = dict(grad_out)
        return self.graph.backward(self.given)

    def runs(self, way: str) -> dict[str, int]:
        """How often each op ran `way`: "forward" or "backward"."""
        return {name: op.runs[way] for name, op in self.ops.items()}

    def gradients(self) -> dict[str, list[Tensor]]:
        """The gradients of each op's parameters."""
        return {name: op.grads for name, op in self.ops.items()}


def chain(length: int) -> list[Row]:
    """Rows of a chain of sign changes, each node added before the one it reads: "n0" reads "x", "n1" reads "n0"."""
    minus = torch.tensor(-1.0, dtype=torch.float64)
    names = ["x", *[f"n{i}" for i in range(length)]]
    return [[names[i + 1], "scale", [names[i]], [minus]] for i in reversed(range(length))]


def deep(graph: type, length: int, x: Tensor, grad_out: Tensor) -> list[Any]:
    """A chain forwards and backwards: [its last value, the gradient of x, how many names its order has]."""
    bench = Bench(graph, ["x"], chain(length))
    order = bench.graph.order()
    value = bench.forward({"x": x})[f"n{length - 1}"]
    return [value, bench.backward({f"n{length - 1}": grad_out})["x"], len(order)]


class Recorder:
    """Stands where a graph is to be built, and writes down what is added."""

    def __init__(self) -> None:
        self.rows: list[list] = []

    def add(self, name: str, op: Any, *sources: str) -> str:
        kind = getattr(op, "kind", type(op).__name__.lower())
        self.rows.append([str(name), str(kind), [str(source) for source in sources], []])
        return name


class Labelled:
    """An op that is only known by its label."""

    def __init__(self, kind: str):
        self.kind = kind


def record(build: Callable, source: str, names: Sequence[str]) -> list[Any]:
    """Blocks one after the other, by `build(graph, source, name, first, activation, second)`, first block at `source`.

    Returns the rows that were added, their ops named "NAME:first" and so on, and what `build` returned each time.
    """
    recorder, returned = Recorder(), []
    for name in names:
        ops = [Labelled(f"{name}:{part}") for part in ("first", "activation", "second")]
        last = build(recorder, source, name, *ops)
        returned.append(last)
        source = last if isinstance(last, str) else name
    return [recorder.rows, returned]
