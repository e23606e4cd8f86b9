"""Put together what the workers of an assignment get to see of the course, besides the hand-in. TRUSTED.

A worker sees the libraries and the data as files, and of the course nothing as a file: what it may use comes in the
judge's first message (`sandbox.modules_in_memory`). Of the toolbox these are the names listed in `sandbox.visible`. Of
other assignments these are references of the functions that this one's masters use, cells that only show something left
out, and of what those are made of, without their text (`stripped`): one bug costs one mark. The rest of the course is
stand-ins, where a student has not handed in modules of their own.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable
from pathlib import Path

from autograder.judging.stripped import compiled
from autograder.masters.catalogue import Assignment
from autograder.masters.percent import read
from autograder.sandbox.visible import ALL, GIVEN, View


def view_of(root: Path, assignment: Assignment, catalogue: dict[str, Assignment]) -> tuple[View, frozenset[str]]:
    """The view of an assignment's workers, and the modules of `backprop` that count only as the course has them,
    whatever was handed in. Raises FileNotFoundError, ValueError where GIVEN names what is not there.
    """
    toolbox, given = root / "lib" / "toolbox", GIVEN.get(assignment.name, {})
    modules, scripts = (dict(_toolbox(toolbox, given.get(part, {}))) for part in ("cells", "suite"))
    course = list(catalogue)
    before = course[: course.index(assignment.name)]
    collected = {module for known in catalogue.values() for module in known.modules}
    masters = {path.stem for path in (root / "solutions" / "backprop").glob("*.py")} - {"__init__"}
    whole = masters - collected  # students get these as they are, and hand none in
    others = whole | {module for name in before for module in catalogue[name].modules}
    needed = _needed(root, assignment, others)
    for module, names in needed.items():
        code = compiled(excerpt(_master(root, module), names))
        modules[f"backprop.{module}"] = (f"backprop.{module}", b"", code)
    view = View(modules, tuple(sorted(others - set(needed))), scripts)
    return view, frozenset(whole | set(needed) | {"__init__"})


def _toolbox(folder: Path, given: dict[str, str]) -> Iterable[tuple[str, tuple]]:
    for name, names in given.items():
        path = folder / f"{name.replace('.', '/')}.py"
        source = path.read_text(encoding="utf-8")
        if names != ALL:
            source = excerpt(source, names.split())
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


def _needed(root: Path, assignment: Assignment, others: set[str]) -> dict[str, set[str]]:
    """What this assignment's masters use of `others`, by module: cells that only show something do not count."""
    notebook = read(assignment.master, (root / assignment.master).read_text(encoding="utf-8"))
    sources = [cell.source for cell in notebook.cells if cell.kind == "code" and not cell.keys.get("show")]
    sources = ["\n".join(re.sub(r"(?m)^[ \t]*[%!].*$", "", source) for source in sources)]  # without IPython's magics
    sources += [_master(root, module) for module in assignment.modules]
    needed: dict[str, set[str]] = {}
    while sources:
        for module, names in _used(sources.pop()).items():
            if module in others and not names <= needed.get(module, set()):
                needed.setdefault(module, set()).update(names)
                sources.append(excerpt(_master(root, module), needed[module]))
    return needed


def _used(source: str) -> dict[str, set[str]]:
    """The names that a source uses of modules of `backprop`: {"flat": {"net_softmax"}} for `flat.net_softmax(…)`."""
    tree = ast.parse(source)
    used: dict[str, set[str]] = {}
    modules: dict[str, str] = {}  # what a module is called in here -> the module
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module == "backprop":
            modules |= {name.asname or name.name: name.name for name in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("backprop."):
            used.setdefault(node.module.split(".")[1], set()).update(name.name for name in node.names)
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in modules:
            used.setdefault(modules[node.value.id], set()).add(node.attr)
    return used


def _master(root: Path, module: str) -> str:
    return (root / "solutions" / "backprop" / f"{module}.py").read_text(encoding="utf-8")
