"""A notebook master read for what the kit needs: cells, the keys of their headers, and line numbers.

Steps: split off the YAML header; cut at the `# %%` lines; read the keys of each; take the comment marks off markdown.
jupytext makes the notebook itself (see `notebook`); it keeps no line numbers and takes over a second to import, and
`catalogue` has to be quick. The build compares the two readings cell by cell, so they cannot drift apart.
"""

from __future__ import annotations

import json
import math
import re
from dataclasses import dataclass, field

import yaml  # type: ignore[import-untyped]

from autograder.masters.problems import Problem
from autograder.masters.regions import Line, numbered

CELL = re.compile(r"# %%(?: (.*))?")
HEAD = re.compile(r"(?:\[(?P<kind>\w+)\])?\s*(?P<keys>.*)")
KEY = re.compile(r'(\w+)=("(?:[^"\\]|\\.)*"|[^\s"]+)(?:\s+|$)')
ROLES = ("item", "solution", "written")


@dataclass
class Cell:
    """One cell: `kind` is code or markdown, `keys` those of its header, `line` the number of its `# %%` line."""

    kind: str
    keys: dict
    line: int
    lines: list[Line] = field(default_factory=list)

    @property
    def source(self) -> str:
        return "\n".join(line.text for line in self.lines).strip("\n")

    @property
    def role(self) -> str:
        """item, solution, written, or given."""
        return next((role for role in ROLES if role in self.keys), "given")

    @property
    def id(self) -> str | None:
        """The id that the master gives this cell; None for a given cell."""
        return self.keys.get(self.role)


@dataclass
class Master:
    """A notebook master as read. `problems` is what could not be read."""

    path: str
    kit: dict
    cells: list[Cell]
    problems: list[Problem]

    @property
    def order(self) -> float:
        """The assignment's place in the course, as the header says; infinite where it says none."""
        return self.kit.get("order", math.inf)


def read(path: str, text: str) -> Master:
    """Read a master; never raises, what cannot be read is a problem."""
    problems: list[Problem] = []
    lines = numbered(text)
    kit, start = _header(path, lines, problems)
    cells: list[Cell] = []
    for line in lines[start:]:
        if head := CELL.fullmatch(line.text.rstrip()):
            cells.append(_open(path, line.number, head[1] or "", problems))
        elif cells:
            cells[-1].lines.append(line)
        elif line.text.strip():
            problems.append(Problem(path, line.number, "text before the first cell: put a line `# %%` above it"))
            break
    for cell in cells:
        if cell.kind == "markdown":
            cell.lines = _uncomment(path, cell, problems)
    if not cells:
        problems.append(Problem(path, 0, "no cell: a notebook master is in jupytext's percent format"))
    return Master(path, kit, cells, problems)


def _header(path: str, lines: list[Line], problems: list[Problem]) -> tuple[dict, int]:
    """The `backprop_kit` mapping of the header, and the index of the first line behind the header."""
    example = (
        "`#   backprop_kit: {assignment: NAME, modules: [NAME], order: 1}` below `# jupyter:` between two lines `# ---`"
    )
    marks = [index for index, line in enumerate(lines) if line.text.rstrip() == "# ---"][:2]
    if len(marks) < 2 or any(line.text.strip() for line in lines[: marks[0]]):
        problems.append(Problem(path, 1, f"no header: begin with {example}"))
        return {}, 0
    text = "\n".join(line.text[2:] for line in lines[marks[0] + 1 : marks[1]])
    try:
        kit = yaml.safe_load(text)["jupyter"]["backprop_kit"]
        if not isinstance(kit["assignment"], str) or not all(isinstance(name, str) for name in kit["modules"]):
            raise TypeError("assignment is a name and modules a list of names")
        if type(kit.get("order", 0)) not in (int, float):
            raise TypeError("order is a number, the place in the course")
    except (yaml.YAMLError, KeyError, TypeError) as error:
        reason = " ".join(str(error).split())
        problems.append(Problem(path, lines[marks[0]].number, f"unreadable header ({reason}): it holds {example}"))
        kit = {}
    return kit, marks[1] + 1


def _open(path: str, number: int, head: str, problems: list[Problem]) -> Cell:
    """The cell that a `# %%` line opens."""
    found = HEAD.fullmatch(head.strip())
    assert found is not None, head
    kind, text = found.group("kind", "keys")
    if kind not in (None, "markdown"):
        problems.append(Problem(path, number, f"a [{kind}] cell: the kit knows code cells and [markdown]"))
    keys: dict = {}
    position = 0
    while match := KEY.match(text, position):
        name, value = match.groups()
        if name in keys:
            problems.append(Problem(path, number, f"{name} is given twice: keep one"))
        try:
            keys[name] = json.loads(value)
        except ValueError:
            keys[name] = value  # whoever needs the value says what it should have been
        position = match.end()
    if text[position:]:
        problems.append(Problem(path, number, f'cannot read `{text[position:]}`: write keys as name="text" or name=2'))
    return Cell(kind or "code", keys, number)


def _uncomment(path: str, cell: Cell, problems: list[Problem]) -> list[Line]:
    lines = []
    for number, text in cell.lines:
        if text and not text.startswith("#"):
            problems.append(Problem(path, number, "a line of a markdown cell without `# ` in front: put it there"))
        lines.append(Line(number, re.sub(r"^# ?", "", text)))
    return lines
