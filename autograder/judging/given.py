"""Find out what the workers of an assignment need of the toolbox, by reading its checks and its notebook. TRUSTED.

Two kinds of need: what the checks' scripts name (`script.toolbox.<module>.<name>`), in the checks themselves and in
what these are made of; and what given cells that do more than show something, and the assignment's modules, import. A
module that would answer an item says so itself, in a line `WITHHELD = True`, and is given to nobody: a stand-in takes
its place.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable
from functools import cache
from pathlib import Path

import toolbox
from autograder.judging.excerpt import excerpt
from autograder.masters.catalogue import Assignment
from autograder.masters.percent import read
from autograder.masters.sources import checks_of
from autograder.sandbox.visible import ROOMS, SERVING, SHARED

TOOLBOX = Path(toolbox.__file__).parent
ALL = "*"
MADE_OF = ("checks", "probes")  # rooms whose code checks call, and in which scripts are recorded, too
Needs = dict[str, set[str]]  # module of the toolbox -> its names; ALL: the whole module


def for_scripts(root: Path, assignment: Assignment) -> Needs:
    """What the checks' scripts name, and what that is made of."""
    found, seen = Needs(), set()  # type: ignore[var-annotated]
    waiting = [_read(path) for path in sorted(checks_of(root, assignment.name).glob("*.py"))]
    while waiting:
        tree = ast.parse(waiting.pop())
        for module, names in _named(tree).items():
            found.setdefault(_placed(module), set()).update(names)
        for module, names in imported(tree).items():
            new = names - {name for known, name in seen if known == module}
            if module.partition(".")[0] in MADE_OF and new:
                seen |= {(module, name) for name in new}
                waiting.append(_part(module, new))
    return _closed(found, for_cells(root, assignment))


def for_cells(root: Path, assignment: Assignment) -> Needs:
    """What cells that do more than show something import, with all that the notebook uses of it, and what the
    assignment's modules import."""
    master = read(assignment.master, _read(root / assignment.master))
    cells = [(cell.keys, _plain(cell.source)) for cell in master.cells if cell.kind == "code"]
    used = imported(ast.parse("\n\n".join(source for _, source in cells)))
    kept = {module for keys, source in cells if not keys.get("show") for module in imported(ast.parse(source), True)}
    found = {module: used[module] for module in kept if used.get(module)}
    for module in assignment.modules:
        for name, names in imported(ast.parse(_read(root / "solutions" / "backprop" / f"{module}.py"))).items():
            found.setdefault(name, set()).update(names)
    return _closed({name: names for name, names in found.items() if _is_given(name)})


def _closed(found: Needs, there: Iterable[str] = ()) -> Needs:
    """With the modules that these are made of, but for those that are there in any case."""
    waiting = list(found)
    while waiting:
        module = waiting.pop()
        for other, names in imported(ast.parse(_part(module, found[module]))).items():
            if other not in there and _is_given(other) and not names <= found.get(other, set()):
                found.setdefault(other, set()).update(names)
                waiting.append(other)
    return found


def _is_given(module: str) -> bool:
    """Whether a worker gets a module of the toolbox with a hand-in: not where it is there anyhow, or never."""
    room, _, rest = module.partition(".")
    there = module in (*SERVING, *SHARED)
    path = TOOLBOX / room / f"{rest}.py"
    return room in ROOMS and not there and path.is_file() and "\nWITHHELD = True" not in _read(path)


def _placed(module: str) -> str:
    """The module by that name which scripts find. Raises FileNotFoundError."""
    for room in ("probes", "given"):
        if (TOOLBOX / room / f"{module}.py").is_file():
            return f"{room}.{module}"
    raise FileNotFoundError(f"a check's script names toolbox.{module}, and neither probes nor given holds it")


def _part(module: str, names: Iterable[str]) -> str:
    """The part of a module, or of a room's modules, that names are made of."""
    path = TOOLBOX.joinpath(*module.split("."))
    inner = [path / f"{name}.py" for name in names if (path / f"{name}.py").is_file()]
    if inner:  # a room of a room
        return "\n".join(map(_read, sorted(inner)))
    source = _read(path / "__init__.py" if path.is_dir() else path.with_name(f"{path.name}.py"))
    return source if ALL in names else excerpt(source, names)


def _named(tree: ast.AST) -> Needs:
    """The names that scripts use of modules of the toolbox: {"budget": {"within"}} for `script.toolbox.budget.within`,
    and the whole module where it goes by another way than a further name."""
    found: Needs = {}
    inner: set[int] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and _of_toolbox(node.value):
            inner.add(id(node.value))
            found.setdefault(node.value.attr, set()).add(node.attr)  # type: ignore[attr-defined]
    for node in ast.walk(tree):
        if _of_toolbox(node) and id(node) not in inner:
            found.setdefault(node.attr, set()).add(ALL)  # type: ignore[attr-defined]
    return found


def _of_toolbox(node: ast.AST) -> bool:
    """Whether it is `<something>.toolbox.<module>`."""
    return isinstance(node, ast.Attribute) and isinstance(node.value, ast.Attribute) and node.value.attr == "toolbox"


def imported(tree: ast.AST, unused: bool = False) -> Needs:
    """The names that a source imports from modules of the toolbox, or uses of modules that it imports. unused: modules
    of which it uses nothing, too."""
    found: Needs = {}
    called: dict[str, str] = {}  # what a module is called in here -> the module
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("toolbox."):
            module = str(node.module).removeprefix("toolbox.")
            if "." in module or module in ("errors",):
                found.setdefault(module, set()).update(name.name for name in node.names)
            else:  # from a room
                called |= {name.asname or name.name: f"{module}.{name.name}" for name in node.names}
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in called:
            found.setdefault(called[node.value.id], set()).add(node.attr)
    return found | {module: found.get(module, set()) for module in called.values() if unused}


def _plain(source: str) -> str:
    return re.sub(r"(?m)^[ \t]*[%!].*$", "", source)  # without IPython's magics


@cache
def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8")
