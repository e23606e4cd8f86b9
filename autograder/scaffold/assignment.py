"""Lay down a new assignment: a notebook with its first item, a module, and a room in the course."""

from __future__ import annotations

from pathlib import Path

from autograder.masters import sources
from autograder.scaffold import NotLaidDown, item, texts, write


def lay_down(root: Path, assignment: str) -> list[Path]:
    """Write a new assignment, whose first item is `<assignment>_first`; return the files. Raises NotLaidDown."""
    masters = sources.read(root, parse_checks=False)
    item.named(assignment, "an assignment")
    taken = [f"{sources.SOLUTIONS}/{assignment}.py", f"{sources.MODULES}/{assignment}.py"]
    for path in [*taken, f"{sources.COURSE}/{assignment}"]:
        if (root / path).exists():
            raise NotLaidDown(f"{path} stands there already: choose another name")
    first, room = f"{assignment}_first", f"{sources.COURSE}/{assignment}"
    title = assignment.replace("_", " ").capitalize()
    order = 1 + max(int(master.order) for master in masters.notebooks.values())
    head = texts.HEADER.format(assignment=assignment, title=title, order=order, setup=_setup(masters))
    module = f"{sources.MODULES}/{assignment}.py"
    files = item.function({module: texts.MODULE}, assignment, first, assignment)
    files |= {f"{sources.SOLUTIONS}/{assignment}.py": head + item.cells(first)}
    files |= {f"{room}/{part}/__init__.py": texts.ROOM.format(assignment=assignment) for part in ("mistakes", "styles")}
    files |= {f"{room}/__init__.py": texts.ROOM.format(assignment=assignment)}
    return write(root, files)


def _setup(masters: sources.Sources) -> str:
    """The cell that finds the course, as the last notebook has it."""
    if not masters.order:
        raise NotLaidDown("there is no notebook yet whose first cell could be taken: write solutions/<name>.py")
    master = masters.notebooks[masters.order[-1]]
    cell = next((cell for cell in master.cells if cell.kind == "code"), None)
    if cell is None:
        raise NotLaidDown(f"{master.path} has no cell that finds the course")
    return f"# %%\n{cell.source.rstrip()}\n"
