"""What a graph's values and gradients must be, by PyTorch's autograd, and what known mistakes would make of them.

A graph is described by rows as in `toolbox.probes.graph_ops`. Between a node and each of its readers stands an edge of
its own, so that autograd also says what comes back along every single wire: a node's gradient is the sum over its
wires, and most mistakes with graphs are mistakes with that sum.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import combinations, permutations, product
from typing import Any

import torch
from torch import Tensor

from toolbox.checks.compare import assert_grad
from toolbox.errors import Malformed, Mismatch, Missing

VALUES = {
    "linear": lambda inputs, params: inputs[0] @ params[0] + params[1],
    "scale": lambda inputs, params: params[0] * inputs[0],
    "square": lambda inputs, params: inputs[0] ** 2,
    "tanh": lambda inputs, params: inputs[0].tanh(),
    "same": lambda inputs, params: inputs[0] * 1,
    "add": lambda inputs, params: torch.stack(inputs).sum(dim=0),
    "mix": lambda inputs, params: 2 * inputs[0] - 5 * inputs[1],
    "multiply": lambda inputs, params: inputs[0] * inputs[1],
}


def sort(inputs: Sequence[str], rows: Sequence[Sequence[Any]]) -> list[str]:
    """One valid order of all names. The rows must have no cycle."""
    order, waiting = list(inputs), {row[0]: row[2] for row in rows}
    while waiting:
        ready = [name for name, sources in waiting.items() if set(sources) <= set(order)]
        if not ready:
            raise ValueError(f"no order for {', '.join(waiting)}")
        order += ready
        waiting = {name: sources for name, sources in waiting.items() if name not in ready}
    return order


class GraphTruth:
    """values, grads: by name. params: the gradients of each row's parameters. All float64."""

    def __init__(self, rows: Sequence[Sequence[Any]], inputs: Mapping[str, Tensor], grad_out: Mapping[str, Tensor]):
        self.order, self.grad_out = sort(list(inputs), rows), grad_out
        table = {row[0]: row for row in rows}
        nodes = {name: x.double().clone().requires_grad_() for name, x in inputs.items()}
        edges: dict[tuple[str, int], Tensor] = {}  # (reader, place among its sources) -> what the reader sees
        params = {}
        for name in self.order:
            if name not in table:
                continue
            _, kind, sources, given = table[name]
            params[name] = [param.double().clone().requires_grad_() for param in given]
            for place, source in enumerate(sources):
                edges[name, place] = nodes[source] * 1
            nodes[name] = VALUES[kind]([edges[name, place] for place in range(len(sources))], params[name])
        total = sum((nodes[name] * upstream.double()).sum() for name, upstream in grad_out.items())
        flat = [*nodes.values(), *edges.values(), *[param for group in params.values() for param in group]]
        found = iter(torch.autograd.grad(total, flat, allow_unused=True, retain_graph=True))
        self.values = {name: value.detach() for name, value in nodes.items()}
        self.grads = {name: next(found) for name in nodes}
        self.edges = {edge: next(found) for edge in edges}
        self.params = {name: [next(found) for _ in group] for name, group in params.items()}
        self.readers = {name: [(row[0], place) for row in rows for place, source in enumerate(row[2]) if source == name]
                        for name in nodes}  # fmt: skip
        self.rows = table
        self._nodes, self._edges = nodes, edges  # with their graph, for the sake of `forms`

    def arriving(self, name: str) -> list[Tensor]:
        """The gradients that meet at `name`: along each wire, and the one that is given."""
        wires = [self.edges[edge] for edge in self.readers[name] if self.edges[edge] is not None]
        return [*wires, self.grad_out[name].double()] if name in self.grad_out else wires

    def forms(self, name: str) -> dict[str, list[Tensor]]:
        """misconception id -> the gradients of `name` that it leads to."""
        arriving, found = self.arriving(name), {}
        if len(arriving) > 1:
            found["graph-one-reader-only"] = arriving
            found["graph-averaged"] = [torch.stack(arriving).mean(dim=0), *_averaged_one_by_one(arriving)]
            found["sign-flipped"] = [sum(sign * part for sign, part in zip(signs, arriving, strict=True))
                                     for signs in product((1, -1), repeat=len(arriving)) if -1 in signs]  # fmt: skip
            found["graph-multiplied"] = [torch.stack(arriving).prod(dim=0)]
        if len(arriving) > 2:
            found["graph-partly-added"] = [torch.stack(part).sum(dim=0) for size in range(2, len(arriving))
                                           for part in combinations(arriving, size)]  # fmt: skip
        found["graph-walked-too-early"] = self._too_early(name)
        found["graph-sources-swapped"] = self._rerouted(name, lambda reader, place: self.edges.get((reader, 1 - place)))
        found["graph-upstream-alone"] = self._rerouted(name, lambda reader, place: self.grads[reader])
        before = self.rows[name][2] if name in self.rows else []
        before = [*before, *[source for node in before if node in self.rows for source in self.rows[node][2]]]
        found["graph-added-in-place"] = [self.grads[source] for source in before if self.grads[source] is not None
                                         and self.grads[source].shape == self.values[name].shape]  # fmt: skip
        return found

    def value_forms(self, name: str) -> dict[str, list[Tensor]]:
        """misconception id -> the values of `name` that it leads to."""
        _, kind, sources, params = self.rows.get(name, (name, "", [], []))
        found, values = {}, [self.values[source] for source in sources]
        if len(sources) == 2:
            found["graph-sources-swapped"] = [VALUES[kind](values[::-1], params)]
        if len(sources) > 1:
            found["graph-first-source-only"] = [VALUES[kind]([values[0]] * len(values), params), values[0]]
        return found

    def _too_early(self, name: str) -> list[Tensor]:
        """The gradient of `name` where one of its readers went before everything had arrived there."""
        answers = []
        for edge in self.readers[name]:
            arriving = self.arriving(edge[0])
            for size in range(1, len(arriving)):
                for part in combinations(arriving, size):
                    upstream = torch.stack(part).sum(dim=0)
                    (wire,) = torch.autograd.grad(self._nodes[edge[0]], self._edges[edge], upstream, retain_graph=True)
                    answers.append(self.grads[name] - self.edges[edge] + wire)
        return answers

    def _rerouted(self, name: str, wire: Any) -> list[Tensor]:
        """The gradient of `name` where each of its wires brings something else."""
        readers = [(reader, place) for reader, place in self.readers[name] if self.edges[reader, place] is not None]
        brought = [wire(reader, place) for reader, place in readers]
        if not brought or any(grad is None or grad.shape != self.values[name].shape for grad in brought):
            return []
        given = self.grad_out.get(name)
        return [sum(brought, start=0 if given is None else given.double())]


