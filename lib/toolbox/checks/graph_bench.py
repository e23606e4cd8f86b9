"""Try a student's graph from outside: its ops run at the check's side, which so sees every call, in order.

A graph is described by plain rows: name, kind of op, sources, parameters. A `Bench` makes a student's graph of them
whose ops (`toolbox.probes.graph_ops`) are right; so what goes wrong is the graph's doing. A tensor that an op hands on
as it is ("same", and the gradients of "add") stays the very tensor that it was.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

from torch import Tensor

from toolbox.calling.callbacks import Given, Plain, Told
from toolbox.calling.script import Ref, Script
from toolbox.errors import Malformed, StudentError
from toolbox.probes.graph_ops import OPS, Op, Row

LARGEST = 4096  # numbers of a tensor that an op takes; honest ones have thirty


class Bench:
    """A student's graph made of rows. order: what its `order()` is to say, where that is not judged.

    given: the dict of upstream gradients that the graph's backward pass was handed: it should not change.
    """

    def __init__(self, script: Script, inputs: Sequence[str], rows: Sequence[Row], order: Sequence[str] | None = None):
        self.script, self.rows = script, rows
        self.given: Ref | None = None
        self.graph = script.graph.Graph(*inputs)
        self._prepared: tuple[Mapping[str, Tensor], Sequence[str]] | None = None
        self._anew()
        self._told = script.give(Given(self._run, Plain(), Plain(), Plain(), Plain(), anew=self._anew))
        self._there = {name: self._op(name, kind, len(sources)) for name, kind, sources, _ in rows}
        for name, _, sources, _ in rows:
            self.graph.add(name, self._there[name], *sources)
        if order is not None:
            self.graph.order = script.function(lambda: list(order), 0)

    def _anew(self) -> None:
        self.ops: dict[str, Op] = {name: OPS[kind](*params) for name, kind, _, params in self.rows}

    def _op(self, name: str, kind: str, count: int) -> Ref:
        """What stands for an op where the graph is. It goes back only with the cache of its forward pass."""
        script = self.script
        op = script.types.SimpleNamespace(cache=None)

        def forward(*inputs: Ref) -> Ref:
            value = self._told(name, "forward", list(inputs), True)
            op.cache = True
            return inputs[0] if kind == "same" else value

        def backward(grad_out: Ref) -> Ref:
            grads = self._told(name, "backward", [grad_out], script.facts.present(op.cache))
            if kind == "same":
                return grad_out
            if kind == "add":
                return self.script.builtins.tuple([grad_out] * count)
            return self.script.operator.getitem(grads, 0) if count == 1 else self.script.builtins.tuple(grads)

        op.forward, op.backward = script.function(forward, count), script.function(backward, names=["grad_out"])
        return op

    def _run(self, name: Any, way: Any, tensors: Any, cached: Any) -> Any:
        """An op's pass, asked for from where the graph is."""
        op, given = self.ops.get(name), tensors if isinstance(tensors, list) else [None]
        if op is None or way not in ("forward", "backward"):
            raise Told("ValueError", "this op belongs to another graph")
        if not all(isinstance(x, Tensor) and x.is_floating_point() and x.numel() <= LARGEST for x in given):
            raise Told("TypeError", "an op takes tensors of the graph's own sizes")
        if way == "backward" and (op.cache is None or cached is not True):
            raise Told("TypeError", "backward was called before forward")
        try:
            found = op.forward(*given) if way == "forward" else op.backward(*given)
        except (RuntimeError, TypeError, ValueError, IndexError) as error:
            raise Told("ValueError", f"{type(op).__name__}.{way}: {error}") from None
        return found if way == "forward" else list(found) if isinstance(found, tuple) else [found]

    def forward(self, inputs: Mapping[str, Any]) -> Ref:
        """The graph's own forward pass."""
        return self.graph.forward(**inputs)

    def prepare(self, inputs: Mapping[str, Tensor], order: Sequence[str]) -> None:
        """A forward pass that leaves every op with the right cache, whatever the graph's own one does."""

        def prepare() -> None:
            values, sources = dict(inputs), {row[0]: row[2] for row in self.rows}
            for name in order:
                if name in self.ops:
                    values[name] = self.ops[name].forward(*[values[source] for source in sources[name]])
            for op in self.ops.values():
                op.runs = {"forward": 0, "backward": 0}

        with suppress(StudentError):  # judged elsewhere; but a backward pass may count on what a forward pass keeps
            self.script.fetch(self.script.facts.present(self.graph.forward(**inputs)))
        self.script.give(Given(prepare))()
        for op in self._there.values():
            op.cache = True

    def backward(self, grad_out: Mapping[str, Any]) -> Ref:
        """The graph's own backward pass."""
        self.given = self.script.keep(dict(grad_out))
        return self.graph.backward(self.given)

    def runs(self, way: str) -> dict[str, int]:
        """How often each op ran `way`, "forward" or "backward", by now."""
        return {name: op.runs[way] for name, op in self.ops.items()}

    def gradients(self) -> dict[str, list[Tensor]]:
        """The gradients of each op's parameters, by now."""
        return {name: list(op.grads) for name, op in self.ops.items()}


def deep(script: Script, length: int, x: Tensor, grad_out: Tensor) -> list[Any]:
    """A chain of sign changes, each node added before the one that it reads, forwards and backwards.

    [its last value, the gradient of x, how many names its order has]
    """
    names = ["x", *[f"n{i}" for i in range(length)]][::-1]
    minus = script.function(lambda value: -value)
    make = script.function(lambda name: script.types.SimpleNamespace(forward=minus, backward=minus))
    ops = script.builtins.list(script.builtins.map(make, names[:-1]))
    graph = script.graph.Graph("x")
    script.builtins.list(script.builtins.map(graph.add, names[:-1], ops, names[1:]))
    order, value = graph.order(), graph.forward(x=x)
    grads = graph.backward({names[0]: grad_out})
    item, last = script.operator.getitem, names[0]
    return script.fetch(item(value, last), item(grads, "x"), script.builtins.len(order))


def record(script: Script, source: str, names: Sequence[str]) -> tuple[list[Row], list[Any]]:
    """Blocks one after the other, by `residual_block(graph, source, name, first, activation, second)`, the first one at
    `source`: the rows that were added, their ops named "NAME:first" and so on, and what was returned each time."""
    rows: list[Row] = []
    returned: list[Any] = []

    def note(name: Any, kind: Any, sources: Any) -> None:
        rows.append([str(name), str(kind).lower(), [str(one) for one in sources], []])

    told = script.give(Given(note, Plain(), Plain(), Plain(), anew=rows.clear))

    def add(given: Ref) -> Ref:
        name, op = (script.operator.getitem(given, place) for place in (0, 1))
        kind = script.builtins.getattr(op, "kind", script.facts.kind(op))
        told(name, kind, script.builtins.list(script.itertools.islice(given, 2, None)))
        return name

    graph = script.types.SimpleNamespace(add=script.function(add, listed=True))
    for name in names:
        parts = [script.types.SimpleNamespace(kind=f"{name}:{part}") for part in ("first", "activation", "second")]
        returned += script.fetch(script.graph.residual_block(graph, source, name, *parts))
        source = returned[-1] if isinstance(returned[-1], str) else name
    if len(rows) > 100:
        raise Malformed("a block adds more nodes than anybody asked for")
    return rows, returned
