"""What can be changed in the solution regions of a module, one mutant a change.

Steps: find the regions; parse; ask every operator of cosmic-ray and our own for its positions, in the order in which
cosmic-ray counts them; keep the positions inside a region; make the change; leave out what is no Python, what is the
same text again, and what another operator has made already.
"""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from autograder.audit.mutation.operators import OWN  # before cosmic_ray: see there
from autograder.masters import regions

from cosmic_ray.ast import ast_nodes, get_ast  # isort: skip
from cosmic_ray.mutating import mutate_code  # isort: skip
from cosmic_ray.operators.binary_operator_replacement import BinaryOperators  # isort: skip
from cosmic_ray.operators.provider import OperatorProvider  # isort: skip

# Bit operators on tensors of numbers raise at once: such mutants tell nothing about a suite.
ARITHMETIC = {"Add", "Sub", "Mul", "Div", "FloorDiv", "Mod", "Pow"}
NEEDS_NAMES = {"VariableReplacer", "VariableInserter", "NoOp"}  # ask for a variable's name, or change nothing


@dataclass(frozen=True)
class Mutant:
    """One change to one module. function: the function or Class.method it stands in; before, after: the line."""

    module: str
    operator: str
    function: str
    line: int
    before: str
    after: str
    source: str

    @property
    def name(self) -> str:
        return f"{self.module}.py:{self.line} {self.function}: {self.before}  →  {self.after or '(gone)'}"


def operators() -> list:
    """cosmic-ray's operators that fit gradient code, and our own."""
    provider = OperatorProvider()
    kept = [name for name in provider if name not in NEEDS_NAMES and _fits(name)]
    return [provider[name]() for name in sorted(kept)] + [operator() for operator in OWN]


def mutants(module: str, source: str, functions: Collection[str] | None = None) -> list[Mutant]:
    """All mutants of a module's solution regions. functions: only those in these. Raises ValueError where the source
    has none to mutate.
    """
    found, wrong = regions.find(regions.numbered(source), regions.SOLUTION, "a module")
    if wrong or not found:
        raise ValueError(f"{module}.py has no solution region that can be read")
    lines = {line for region in found for line in range(region.begin + 1, region.end)}
    text, names = source.splitlines(keepends=True), _functions(source)
    made: dict[str, Mutant] = {}
    for first, last in _pieces(ast.parse(source).body):
        if functions is not None and not {names.get(line) for line in range(first, last + 1)} & set(functions):
            continue
        if not lines & {*range(first, last + 1)}:
            continue
        head = "if 1:\n" if text[first - 1].startswith(" ") else ""  # without it a method is no Python
        piece, before = head + "".join(text[first - 1 : last]), first - 1 - len(head.splitlines())
        nodes = list(ast_nodes(get_ast(piece)))
        for operator in operators():
            for occurrence, line in _positions(operator, nodes):
                # a piece at a time: cosmic-ray parses anew for every change, and a module takes ten times as long
                changed = mutate_code(piece, operator, occurrence) if line + before in lines else None
                if changed is None or changed == piece:
                    continue
                whole = "".join(text[: first - 1]) + changed.removeprefix(head) + "".join(text[last:])
                if whole not in made and _compiles(changed):
                    at, kind = line + before, type(operator).__name__
                    made[whole] = Mutant(module, kind, names.get(at, ""), at, *_difference(source, whole), whole)
    wanted = (mutant for mutant in made.values() if functions is None or mutant.function in functions)
    return sorted(wanted, key=lambda mutant: mutant.line)


def _pieces(body: list[ast.stmt]) -> Iterator[tuple[int, int]]:
    """(first, last) line of every function and of every other statement that is no class, decorators included."""
    for node in body:
        if isinstance(node, ast.ClassDef):
            yield from _pieces(node.body)
        else:
            begins = [node.lineno, *(mark.lineno for mark in getattr(node, "decorator_list", []))]
            yield min(begins), node.end_lineno or node.lineno


def _fits(name: str) -> bool:
    kind, _, change = name.partition("_")
    return kind != "ReplaceBinaryOperator" or set(change.split("_")) <= ARITHMETIC & {op.name for op in BinaryOperators}


def _positions(operator, nodes: list) -> Iterator[tuple[int, int]]:
    """(occurrence, line) of each change that an operator can make; parameters' defaults and annotations too."""
    begins = (line for node in nodes for (line, _), _ in operator.mutation_positions(node))
    return enumerate(begins)


def _compiles(source: str) -> bool:
    try:
        ast.parse(source)
    except (SyntaxError, ValueError):
        return False
    return True


def _difference(old: str, new: str) -> tuple[str, str]:
    """The first line that differs, as it was and as it is, without its indent."""
    before, after = old.splitlines(), new.splitlines()
    for left, right in zip(before, after, strict=False):
        if left != right:
            return left.strip(), right.strip()
    return "", ""


def _functions(source: str) -> dict[int, str]:
    """line -> the name of the function around it, Class.method for a method."""
    names: dict[int, str] = {}

    def walk(body: list[ast.stmt], prefix: str) -> None:
        for node in body:
            if isinstance(node, ast.ClassDef):
                walk(node.body, f"{prefix}{node.name}.")
            elif isinstance(node, ast.FunctionDef):
                for line in range(node.lineno, (node.end_lineno or node.lineno) + 1):
                    names[line] = prefix + node.name

    walk(ast.parse(source).body, "")
    return names
