"""Whose hand-ins are, as the tables that lie beside them tell: Moodle's worksheet, GitHub Classroom's grades.

A hand-in that a team sent is that of each of its members: of those in whose line the group's name or the repository's
stands. One of a single student gets the keys in their line (e-mail, number, name), so that Moodle's numbers, which are
others in each assignment, lead to one person.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from autograder.roster.lists import Listed, read_list
from autograder.roster.names import fold, letters
from autograder.tables.problems import TableError

from .parcels import Parcel, Who

KINDS = ("moodle", "github")  # whose tables say it, and whose hand-ins they say it of


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

    def add(self, data: bytes, assignment: str) -> None:
        """Take in a table; one that is no list of these platforms tells nothing."""
        try:
            found = read_list(data, assignment=assignment)
        except TableError:
            return
        if found.kind.name in KINDS:
            for listed, cells in zip(found.rows, found.cells, strict=True):
                own = _who(listed, assignment)
                self.lines.append(Line(found.kind.name, frozenset(filter(None, cells)) - {own.name}, own))

    def tell(self, parcels: Iterable[Parcel]) -> list[Parcel]:
        """The parcels, each with its student as a line names them; those of a group once for each member."""
        found: list[Parcel] = []
        for parcel in parcels:
            found += self._tell(parcel) if parcel.platform in KINDS and self.lines else [parcel]
        return found

    def _tell(self, parcel: Parcel) -> list[Parcel]:
        lines = [line for line in self.lines if line.kind == parcel.platform]
        if parcel.who and (alone := [line.who for line in lines if _is_of(line.who, parcel.who)]):
            return [replace(parcel, who=replace(alone[0], name=alone[0].name or parcel.who.name))]
        called = {cell for line in lines for cell in line.cells if _is_called(cell, parcel.group)}
        members = [line.who for line in lines if len(called) == 1 and called <= line.cells]
        return [replace(parcel, who=who, keys=dict(who.scoped)) for who in members] or [parcel]


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
