"""`python -m autograder roster import FILE`: show what a list would do to the roster, and do it with --apply."""

from __future__ import annotations

from pathlib import Path

from rich.console import Console
from rich.text import Text

from autograder.roster.file import NAME, Roster
from autograder.roster.importing import Plan, plan
from autograder.roster.lists import read_list
from autograder.tables.problems import TableError
from toolbox.checks.visible import visible
from toolbox.errors import NotThere

LARGEST = 64 * 2**20  # bytes
SHOWN = 20


def run_import(
    root: Path, file: Path, *, kind: str = "auto", assignment: str = "", apply: bool, console: Console | None = None
) -> Plan:
    """Import a list into `root`/classroom/roster.csv; without `apply` only show it. Raises TableError, NotThere."""
    console = console or Console()
    if not file.is_file():
        raise NotThere(f"there is no {file}: give the list that you downloaded from the platform")
    if file.stat().st_size > LARGEST:
        raise TableError(f"{file} has more than {LARGEST >> 20} MiB: that is no list of a class")
    roster = Roster(root / "classroom" / NAME)
    found = plan(roster, read_list(file.read_bytes(), kind, assignment), assignment)
    show(found, console)
    if not apply:
        console.print("Nothing is written yet: the same with --apply writes it.", style="bold")
    elif found.new or found.filled:
        roster.save()
        console.print(f"wrote {roster.path}: edit it wherever it is wrong", markup=False)
    return found


def show(found: Plan, console: Console) -> None:
    """Print what an import comes to, the doubtful first."""

    def block(title: str, lines: list[str], style: str = "") -> None:
        if lines:
            console.print(Text(f"{title}: {len(lines)}"), style=style or "bold")
            for line in lines[:SHOWN]:
                console.print(Text(visible(f"  {line}")), soft_wrap=True)
            if len(lines) > SHOWN:
                console.print(f"  … and {len(lines) - SHOWN} more")

    console.print(Text(f"It is {found.title}."))
    block("doubtful, left out", [f"{label}: {why}" for label, why in found.doubtful.items()], "bold red")
    block("lines that name nobody, left out", [f"line {number}" for number in found.unread])
    block("new", [" ".join(filter(None, [student.label, student.email])) for student in found.new])
    block("matched by name alone", [f"{student}: {label}" for student, label in found.by_name.items()])
    block("filled in", [f"{student}: {', '.join(columns)}" for student, columns in found.filled.items()])
    block("the roster says otherwise, and stays", [
        f"{student}, {column}: here {here!r}, there {there!r}" for student, column, here, there in found.differs
    ])  # fmt: skip
    block("in the roster, not in the list", found.absent)
