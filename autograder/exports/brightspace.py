"""Brightspace (D2L): the grades' CSV, out and in again, and feedback files as one zip.

A student is known by `OrgDefinedId` or `Username`, which exports write behind a `#` so that spreadsheets keep zeros.
The last column is `End-of-Line Indicator`, with `#` in every line.
"""

from __future__ import annotations

import re

from autograder.exports import numbers
from autograder.exports.outcome import Outcome
from autograder.exports.platform import Column, Layout, Options, Platform, students_of
from autograder.exports.rows import GradeRow
from autograder.exports.writing import by_student, csv_text, score_cell
from autograder.roster.columns import BRIGHTSPACE, find, key_columns
from autograder.tables.lossless import Sheet

POINTS = re.compile(r"(?P<title>.*?) Points Grade(?:\s*<(?P<facts>.*)>)?", re.DOTALL)
MOST = re.compile(r"MaxPoints:([\d.,]*\d)")
END = "End-of-Line Indicator"


class Brightspace(Platform):
    name, title = "brightspace", "Brightspace"
    wanted = "a heading OrgDefinedId or Username and one that ends in Points Grade"
    after = "In Brightspace: Grades, Enter Grades, Import."

    def is_header(self, cells: list[str]) -> bool:
        return find(cells, "OrgDefinedId", "Username") is not None and (
            find(cells, END) is not None or any(POINTS.fullmatch(cell) for cell in cells)
        )

    def layout(self, sheet: Sheet, header: int, heading: str) -> Layout:
        headings = [cell.strip() for cell in sheet.row(header)]
        keys = key_columns(headings, BRIGHTSPACE)
        columns = []
        for index, cell in enumerate(headings):
            if found := POINTS.fullmatch(cell):
                most = MOST.search(found["facts"] or "")
                columns.append(Column(index, cell, found["title"], most[1] if most else ""))
        last, first = find(headings, "Last Name"), find(headings, "First Name")
        students = students_of(sheet, header, keys, (last, first), strip="#")
        remarks = []
        if headings[-1:] != [END]:
            remarks.append(f"the file has no last column {END!r}, without which Brightspace does not take it")
        return Layout(sheet, columns, students, len(headings), remarks=remarks)

    def warns(self, layout, column, score, comma) -> str:
        most = numbers.read(column.points, comma) if column.points else None
        if most is not None and score > most:
            return f'Brightspace caps it at {column.points} unless "Can Exceed" is on'
        return ""

    def create(self, rows: list[GradeRow], assignments: list[str], options: Options, outcome: Outcome) -> bytes:
        headings = []
        for name in assignments:
            heading = options.columns.get(name) or options.columns.get("", "") or name
            headings.append(heading if POINTS.fullmatch(heading) else f"{heading} Points Grade")
        outcome.note("file", text="Brightspace finds a grade item by its exact name, and offers to make one it lacks")
        lines = [["OrgDefinedId", "Username", *headings, END]]
        for student, theirs in by_student(rows).items():
            first = next(iter(theirs.values()))
            keys = [first.key("brightspace_id", "sis_id"), first.key("brightspace_username", "login")]
            if not any(keys):
                outcome.note("no key", student, "neither OrgDefinedId nor Username is known")
                continue
            cells = zip(assignments, headings, strict=True)
            marks = [score_cell(self, theirs.get(name), heading, options, outcome) for name, heading in cells]
            lines.append([*(f"#{key}" if key else "" for key in keys), *marks, "#"])
        return csv_text(lines).encode()

    def feedback_place(self, row: GradeRow, title: str) -> str:
        folder = row.key("brightspace_folder")
        return f"{folder}/{row.assignment}.html" if folder else ""
