"""Sakai: `grades.csv` of one assignment, out and in again, and the tree that "Upload All" takes.

The file begins with the assignment's title and scale and an empty line; the third line holds the headings. A student is
known by `Display ID`, then `ID`. A hand-in's folder is `Last, First(username)`.
"""

from __future__ import annotations

from autograder.exports import comments
from autograder.exports.outcome import Outcome
from autograder.exports.platform import Column, Layout, Options, Platform, students_of
from autograder.exports.problems import ExportError
from autograder.exports.rows import GradeRow
from autograder.exports.writing import by_student, csv_text, score_cell
from autograder.roster.columns import SAKAI, find, key_columns
from autograder.tables.lossless import Sheet
from autograder.tables.spreadsheet import harmless

HEADINGS = ["Display ID", "ID", "Last Name", "First Name", "grade"]
ATTACHMENTS, TEXT = "Feedback Attachment(s)", "feedbackText.html"


class Sakai(Platform):
    name, title, one_column = "sakai", "Sakai", True
    wanted = "the headings Display ID and grade"
    after = "In Sakai: Assignments, Upload All; the file must be called grades.csv in the assignment's folder."

    def is_header(self, cells: list[str]) -> bool:
        return find(cells, "Display ID") is not None and find(cells, "grade") is not None

    def layout(self, sheet: Sheet, header: int, heading: str) -> Layout:
        headings = [cell.strip() for cell in sheet.row(header)]
        title, scale = (sheet.cell(0, 0).strip(), sheet.cell(0, 1).strip()) if header else ("", "")
        if scale.casefold() not in ("", "points"):
            raise ExportError(f"Sakai grades this assignment by {scale!r} and takes no points: set it to Points there")
        keys = key_columns(headings, SAKAI)
        last, first = find(headings, "Last Name"), find(headings, "First Name")
        students = students_of(sheet, header, keys, (last, first))
        grade = find(headings, "grade")
        assert grade is not None
        return Layout(sheet, [Column(grade, headings[grade], title)], students, len(headings))

    def create(self, rows: list[GradeRow], assignments: list[str], options: Options, outcome: Outcome) -> bytes:
        (assignment,) = assignments
        title = options.columns.get(assignment) or options.columns.get("", "") or assignment
        lines = [[title, "Points", "", "", ""], [""] * 5, HEADINGS]
        for student, theirs in by_student(rows).items():
            (row,) = theirs.values()
            shown = row.key("sakai", "login")
            if not shown:
                outcome.note("no key", student, "the Display ID is not known")
                continue
            score = score_cell(self, row, "grade", options, outcome)
            names = harmless(row.last_name), harmless(row.first_name)
            lines.append([shown, row.key("sakai_id") or shown, *names, score])
        return csv_text(lines).encode()

    def feedback_place(self, row: GradeRow, title: str) -> str:
        folder = row.key("sakai_folder")
        return f"{title}/{folder}/{ATTACHMENTS}/{row.assignment}.html" if folder else ""

    def feedback_extras(self, rows: list[GradeRow], outcome: Outcome) -> dict[str, bytes]:
        extras: dict[str, bytes] = {}
        for row in rows:
            title = outcome.titles.get(row.assignment, row.assignment)
            extras[f"{title}/grades.csv"] = outcome.data or b""
            if row.comment and (folder := row.key("sakai_folder")):
                extras[f"{title}/{folder}/{TEXT}"] = comments.as_html(row.comment).encode()
        return extras
