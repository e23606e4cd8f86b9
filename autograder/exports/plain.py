"""Plain CSV: every row with all its numbers, for a spreadsheet or a program of one's own.

The first columns are those of nbgrader's own export, and `score` is nbgrader's too: the sum less the penalty, never
below zero. Names are made harmless for spreadsheets; ids and numbers stay as they are.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable

from autograder.exports.rows import EXCUSED, MISSING, GradeRow
from autograder.tables.spreadsheet import address, harmless

COLUMNS = (
    "assignment", "duedate", "timestamp", "student_id", "last_name", "first_name", "email", "raw_score",
    "late_submission_penalty", "score", "max_score", "auto_score", "max_auto_score", "written_score",
    "max_written_score", "late_seconds", "status",
)  # fmt: skip


def to_csv(rows: Iterable[GradeRow]) -> bytes:
    """The rows as CSV: UTF-8 behind a byte-order mark, without which Excel takes it for Latin-1; lines end in CRLF."""
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, COLUMNS, restval="", lineterminator="\r\n")
    writer.writeheader()
    writer.writerows(map(_line, rows))
    return text.getvalue().encode("utf-8-sig", "replace")


def _line(row: GradeRow) -> dict[str, object]:
    line: dict[str, object] = {
        "assignment": row.assignment,
        "duedate": row.due or "",
        "timestamp": row.received or "",
        "student_id": row.student,
        "last_name": harmless(row.last_name),
        "first_name": harmless(row.first_name),
        "email": address(row.email),
        "max_score": _number(row.max_score),
        "status": row.status,
    }
    if row.status == MISSING:
        return line | {"raw_score": "0", "late_submission_penalty": "0", "score": "0"}
    numbers = {
        "raw_score": row.raw_score,
        "late_submission_penalty": row.penalty,
        "score": None if row.status == EXCUSED else row.score,
        "auto_score": row.auto_score,
        "max_auto_score": row.max_auto_score,
        "written_score": row.written_score,
        "max_written_score": row.max_written_score,
        "late_seconds": row.late_seconds,
    }
    return line | {name: _number(value) for name, value in numbers.items()}


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.10g}"
