"""The history in words: a line for each change, or all that one of them did."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from autograder.history import log
from autograder.history.log import NONE, Entry
from toolbox.errors import NotThere, UnknownName


def history(classroom: Path, assignment: str = "", number: int | None = None) -> list[str]:
    """The lines of the command `history`. assignment: only what changed its grades. Raises NotThere, UnknownName."""
    entries = log.read(classroom)
    if not entries:
        raise NotThere(f"nothing has been changed in {classroom} yet: the first grading begins the history")
    if number is not None:
        found = next((entry for entry in entries if entry.number == number), None)
        if found is None:
            raise UnknownName(f"there is no state {number}; the last one is {entries[-1].number}")
        return [line_of(found, assignment), *details(found, assignment)]
    shown = [entry for entry in entries if not assignment or assignment in entry.assignments]
    if not shown:
        raise UnknownName(f"no grade of {assignment!r} has changed; without a name all changes are listed")
    return [line_of(entry, assignment) for entry in shown]


def line_of(entry: Entry, assignment: str = "") -> str:
    """One change in one line: number, time, who, what, and how many grades."""
    changed = _changed(entry, assignment)
    new = sum(one["before"] == NONE for one in changed)
    parts = [f"{new} graded for the first time"] * bool(new)
    if len(changed) > new:
        parts.append(f"{len(changed) - new} grades changed")
    parts += [f"{len(entry.about)} other changes"] * (not changed and bool(entry.about))
    when = datetime.fromisoformat(entry.at).astimezone()
    return (
        f"{entry.number:4d}  {when:%Y-%m-%d %H:%M}  {entry.who:10s}  {entry.did}: {', '.join(parts) or 'same grades'}"
    )


def details(entry: Entry, assignment: str = "") -> list[str]:
    """Whose grade one change moved, from what to what and why, and what it did beside."""
    lines = [
        f"      {one['assignment']}, {one['student']}: {one['before']} → {one['after']} ({'; '.join(one['why'])})"
        for one in _changed(entry, assignment)
    ]
    return lines + [f"      {line}" for line in entry.about]


def _changed(entry: Entry, assignment: str) -> list[dict]:
    return [one for one in entry.changed if not assignment or one["assignment"] == assignment]
