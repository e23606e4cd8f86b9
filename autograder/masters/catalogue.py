"""What each assignment is made of: its items, points, order and modules, from the masters alone.

The one source of points and order for the grader, the reports and the audit. Nothing is imported or run: neither
torch nor the checks, so a command may ask for it before anything else.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from autograder.masters import regions, rules, sources
from autograder.masters.percent import Cell, Master
from autograder.masters.problems import Refused
from toolbox.errors import UnknownName

__all__ = ["Assignment", "Item", "Written", "catalogue", "find"]


@dataclass(frozen=True)
class Item:
    """A graded id with a check cell. title: the heading it stands under in the notebook, "" where there is none."""

    id: str
    points: float
    title: str
    line: int


@dataclass(frozen=True)
class Written:
    """A written question, graded by a person."""

    id: str
    points: float
    title: str
    line: int


@dataclass(frozen=True)
class Assignment:
    """One assignment; items and written questions in the order of the notebook, paths relative to the repository."""

    name: str
    modules: tuple[str, ...]
    items: tuple[Item, ...]
    written: tuple[Written, ...]
    master: str
    checks: str

    @property
    def points(self) -> dict[str, float]:
        """The points of each item, in order; written questions are not among them."""
        return {item.id: item.points for item in self.items}

    @property
    def max_score(self) -> float:
        """All points that the grader gives by itself."""
        return sum(item.points for item in self.items)

    @property
    def max_written(self) -> float:
        """All points that a person gives."""
        return sum(written.points for written in self.written)


def catalogue(root: Path) -> dict[str, Assignment]:
    """Every assignment of the repository at `root`, by name, in the order of the course.

    Raises `Refused` where a notebook or a module is malformed; checks are read by `build`.
    It is made once for the masters as they are.
    """
    stamps = ((path, path.stat()) for path in sources.paths(root))
    return dict(_catalogue(root, tuple((path, stat.st_mtime_ns, stat.st_size) for path, stat in stamps)))


@lru_cache(maxsize=4)
def _catalogue(root: Path, stamps: tuple) -> dict[str, Assignment]:
    masters = sources.read(root, parse_checks=False)
    if problems := rules.check(masters):
        raise Refused(problems)
    return {name: _assignment(name, masters.notebooks[name], masters) for name in masters.order}


def _assignment(name: str, master: Master, masters: sources.Sources) -> Assignment:
    items: list[Item] = []
    written: list[Written] = []
    title = ""
    for cell in master.cells:
        title = _heading(cell) or title
        if cell.role == "item":
            items.append(Item(str(cell.id), float(cell.keys["points"]), title, cell.line))
        elif cell.role == "written":
            written.append(Written(str(cell.id), float(cell.keys["points"]), title, cell.line))
    place = f"{sources.COURSE}/{name}/checks"
    return Assignment(name, tuple(master.kit["modules"]), tuple(items), tuple(written), master.path, place)


def _heading(cell: Cell) -> str:
    """The last heading of a markdown cell, outside code fences and model answers."""
    if cell.kind != "markdown":
        return ""
    answers, _ = regions.find(cell.lines, regions.SOLUTION, "a notebook")
    found, fenced = "", False
    for _, text in regions.outside(cell.lines, answers):
        fenced ^= text.lstrip().startswith("```")
        if not fenced and text.startswith("#"):
            found = text.lstrip("#").strip() or found
    return found


def find(known: dict[str, Assignment], assignment: str) -> Assignment:
    """The assignment of that name. Raises UnknownName, with the known ones."""
    if assignment not in known:
        raise UnknownName(f"no assignment is called {assignment!r}; there are: {', '.join(known) or 'none'}")
    return known[assignment]
