"""Blackboard Learn: grades for working offline, out and in again.

A student is known by `Username`; a column by the id behind its heading, which Blackboard makes. Tab-delimited files are
UTF-16LE, comma-delimited ones have quotation marks around every cell. A download of one column takes comments, too.
"""

from __future__ import annotations

import re

from autograder.exports import comments, numbers
from autograder.exports.outcome import Outcome
from autograder.exports.platform import Column, Layout, Options, Platform, students_of
from autograder.exports.rows import GradeRow
from autograder.exports.writing import by_student, csv_text, score_cell
from autograder.roster.columns import BLACKBOARD, find, key_columns
from autograder.tables.lossless import Sheet
from autograder.tables.spreadsheet import harmless

HEADING = re.compile(
    r"(?P<title>.*?)\s*\[Total Pts: (?:up to )?(?P<points>[\d.,]+) (?P<kind>\w+)[^\]]*\]\s*\|(?P<id>\S+)", re.DOTALL
)
STUDENT = ("Last Name", "First Name", "Username", "Student ID", "Last Access", "Availability")


class Blackboard(Platform):
    name, title = "blackboard", "Blackboard"
    delimiters = ("\t", ",", ";")
    wanted = "a heading Username and one that ends in a column's id (name [Total Pts: 10 Score] |123456)"
    after = "In Blackboard: Grade Center, Work Offline, Upload."

    def is_header(self, cells: list[str]) -> bool:
        return find(cells, "Username") is not None and any(re.search(r"\|\S+$", cell) for cell in cells)

    def layout(self, sheet: Sheet, header: int, heading: str) -> Layout:
        headings = [cell.strip() for cell in sheet.row(header)]
        keys = key_columns(headings, BLACKBOARD)
        last, first = find(headings, "Last Name"), find(headings, "First Name")
        columns = []
        for index, cell in enumerate(headings):
            if found := HEADING.fullmatch(cell):
                is_score = found["kind"].casefold() in ("score", "percentage")
                closed = "" if is_score else f"Blackboard shows it as {found['kind']}"
                columns.append(Column(index, cell, found["title"], found["points"], closed))
            elif re.search(r"\|\S+$", cell) and index not in keys:
                columns.append(Column(index, cell, cell.rpartition("|")[0].strip()))
        students = students_of(sheet, header, keys, (last, first))
        remark, form = find(headings, "Feedback to Learner"), find(headings, "Feedback Format")
        return Layout(sheet, columns, students, len(headings), remark, form)

    def comment(self, row: GradeRow, form: str = "") -> tuple[str, str]:
        if form.strip().upper() in ("SMART_TEXT", "PLAIN_TEXT"):
            return " / ".join(row.comment.splitlines()), form
        return comments.as_html(row.comment), "HTML"

    def create(self, rows: list[GradeRow], assignments: list[str], options: Options, outcome: Outcome) -> bytes:
        headings = [options.columns.get(name) or options.columns.get("", "") or name for name in assignments]
        for heading in headings:
            if not HEADING.fullmatch(heading):
                outcome.note(
                    "file",
                    text=f"{heading!r} has no column id, so Blackboard would make a text column of 0 points: rather "
                    "download the grades there and give them with --file, or the whole heading with --column",
                )
        lines = [[*STUDENT[:4], *headings]]
        for student, theirs in by_student(rows).items():
            first = next(iter(theirs.values()))
            user = first.key("blackboard", "login")
            if not user:
                outcome.note("no key", student, "the Username is not known")
                continue
            cells = zip(assignments, headings, strict=True)
            marks = [score_cell(self, theirs.get(name), heading, options, outcome) for name, heading in cells]
            lines.append([harmless(first.last_name), harmless(first.first_name), user, first.key("sis_id"), *marks])
        return csv_text(lines, every=True).encode("utf-8-sig")

    def warns(self, layout, column, score, comma) -> str:
        most = numbers.read(column.points, comma) if column.points else None
        return f"above the column's {column.points} points" if most is not None and score > most else ""
