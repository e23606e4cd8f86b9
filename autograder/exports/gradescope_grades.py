"""Gradescope's grades of one assignment, compared with ours. There is no way to upload scores there.

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

BY_HAND = "Gradescope takes no file of scores: they come from its autograder, or are entered by hand"


class GradescopeGrades(Platform):
    name, title, one_column, takes_scores = "gradescope", "Gradescope", True, False
    wanted = "the headings SID or Email and Total Score"
    after = BY_HAND + "."

    def is_header(self, cells: list[str]) -> bool:
        return find(cells, "SID", "Email") is not None and find(cells, "Total Score") is not None

    def layout(self, sheet: Sheet, header: int, heading: str) -> Layout:
        headings = [cell.strip() for cell in sheet.row(header)]
        keys = key_columns(headings, GRADESCOPE)
        last, first, whole = (find(headings, cell) for cell in ("Last Name", "First Name", "Name"))
        students = students_of(sheet, header, keys, (last, first) if last is not None else (whole,))
        most = find(headings, "Max Points")
        points = {sheet.cell(theirs.record, most).strip() for theirs in students} - {""} if most is not None else set()
        total = find(headings, "Total Score")
        assert total is not None  # `fits` has seen it
        column = Column(total, headings[total], "", points.pop() if len(points) == 1 else "")
        return Layout(sheet, [column], students, len(headings))

    def create(self, rows: list[GradeRow], assignments: list[str], options: Options, outcome: Outcome) -> bytes:
        raise ExportError(f"{BY_HAND}. Give the grades that it exports with --file to see what differs")
