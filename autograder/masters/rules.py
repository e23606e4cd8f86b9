"""What a master must be, beyond being readable: each rule finds its problems, and all of them are reported.

Rules of a notebook: known keys, ids, points, regions where students write, check cells that only check.
Rules between files: every assignment has its modules and its checks. What the checks are of is looked at when they are
collected (`build.checks`).
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator

from autograder.masters import regions
from autograder.masters.percent import ROLES, Cell, Master
from autograder.masters.problems import Problem
from autograder.masters.sources import COURSE, Sources

NAME = re.compile(r"[a-z][a-z0-9_]*")
LONGEST = 55  # a notebook's cell ids end at 64 characters, and `solution_` takes nine
KEYS = {
    "item": {"item", "points"},
    "solution": {"solution"},
    "written": {"written", "points"},
    "given": {"show"},
}
FOREIGN = "AUTOTEST"  # nbgrader starts a kernel where it meets this word


def check(sources: Sources) -> list[Problem]:
    """Every problem of the masters, those of reading them included."""
    problems = list(sources.problems)
    for name, master in sources.notebooks.items():
        problems += _header(name, master, sources)
        for cell in master.cells:
            problems += _cell(master.path, cell)
        problems += _unique(master)
        if name not in sources.checks:
            line = next((cell.line for cell in master.cells if cell.role == "item"), 0)
            problems.append(Problem(master.path, line, f"has no checks: write {COURSE}/{name}/checks/<topic>.py"))
    for name, files in sources.checks.items():
        if name not in sources.notebooks:
            problems.append(
                Problem(
                    files[0].path,
                    0,
                    f"no notebook master has these checks: write solutions/{name}.py, or take the checks away",
                )
            )
    return sorted(set(problems + list(_modules(sources))))


def _header(name: str, master: Master, sources: Sources) -> Iterator[Problem]:
    if not NAME.fullmatch(name):
        yield Problem(master.path, 0, "an assignment's name is small letters, digits and underscores: rename the file")
    if not master.kit:
        return
    if master.kit["assignment"] != name:
        yield Problem(
            master.path,
            1,
            f"the header names the assignment {master.kit['assignment']!r} and the file is {name}.py: make them one",
        )
    for module in master.kit["modules"]:
        if module not in sources.modules:
            yield Problem(
                master.path,
                1,
                f"the header names the module {module!r}: write solutions/backprop/{module}.py, or take the name away",
            )


def _modules(sources: Sources) -> Iterator[Problem]:
    """Every module with something to fill in is handed in with exactly one assignment."""
    owner: dict[str, str] = {}
    for name, master in sources.notebooks.items():
        for module in master.kit.get("modules", []):
            if owner.setdefault(module, name) != name:
                yield Problem(
                    master.path,
                    1,
                    f"the module {module!r} belongs to {owner[module]!r} already: take it out of one header",
                )
    for name, module in sources.modules.items():
        if module.regions and name not in owner:
            yield Problem(
                module.path,
                module.regions[0].begin,
                f"students write here and no assignment collects it: name "
                f"{name} under `modules` in the header of a notebook master",
            )


def _cell(path: str, cell: Cell) -> Iterator[Problem]:
    roles = [role for role in ROLES if role in cell.keys]
    if len(roles) > 1:
        yield Problem(
            path,
            cell.line,
            f"a cell is one of item, solution, written, this one is {' and '.join(roles)}: split it",
        )
        return
    known = KEYS[cell.role]
    for key in cell.keys.keys() - known:
        yield Problem(
            path,
            cell.line,
            f"the key {key!r} means nothing on a {cell.role} cell: "
            f"{'it takes ' + ' and '.join(sorted(known)) if known else 'it takes none'}",
        )
    if roles and not (isinstance(cell.id, str) and NAME.fullmatch(cell.id) and len(cell.id) <= LONGEST):
        yield Problem(
            path,
            cell.line,
            f"{cell.id!r} is no id: write small letters, digits and underscores in quotes, "
            f"a letter first, {LONGEST} characters at most",
        )
    if "points" in known:
        yield from _points(path, cell)
    if "show" in cell.keys and (cell.keys["show"] is not True or cell.kind != "code"):
        yield Problem(path, cell.line, "show=true marks a code cell that only shows something; there is no other use")
    if (cell.kind == "markdown") != (cell.role == "written") and cell.role != "given":
        kind = "a [markdown] cell" if cell.role == "written" else "a code cell"
        yield Problem(path, cell.line, f"{cell.role}={cell.id!r} belongs to {kind}")
    for number, text in cell.lines:
        if FOREIGN in text:
            yield Problem(path, number, f"nbgrader would act on the word {FOREIGN}: use another")
    yield from _regions(path, cell)
    if cell.role == "item" and cell.source != f'check("{cell.id}")':
        yield Problem(path, cell.line, f'a check cell holds exactly check("{cell.id}") and nothing else')


def _points(path: str, cell: Cell) -> Iterator[Problem]:
    points = cell.keys.get("points")
    what = f"{cell.role} {cell.id!r}"
    if points is None:
        yield Problem(path, cell.line, f"{what} has no points: add points=1 to this line")
    elif isinstance(points, bool) or not isinstance(points, int | float) or not math.isfinite(points):
        yield Problem(path, cell.line, f"{what} has points={points!r}, which is not a number: write points=1")
    elif points <= 0:
        yield Problem(path, cell.line, f"{what} has points={points!r}: points are more than 0")


def _regions(path: str, cell: Cell) -> Iterator[Problem]:
    writes = cell.role in ("solution", "written")
    place = {"item": "a check cell", "given": "a given cell"}.get(cell.role, "a notebook")
    found, wrong = regions.find(cell.lines, regions.SOLUTION if writes else None, place)
    for number, message in wrong:
        yield Problem(path, number, message)
    if writes and not found and not wrong:
        yield Problem(
            path,
            cell.line,
            f"the {cell.role} cell {cell.id!r} has no region, so the student would get all or "
            "nothing of it: put ### BEGIN SOLUTION and ### END SOLUTION around the answer",
        )


def grade_id(cell: Cell) -> str | None:
    """The id under which nbgrader knows the cell; None where it does not."""
    return f"solution_{cell.id}" if cell.role == "solution" else cell.id


def _unique(master: Master) -> Iterator[Problem]:
    seen: dict[str, int] = {}
    for cell in master.cells:
        if (name := grade_id(cell)) is None:
            continue
        if name in seen:
            yield Problem(
                master.path,
                cell.line,
                f"the id {name!r} is taken by the cell on line {seen[name]}: give one of them another",
            )
        seen.setdefault(name, cell.line)
