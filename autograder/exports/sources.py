"""From the grades of a class to the rows that exports read: keys from the roster, the comment from the verdict.

Every number in a row is the grade's (`autograder.rules.grade`); nothing is reckoned here.
"""

from __future__ import annotations

from dataclasses import fields
from datetime import UTC, datetime
from pathlib import Path

from autograder.exports import comments
from autograder.exports.keys import Attempts, Roster, read_attempts
from autograder.exports.problems import ExportError
from autograder.exports.rows import GradeRow
from autograder.roster.file import read_roster
from autograder.roster.student import Student
from autograder.rules.class_grades import ClassGrades, read_verdicts
from autograder.rules.grade import Grade, Points, items_of
from toolbox.errors import NotThere


def read_class(root: Path, assignment: str | None = None) -> tuple[list[GradeRow], list[str]]:
    """The rows of one assignment, or of all, sorted by assignment and student; and the names of all assignments.

    Raises NotThere where nothing has been graded, ExportError for an assignment that nobody knows.
    """
    classroom = Path(root) / "classroom"
    grades = ClassGrades(Path(root))
    known = grades.assignments
    if not known:
        raise NotThere(f"there is no verdict under {classroom}: run python -m autograder grade <assignment> first")
    if assignment is not None and not grades.terms.rules(assignment).on:
        raise ExportError(f"{assignment!r} is switched off in course.toml")
    if assignment is not None and assignment not in known:
        raise ExportError(f"nothing of {assignment!r} has been graded; there are: {', '.join(known)}")
    roster = read_roster(classroom / "roster.csv")
    rows: list[GradeRow] = []
    for name in [assignment] if assignment else known:
        rows += rows_of(name, grades, roster, read_attempts(classroom, name))
    return rows, known


def rows_of(assignment: str, grades: ClassGrades, roster: Roster, attempts: Attempts) -> list[GradeRow]:
    """The rows of one assignment: a student of the gradebook or of the roster has one, handed in or not."""
    verdicts = {verdict["student"]: verdict for verdict in read_verdicts(grades.classroom, assignment)}
    students = {*grades.names, *roster}
    rows = []
    for grade in grades.all_of(assignment, students, list(verdicts.values())):
        entry = roster.get(grade.student, Student(grade.student))
        first, last, email = grades.names.get(grade.student, ("", "", ""))
        page = grades.classroom / "feedback" / grade.student / assignment / f"{assignment}.html"
        verdict = verdicts.get(grade.student)
        points = {field.name: getattr(grade, field.name) for field in fields(Points)}
        points |= {"due": _naive(grade.due), "received": _naive(grade.received)}
        rows.append(GradeRow(
            **points, late_seconds=grade.late_seconds if verdict else None,
            first_name=entry.first_name or first, last_name=entry.last_name or last, email=entry.email or email,
            section=entry.section, keys=entry.keys,
            attempt={**entry.scoped.get(assignment, {}), **attempts.get(grade.student, {})},
            comment=_comment(grade, verdict) if verdict and grade.score is not None else "",
            page=page if page.is_file() else None,
        ))  # fmt: skip
    return rows


def _comment(grade: Grade, verdict: dict) -> str:
    refused = verdict["intake"].get("status") == "refused"
    return comments.compose(
        grade.assignment, grade.score or 0.0, grade.max_score, late_seconds=grade.late_seconds, penalty=grade.penalty,
        waiting=grade.waiting, intake=verdict["intake"]["message"] if refused else "", items=items_of(verdict, grade),
        remarks=grade.remarks,
    )  # fmt: skip


def _naive(moment: datetime | None) -> datetime | None:
    """A time as naive UTC, as nbgrader's own export writes it."""
    return None if moment is None else moment.astimezone(UTC).replace(tzinfo=None)
