"""Changes that gradient code calls for, as operators of cosmic-ray.

cosmic-ray replaces operators, comparisons and numbers. What students of backpropagation forget are whole parts: a
term of a sum, a factor of a product, a line, a `.sum(dim=0)`, an argument, the `+` of a `+=`.
Each operator yields the positions of its changes in one node, and makes the one with the given index.
"""

from __future__ import annotations

import parso.python.tree  # first: cosmic-ray imports parso's modules in an order that fails otherwise
from cosmic_ray.operators.operator import Example, Operator

# A dropped operand leaves the rest of the sum or product; these nodes hold operand, sign, operand, sign, ...
CHAINS = ("arith_expr", "term")
AUGMENTED = {"+=": ("=", "-="), "-=": ("=", "+="), "*=": ("=", "/="), "/=": ("=", "*=")}


class DropOperand(Operator):
    """Leave out one term of a sum, or one factor of a product."""

    def mutation_positions(self, node):
        if node.type in CHAINS:
            yield from [(child.start_pos, child.end_pos) for child in node.children[::2]]

    def mutate(self, node, index):
        children, place = list(node.children), 2 * index
        # the first operand goes with the sign behind it, unless that is a minus: -b is what is left of a - b
        keep_sign = place == 0 and children[1].value == "-"
        gone = children[:1] if keep_sign else children[:2] if place == 0 else children[place - 1 : place + 1]
        first = node.get_first_leaf().prefix
        rest = [child for child in children if not any(child is other for other in gone)]
        rest[0].get_first_leaf().prefix = first
        if len(rest) == 1:
            rest[0].parent = node.parent
            return rest[0]
        return _again(node, rest)

    @classmethod
    def examples(cls):
        return (Example("x = a + b", "x = b"), Example("x = a + b", "x = a", occurrence=1),
                Example("x = a - b", "x = - b"), Example("x = a * b * c", "x = a * c", occurrence=1))  # fmt: skip


class DropStatement(Operator):
    """Leave out one simple statement."""

    def mutation_positions(self, node):
        if node.type == "simple_stmt" and node.children[0].type not in ("string", "strings", "import_name"):
            if node.get_code().strip() != "pass":
                yield node.start_pos, node.end_pos

    def mutate(self, node, index):
        old = node.children[0]
        new = parso.python.tree.Keyword("pass", old.start_pos, prefix=old.get_first_leaf().prefix)
        return _again(node, [new, *node.children[1:]])

    @classmethod
    def examples(cls):
        return (Example("x = 1\ny = 2\n", "pass\ny = 2\n"),)


class DropArgument(Operator):
    """Leave out one named argument of a call."""

    def mutation_positions(self, node):
        yield from [(node.children[at].start_pos, node.children[at].end_pos) for at in _named(node)]

    def mutate(self, node, index):
        at, children = _named(node)[index], list(node.children)
        comma = slice(at - 1, at + 1) if node.type == "arglist" and at > 0 else slice(at, at + 2)
        if node.type == "trailer":
            comma = slice(at, at + 1)
        del children[comma]
        return _again(node, children)

    @classmethod
    def examples(cls):
        return (Example("f(x, dim=1)", "f(x)"), Example("f(dim=1)", "f()"),
                Example("f(dim=1, out=2)", "f( out=2)"))  # fmt: skip


class DropMethod(Operator):
    """Leave out one call of a method, or one attribute: `x.sum(dim=0)` and `x.T` become `x`."""

    def mutation_positions(self, node):
        yield from [(node.children[at].start_pos, node.children[to - 1].end_pos) for at, to in _methods(node)]

    def mutate(self, node, index):
        at, to = _methods(node)[index]
        return _again(node, [*node.children[:at], *node.children[to:]])

    @classmethod
    def examples(cls):
        return (Example("y = x.sum(dim=0)", "y = x"), Example("y = x.T", "y = x"))


class ReplaceAugmented(Operator):
    """Overwrite instead of accumulating, or accumulate with the other sign."""

    def mutation_positions(self, node):
        if isinstance(node, parso.python.tree.Operator) and node.value in AUGMENTED:
            yield from [(node.start_pos, node.end_pos)] * len(AUGMENTED[node.value])

    def mutate(self, node, index):
        node.value = AUGMENTED[node.value][index]
        return node

    @classmethod
    def examples(cls):
        return (Example("x += 1", "x = 1"), Example("x += 1", "x -= 1", occurrence=1))


OWN = (DropOperand, DropStatement, DropArgument, DropMethod, ReplaceAugmented)


def _named(node) -> list[int]:
    """Where the named arguments of a call stand among the children of its node."""
    if node.type not in ("arglist", "trailer"):
        return []
    return [at for at, child in enumerate(node.children) if child.type == "argument" and child.children[1] == "="]


def _methods(node) -> list[tuple[int, int]]:
    """(first, end) of each `.name` or `.name(...)` among the children of `value.name(...)[...]`."""
    if node.type != "atom_expr":
        return []
    found = []
    for at, child in enumerate(node.children[1:], 1):
        if child.type == "trailer" and child.children[0] == ".":
            called = at + 1 < len(node.children) and node.children[at + 1].get_code().lstrip().startswith("(")
            found.append((at, at + 2 if called else at + 1))
    return found


def _again(node, children):
    """The node with other children."""
    node.children = children
    for child in children:
        child.parent = node
    return node