def _averaged_one_by_one(parts: Sequence[Tensor]) -> list[Tensor]:
    """What becomes of three or four parts when each new one is averaged with what is there."""
    results = []
    for order in permutations(parts) if 2 < len(parts) < 5 else ():
        mean = order[0]
        for part in order[1:]:
            mean = (mean + part) / 2
        results.append(mean)
    return results


def named(answer: Any, what: str) -> dict[str, Any]:
    """A dict by names. Raises Missing where it is None or empty, Malformed for another form."""
    if answer is None or answer == {}:
        raise Missing(f"{what} returns nothing yet")
    if not isinstance(answer, dict):
        raise Malformed(f"{what} must return a dict from names to tensors")
    return answer


def assert_values(answer: Any, truth: GraphTruth) -> None:
    """Check all values of a forward pass, sources before readers: the first wrong one is where it went wrong."""
    values = named(answer, "forward")
    for name in truth.order:
        if values.get(name) is None:
            raise Missing(f"the values have no {name!r}")
        _check(values[name], truth.values[name], f"value of {name!r}", "Following the order, the first wrong value",
               lambda name=name: truth.value_forms(name))  # fmt: skip


def assert_walk(answer: Any, truth: GraphTruth) -> None:
    """Check all gradients of a backward pass, last node first: the first wrong one is where it went wrong."""
    grads = named(answer, "backward")
    for name in reversed(truth.order):
        true = truth.grads[name]
        if true is None:  # no output depends on it: left out, or zero
            got = grads.get(name)
            if isinstance(got, Tensor) and got.numel() and got.abs().max() > 0:
                message = f"no output depends on {name!r}: its gradient is zero, or left out"
                raise Mismatch(message, diagnosis=["graph-unused-visited"])
            continue
        if grads.get(name) is None:
            raise Missing(f"the gradients have no {name!r}")
        _check(grads[name], true, name, "In the backward pass, the first wrong gradient",
               lambda name=name: truth.forms(name))  # fmt: skip


def _check(got: Any, true: Tensor, name: str, where: str, forms: Callable[[], dict[str, list[Tensor]]]) -> None:
    try:  # values pass through a handful of ops
        assert_grad(got, true, name=name, clues=lambda: {"forms": forms()}, condition=8.0)
    except Mismatch as error:
        error.args, error.plain = (f"{where} is that of {name}: {error}",), ""
        raise


def assert_params(answer: Any, truth: GraphTruth) -> None:
    """Check the gradients of all parameters."""
    for name, grads in truth.params.items():
        for place, true in enumerate(grads):
            got = answer[name][place] if place < len(answer[name]) else None
            if true is not None:
                assert_grad(got, true, name=f"parameter {place} of {name!r}", condition=8.0)
