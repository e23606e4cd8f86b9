"""What a master must be, beyond being readable: each rule finds its problems, and all of them are reported.

Rules of a notebook: known keys, ids, points, regions where students write, check cells that only check.
Rules between files: every item has a public and a hidden test, every test an item, every assignment its modules.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator

from autograder.masters import regions
from autograder.masters.checks import Suite
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
        suite = sources.suites.get(name)
        if suite is None:
            line = next((cell.line for cell in master.cells if cell.role == "item"), 0)
            problems.append(Problem(master.path, line, f"has no suite: write {COURSE}/{name}/checks/test_{name}.py"))
        else:
            problems += _items_and_tests(master, suite)
    for name, suite in sources.suites.items():
        if name not in sources.notebooks:
            problems.append(
                Problem(
                    suite.path,
                    0,
                    f"no notebook master has this suite: write solutions/{name}.py, or take the suite away",
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


def _items_and_tests(master: Master, suite: Suite) -> Iterator[Problem]:
    cells = {cell.id: cell for cell in reversed(master.cells) if cell.role == "item"}
    for test in suite.tests:
        if test.item not in cells:
            yield Problem(
                suite.path,
                test.line,
                f"{test.name} is of the item {test.item!r}, which has no check cell in "
                f'{master.path}: add `# %% item="{test.item}" points=1` with check("{test.item}"), or mend '
                "the id",
            )
    for name, cell in cells.items():
        tests = [test for test in suite.tests if test.item == name]
        if not tests:
            yield Problem(
                master.path,
                cell.line,
                f"the item {name!r} has no test in {suite.path}: write a public and a hidden one there, or mend the id",
            )
            continue
        if all(test.hidden for test in tests):
            yield Problem(
                suite.path,
                tests[0].line,
                f"the item {name!r} has no public test: write one outside the hidden "
                "regions, or its check would show the student nothing",
            )
        if not any(test.hidden for test in tests):
            yield Problem(
                suite.path,
                tests[0].line,
                f"the item {name!r} has no hidden test: write one between "
                "### BEGIN HIDDEN TESTS and ### END HIDDEN TESTS",
            )
        if all(test.share == 0 for test in tests):
            yield Problem(
                suite.path,
                tests[0].line,
                f"every test of the item {name!r} has share 0, so that no answer "
                "could earn its points: give one a share",
            )
