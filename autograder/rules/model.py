"""The rules of a course as plain data: what `course.toml` says, read and checked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, tzinfo

# Which of a student's attempts stands.
LAST_IN_TIME, LAST, FIRST, BEST = "last in time", "last", "first", "best"
ATTEMPTS = (LAST_IN_TIME, LAST, FIRST, BEST)


@dataclass(frozen=True)
class Amount:
    """Points, or a share of the points: 10 with `percent` is a tenth of them."""

    value: float
    percent: bool = False

    def of(self, points: float) -> float:
        return self.value / 100 * points if self.percent else self.value

    def __str__(self) -> str:
        return f"{self.value:g} %" if self.percent else f"{self.value:g} points"


@dataclass(frozen=True)
class Late:
    """What lateness costs. grace: seconds. each: what every begun `unit` costs, None where nothing. unit: seconds, of a
    day or an hour. cap: the most that is taken off. of_score: whether a per cent is one of the student's own score, and
    not of the points there are. days_off: on them no time passes.
    """

    grace: int = 0
    each: Amount | None = None
    unit: int = 86_400
    cap: Amount | None = None
    of_score: bool = False
    days_off: frozenset[date] = frozenset()


@dataclass(frozen=True)
class AssignmentRules:
    """The rules of one assignment. due: with its zone, None where nothing is late. drop: items and written questions
    that do not count. points: item -> points, in place of those in the notebook. renamed: old item -> new item, or ""
    where it is gone.
    """

    on: bool = True
    due: datetime | None = None
    attempt: str = LAST_IN_TIME
    late: Late = Late()
    drop: frozenset[str] = frozenset()
    points: Mapping[str, float] = field(default_factory=dict)
    renamed: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Course:
    """All that `course.toml` says. zone: of days off and of times that name none. common: of assignments that it does
    not name.
    """

    zone: tzinfo = UTC
    common: AssignmentRules = AssignmentRules()
    assignments: Mapping[str, AssignmentRules] = field(default_factory=dict)

    def of(self, assignment: str) -> AssignmentRules:
        return self.assignments.get(assignment, self.common)
