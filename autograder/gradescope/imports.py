"""What judging imports: the kit's own modules, and the packages of others.

Steps: begin with the programs that run in the container and with what is loaded there by name (the toolbox, the
suites); follow every import in their text, also those inside functions; add what the released notebooks and modules
import, which student code may do too. Nothing is listed by hand, so nothing can be forgotten.
"""

from __future__ import annotations

import ast
import json
import sys
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

PROGRAMS = ("autograder.gradescope.harness", "autograder.sandbox.zygote")
BY_NAME = (
    "autograder/course/*/checks/*.py", "autograder/course/*/mistakes/*.py", "autograder/course/kinds/*.py",
    "lib/toolbox/**/*.py",
)  # fmt: skip
RELEASED = ("assignments/*/checks/*.py", "lib/backprop/*.py")
NO_PACKAGE = {"backprop", "google"}  # the hand-in itself; what only Google's own machines have
SOURCES = {"autograder": "", "toolbox": "lib"}  # the kit's own packages, and where they lie


def reached(root: Path) -> tuple[set[str], set[str]]:
    """The kit's own files, as paths relative to `root`, and the names of other packages, as they are imported."""
    own: set[str] = set()
    foreign = {name.partition(".")[0] for name in _released(root)}
    waiting = list(PROGRAMS)
    waiting += [_module(path.relative_to(root)) for pattern in BY_NAME for path in sorted(root.glob(pattern))]
    while waiting:
        name = waiting.pop()
        top = name.partition(".")[0]
        if top not in SOURCES:
            foreign.add(top)
        elif (path := _file(root, name)) and (relative := path.relative_to(root).as_posix()) not in own:
            own.add(relative)
            package = name if path.name == "__init__.py" else name.rpartition(".")[0]
            waiting += [package, name.rpartition(".")[0] or top, *_imports(path.read_text(encoding="utf-8"), package)]
    return own, foreign - sys.stdlib_module_names - NO_PACKAGE - set(SOURCES)


def distributions(names: set[str]) -> list[str]:
    """The packages, as they are installed, that bring these imports, sorted. Raises KeyError where none does."""
    owners = metadata.packages_distributions()
    return sorted({owner for name in names for owner in owners[name]})


def _released(root: Path) -> Iterator[str]:
    for path in (path for pattern in RELEASED for path in root.glob(pattern)):
        # as if in `backprop`, so that what they import of each other is no package of others
        yield from _imports(path.read_text(encoding="utf-8"), "backprop")
    for path in root.glob("assignments/*/*.ipynb"):
        for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
            if cell["cell_type"] == "code":
                lines = "".join(cell["source"]).splitlines()
                yield from _imports("\n".join(line for line in lines if not line.startswith(("%", "!"))), "")


def _imports(text: str, package: str) -> Iterator[str]:
    """Every name that a module's text imports; `from a import b` may mean the module a.b, so both."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package.split(".")[: -node.level + 1 or None] if node.level else []
            base = ".".join([*above, *([node.module] if node.module else [])])
            yield base
            yield from (f"{base}.{alias.name}" for alias in node.names)


def _module(path: Path) -> str:
    parts = path.with_suffix("").parts
    parts = parts[1:] if parts[0] == "lib" else parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _file(root: Path, name: str) -> Path | None:
    """The file of one of the kit's own modules; None where the name is something in a module."""
    base = root / SOURCES[name.partition(".")[0]] / Path(*name.split("."))
    return next((path for path in (base / "__init__.py", base.with_suffix(".py")) if path.is_file()), None)
