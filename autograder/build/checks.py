"""The checks of an assignment, collected as students and the grader collect them: is every item asked about, both ways?

Steps: collect the complete checks; put what students get of them into a folder of its own and collect that, which
shows that it runs without its hidden part; see that every item has public and hidden checks that give marks, and that
every check has an item; write the index of the public ones.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path

from autograder.masters.percent import Master
from autograder.masters.problems import Problem, Refused
from autograder.masters.sources import COURSE, checks_of
from toolbox.checks.collect import Check, NoChecks, collect
from toolbox.checks.rows import Row


def collected(root: Path, name: str, master: Master, public: Mapping[str, bytes]) -> list[Check]:
    """The public checks of an assignment, as students collect them. public: file -> what they get of it.

    Raises `Refused` with every problem.
    """
    place = f"{COURSE}/{name}/checks"
    complete = _collect(checks_of(root, name), place)
    with tempfile.TemporaryDirectory(prefix="checks-") as folder:
        for file, data in public.items():
            (Path(folder) / file).write_bytes(data)
        shown = _collect(Path(folder), place, released=True)
    problems = [*_items_and_checks(master, place, complete)]
    if lost := {check.id for check in complete if not check.hidden} ^ {check.id for check in shown}:
        problems.append(Problem(place, 0, f"not the same with and without the hidden part: {', '.join(sorted(lost))}"))
    problems += _exemptions(place, complete)
    if problems:
        raise Refused(problems)
    return shown


def _exemptions(place: str, checks: list[Check]) -> list[Problem]:
    """A row that opts out of a property which its kind does not have: misspelt, or left behind by one that is gone."""
    rows = {id(check.row[0]): check for check in checks if check.row and isinstance(check.row[0], Row)}
    return [
        Problem(f"{place}/{check.file.name}", check.line,
                f"{check.id} is without {word!r}, which {type(check.row[0]).__name__} does not ask: mend or delete it")
        for check in rows.values()
        for word in check.row[0].without
        if word not in {prop.word for prop in check.row[0].properties()}
    ]  # fmt: skip


def _collect(folder: Path, place: str, released: bool = False) -> list[Check]:
    """The checks of a folder, which people know as `place`. Raises `Refused`."""
    try:
        return collect(folder)
    except NoChecks as error:
        where = f"{place}/{error.file}" if error.file else place
        said = str(error).replace(str(folder), place)
        # lines are counted in the master, which students do not get
        line, said = (0, f"without the hidden part: {said}") if released else (error.line, said)
        raise Refused([Problem(where, line, said)]) from error


def _items_and_checks(master: Master, place: str, checks: list[Check]) -> list[Problem]:
    cells = {cell.id: cell for cell in reversed(master.cells) if cell.role == "item"}
    problems = [
        Problem(f"{place}/{check.file.name}", check.line,
                f"{check.id} is of the item {check.item!r}, which has no check cell in {master.path}: add "
                f'`# %% item="{check.item}" points=1` with check("{check.item}"), or mend the id')
        for check in checks if check.item not in cells
    ]  # fmt: skip
    for name, cell in cells.items():
        own = [check for check in checks if check.item == name]
        if not own:
            message = f"the item {name!r} has no check in {place}: write a public and a hidden one, or mend the id"
            problems.append(Problem(master.path, cell.line, message))
            continue
        where = f"{place}/{own[0].file.name}"
        if all(check.hidden for check in own):
            message = f"the item {name!r} has no public check: write one outside the hidden regions"
            problems.append(Problem(where, own[0].line, message))
        if not any(check.hidden for check in own):
            message = (f"the item {name!r} has no hidden check: write one between ### BEGIN HIDDEN TESTS and "
                       "### END HIDDEN TESTS")  # fmt: skip
            problems.append(Problem(where, own[0].line, message))
        if all(check.share == 0 for check in own):
            message = f"every check of the item {name!r} has share 0, so that no answer could earn its points"
            problems.append(Problem(where, own[0].line, message))
    return problems
