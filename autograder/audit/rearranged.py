"""Right answers, and the same with their arithmetic rearranged: they round otherwise, and must keep all of their marks.

Steps: take every right answer and the solution itself; judge it under many seeds, as it stands and with its sums,
products, quotients and means put through the functions below, one kind at a time and then all of them. What loses marks
has met a tolerance below the rounding that its task brings: the tolerance is at fault, unless the change itself is,
which an exemption then says.

Only floating numbers and tensors are treated otherwise: texts, lists, whole numbers and a student's own classes stay as
they are, so that the source may be changed without knowing what is in its variables.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache, partial, reduce
from operator import add, mul
from pathlib import Path
from typing import Any

import torch
from rich.console import Console
from rich.progress import track
from torch import Tensor

from autograder.course.answers import Answer
from autograder.course.rooms import Room, load, names
from autograder.course.students import prepared
from autograder.judging.marks import loses_marks
from autograder.masters.sources import checks_of
from toolbox.checks.diagnose import verdicts_only
from toolbox.checks.suite import Suite

ROOT = Path(__file__).resolve().parents[2]
WAYS = {"as it stands": (), "sums from behind": ("sums",), "products from behind": ("products",),
        "reciprocals": ("quotients",), "all of it": ("sums", "products", "quotients")}  # fmt: skip
# item -> why it is not asked here
EXEMPT = {"buffers": "a sum from behind needs a copy, and the item counts copies"}


def _floating(*values: Any) -> bool:
    """Whether these are numbers and tensors, at least one of them floating and no tensor of whole numbers."""
    floating = any(type(value) is float or isinstance(value, Tensor) for value in values)
    whole = any(type(value) is Tensor and not value.is_floating_point() for value in values)
    return floating and not whole and all(type(value) in (int, float, Tensor) for value in values)


def sums(*terms: Any) -> Any:
    """The sum of two or more terms, from the last to the first."""
    return reduce(add, reversed(terms) if _floating(*terms) else terms)


def less(term: Any, other: Any) -> Any:
    """term - other, with the sign turned round."""
    return -(other - term) if _floating(term, other) else term - other


def products(*factors: Any) -> Any:
    """The product of two or more factors, from the last to the first."""
    return reduce(mul, reversed(factors) if _floating(*factors) else factors)


def quotients(top: Any, bottom: Any) -> Any:
    """top / bottom, with the reciprocal where it has one: that of a tiny number overflows."""
    if not _floating(top, bottom) or type(top) is int:
        return top / bottom
    reciprocal = 1 / bottom
    finite = bool(torch.isfinite(torch.as_tensor(reciprocal)).all())
    return top * reciprocal if finite else top / bottom


def summed(holder: Any, *args: Any, **options: Any) -> Any:
    """holder.sum(...), its entries from the last to the first."""
    if isinstance(holder, Tensor) and _floating(holder) and not set(options) - {"dim", "keepdim"} and holder.dim():
        dim = args[0] if args else options.get("dim")
        dims = range(holder.dim()) if dim is None else [dim] if isinstance(dim, int) else dim
        holder = holder.flip(*dims).contiguous()
    return holder.sum(*args, **options)


class _Rearrange(ast.NodeTransformer):
    """Put arithmetic through the functions of this module. kinds: of "sums", "products", "quotients"."""

    def __init__(self, kinds: Iterable[str]):
        self.kinds = set(kinds)

    def visit_BinOp(self, node: ast.BinOp) -> ast.AST:
        for kind, operator in (("sums", ast.Add), ("products", ast.Mult)):
            if kind in self.kinds and isinstance(node.op, operator):
                return _call(kind, [self.visit(part) for part in _chain(node, operator)])
        self.generic_visit(node)
        if "quotients" in self.kinds and isinstance(node.op, ast.Div):
            return _call("quotients", [node.left, node.right])
        if "sums" in self.kinds and isinstance(node.op, ast.Sub):
            return _call("less", [node.left, node.right])
        return node

    def visit_Call(self, node: ast.Call) -> ast.AST:
        self.generic_visit(node)
        function = node.func
        if "sums" in self.kinds and isinstance(function, ast.Attribute) and function.attr == "sum":
            if ast.unparse(function.value) != "torch":
                return _call("summed", [function.value, *node.args], node.keywords)
        return node


def _chain(node: ast.expr, operator: type) -> list[ast.expr]:
    """The terms of a + b + c, the factors of a * b * c."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, operator):
        return [*_chain(node.left, operator), node.right]
    return [node]


