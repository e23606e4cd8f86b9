"""Extensions and excuses of single students, as the roster says them.

In `classroom/roster.csv` the column `excused` names assignments ("flat layers"), the column `extensions` gives more
time for some: "flat=2d layers=36h", or until when: "flat=2026-03-05T22:00". `all` stands for every assignment.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, tzinfo
from pathlib import Path

from autograder.roster.file import read_roster
from toolbox.errors import KitError

ALL = "all"
SEPARATORS = re.compile(r"[\s,;]+")
LENGTH = re.compile(r"(?=\d)(?:(?P<days>\d+)d)?(?:(?P<hours>\d+)h)?(?:(?P<minutes>\d+)(?:m|min))?", re.IGNORECASE)


class AllowanceError(KitError, ValueError):
    """The roster gives an extension that nobody can read. The message says whose."""


@dataclass(frozen=True)
class Allowance:
    """What one student is allowed. excused: assignments. extensions: assignment -> how much more time, or until when,
    as it is written.
    """

    excused: frozenset[str] = frozenset()
    extensions: Mapping[str, str] = field(default_factory=dict)

    def is_excused(self, assignment: str) -> bool:
        return bool({ALL, assignment.casefold()} & self.excused)

    def deadline(self, assignment: str, due: datetime | None, zone: tzinfo) -> datetime | None:
        """Until when this student may hand in. zone: of a time that names none. Raises AllowanceError."""
        text = self.extensions.get(assignment.casefold()) or self.extensions.get(ALL)
        return due if due is None or not text else extended(due, text, zone)

    def as_dict(self) -> dict:
        return {"excused": sorted(self.excused), "extensions": dict(sorted(self.extensions.items()))}

    @classmethod
    def from_dict(cls, content: dict) -> Allowance:
        return cls(frozenset(content["excused"]), dict(content["extensions"]))


def pairs_of(text: str) -> dict[str, str]:
    """assignment -> extension, from a cell such as 'flat=2d layers=36h'. Raises AllowanceError."""
    pairs = {}
    for word in filter(None, SEPARATORS.split(text)):
        assignment, mark, own = word.partition("=")
        if not (assignment and mark and own):
            raise AllowanceError(f"the extension {word!r}: write it as flat=2d, flat=36h or flat=2026-03-05T22:00")
        pairs[assignment.casefold()] = own
    return pairs


def extended(due: datetime, text: str, zone: tzinfo) -> datetime:
    """The deadline with an extension, in UTC; never before `due`. Raises AllowanceError."""
    if text and (match := LENGTH.fullmatch(text)):
        return due + timedelta(**{unit: int(number) for unit, number in match.groupdict(default="0").items()})
    try:
        until = datetime.fromisoformat(text)
    except ValueError:
        raise AllowanceError(f"the extension {text!r} is neither a length (2d, 36h, 1d12h) nor a time") from None
    if len(text) == len("2026-03-05"):
        until = until.replace(hour=23, minute=59, second=59)
    return max(due, (until if until.tzinfo else until.replace(tzinfo=zone)).astimezone(UTC))


def read_people(path: Path) -> dict[str, Allowance]:
    """The students of a roster who are allowed anything; none where there is no file. Raises AllowanceError."""
    found = {}
    for student in read_roster(path).values():
        try:
            own = Allowance(student.excused, pairs_of(student.extensions))
        except AllowanceError as error:
            raise AllowanceError(f"{path}, {student.id}: {error}") from None
        if own != Allowance():
            found[student.id] = own
    return found


def check(people: Mapping[str, Allowance], assignments: Iterable[str]) -> list[str]:
    """What is wrong with these allowances, in words; assignments: those there are."""
    known = {name.casefold() for name in assignments} | {ALL}
    wrong = []
    for student, own in people.items():
        for name in sorted({*own.excused, *own.extensions} - known):
            wrong.append(f"roster, {student}: there is no assignment {name!r}; there are: {', '.join(sorted(known))}")
        for text in own.extensions.values():
            try:
                extended(datetime(2026, 1, 1, tzinfo=UTC), text, UTC)
            except (AllowanceError, OverflowError) as error:
                wrong.append(f"roster, {student}: {error}")
    return wrong
