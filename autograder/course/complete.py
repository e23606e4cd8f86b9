"""Whether every item has what it needs beside its cells and its code: nothing half-made is built or released.

Steps: import the rooms of the course; see that each item has a wrong answer, and a right one that is not the solution;
ask the solution every check, which shows that each has its reference. The solution is asked again where anything has
changed that its verdict follows from: a digest of it lies beside the built notebook.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path

import torch

from autograder.course.answers import Answer
from autograder.course.rooms import ROOT, Room, load
from autograder.course.students import answering
from autograder.files import write_atomically
from autograder.masters import sources
from autograder.masters.percent import Master
from autograder.masters.problems import Problem
from autograder.masters.sources import COURSE, checks_of
from toolbox.checks.collect import NoChecks
from toolbox.checks.suite import PUBLIC_SEED, Suite

TRIED = "tried.txt"
DEAR = 10  # seconds: what a check that may take longer asks, the audit asks


def problems(root: Path, check: bool = False) -> list[Problem]:
    """What items lack. check: ask the solution nothing, which takes seconds where something has changed."""
    masters = sources.read(root, parse_checks=False)
    return missing(root, masters) or ([] if check else unsolved(root, masters))


def missing(root: Path, masters: sources.Sources) -> list[Problem]:
    """The items without wrong or right answers. Those of another repository than this program's cannot be known."""
    problems: list[Problem] = []
    for name, master in _own(root, masters):
        room = _room(name)
        problems += [room] if isinstance(room, Problem) else lacking(name, master, room.wrong, room.right)
    return problems


def unsolved(root: Path, masters: sources.Sources) -> list[Problem]:
    """The checks that the solution itself does not pass."""
    problems: list[Problem] = []
    for name, _ in _own(root, masters):
        note, digest = root / "solutions" / name / TRIED, _digest(root, name)
        if note.is_file() and note.read_text() == digest:
            continue
        room = _room(name)
        found = [room] if isinstance(room, Problem) else tried(checks_of(root, name), room)
        if not found and note.parent.is_dir():
            write_atomically(note, digest.encode())
        problems += found
    return problems


def lacking(name: str, master: Master, wrong: Iterable[Answer], right: Iterable[Answer]) -> list[Problem]:
    """The items of a notebook that no wrong answer is of, or no right one but the solution."""
    rejected = {item for answer in wrong for item in answer.items}
    written = {item for answer in right if answer.edits or answer.file or answer.notebook for item in answer.items}
    room, problems = f"{COURSE}/{name}", []
    for cell in master.cells:
        if cell.role == "item" and cell.id not in rejected:
            message = f"the item {cell.id!r} has no wrong answer: add what students get wrong to a list in "
            problems.append(Problem(master.path, cell.line, f"{message}{room}/mistakes/<topic>.py, with wrong(…)"))
        if cell.role == "item" and cell.id not in written:
            message = (
                f"the item {cell.id!r} has no right answer but the solution: add one written otherwise to a list in "
            )
            problems.append(Problem(master.path, cell.line, f"{message}{room}/styles/<topic>.py, with liberty(…)"))
    return problems


def tried(folder: Path, room: Room) -> list[Problem]:
    """What becomes of the solution in every check of a folder that takes no long time."""
    place = f"{COURSE}/{room.name}/checks"
    try:
        suite = Suite(folder)
    except NoChecks as error:
        return [Problem(f"{place}/{error.file}", error.line, str(error))]
    quick = {check.id for check in suite.checks if (check.seconds or 0) < DEAR}
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        results = suite.run(answering(Answer("", ()), room), seed=PUBLIC_SEED, tests=quick, faults=True)
    finally:
        torch.set_num_threads(threads)
    found = {check.id: check for check in suite.checks}
    return [
        Problem(f"{place}/{found[result.name].file.name}", found[result.name].line,
                f"the solution does not pass {result.name} ({result.message}): mend the check or the solution, and see "
                "that the check has its reference")
        for result in results if result.status != "passed"
    ]  # fmt: skip


def _own(root: Path, masters: sources.Sources) -> list[tuple[str, Master]]:
    return [(name, masters.notebooks[name]) for name in masters.order] if root.resolve() == ROOT else []


def _room(name: str) -> Room | Problem:
    try:
        return load(name)
    except Exception as error:  # whatever the text of a mistake or a style does when it is imported
        return Problem(f"{COURSE}/{name}", 0, f"its mistakes or styles cannot be read: {type(error).__name__}: {error}")


def _digest(root: Path, name: str) -> str:
    """Of all that the solution's verdict follows from."""
    whole = hashlib.sha256(torch.__version__.encode())
    places = [root / COURSE / name, root / sources.KINDS, root / "lib" / "toolbox", root / sources.MODULES]
    for path in sorted(path for place in places for path in place.rglob("*.py")):
        whole.update(f"{path.relative_to(root).as_posix()}\0".encode() + path.read_bytes())
    return whole.hexdigest()
