"""What the grader knows about an assignment, found in its room `autograder/course/<name>/`: no list names it.

checks/*.py        what right means; built into what students get
mistakes/*.py      wrong answers: every `Answer` in a list of such a module, and the right notebook's values, `NOTEBOOK`
styles/*.py        right answers written otherwise: every `Answer` in a list; whole modules in folders beside them
equivalent.py      mutants of the solutions that say the same in other words, each with the reason
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

from autograder.course.answers import Answer
from autograder.masters import percent
from autograder.masters.sources import checks_of
from toolbox.checks.collect import collect
from toolbox.checks.rows import Row
from toolbox.errors import UnknownName

ROOT = Path(__file__).resolve().parents[2]
HERE = Path(__file__).resolve().parent


@dataclass(frozen=True)
class Room:
    """What is known about one assignment.

    solutions: the source of each module, in the order of the notebook's header. notebook: the values of the right
    notebook. equivalent: (module, line before, line after) -> why this mutant is no other answer.
    """

    name: str
    solutions: dict[str, str]
    notebook: dict[str, Any]
    wrong: list[Answer]
    right: list[Answer]
    equivalent: dict[tuple[str, str, str], str]


def names() -> list[str]:
    """The assignments that have a room here, sorted."""
    return sorted(folder.parent.name for folder in HERE.glob("*/checks"))


@cache
def load(name: str) -> Room:
    """The room of an assignment. Raises UnknownName where there is none."""
    if name not in names():
        raise UnknownName(f"no room autograder/course/{name}; there are: {', '.join(names()) or 'none'}")
    mistakes = list(_modules(name, "mistakes"))
    notebook = {key: value for module in mistakes for key, value in getattr(module, "NOTEBOOK", {}).items()}
    right = _answers(_modules(name, "styles"))
    return Room(name, _solutions(ROOT, name), notebook, _answers(mistakes), right, _equivalent(name))


def room_at(root: Path, name: str) -> Room:
    """The room of an assignment, with the solutions of the course at `root`; an empty one where there is none."""
    if name not in names():
        return Room(name, {}, {}, [], [], {})
    return replace(load(name), solutions=_solutions(root, name))


@cache
def rows(name: str) -> tuple[Row, ...]:
    """Every row of an assignment's checks, in the order of their text."""
    checks = collect(checks_of(ROOT, name))
    package = checks[0].function.__module__.rpartition(".")[0]
    spaces = [vars(module) for key, module in sys.modules.items() if key.startswith(f"{package}.")]
    found = {id(row): row for space in spaces for some in space.values() if isinstance(some, list) for row in some}
    return tuple(row for row in found.values() if isinstance(row, Row))


def _modules(name: str, part: str) -> Iterator[ModuleType]:
    for path in sorted((HERE / name / part).glob("*.py")):
        if path.stem != "__init__":
            yield importlib.import_module(f"autograder.course.{name}.{part}.{path.stem}")


def _answers(modules: Iterator[ModuleType] | list[ModuleType]) -> list[Answer]:
    """Every answer in a list of these modules, once, in the order of the modules' text."""
    found: dict[int, Answer] = {}
    for module in modules:
        for value in vars(module).values():
            if isinstance(value, list):
                found |= {id(answer): answer for answer in value if isinstance(answer, Answer)}
    return list(found.values())


def _solutions(root: Path, name: str) -> dict[str, str]:
    master = percent.read(f"solutions/{name}.py", (root / "solutions" / f"{name}.py").read_text(encoding="utf-8"))
    folder = root / "solutions" / "backprop"
    return {module: (folder / f"{module}.py").read_text(encoding="utf-8") for module in master.kit["modules"]}


def _equivalent(name: str) -> dict[tuple[str, str, str], str]:
    if not (HERE / name / "equivalent.py").is_file():
        return {}
    rows = importlib.import_module(f"autograder.course.{name}.equivalent").EQUIVALENT
    return {(module, before, after): reason for module, reason, *pairs in rows for before, after in pairs}
