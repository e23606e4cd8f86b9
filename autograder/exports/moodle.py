"""Moodle: the grading worksheet of one assignment, out and in again, and feedback files as one zip.

A student is known by `Identifier`, the word Participant and a number that is theirs in this assignment alone. Only the
columns Grade and Feedback comments change: Moodle compares the dates. On a site in another language the columns are
found by what they hold.
"""

from __future__ import annotations

import re
from decimal import Decimal

from autograder.exports import comments, numbers
from autograder.exports.outcome import Outcome
from autograder.exports.platform import Column, Layout, Options, Platform, keys_of
from autograder.exports.problems import ExportError
from autograder.exports.rows import MISSING, GradeRow
from autograder.exports.writing import by_student, csv_text, score_cell
from autograder.roster.columns import MOODLE as MOODLE_KEYS
from autograder.roster.columns import find, key_columns
from autograder.roster.matching import EMAIL, Theirs
from autograder.roster.worksheet import mail_column, moments, name_column
from autograder.tables.lossless import Sheet
from autograder.tables.spreadsheet import harmless

IDENTIFIER = re.compile(r"(?P<word>.*?)(?P<number>[0-9]+)", re.DOTALL)
HEADINGS = [
    "Identifier", "Full name", "Email address", "Status", "Grade", "Maximum grade", "Grade can be changed",
    "Last modified (submission)", "Last modified (grade)", "Feedback comments",
]  # fmt: skip


class Moodle(Platform):
    name, title, one_column, header_below = "moodle", "Moodle", True, 1
    wanted = "an identifier (Participant 123) in its first cell and a grade beside its maximum"
    after = (
        "In Moodle: View all submissions, Upload grading worksheet. Rows graded there since this download are skipped, "
        'unless "Allow updating records that have been modified more recently" is ticked.'
    )

    def is_header(self, cells: list[str]) -> bool:
        return len(cells) >= 3 and bool(cells[0]) and not IDENTIFIER.fullmatch(cells[0])

    def layout(self, sheet: Sheet, header: int, heading: str) -> Layout:
        headings = [cell.strip() for cell in sheet.row(header)]
        records = [record for record in range(header + 1, len(sheet)) if any(map(str.strip, sheet.row(record)))]
        matched = ((record, IDENTIFIER.fullmatch(sheet.cell(record, 0).strip())) for record in records)
        numbered = {record: found for record, found in matched if found}
        if len(numbered) < len(records) or len({found["word"] for found in numbered.values()}) > 1:
            raise ExportError(
                f"this is not Moodle's grading worksheet: not every line begins with {self.wanted.split(' in ')[0]}. "
                "Download the worksheet of the assignment again"
            )
        if find(headings, "Scale") is not None and find(headings, "Maximum grade") is None:
            raise ExportError("Moodle grades this assignment on a scale and takes no points: set Grade to Point there")
        most = find(headings, "Maximum grade")
        grade = find(headings, heading) if heading else find(headings, "Grade")
        remarks = []
        if grade is None and not heading:
            grade, most = _by_content(sheet, records, headings)
            remarks.append(f"the headings are not English; by what it holds, {headings[grade]!r} is the grade")
        if grade is not None and most is None and grade + 1 in _one_number(sheet, records, headings):
            most = grade + 1
        if grade is None:
            raise ExportError(f"the worksheet has no column {heading!r}; there are: {', '.join(map(repr, headings))}")
        keys = key_columns(headings, MOODLE_KEYS)
        cells = [sheet.row(record) for record in records]
        if (mail := mail_column(cells)) is not None:
            keys.setdefault(mail, (EMAIL,))
        full = find(headings, "Full name")
        full = name_column(cells) if full is None else full
        students = []
        for record in records:
            identifier = sheet.cell(record, 0).strip()
            number = ("Identifier", numbered[record]["number"], ("moodle_participant",))
            name = sheet.cell(record, full).strip() if full is not None else ""
            label = f"{name} ({identifier})" if name else identifier
            row_keys = (number, *keys_of(sheet.row(record), keys, headings))
            students.append(Theirs(record, row_keys, name, label))
        points = {sheet.cell(record, most).strip() for record in records} if most is not None else set()
        column = Column(grade, headings[grade], "", points.pop() if len(points) == 1 else "")
        facts = {"most": most, "locked": find(headings, "Grade can be changed")}
        remark = _comments(headings, cells)
        if remark is None:
            remarks.append('the worksheet has no column "Feedback comments": comments are left out')
        return Layout(sheet, [column], students, len(headings), remark, facts=facts, remarks=remarks)

    def refuses(self, layout: Layout, record: int, column: Column, score: Decimal, comma: bool) -> str:
        locked, limit = layout.facts["locked"], layout.facts["most"]
        if locked is not None and layout.sheet.cell(record, locked).strip().casefold() == "no":
            return "Moodle has locked this grade (Grade can be changed: No)"
        most = numbers.read(layout.sheet.cell(record, limit), comma) if limit is not None else None
        if most is not None and score > most:
            return f"above Moodle's maximum of {numbers.write(most)}, so it skips the line: raise the maximum there"
        return ""

    def create(self, rows: list[GradeRow], assignments: list[str], options: Options, outcome: Outcome) -> bytes:
        outcome.note(
            "file",
            text="a worksheet that is not Moodle's own has no date of the last grade: Moodle skips students whom it "
            'has graded already, unless "Allow updating records that have been modified more recently" is ticked',
        )
        lines = [HEADINGS]
        for student, theirs in by_student(rows).items():
            (row,) = theirs.values()
            participant = row.key("moodle_participant")
            if not participant:
                outcome.note("no key", student, "the number of the participant is not known")
                continue
            score = score_cell(self, row, "Grade", options, outcome)
            remark = comments.as_html(row.comment) if options.comments else ""
            handed_in = "No submission" if row.status == MISSING else "Submitted for grading"
            lines.append([
                f"Participant {participant}", harmless(row.name), row.email, handed_in, score,
                numbers.write(row.max_score, bool(options.comma)), "Yes", "-", "-", remark,
            ])  # fmt: skip
        return csv_text(lines, end="\n").encode()

    def feedback_place(self, row: GradeRow, title: str) -> str:
        folder, participant = row.key("moodle_folder"), row.key("moodle_participant")
        if not folder and participant:
            name = re.sub(r"[_/\\\x00-\x1f]", " ", row.name).strip(" .~") or "Participant"
            folder = f"{name}_{participant}_assignsubmission_file"
        return f"{folder}/{row.assignment}.html" if folder else ""


