"""A suite read without running it: its tests, the item each belongs to, and whether it is hidden.

Steps: find the hidden regions by line; parse; note each `test_…` function with its `@item("id")`; check that the
public part can stand alone, since it is what students get.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from autograder.masters import regions
from autograder.masters.problems import Problem
from autograder.masters.regions import Region

FUNCTION = ast.FunctionDef | ast.AsyncFunctionDef
USE = 'put @item("<id>") above it, with the id of a check cell'


@dataclass(frozen=True)
class Test:
    """One test of a suite. share: its weight within the item, None where it is computed. line: of its `def`."""

    __test__ = False  # not itself a test, whatever pytest thinks of its name

    name: str
    item: str
    hidden: bool
    share: float | None
    line: int


@dataclass
class Suite:
    """A suite as read. `problems` is what could not be read."""

    path: str
    tests: list[Test]
    hidden: list[Region]
    problems: list[Problem]


def read(path: str, text: str) -> Suite:
    """Read a suite; never raises and never imports, what cannot be read is a problem."""
    lines = regions.numbered(text)
    hidden, wrong = regions.find(lines, regions.HIDDEN, "a suite")
    suite = Suite(path, [], hidden, [Problem(path, number, message) for number, message in wrong])
    for number, line in lines:
        if line[:1].isspace() and regions.MARKER.fullmatch(line):
            suite.problems.append(Problem(path, number, "an indented marker: hidden tests begin and end at column 0"))
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError) as error:
        number = getattr(error, "lineno", None) or 0
        suite.problems.append(Problem(path, number, f"not Python: {getattr(error, 'msg', error)}"))
        return suite
    seen: dict[str, int] = {}
    for function in _tests(tree):
        _add(suite, function)
        if function.name in seen:
            suite.problems.append(
                Problem(
                    path,
                    function.lineno,
                    f"{function.name} stands on line {seen[function.name]} "
                    "already and would take its place: give it another name",
                )
            )
        seen.setdefault(function.name, function.lineno)
    _check_public_stands_alone(suite, tree)
    return suite


def _tests(tree: ast.AST) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, FUNCTION) and node.name.startswith("test"):
            yield node
        elif isinstance(node, ast.ClassDef):
            yield from _tests(node)


def _first(node: ast.AST) -> int:
    """The line where a statement begins, its decorators included."""
    return min([getattr(node, "lineno", 1), *(mark.lineno for mark in getattr(node, "decorator_list", []))])


def _hidden(suite: Suite, node: ast.AST) -> bool:
    first = _first(node)
    return any(region.begin < first < region.end for region in suite.hidden)


def _add(suite: Suite, function: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
    def refuse(message: str) -> None:
        suite.problems.append(Problem(suite.path, function.lineno, message))

    first, last = _first(function), function.end_lineno or function.lineno
    if any(first < edge <= last for region in suite.hidden for edge in (region.begin, region.end)):
        refuse(f"{function.name} stands half inside a hidden region: move the marker above or below the whole test")
    marks = [
        mark
        for mark in function.decorator_list
        if isinstance(mark, ast.Call)
        and (mark.func.id if isinstance(mark.func, ast.Name) else getattr(mark.func, "attr", "")) == "item"
    ]
    if len(marks) != 1:
        return refuse(
            f"{function.name} has {'no' if not marks else 'more than one'} @item and no check would count it: {USE}"
        )
    (mark,) = marks
    if not (len(mark.args) == 1 and isinstance(mark.args[0], ast.Constant) and isinstance(mark.args[0].value, str)):
        return refuse(f"the item of {function.name} is not one plain string: {USE}")
    share: float | None = 1.0
    for keyword in mark.keywords:
        if keyword.arg == "share":
            given = keyword.value.value if isinstance(keyword.value, ast.Constant) else None
            if given is not None and (isinstance(given, bool) or not isinstance(given, int | float)):
                return refuse(f"the share of {function.name} is not a number: write share=2.0")
            share = given
    suite.tests.append(Test(function.name, mark.args[0].value, _hidden(suite, function), share, function.lineno))


def _check_public_stands_alone(suite: Suite, tree: ast.Module) -> None:
    """A name bound only in hidden regions and used in the public part would be missing on the student's machine."""
    bound: dict[bool, set[str]] = {True: set(), False: set()}
    public = []
    for node in tree.body:
        hidden = _hidden(suite, node)
        bound[hidden] |= _binds(node)
        public += [] if hidden else [node]
    # a test is called by pytest alone, so a suite without hidden helpers is done here
    lost = {name for name in bound[True] - bound[False] if not name.startswith("test")}
    for node in public if lost else []:
        for used in ast.walk(node):
            if not isinstance(used, ast.Name | ast.arg):
                continue
            name = used.id if isinstance(used, ast.Name) else used.arg
            if name in lost:
                suite.problems.append(
                    Problem(
                        suite.path,
                        used.lineno,
                        f"{name} is defined only among hidden tests and "
                        "used in the public part: move its definition out of the region",
                    )
                )


def _binds(node: ast.stmt) -> set[str]:
    if isinstance(node, FUNCTION | ast.ClassDef):
        return {node.name}
    if isinstance(node, ast.Import | ast.ImportFrom):
        return {alias.asname or alias.name.split(".")[0] for alias in node.names}
    return {name.id for name in ast.walk(node) if isinstance(name, ast.Name) and isinstance(name.ctx, ast.Store)}
