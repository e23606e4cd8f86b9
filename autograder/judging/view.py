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

from autograder.judging.excerpt import excerpt
from autograder.judging.given import ALL, TOOLBOX, Needs, for_cells, for_scripts
from autograder.judging.stripped import compiled
from autograder.masters.catalogue import Assignment
from autograder.masters.percent import read
from autograder.sandbox.visible import View


def view_of(root: Path, assignment: Assignment, catalogue: dict[str, Assignment]) -> tuple[View, frozenset[str]]:
    """The view of an assignment's workers, and the modules of `backprop` that count only as the course has them,
    whatever was handed in. Raises FileNotFoundError, ValueError where a check or a cell names what is not there.
    """
    modules, scripts = (dict(_toolbox(needs(root, assignment))) for needs in (for_cells, for_scripts))
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


def _toolbox(needs: Needs) -> Iterable[tuple[str, tuple]]:
    for name, names in needs.items():
        path = TOOLBOX / f"{name.replace('.', '/')}.py"
        source = path.read_text(encoding="utf-8")
        if ALL not in names:
            source = excerpt(source, names)
        yield f"toolbox.{name}", (str(path), source.encode(), compile(source, str(path), "exec", dont_inherit=True))


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
