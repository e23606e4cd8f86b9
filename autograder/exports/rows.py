"""What an export reads: one row for each student and assignment, plain data.

`exports.sources` fills rows from the grades. Every format reads rows and nothing else, so a number is the same in all
of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from autograder.roster.matching import Person
from autograder.rules.grade import EXCUSED, GRADED, MISSING, NOT_JUDGED, STATUSES, UNMARKED, Points

__all__ = [
    "EXCUSED", "GRADED", "MISSING", "NOT_JUDGED", "STATUSES", "UNMARKED", "GradeRow",
    "people_of",
]  # fmt: skip


@dataclass(frozen=True)
class GradeRow(Points):
    """One student's grade in one assignment, and who that is.

    due, received: naive. comment: what the student is told, as lines of plain text. page: the feedback page, None where
    there is none.
    """

    late_seconds: int | None = None
    first_name: str = ""
    last_name: str = ""
    email: str = ""
    section: str = ""
    keys: Mapping[str, str] = field(default_factory=dict)
    attempt: Mapping[str, str] = field(default_factory=dict)
    comment: str = ""
    page: Path | None = None

    @property
    def name(self) -> str:
        """First and last name, "" where neither is known."""
        return f"{self.first_name} {self.last_name}".strip()

    @property
    def sortable_name(self) -> str:
        """Last, First; the one there is where the other is missing."""
        return ", ".join(filter(None, (self.last_name, self.first_name)))

    def key(self, *names: str) -> str:
        """The first of these platform keys that is known, from the roster before the hand-in's own."""
        for name in names:
            if found := self.keys.get(name) or self.attempt.get(name):
                return found
        return ""


def people_of(rows: Iterable[GradeRow]) -> dict[str, Person]:
    """The students of these rows, by id."""
    found: dict[str, list[GradeRow]] = {}
    for row in rows:
        found.setdefault(row.student, []).append(row)
    people = {}
    for student, theirs in found.items():
        keys: dict[str, set[str]] = {}
        for row in theirs:
            for name, value in [*row.keys.items(), *row.attempt.items()]:
                if value:
                    keys.setdefault(name, set()).add(value)
        names = frozenset(row.name for row in theirs if row.name)
        email = next((row.email for row in theirs if row.email), "")
        people[student] = Person(student, names, email, {name: frozenset(values) for name, values in keys.items()})
    return people
