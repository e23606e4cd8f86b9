"""Answers told apart from their names: whether a released file computes what a solution computes, in other letters.

`x.T @ grad_out` is an answer, and so is `a.T @ g` in a helper that students can read. Steps: of every statement in a
solution's region take the expression that it is about; bring it into a form that does not depend on names, on the order
of a sum or a product, nor on whether a function is called as a method; leave out what is too short to be an answer, and
what a master shows openly; look for the rest among all expressions of every released file.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import lru_cache

LIBRARIES = {"torch", "math", "np", "numpy", "F"}
ALIKE = {"multiply": "mul", "matmul": "mm", "t": "T", "transpose": "T"}
KEEPS = ("append", "add_")
COMMUTE = (ast.Add, ast.Mult)
COMMUTING = {"Add", "Mult"}
SHORTEST, LONG = 2, 3  # operations from which on an expression may be an answer, of several variables or of one
PLAIN = {"Add", "Sub", "Mult", "Div", "USub", "Pow"}


@lru_cache(maxsize=100_000)
def _digits(value: object) -> str:
    return repr(float(value)) if isinstance(value, int | float) and not isinstance(value, bool) else repr(value)


def form(node: ast.expr) -> str:
    """The expression without its names: two of the same form compute the same, each of its own variables."""
    shape = _shape(node)
    places: dict[str, list[str]] = {}
    _note_places(shape, "", places)
    told = {variable: " ".join(sorted(found)) for variable, found in places.items()}
    return _named(_ordered(shape, told), {})


def telling(node: ast.expr) -> bool:
    """Whether an expression says enough to be an answer: arithmetic of several variables, or in several steps.

    Sums and quotients of numbers, each of them used once, stand everywhere: `a + b / n` says nothing.
    """
    shape = _shape(node)
    leaves, ops = list(_leaves(shape)), _count(shape)
    if not any(isinstance(part, ast.BinOp) and not isinstance(part.op, ast.Mod) for part in _outside_of_places(node)):
        return False
    if set(_operations(shape)) <= PLAIN and len(leaves) == len(set(leaves)) and ops < LONG:
        return False
    return ops >= SHORTEST and len(set(leaves)) >= 2 or ops >= LONG


def arithmetic(tree: ast.AST) -> Iterator[ast.expr]:
    """The expressions of a piece of code in which anything is worked out by an operator."""
    found: list[ast.expr] = []

    def holds(node: ast.AST) -> bool:
        inside = [holds(part) for part in ast.iter_child_nodes(node)]
        there = isinstance(node, ast.BinOp) or any(inside)
        if there and isinstance(node, ast.expr):
            found.append(node)
        return there

    holds(tree)
    yield from found


def _outside_of_places(node: ast.AST) -> Iterator[ast.AST]:
    """The parts of an expression, but for what only says which entry is meant."""
    yield node
    for name, part in ast.iter_fields(node):
        for one in part if isinstance(part, list) else [part]:
            if isinstance(one, ast.AST) and not (isinstance(node, ast.Subscript) and name == "slice"):
                yield from _outside_of_places(one)


def answers(tree: ast.AST) -> Iterator[ast.expr]:
    """What the statements of a piece of code are about: what they assign, return, yield or call for."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign | ast.AugAssign | ast.AnnAssign | ast.Return | ast.Expr) and node.value:
            value = node.value
            for part in value.elts if isinstance(value, ast.Tuple | ast.List) else [value]:
                if isinstance(part, ast.Call) and isinstance(part.func, ast.Attribute) and part.func.attr in KEEPS:
                    yield from part.args  # what is appended is meant
                else:
                    yield part


# A shape is a variable (a str) or a tuple: (operation, part, ...). The parts of a sum or a product are put in an order
# that no name decides on: by what they are, and where they are alike, by where else their variables stand.


