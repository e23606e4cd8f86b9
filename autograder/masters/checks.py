"""A file of checks read without running it: its hidden regions, and whether the public part can stand alone.

Which checks there are is known when they are collected (`build.checks`).
"""

from __future__ import annotations

import ast
from dataclasses import dataclass, field

from autograder.masters import regions
from autograder.masters.problems import Problem
from autograder.masters.regions import Region

FUNCTION = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass
class CheckFile:
    """A file of checks as read. secret: (name, line) of every hidden check. `problems` is what could not be read."""

    path: str
    hidden: list[Region]
    problems: list[Problem]
    secret: list[tuple[str, int]] = field(default_factory=list)


def read(path: str, text: str) -> CheckFile:
    """Read a file of checks; never raises and never imports, what cannot be read is a problem."""
    lines = regions.numbered(text)
    hidden, wrong = regions.find(lines, regions.HIDDEN, "a file of checks")
    file = CheckFile(path, hidden, [Problem(path, number, message) for number, message in wrong])
    for number, line in lines:
        if line[:1].isspace() and regions.MARKER.fullmatch(line):
            file.problems.append(Problem(path, number, "an indented marker: hidden tests begin and end at column 0"))
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError) as error:
        number = getattr(error, "lineno", None) or 0
        file.problems.append(Problem(path, number, f"not Python: {getattr(error, 'msg', error)}"))
        return file
    for node in tree.body:
        _refuse_halves(file, node)
    _note_functions(file, tree)
    _check_public_stands_alone(file, tree)
    return file


def _first(node: ast.AST) -> int:
    """The line where a statement begins, its decorators included."""
    return min([getattr(node, "lineno", 1), *(mark.lineno for mark in getattr(node, "decorator_list", []))])


def _hidden(file: CheckFile, node: ast.AST) -> bool:
    first = _first(node)
    return any(region.begin < first < region.end for region in file.hidden)


def _refuse_halves(file: CheckFile, node: ast.stmt) -> None:
    first, last = _first(node), node.end_lineno or node.lineno
    if any(first < edge <= last for region in file.hidden for edge in (region.begin, region.end)):
        what = getattr(node, "name", "a statement")
        message = f"{what} stands half inside a hidden region: move the marker above or below the whole of it"
        file.problems.append(Problem(file.path, node.lineno, message))


def _note_functions(file: CheckFile, tree: ast.Module) -> None:
    """Note the hidden checks. Of two functions of one name the first would be lost, and a method is asked by nobody."""
    seen: dict[str, int] = {}
    for node in tree.body:
        if isinstance(node, FUNCTION):
            if (node.name.startswith("test") or _is_property(node)) and _hidden(file, node):
                file.secret.append((node.name, node.lineno))
            if node.name in seen:
                message = f"{node.name} stands on line {seen[node.name]} already and would take its place: rename it"
                file.problems.append(Problem(file.path, node.lineno, message))
            seen.setdefault(node.name, node.lineno)
        elif isinstance(node, ast.ClassDef):
            lost = [part for part in node.body if isinstance(part, FUNCTION) and part.name.startswith("test")]
            message = f"checks are functions of the module, not of {node.name}: move them out of the class"
            file.problems += [Problem(file.path, part.lineno, message) for part in lost]


def _is_property(node: FUNCTION) -> bool:
    """Whether a function is marked with `asks`, which makes it a property of a kind."""
    marks = [mark.func for mark in node.decorator_list if isinstance(mark, ast.Call)]
    return any(isinstance(mark, ast.Name) and mark.id == "asks" for mark in marks)


def imported(text: str) -> set[str]:
    """The modules that a file of checks takes from beside it: `from .layer import Layer`."""
    nodes = [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.ImportFrom) and node.level == 1]
    return {node.module for node in nodes if node.module}


def _check_public_stands_alone(file: CheckFile, tree: ast.Module) -> None:
    """A name bound only in hidden regions and used in the public part would be missing on the student's machine."""
    bound: dict[bool, set[str]] = {True: set(), False: set()}
    public = []
    for node in tree.body:
        hidden = _hidden(file, node)
        bound[hidden] |= _binds(node)
        public += [] if hidden else [node]
    # a check is called by the suite alone, so a file without hidden helpers is done here
    lost = {name for name in bound[True] - bound[False] if not name.startswith("test")}
    for node in public if lost else []:
        for used in ast.walk(node):
            if not isinstance(used, ast.Name | ast.arg):
                continue
            name = used.id if isinstance(used, ast.Name) else used.arg
            if name in lost:
                file.problems.append(
                    Problem(
                        file.path,
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
