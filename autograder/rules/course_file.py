"""Read `classroom/course.toml` and check it; what is wrong is named by key and line, all of it at once.

Steps: parse it with tomllib; go through its tables with one reader for each key, which takes plain values to those of
`model`; whatever no reader knows is a problem, too, with the nearest known name.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from difflib import get_close_matches
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from autograder.rules.lines import line_of
from autograder.rules.model import ATTEMPTS, Amount, AssignmentRules, Course, Late
from toolbox.errors import KitError

NAME = "course.toml"
OF = ("points", "score")
HOUR, DAY = 3600, 86_400
AMOUNT = re.compile(r"\s*(?P<value>[0-9]+(?:\.[0-9]+)?)\s*(?P<unit>%|points?|per cent)?\s*")
RANGE = re.compile(r"\s*([0-9]{4}-[0-9]{2}-[0-9]{2})\s*(?:to|\.\.|/)\s*([0-9]{4}-[0-9]{2}-[0-9]{2})\s*")
LONGEST = 400  # days of a range


class CourseError(KitError, ValueError):
    """course.toml says something that cannot be meant. The message names keys and lines."""


class _Wrong(Exception):
    """One value is not what it should be; the message says what it should be."""


def read(path: Path) -> Course:
    """The rules in a file; those of a course without any where it is not there. Raises CourseError."""
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        return Course()
    except UnicodeDecodeError as error:
        raise CourseError(f"{path}: not UTF-8 text ({error.reason} at byte {error.start}): save it as UTF-8") from None
    return parse(text, str(path))


def parse(text: str, name: str = NAME) -> Course:
    """The rules in a text. name: what the messages call it. Raises CourseError."""
    text = text.replace("\r\n", "\n")
    try:
        content = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        words = f"{name}: {error}. A value is a number, a date, true, false, or text in quotes"
        raise CourseError(words) from None
    reader = _Reader(text, name)
    course = reader.course(content)
    if reader.problems:
        raise CourseError("\n".join(reader.problems))
    return course


class _Reader:
    """Goes through the tables of one file and collects what is wrong."""

    def __init__(self, text: str, name: str):
        self._text, self._name = text, name
        self._zone: tzinfo = UTC
        self.problems: list[str] = []

    def course(self, content: dict) -> Course:
        top = self._table(content, (), {"time_zone": _zone, "late": _table, "attempts": _table, "assignments": _table})
        self._zone = top.get("time_zone", UTC)
        late = self._late(top.get("late", {}), ("late",))
        attempts = self._table(top.get("attempts", {}), ("attempts",), {"stands": _attempt})
        common = AssignmentRules(late=_late(late), attempt=attempts.get("stands", AssignmentRules.attempt))
        named = self._table(top.get("assignments", {}), ("assignments",), None)
        own = {name: self._assignment(table, ("assignments", name), late, common) for name, table in named.items()}
        return Course(self._zone, common, own)

    def _assignment(self, table: dict, at: tuple[str, ...], late: dict, common: AssignmentRules) -> AssignmentRules:
        readers = {
            "on": _switch, "due": self._moment, "stands": _attempt, "late": _table, "drop": _names, "points": _points,
            "renamed": _renamed,
        }  # fmt: skip
        found = self._table(table, at, readers)
        own = self._late(found.get("late", {}), (*at, "late"))
        if own.keys() & {"per_day", "per_hour"}:  # the assignment's own takes the place of the other one
            late = {key: value for key, value in late.items() if key not in ("per_day", "per_hour")}
        return AssignmentRules(
            on=found.get("on", True), due=found.get("due"), attempt=found.get("stands", common.attempt),
            late=_late({**late, **own}), drop=found.get("drop", frozenset()), points=found.get("points", {}),
            renamed=found.get("renamed", {}),
        )  # fmt: skip

    def _late(self, table: dict, at: tuple[str, ...]) -> dict:
        readers = {
            "grace_minutes": _minutes, "per_day": _amount, "per_hour": _amount, "cap": _amount, "of": _base,
            "days_off": _days,
        }  # fmt: skip
        found = self._table(table, at, readers)
        if {"per_day", "per_hour"} <= found.keys():
            self._problem((*at, "per_hour"), "stands beside per_day: give one of them")
        return found

    def _table(self, table: Mapping, at: tuple[str, ...], readers: dict[str, Callable] | None) -> dict[str, Any]:
        """The values of a table that are right. readers: None where any name may be a key, of a table."""
        found = {}
        for key, value in table.items():
            reader = _table if readers is None else readers.get(key)
            if reader is None:
                known = list(readers or ())
                near = get_close_matches(key, known, 1, 0.5)
                hint = f": did you mean {near[0]}?" if near else f". There are: {', '.join(known)}"
                self._problem((*at, key), f"is no key of {'.'.join(at) or 'this file'}{hint}")
                continue
            try:
                found[key] = reader(value)
            except _Wrong as wrong:
                self._problem((*at, key), f"= {_shown(value)}: {wrong}")
        return found

    def _problem(self, at: tuple[str, ...], words: str) -> None:
        line = line_of(self._text, at)
        self.problems.append(f"{self._name}{f', line {line}' if line else ''}: {'.'.join(at)} {words}")

    def _moment(self, value: Any) -> datetime:
        if isinstance(value, date) and not isinstance(value, datetime):
            value = datetime.combine(value, time(23, 59, 59))
        if not isinstance(value, datetime):
            raise _Wrong("give a date or a time without quotes: 2026-03-01T22:00:00, or 2026-03-01 for its last second")
        return (value if value.tzinfo else value.replace(tzinfo=self._zone)).astimezone(UTC)


def _late(found: dict) -> Late:
    hourly = "per_hour" in found
    return Late(
        grace=found.get("grace_minutes", 0), each=found.get("per_hour", found.get("per_day")),
        unit=HOUR if hourly else DAY, cap=found.get("cap"), of_score=found.get("of", "points") == "score",
        days_off=found.get("days_off", frozenset()),
    )  # fmt: skip


# One reader for each kind of value; each raises _Wrong.


def _table(value: Any) -> dict:
    if not isinstance(value, dict):
        raise _Wrong("this is a table: write its keys below a line such as [late]")
    return value


def _zone(value: Any) -> tzinfo:
    try:
        return UTC if value == "UTC" else ZoneInfo(value)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        raise _Wrong('give a time zone by its name: "Europe/London", "America/Detroit", "UTC"') from None


def _switch(value: Any) -> bool:
    if not isinstance(value, bool):
        raise _Wrong("give true or false, without quotes")
    return value


def _attempt(value: Any) -> str:
    if value not in ATTEMPTS:
        raise _Wrong(f"give one of {', '.join(map(repr, ATTEMPTS))}")
    return value


def _base(value: Any) -> str:
    if value not in OF:
        raise _Wrong('give "points" (per cent of the points there are) or "score" (of the student\'s own)')
    return value


def _number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < 1e6


def _minutes(value: Any) -> int:
    if not _number(value):
        raise _Wrong("give a number of minutes, 0 or more")
    return round(60 * value)


def _amount(value: Any) -> Amount:
    if _number(value):
        return Amount(float(value))
    match = AMOUNT.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        raise _Wrong('give per cent, "10 %", or points, 2')
    percent = match["unit"] in ("%", "per cent")
    if percent and float(match["value"]) > 100:
        raise _Wrong("more than 100 %")
    return Amount(float(match["value"]), percent)


def _days(value: Any) -> frozenset[date]:
    found: set[date] = set()
    for entry in value if isinstance(value, list) else [None]:
        if isinstance(entry, date) and not isinstance(entry, datetime):
            found.add(entry)
            continue
        match = RANGE.fullmatch(entry) if isinstance(entry, str) else None
        try:
            first, last = map(date.fromisoformat, match.groups()) if match else (date.max, date.min)
        except ValueError:
            first, last = date.max, date.min
        if not 0 <= (last - first).days <= LONGEST:
            raise _Wrong('give a list of dates, and of ranges in quotes: [2026-04-03, "2026-12-24 to 2027-01-01"]')
        found.update(first + timedelta(days=number) for number in range((last - first).days + 1))
    return frozenset(found)


def _names(value: Any) -> frozenset[str]:
    if not isinstance(value, list) or not all(isinstance(name, str) for name in value):
        raise _Wrong('give a list of items: ["hinge_loss"]')
    return frozenset(value)


def _points(value: Any) -> dict[str, float]:
    for name, points in _table(value).items():
        if not _number(points):
            raise _Wrong(f"{name}: give a number of points, 0 or more")
    return {name: float(points) for name, points in value.items()}


def _renamed(value: Any) -> dict[str, str]:
    if not all(isinstance(new, str) for new in _table(value).values()):
        raise _Wrong('give the new name of each item in quotes, "" for one that is gone: { old_name = "new_name" }')
    named = [new for new in value.values() if new]
    if len(set(named)) < len(named):
        raise _Wrong("two items cannot become one")
    return dict(value)


def _shown(value: Any) -> str:
    """A value as a person would write it in the file."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return f'"{value}"'
    return value.isoformat() if isinstance(value, date | time) else str(value)