def _shape(node: ast.expr):
    if _is_variable(node):
        return ast.unparse(node)
    if isinstance(node, ast.Constant):
        return ("number " + _digits(node.value),)
    if isinstance(node, ast.BinOp):
        parts = [_shape(node.left), _shape(node.right)]
        if isinstance(node.op, COMMUTE):
            parts = _flat(type(node.op).__name__, parts)
        return (type(node.op).__name__, *parts)
    if isinstance(node, ast.UnaryOp):
        return (type(node.op).__name__, _shape(node.operand))
    if isinstance(node, ast.Compare) and len(node.ops) == 1:
        left, right, op = _shape(node.left), _shape(node.comparators[0]), type(node.ops[0]).__name__
        turned = {"Lt": "Gt", "LtE": "GtE"}
        return (turned[op], right, left) if op in turned else (op, left, right)
    if isinstance(node, ast.Call):
        given = [_shape(part) for part in node.args] + [_shape(word.value) for word in node.keywords]
        if isinstance(node.func, ast.Attribute):
            name = ALIKE.get(node.func.attr, node.func.attr)
            if isinstance(node.func.value, ast.Name) and node.func.value.id in LIBRARIES:
                return (name, *given)
            return (name, _shape(node.func.value), *given)
        return (ast.unparse(node.func), *given)
    if isinstance(node, ast.Attribute):
        return (node.attr, _shape(node.value))
    return (type(node).__name__, *(_shape(part) for part in ast.iter_child_nodes(node) if isinstance(part, ast.expr)))


def _is_variable(node: ast.expr) -> bool:
    """A name, an attribute of self, or an entry with a name: `x`, `self.x`, `grads["x"]`, `self.params["w"]`."""
    if isinstance(node, ast.Subscript):
        key = node.slice
        return isinstance(key, ast.Constant) and isinstance(key.value, str) and _is_variable(node.value)
    if isinstance(node, ast.Attribute):
        return isinstance(node.value, ast.Name) and node.value.id == "self"
    return isinstance(node, ast.Name)


def _flat(operation: str, parts: list) -> list:
    """The terms of a sum of sums, the factors of a product of products."""
    found = []
    for part in parts:
        found += _flat(operation, list(part[1:])) if isinstance(part, tuple) and part[0] == operation else [part]
    return found


def _note_places(shape, path: str, places: dict[str, list[str]]) -> None:
    """Note where each variable stands: the operations that lead to it."""
    if isinstance(shape, str):
        places.setdefault(shape, []).append(path)
        return
    for number, part in enumerate(shape[1:]):
        _note_places(part, f"{path}/{shape[0]}{'' if shape[0] in COMMUTING else number}", places)


def _ordered(shape, told: dict[str, str]):
    if isinstance(shape, str):
        return shape
    parts = [_ordered(part, told) for part in shape[1:]]
    if shape[0] in COMMUTING:
        parts.sort(key=lambda part: (_blank(part, {}), _blank(part, told)))
    return (shape[0], *parts)


def _blank(shape, told: dict[str, str]) -> str:
    """A shape without names: for each variable what is told of it."""
    if isinstance(shape, str):
        return told.get(shape, "?")
    return f"({shape[0]} {' '.join(_blank(part, told) for part in shape[1:])})"


def _named(shape, names: dict[str, str]) -> str:
    if isinstance(shape, str):
        return names.setdefault(shape, f"v{len(names)}")
    return f"({' '.join([shape[0], *(_named(part, names) for part in shape[1:])])})"


def _count(shape) -> int:
    if isinstance(shape, str) or shape[0].startswith("number "):
        return 0
    return 1 + sum(map(_count, shape[1:]))


def _operations(shape) -> Iterator[str]:
    if not isinstance(shape, str) and not shape[0].startswith("number "):
        yield shape[0]
        for part in shape[1:]:
            yield from _operations(part)


def _leaves(shape) -> Iterator[str]:
    if isinstance(shape, str):
        yield shape
    else:
        for part in shape[1:]:
            yield from _leaves(part)
