"""Whose grade changes, from what to what, and why: two sets of grades compared. Plain data in, sentences out."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

from autograder.rules.grade import EXCUSED, Grade, ItemGrade


@dataclass(frozen=True)
class Change:
    """One student's grade in one assignment, before and after; None where there is none. reasons: in words."""

    student: str
    assignment: str
    before: Grade | None
    after: Grade | None
    reasons: tuple[str, ...]


def changes(before: Iterable[Grade], after: Iterable[Grade]) -> list[Change]:
    """The grades that differ in anything that a student or a report sees, by assignment and student."""
    old = {(grade.assignment, grade.student): grade for grade in before}
    new = {(grade.assignment, grade.student): grade for grade in after}
    found = []
    for assignment, student in sorted(old.keys() | new.keys()):
        pair = old.get((assignment, student)), new.get((assignment, student))
        reasons = tuple(why(*pair))
        if reasons:
            found.append(Change(student, assignment, *pair, reasons))
    return found


def why(before: Grade | None, after: Grade | None) -> list[str]:
    """What makes the difference between two grades, in words; nothing where there is none."""
    if before is None or after is None:
        return [] if before is after else ["graded for the first time" if before is None else "no longer graded"]
    reasons = []
    if before.status != after.status and EXCUSED in (before.status, after.status):
        reasons.append("excused" if after.status == EXCUSED else "no longer excused")
    elif before.status != after.status:
        reasons.append(f"{before.status} → {after.status}")
    names = dict.fromkeys(item.id for grade in (before, after) for item in grade.items)
    for name in names:
        reasons += _why_item(name, before.item(name), after.item(name))
    if before.late_seconds != after.late_seconds:
        reasons.append(f"late by {_words(before.late_seconds)} → {_words(after.late_seconds)}")
    if before.penalty != after.penalty:
        reasons.append(f"taken off for lateness: {before.penalty:g} → {after.penalty:g}")
    if not reasons and shown(before) != shown(after):
        reasons.append(f"{shown(before)} → {shown(after)}")
    return reasons


def shown(grade: Grade | None) -> str:
    """A grade in a few characters: '38.5 / 41', 'excused'."""
    if grade is None:
        return "–"
    return grade.status if grade.score is None else f"{grade.score:g} / {grade.max_score:g}"


def _why_item(name: str, before: ItemGrade | None, after: ItemGrade | None) -> list[str]:
    if after is None:
        return [f"{name} no longer counts"]
    if before is None:
        return [f"{name} now counts {after.max_score:g}"]
    reasons = []
    if before.max_score != after.max_score:
        reasons.append(f"{name} counts {after.max_score:g}, not {before.max_score:g}")
    if before.score != after.score or before.status != after.status:
        by = ", by hand" if after.by_hand else f" ({before.status} → {after.status})" * (before.status != after.status)
        reasons.append(f"{name}: {_mark(before)} → {_mark(after)}{by}")
    return reasons


def _mark(item: ItemGrade) -> str:
    return "open" if item.score is None else f"{item.score:g}"


def _words(seconds: int) -> str:
    return str(timedelta(seconds=seconds)) if seconds else "nothing"
