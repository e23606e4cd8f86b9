"""A student's graph object, drawn: which node reads which, with shapes above the wires and gradients below them.

The steps: give every name a column (how far it is from the inputs) and a row that no longer wire crosses; then leave
the drawing to `draw_graph`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from matplotlib.axes import Axes
from torch import Tensor

from toolbox.draw.graph import draw_graph

SIGNS = {"Add": "+", "Multiply": "×", "Concat": "join"}


def show_network(
    graph: Any,
    values: Mapping[str, Tensor] | None = None,
    grads: Mapping[str, Tensor] | None = None,
    *,
    title: str = "",
    ax: Axes | None = None,
) -> Axes:
    """Draw a graph with `inputs` (names) and `nodes` (name -> node with `op` and `sources`); returns its axes.

    values: what forward returned; its shapes are written above the wires. grads: what backward returned; below the
    wires stands how large each gradient is, as the root of the mean of its squares.
    """
    nodes = {name: SIGNS.get(type(node.op).__name__, type(node.op).__name__) for name, node in graph.nodes.items()}
    edges = list(dict.fromkeys((source, name) for name, node in graph.nodes.items() for source in node.sources))
    below = {name: _size(grad) for name, grad in grads.items() if grad is not None} if grads else None
    # Without gradients below, draw_graph writes the name there.
    above = {name: f"{name} {tuple(value.shape)}" if below else str(tuple(value.shape))
             for name, value in (values or {}).items() if value is not None}  # fmt: skip
    column = 1.4 + 0.09 * max(map(len, nodes.values()), default=0) + 0.1 * max(map(len, above.values()), default=0)
    return draw_graph(nodes, edges, above or None, below, title=title, rows=rows_of(graph), column=column, ax=ax)


def rows_of(graph: Any) -> dict[str, int]:
    """A row for every name that is drawn, so that no wire runs through a node that it does not end at.

    A wire keeps the row of its source until just before its reader. So between the columns of a source and of its last
    reader, that row is taken.
    """
    sources = {name: node.sources for name, node in graph.nodes.items()}
    column = dict.fromkeys(graph.inputs, 0)
    while waiting := [name for name in sources if name not in column]:
        ready = [name for name in waiting if all(source in column for source in sources[name])]
        if not ready:
            raise ValueError(f"{', '.join(waiting)} wait for each other, or for a name that is not there")
        column |= {name: 1 + max(column[source] for source in sources[name]) for name in ready}
    last = {name: max([column[r] for r in sources if name in sources[r]], default=column[name]) for name in column}
    used = [name for name in column if name in sources or last[name] > 0]  # an input that nobody reads is not drawn
    for name in used:
        if name in graph.inputs:  # drawn one column before its first reader
            column[name] = min(column[reader] for reader in sources if name in sources[reader]) - 1
    rows: dict[str, int] = {}
    for name in sorted(used, key=lambda name: column[name]):
        taken = {rows[other] for other in rows if column[other] == column[name]
                 or column[other] < column[name] < last[other]}  # fmt: skip
        wanted = [rows[source] for source in sources.get(name, ()) if source in rows]
        rows[name] = next(row for row in [*wanted, *range(len(used))] if row not in taken)
    return rows


def _size(grad: Tensor) -> str:
    return f"{grad.double().pow(2).mean().sqrt().item():.2g}"
