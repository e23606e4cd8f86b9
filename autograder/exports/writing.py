"""New files: rows of text as CSV, in the encoding and with the quoting that a platform wants."""

from __future__ import annotations

from collections.abc import Iterable

from autograder.exports import numbers
from autograder.exports.outcome import Change, Outcome
from autograder.exports.platform import Options, Platform
from autograder.exports.rows import EXCUSED, MISSING, NOT_JUDGED, UNMARKED, GradeRow
from autograder.tables.lossless import needs_quotes, quote


def csv_text(lines: Iterable[Iterable[str]], *, every: bool = False, end: str = "\r\n") -> str:
    """Lines as CSV by RFC 4180; every: with quotation marks around each cell."""
    return "".join(
        ",".join(quote(cell) if every or needs_quotes(cell, ",") else cell for cell in line) + end for line in lines
    )


def by_student(rows: Iterable[GradeRow]) -> dict[str, dict[str, GradeRow]]:
    """student -> assignment -> row, students sorted."""
    found: dict[str, dict[str, GradeRow]] = {}
    for row in sorted(rows, key=lambda row: row.student):
        found.setdefault(row.student, {})[row.assignment] = row
    return found


def score_cell(platform: Platform, row: GradeRow | None, heading: str, options: Options, outcome: Outcome) -> str:
    """What a new file's cell says about a row, "" for nothing; what is left out is noted."""
    text = "" if row is None else _score(platform, row, options, outcome)
    if text and row is not None:
        outcome.changes.append(Change(row.student, row.student, heading, "", text))
    return text


def _score(platform: Platform, row: GradeRow, options: Options, outcome: Outcome) -> str:
    if row.status == EXCUSED:
        if not platform.excused:
            outcome.note("excused", row.student, f"set it by hand in {platform.title}")
        return platform.excused
    if row.status == NOT_JUDGED:
        outcome.note("not judged", row.student)
        return ""
    if row.status == MISSING and not options.zero_for_missing:
        outcome.note("missing", row.student)
        return ""
    if row.status == UNMARKED:
        if options.only_final:
            outcome.note("not taken", row.student, "written answers are still to be marked")
            return ""
        outcome.note("provisional", row.student)
    return numbers.write(row.score or 0.0, bool(options.comma))
