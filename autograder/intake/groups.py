"""Whose hand-ins are, as tables beside them tell: Moodle's worksheet, GitHub Classroom's grades, Canvas's groups.

A hand-in that a team sent is that of each of its members: of those in whose line the group's name or the repository's
stands. One of a single student gets the keys in their line (e-mail, number, name), so that Moodle's numbers, which are
others in each assignment, lead to one person. Canvas hands a group's work out under the group's name and with the
number of whoever sent it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from autograder.roster.lists import Listed, read_list
from autograder.roster.names import fold, letters
from autograder.tables.problems import TableError

from .parcels import Parcel, Who


@dataclass(frozen=True)
class Line:
    """A student's line. cells: what stands in it. who: the student as it names them."""

    kind: str
    cells: frozenset[str]
    who: Who


@dataclass
class Lines:
    """The students of the tables beside a download."""

    lines: list[Line] = field(default_factory=list)

    def add(self, data: bytes, assignment: str, *, timed: bool = True) -> bool:
        """Take in a table, and say whether it tells anything: one that is no list of these platforms does not. timed:
        whether it says also when work came in, as all but Canvas's groups do.
        """
        try:
            found = read_list(data, assignment=assignment)
        except TableError:
            return False
        told = found.kind.teams and timed == (found.kind.name != "canvas")
        if told:
            for listed, cells in zip(found.rows, found.cells, strict=True):
                own = _who(listed, assignment)
                self.lines.append(Line(found.kind.name, frozenset(filter(None, cells)) - {own.name}, own))
        return told

    def tell(self, parcels: Iterable[Parcel]) -> list[Parcel]:
        """The parcels, each with its student as a line names them; those of a group once for each member."""
        found: list[Parcel] = []
        for parcel in parcels:
            found += self._tell(parcel)
        return found

    def _tell(self, parcel: Parcel) -> list[Parcel]:
        lines = [line for line in self.lines if line.kind == parcel.platform]
        sender = next((line for line in lines if parcel.who and _is_of(line.who, parcel.who)), None)
        group = parcel.group
        if sender and parcel.who:
            if not _is_team(sender, parcel.who.name):
                return [replace(parcel, who=replace(sender.who, name=sender.who.name or parcel.who.name))]
            group = parcel.who.name
        called = {cell for line in lines for cell in line.cells if _is_called(cell, group)}
        members = [line for line in lines if len(called) == 1 and called <= line.cells]
        return [replace(parcel, who=line.who, keys=dict(line.who.scoped)) for line in members] or [parcel]


def _is_team(line: Line, name: str) -> bool:
    """Whether a hand-in's name is that of the group in its sender's line, and not the sender's own."""
    return letters(name) != letters(line.who.name) and any(_is_called(cell, name) for cell in line.cells)


def _is_called(cell: str, group: str) -> bool:
    """Whether a cell is the name of a group: in the names of its folders Moodle writes blanks for underscores, and
    leaves out what no file may be called.
    """
    return bool(letters(cell)) and letters(cell) == letters(group)


def _is_of(told: Who, who: Who) -> bool:
    """Whether a line is that of the one student who sent a hand-in: the surest key, and no other name beside it."""
    value = fold(who.key)
    same = any(who.keys[0][2][0] in names and fold(key) == value for _, key, names in told.keys)
    return same and (not told.name or not who.real or letters(told.name) == letters(who.name))


def _who(listed: Listed, assignment: str) -> Who:
    student = listed.student
    login = student.keys.get("github") or student.email.partition("@")[0]
    return Who(
        student.name, listed.row.keys, own=student.keys, scoped=student.scoped.get(assignment, {}),
        real=bool(student.name), login=login, email=student.email,
    )  # fmt: skip
