"""A computational graph on matplotlib axes: values above the wires, gradients below them.

The steps, in order:

1. give every node a column (how far it is from its inputs) and every wire's start a row;
2. draw each node as a circle, each input as its name at the left end of its wire;
3. draw each wire as a level piece, which carries the numbers, and a bend into the next node;
4. write the value above the level piece and the gradient below it, "?" where one is still unknown.

Above and below carry the meaning; the two colours (blue, vermilion, told apart by colour-blind eyes,
both dark enough on white) only repeat it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import matplotlib.pyplot as plt
from matplotlib.axes import Axes
from matplotlib.patches import Ellipse, FancyArrowPatch, PathPatch
from matplotlib.path import Path

from toolbox.draw.words import describe, listed

VALUE, GRADIENT, LINE, FILL, GLOW = "#00558c", "#b34700", "#444444", "#f4f1ea", "#ffe08a"
COLUMN, ROW, HEIGHT, BEND = 2.2, 1.1, 0.34, 0.5  # distances, half a node's height, a bend's length: inches
LETTER = 0.09  # the width of a letter at font size 11, in inches
HALO = {"boxstyle": "square,pad=0.1", "fc": "white", "ec": "none"}

Edge = tuple[str, str]


def draw_graph(
    nodes: Mapping[str, str],
    edges: Iterable[Edge],
    values: Mapping[str, object] | None = None,
    grads: Mapping[Any, object] | None = None,
    *,
    title: str = "",
    highlight: Iterable[str] = (),
    rows: Mapping[str, float] | None = None,
    column: float | None = None,
    below: str = "gradient",
    ax: Axes | None = None,
) -> Axes:
    """Draw a computational graph, inputs at the left, result at the right, and return its axes.

    nodes      name of the value that a node computes -> the sign inside its circle: {"q": "+", "f": "×"}.
    edges      pairs (from, to). `from` may be a node or an input (any other name), `to` is a node. A node that
               nothing uses is a result and gets a wire of its own, with its name at the end.
    values     name -> number, or text such as a shape "(N, D)": written above the wire. A missing one is left out.
    grads      name -> gradient: written below the wire, "?" where one is missing. None: no gradients at all.
               Where a value is used more than once, (from, to) -> the gradient that comes back along that wire.
    highlight  names whose wires are marked, to show one step of a backward pass.
    rows       name -> row counted from the top, for graphs whose own layout is not clear enough.
    below      what is written below the wires, as it is called: "gradient", or "tangent" in a forward-mode pass.
    column     the distance from one column of nodes to the next, in inches; by default as wide as the texts need.

    The figure, when there is no `ax`, is as large as the graph needs, so that text stays legible in a notebook.
    """
    edges, values = list(edges), values or {}
    inputs = list(dict.fromkeys(source for source, _ in edges if source not in nodes))
    for _, target in edges:
        if target not in nodes:
            raise ValueError(f"an edge ends at {target!r}, which is not a node; the nodes are {', '.join(nodes)}")
    half = {name: max(HEIGHT, LETTER * len(sign) / 2 + 0.18) for name, sign in nodes.items()}
    widest = max(half.values())
    texts = [value if isinstance(value, str) else f"{name} = {_text(value)}" for name, value in values.items()]
    if grads is None:  # below a shape stands the name of what has it
        texts += [f"{name}   " for name in nodes if isinstance(values.get(name), str)]
    column = column or max(COLUMN, 2 * widest + BEND + LETTER * max(map(len, texts), default=0))
    place = _layout(nodes, inputs, edges, dict(rows or {}), column)
    results = [name for name in nodes if all(source != name for source, _ in edges)]
    right = max(x for x, _ in place.values()) + column - 0.2
    ys = [y for _, y in place.values()]
    longest = LETTER * 1.3 * max(map(len, [*inputs, *results]))
    left, low, high = min(x for x, _ in place.values()) + widest - longest - 0.1, min(ys) - 0.6, max(ys) + 0.6
    if ax is None:
        _, ax = plt.subplots(figsize=(right + longest + 0.2 - left, high - low))
    ax.set(xlim=(left, right + longest + 0.2), ylim=(low, high), aspect="equal")
    ax.axis("off")
    if title:
        ax.set_title(title, fontsize=12)

    glowing = set(highlight)
    for name, sign in nodes.items():
        # The node that a marked number has just come through: a tangent from the node that its wire comes from, a
        # gradient from the one that it leads to.
        back = any(source in glowing and target == name for source, target in edges)
        lit = name in glowing if below == "tangent" else back
        colour = GLOW if lit else FILL
        ax.add_patch(Ellipse(place[name], 2 * half[name], 2 * HEIGHT, fc=colour, ec=LINE, lw=1.4, zorder=3))
        ax.text(*place[name], sign, ha="center", va="center", fontsize=11 if len(sign) > 1 else 15, zorder=4)
    for name in [*inputs, *nodes]:
        x, y = place[name]
        start = x + (widest if name in inputs else half[name])
        middle = x + widest + (column - 2 * widest - BEND) / 2
        if name in inputs:
            ax.text(start - 0.08, y, name, ha="right", va="center", fontsize=13, style="italic")
        if name in results:
            middle = (start + right) / 2
            _wire(ax, (start, y), (right, y), name in glowing)
            ax.text(right + 0.08, y, name, ha="left", va="center", fontsize=13, style="italic")
        for target in [target for source, target in edges if source == name]:
            end = _rim(place[target], y, half[target])
            _wire(ax, (start, y), end, name in glowing)
            if grads is not None and (name, target) in grads:
                ax.text(
                    end[0] - 0.5,
                    end[1] - 0.06,
                    _text(grads[name, target]),
                    color=GRADIENT,
                    fontsize=10,
                    ha="center",
                    va="top",
                    weight="bold",
                    bbox=HALO,
                    zorder=5,
                )
        if name in values:
            own = f"{name} = " if name in nodes and name not in results and not isinstance(values[name], str) else ""
            ax.text(middle, y + 0.06, own + _text(values[name]), color=VALUE, fontsize=11, ha="center", va="bottom")
        if grads is None and name in nodes and name not in results and isinstance(values.get(name), str):
            # A shape does not say which value has it, and nothing else stands below this wire.
            ax.text(middle, y - 0.06, name, fontsize=10, ha="center", va="top", style="italic")
        if grads is not None:
            ax.text(
                middle,
                y - 0.08,
                _text(grads.get(name)),
                color=GRADIENT,
                fontsize=11,
                ha="center",
                va="top",
                weight="bold",
            )
    return describe(
        ax,
        _in_words(nodes, inputs, edges, values, grads, title, [n for n in [*inputs, *nodes] if n in glowing], below),
    )


def _in_words(
    nodes: Mapping[str, str],
    inputs: list[str],
    edges: list[Edge],
    values: Mapping[str, object],
    grads: Mapping[str | Edge, object] | None,
    title: str,
    marked: list[str],
    below: str,
) -> str:
    """The graph from its inputs to its results: each node with its sign and what it takes, each value and gradient."""

    def numbers(name: str) -> str:
        words = []
        if name in values and isinstance(values[name], str):
            words.append(str(values[name]))  # a shape
        elif name in values:
            words.append(f"value {_text(values[name])}")
        if grads is not None and grads.get(name) != "":
            gradient = _text(grads.get(name))
            words.append(f"{below} {'unknown' if gradient == '?' else gradient}")
        for source, target in edges:
            if grads is not None and source == name and (name, target) in grads:
                words.append(f"gradient {_text(grads[name, target])} back from {target}")
        return ", ".join(words)

    parts = [f"{title}: a graph." if title else "A graph."]
    parts += [f"Input {name}{': ' if numbers(name) else ''}{numbers(name)}." for name in inputs]
    for name, sign in nodes.items():
        takes = listed([source for source, target in edges if target == name])
        parts.append(f"Node {name} is {sign} of {takes}{': ' if numbers(name) else ''}{numbers(name)}.")
    if marked:
        parts.append(f"Marked: {listed(marked)}.")
    return " ".join(parts)


def _layout(
    nodes: Mapping[str, str], inputs: list[str], edges: list[Edge], rows: dict[str, float], column: float
) -> dict[str, tuple[float, float]]:
    """A point for every node and input. Each input has a row of its own, a node the middle of what feeds it."""
    sources = {name: [s for s, t in edges if t == name] for name in nodes}
    depth: dict[str, int] = {}

    def dive(name: str, path: tuple[str, ...] = ()) -> int:
        if name in path:
            raise ValueError(f"the graph has a cycle: {' → '.join([*path, name])}")
        if name not in depth:
            depth[name] = 1 + max([dive(s, (*path, name)) for s in sources[name] if s in nodes], default=0)
        return depth[name]

    def settle(name: str) -> float:
        if name not in rows and name in inputs:
            rows[name] = next(free)
        elif name not in rows:
            below = [settle(s) for s in sources[name]]
            rows[name] = sum(below) / len(below)
        return rows[name]

    taken = set(rows.values())
    free = iter(row for row in range(len(inputs) + len(rows) + 1) if row not in taken)
    for name in nodes:
        dive(name)
    for name in sorted(nodes, key=lambda n: -depth[n]):
        settle(name)
    # An input stands one column before its first use, so that wires stay short.
    columns = depth | {i: min(depth[t] for s, t in edges if s == i) - 1 for i in inputs}
    return {name: (column * columns[name], -ROW * rows[name]) for name in [*inputs, *nodes]}


def _rim(node: tuple[float, float], from_y: float, half: float) -> tuple[float, float]:
    """Where a wire from the left meets a node: at its side, or higher or lower when it comes from there."""
    x, y = node
    if abs(from_y - y) < 0.05:
        return x - half, y
    return x - half * 0.83, y + (0.56 * HEIGHT if from_y > y else -0.56 * HEIGHT)


def _wire(ax: Axes, start: tuple[float, float], end: tuple[float, float], marked: bool) -> None:
    """A level piece from `start`, then, just before `end`, a bend; an arrowhead at the end."""
    points, codes = [start, end], [Path.MOVETO, Path.LINETO]
    if abs(end[1] - start[1]) > 0.05:
        corner = (end[0] - BEND, start[1])
        points = [start, corner, (corner[0] + 0.6 * BEND, corner[1]), (end[0] - 0.6 * BEND, end[1]), end]
        codes = [Path.MOVETO, Path.LINETO, *[Path.CURVE4] * 3]
    if marked:
        ax.add_patch(PathPatch(Path(points, codes), fc="none", ec=GLOW, lw=8, zorder=1, capstyle="butt"))
    ax.add_patch(PathPatch(Path(points, codes), fc="none", ec=LINE, lw=1.3, zorder=2))
    before = (end[0] - 0.1, end[1])
    head: dict[str, Any] = {"arrowstyle": "-|>", "mutation_scale": 11, "shrinkA": 0, "shrinkB": 0}
    ax.add_patch(FancyArrowPatch(before, end, color=LINE, zorder=4, **head))


def _text(value: object) -> str:
    """A number with two decimals at most, text as it is, None as "?"."""
    if value is None or isinstance(value, str):
        return "?" if value is None else value
    number = float(value)  # type: ignore[arg-type]
    if number != 0 and abs(number) < 0.005:
        return f"{number:.1e}"
    return f"{number:.2f}".rstrip("0").rstrip(".")
