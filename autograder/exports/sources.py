"""From what is known of a class to the rows that exports read.

A `Source` holds the grades: nbgrader's gradebook fills it, or the verdicts where there is no gradebook. The roster adds
names and platform keys, the receipts the keys of each hand-in, the verdicts what the comment says.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

from autograder.exports import comments
from autograder.exports.keys import Attempts, Roster, read_attempts
from autograder.exports.problems import ExportError
from autograder.exports.rows import EXCUSED, GRADED, MISSING, NOT_JUDGED, UNMARKED, GradeRow
from autograder.roster.file import read_roster
from autograder.roster.student import Student

UNJUDGED = ("not judged", "not_judged")  # how a verdict's item says that nobody could judge it


@dataclass(frozen=True)
class Grade:
    """A hand-in's points, as they are before the penalty. waiting: a written answer is still to be marked. remarks:
    what a person wrote about it, by cell.
    """

    raw_score: float
    penalty: float = 0.0
    auto_score: float | None = None
    max_auto_score: float | None = None
    written_score: float | None = None
    max_written_score: float | None = None
    received: datetime | None = None
    late_seconds: int | None = None
    waiting: bool = False
    remarks: Mapping[str, str] = field(default_factory=dict)


@dataclass
class Source:
    """students: id -> first name, last name, e-mail. assignments: name -> most points, deadline (naive UTC). grades:
    (assignment, student) -> the grade of who handed in.
    """

    students: dict[str, tuple[str, str, str]] = field(default_factory=dict)
    assignments: dict[str, tuple[float, datetime | None]] = field(default_factory=dict)
    grades: dict[tuple[str, str], Grade] = field(default_factory=dict)


def read_class(root: Path, assignment: str | None = None) -> tuple[list[GradeRow], list[str]]:
    """The rows of one assignment, or of all, sorted by assignment and student; and the names of all assignments.

    Raises FileNotFoundError where nothing has been graded, ExportError for an assignment that nobody knows.
    """
    classroom = Path(root) / "classroom"
    source = _gradebook(Path(root)) or from_verdicts(Path(root))
    if not source.assignments:
        raise FileNotFoundError(
            f"there is no gradebook and no verdict under {classroom}: run python -m autograder grade <assignment> first"
        )
    known = sorted(source.assignments)
    if assignment is not None and assignment not in known:
        raise ExportError(f"nothing of {assignment!r} has been graded; there are: {', '.join(known)}")
    roster = read_roster(classroom / "roster.csv")
    rows: list[GradeRow] = []
    for name in [assignment] if assignment else known:
        rows += rows_of(name, source, roster, read_attempts(classroom, name), classroom)
    return rows, known


def rows_of(assignment: str, source: Source, roster: Roster, attempts: Attempts, classroom: Path) -> list[GradeRow]:
    """The rows of one assignment: a student of the gradebook or of the roster has one, handed in or not."""
    verdicts = {verdict["student"]: verdict for verdict in read_verdicts(classroom, assignment)}
    rows = []
    for student in sorted({*source.students, *roster}):
        entry, verdict = roster.get(student, Student(student)), verdicts.get(student)
        first, last, email = source.students.get(student, ("", "", ""))
        max_score, due = source.assignments[assignment]
        grade = source.grades.get((assignment, student))
        page = classroom / "feedback" / student / assignment / f"{assignment}.html"
        row = GradeRow(
            student, assignment, _status(assignment, entry, grade, verdict), max_score, due=due,
            first_name=entry.first_name or first, last_name=entry.last_name or last, email=entry.email or email,
            section=entry.section, keys=entry.keys,
            attempt={**entry.scoped.get(assignment, {}), **attempts.get(student, {})},
            page=page if page.is_file() else None,
        )  # fmt: skip
        rows.append(_graded(row, grade, verdict) if grade else row)
    return rows


def _graded(row: GradeRow, grade: Grade, verdict: dict | None) -> GradeRow:
    """The row of who has handed in."""
    numbers = ("raw_score", "penalty", "auto_score", "max_auto_score", "written_score", "max_written_score")
    row = replace(row, **{name: getattr(grade, name) for name in (*numbers, "received", "late_seconds")})
    if row.status in (NOT_JUDGED, EXCUSED):
        return row
    score = max(0.0, grade.raw_score - grade.penalty)
    refused = verdict is not None and verdict["intake"].get("status") == "refused"
    comment = comments.compose(
        row.assignment, score, row.max_score, late_seconds=grade.late_seconds or 0, penalty=grade.penalty,
        waiting=grade.waiting, intake=verdict["intake"]["message"] if verdict is not None and refused else "",
        items=verdict["items"] if verdict is not None else [], remarks=grade.remarks,
    )  # fmt: skip
    return replace(row, score=score, comment=comment)


def _status(assignment: str, entry: Student, grade: Grade | None, verdict: dict | None) -> str:
    if assignment.casefold() in entry.excused:
        return EXCUSED
    if grade is None:
        return MISSING
    if any(item["status"] in UNJUDGED for item in (verdict or {}).get("items", [])):
        return NOT_JUDGED
    return UNMARKED if grade.waiting else GRADED


def _gradebook(root: Path) -> Source | None:
    """What nbgrader's gradebook knows, None where there is none yet."""
    from autograder.gradebook import rows  # nbgrader takes a second to import, and verdicts need none of it

    url = rows.database(root)
    return rows.read(url) if url else None


def from_verdicts(root: Path) -> Source:
    """The grades in `classroom/verdicts/`. What a person marks is not in them, and the late penalty neither."""
    found = Source()
    for folder in sorted((root / "classroom" / "verdicts").glob("[!.]*/")):
        verdicts = read_verdicts(root / "classroom", folder.name)
        if not verdicts:
            continue
        written = written_points(root / "assignments" / folder.name / f"{folder.name}.ipynb")
        found.assignments[folder.name] = (max(verdict["max_score"] for verdict in verdicts) + written, None)
        for verdict in verdicts:
            found.students.setdefault(verdict["student"], ("", "", ""))
            found.grades[folder.name, verdict["student"]] = Grade(
                raw_score=verdict["score"],
                auto_score=verdict["score"],
                max_auto_score=verdict["max_score"],
                written_score=0.0 if written else None,
                max_written_score=written or None,
                received=_moment(verdict["hand_in"].get("received")),
                late_seconds=verdict["hand_in"].get("late_seconds"),
                waiting=written > 0 and verdict["intake"]["status"] != "refused",
            )
    return found


def read_verdicts(classroom: Path, assignment: str) -> list[dict]:
    """All verdicts of an assignment, sorted by student; plain JSON, for which nothing else need be imported."""
    folder = classroom / "verdicts" / assignment
    return [json.loads(path.read_text(encoding="utf-8")) for path in sorted(folder.glob("[!.]*.json"))]


def written_points(notebook: Path) -> float:
    """The points of the written questions in a released notebook; 0 where it is not there."""
    if not notebook.is_file():
        return 0.0
    cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    marks = [cell["metadata"].get("nbgrader", {}) for cell in cells]
    return sum(float(mark["points"]) for mark in marks if mark.get("grade") and mark.get("solution"))


def _moment(text: str | None) -> datetime | None:
    """An ISO 8601 time as naive UTC."""
    if not text:
        return None
    moment = datetime.fromisoformat(text)
    return moment.astimezone(UTC).replace(tzinfo=None) if moment.tzinfo else moment