def _call(name: str, args: list, keywords: list | None = None) -> ast.Call:
    holder = ast.Name("_rearranged", ast.Load())
    return ast.Call(ast.Attribute(holder, name, ast.Load()), args, keywords or [])


@lru_cache(maxsize=256)
def rearranged(source: str, kinds: tuple[str, ...]) -> str:
    """The source of a module with its arithmetic rearranged."""
    tree = _Rearrange(kinds).visit(ast.parse(source))
    place = next((at for at, node in enumerate(tree.body) if not _leads(node)), 0)
    tree.body.insert(place, ast.parse("from autograder.audit import rearranged as _rearranged").body[0])
    return ast.unparse(ast.fix_missing_locations(tree))


def _leads(node: ast.stmt) -> bool:
    """Whether it must stand first in a module."""
    text = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    return text or (isinstance(node, ast.ImportFrom) and node.module == "__future__")


@dataclass(frozen=True)
class Rearranged(Answer):
    """A right answer, rearranged in one of the ways."""

    way: str = ""

    def sources(self, solutions: Mapping[str, str]) -> dict[str, str]:
        found = super().sources(solutions)
        return {module: rearranged(source, WAYS[self.way]) for module, source in found.items()}


def answers(room: Room, suite: Suite, ways: Iterable[str] = WAYS) -> Iterator[Rearranged]:
    """The solution and every right answer, in every way, for the items that are asked here."""
    for answer in [Answer("the solution", tuple(suite.items)), *room.right]:
        items = tuple(item for item in answer.items if item not in EXEMPT)
        for way in ways if items else ():
            yield Rearranged(f"{answer.name}, {way}", items, answer.edits, (), answer.file, answer.notebook, way)


def refused(
    assignment: str,
    seeds: Iterable[str],
    items: Iterable[str] = (),
    ways: Iterable[str] = WAYS,
    progress: Callable[[list], Iterable] = iter,
) -> list[str]:
    """What lost marks: a line for each answer, item and seed, with the checks that it failed."""
    room, suite, wanted, found = load(assignment), Suite(checks_of(ROOT, assignment)), set(items), []
    seeds = list(seeds)
    for answer in progress(list(answers(room, suite, ways))):
        touched = [item for item in answer.items if not wanted or item in wanted]
        make = prepared(answer, room)
        for seed in seeds if touched else ():
            with verdicts_only():
                results = list(suite.run(make(), items=touched, seed=seed))
            for item in touched:
                lost = [result.name for result in results if result.item == item and loses_marks(result)]
                if lost:
                    found.append(f"{answer.name} lost marks in {item} ({', '.join(lost)}) under the seed '{seed}'")
    return found


def run(assignments: Iterable[str] | None, items: Iterable[str] | None, seeds: int) -> int:
    """The command: judge all of them under so many seeds, say what was refused. Returns the exit status."""
    torch.set_num_threads(1)
    console, failed = Console(), False
    for name in assignments or names():
        asked = [f"rearranged {number}" for number in range(max(seeds, 1))]
        progress = partial(track, description=f"rearranged {name}", console=console)
        found = refused(name, asked, items or (), progress=progress)
        console.print(*found, f"{name}: {len(found)} refused under {len(asked)} seeds", sep="\n", markup=False)
        failed = failed or bool(found)
    return int(failed)
