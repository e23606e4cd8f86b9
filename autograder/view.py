"""Put together what the workers of an assignment get to see of the course, besides the hand-in. TRUSTED.

A worker sees the libraries and the data as files, and of the course nothing as a file: what it may use comes in the
judge's first message (`modules_in_memory`). Of the toolbox these are the names listed in `visible`. Of other assignments
it gets references of the modules that this one's masters import, and of those that these import, without their text
(`stripped`): one bug costs one mark. The rest of the course is stand-ins.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from autograder.build.catalogue import COURSE, Assignment
from autograder.build.percent import read
from autograder.modules_in_memory import Sent
from autograder.stripped import compiled
from autograder.visible import ALL, GIVEN

@dataclass(frozen=True)
class View:
    """What the workers of one assignment get besides the hand-in: modules by name, and names that are stand-ins."""

    modules: Sent = field(default_factory=dict)
    absent: tuple[str, ...] = ()


def view_of(root: Path, assignment: Assignment, catalogue: dict[str, Assignment]) -> View:
    """The view of an assignment's workers. Raises FileNotFoundError, ValueError where GIVEN names what is not there."""
    modules = dict(_toolbox(root / "lib" / "toolbox", GIVEN.get(assignment.name, {})))
    others = _others(root, assignment, catalogue)
    needed = _needed(root, assignment, others)
    for name in needed:
        code = compiled(_master(root, name).read_text(encoding="utf-8"))
        modules[f"backprop.{name}"] = (f"backprop.{name}", b"", code)
    return View(modules, tuple(sorted(others - needed)))


def _toolbox(folder: Path, given: dict[str, dict[str, str]]) -> Iterable[tuple[str, tuple]]:
    wanted: dict[str, set[str]] = {}
    for modules in given.values():
        for name, names in modules.items():
            wanted.setdefault(name, set()).update(names.split())
    for name, names in wanted.items():
        path = folder / f"{name}.py"
        source = path.read_text(encoding="utf-8")
        if ALL not in names:
            source = excerpt(source, names)
        yield f"toolbox.{name}", (str(path), source.encode(), compile(source, str(path), "exec", dont_inherit=True))


def excerpt(source: str, names: Iterable[str]) -> str:
    """The part of a module that defines `names`, and what that part is made of. Raises ValueError for unknown names."""
    body = ast.parse(source).body
    defined = {name: node for node in body for name in _defines(node)}
    if unknown := set(names) - set(defined):
        raise ValueError(f"the module defines no {', '.join(sorted(unknown))}")
    kept, waiting = set(), list(names)
    while waiting:
        node = defined[waiting.pop()]
        if node not in kept:
            kept.add(node)
            waiting += {part.id for part in ast.walk(node) if isinstance(part, ast.Name)} & set(defined)
    lines = source.splitlines(keepends=True)
    future = "from __future__ import annotations\n\n"
    return future + "\n".join(_text(lines, node) for node in body if node in kept)


def _defines(node: ast.stmt) -> set[str]:
    """The names that a statement of a module's top level gives a meaning."""
    if isinstance(node, ast.FunctionDef | ast.ClassDef):
        return {node.name}
    if isinstance(node, ast.Import | ast.ImportFrom):
        return {(name.asname or name.name).partition(".")[0] for name in node.names} - {"annotations"}
    targets = getattr(node, "targets", [getattr(node, "target", None)])
    return {part.id for target in targets if target for part in ast.walk(target) if isinstance(part, ast.Name)}


def _text(lines: list[str], node: ast.stmt) -> str:
    first = min([node.lineno, *(decorator.lineno for decorator in getattr(node, "decorator_list", ()))])
    return "".join(lines[first - 1 : node.end_lineno])


def _others(root: Path, assignment: Assignment, catalogue: dict[str, Assignment]) -> set[str]:
    """The course's modules that are not this assignment's, nor a later one's: students have them, their own or given."""
    before = COURSE[: COURSE.index(assignment.name)] if assignment.name in COURSE else ()
    collected = {module for known in catalogue.values() for module in known.modules}
    masters = {path.stem for path in (root / "solutions" / "backprop").glob("*.py")} - {"__init__"}
    return (masters - collected) | {module for name in before if name in catalogue for module in catalogue[name].modules}


def _needed(root: Path, assignment: Assignment, others: set[str]) -> set[str]:
    """Those of `others` that this assignment's masters import, and what these import in turn."""
    notebook = read(assignment.master, (root / assignment.master).read_text(encoding="utf-8"))
    sources = [cell.source for cell in notebook.cells if cell.kind == "code"]
    sources += [_master(root, module).read_text(encoding="utf-8") for module in assignment.modules]
    needed: set[str] = set()
    while sources:
        for name in (_imported(sources.pop()) & others) - needed:
            needed.add(name)
            sources.append(_master(root, name).read_text(encoding="utf-8"))
    return needed


def _imported(source: str) -> set[str]:
    """The modules of `backprop` that a source imports, anywhere in it."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(re.sub(r"(?m)^[ \t]*[%!].*$", "", source))):  # without IPython's magics
        if isinstance(node, ast.ImportFrom) and node.module == "backprop":
            found |= {name.name for name in node.names}
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("backprop."):
            found.add(node.module.split(".")[1])
        elif isinstance(node, ast.Import):
            found |= {name.name.split(".")[1] for name in node.names if name.name.startswith("backprop.")}
    return found


def _master(root: Path, module: str) -> Path:
    return root / "solutions" / "backprop" / f"{module}.py"
