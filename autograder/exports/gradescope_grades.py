"""Gradescope's grades, of one assignment or of the course, compared with ours. There is no way to upload scores there.

What Gradescope shows comes from the autograder that runs on it (`python -m autograder gradescope`), or is entered by
hand: this lists what would have to be.
"""

from __future__ import annotations

from autograder.exports.outcome import Outcome
from autograder.exports.platform import Column, Layout, Options, Platform, students_of
from autograder.exports.problems import ExportError
from autograder.exports.rows import GradeRow
from autograder.roster.columns import GRADESCOPE, find, key_columns
from autograder.tables.lossless import Sheet

TOTAL, OF_COURSE = "Total Score", " - Max Points"
BY_HAND = "Gradescope takes no file of scores: they come from its autograder, or are entered by hand"


class GradescopeGrades(Platform):
    name, title, takes_scores = "gradescope", "Gradescope", False
    wanted = "the headings SID or Email, and Total Score or, in the course's gradebook, … - Max Points"
    after = BY_HAND + "."

    def is_header(self, cells: list[str]) -> bool:
        scores = find(cells, TOTAL) is not None or any(cell.endswith(OF_COURSE) for cell in cells)
        return find(cells, "SID", "Email") is not None and scores

    def layout(self, sheet: Sheet, header: int, heading: str) -> Layout:
        headings = [cell.strip() for cell in sheet.row(header)]
        keys = key_columns(headings, GRADESCOPE)
        last, first, whole = (find(headings, cell) for cell in ("Last Name", "First Name", "Name"))
        students = students_of(sheet, header, keys, (last, first) if last is not None else (whole,))
        total = find(headings, TOTAL)
        titles = [cell.removesuffix(OF_COURSE) for cell in headings if cell.endswith(OF_COURSE)]
        places: list[tuple[int | None, str, str]] = [(total, "", "Max Points")] if total is not None else [
            (find(headings, title), title, f"{title}{OF_COURSE}") for title in titles
        ]  # fmt: skip
        columns = []
        for place, title, most in places:
            if place is not None:
                at = find(headings, most)
                points = {sheet.cell(own.record, at).strip() for own in students} - {""} if at is not None else set()
                columns.append(Column(place, headings[place], title, points.pop() if len(points) == 1 else ""))
        return Layout(sheet, columns, students, len(headings), about_one=total is not None)

    def create(self, rows: list[GradeRow], assignments: list[str], options: Options, outcome: Outcome) -> bytes:
        raise ExportError(f"{BY_HAND}. Give the grades that it exports with --file to see what differs")