def _comments(headings: list[str], cells: list[list[str]]) -> int | None:
    """The column for comments: its English heading, else the only one that speaks of feedback, or that stands behind
    the time of the grade.
    """
    named = find(headings, "Feedback comments")
    if named is not None:
        return named
    speaking = [index for index, cell in enumerate(headings) if "feedback" in cell.casefold()]
    if not speaking and len(known := moments(cells)) == 2:
        speaking = list(range(known[1] + 1, len(headings)))
    return speaking[0] if len(speaking) == 1 else None


def _by_content(sheet: Sheet, records: list[int], headings: list[str]) -> tuple[int, int]:
    """The columns of grade and maximum: the maximum is one number in all lines, and stands behind the grades."""
    found = []
    for index in _one_number(sheet, records, headings):
        grades = [_number(sheet.cell(record, index - 1)) for record in records if sheet.cell(record, index - 1).strip()]
        if all(grade is not None and grade >= 0 for grade in grades):
            found.append(index)
    if len(found) != 1:
        raise ExportError(
            "the worksheet's headings are not English, and what its columns hold does not tell which one is the grade: "
            f"name it, --column HEADING. There are: {', '.join(map(repr, headings))}"
        )
    return found[0] - 1, found[0]


def _one_number(sheet: Sheet, records: list[int], headings: list[str]) -> list[int]:
    """The columns that hold one and the same number in all lines, as a maximum does."""
    columns = []
    for index in range(2, len(headings)):
        values = {_number(sheet.cell(record, index)) for record in records}
        if len(values) == 1 and (values.pop() or 0) > 0:
            columns.append(index)
    return columns


def _number(text: str) -> Decimal | None:
    point = numbers.read(text)
    return point if point is not None else numbers.read(text, comma=True)
