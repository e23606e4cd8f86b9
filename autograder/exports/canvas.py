"""Canvas: the gradebook's CSV, out and in again, and feedback files as one zip.

A student is known by `ID`, then `SIS User ID`, then `SIS Login ID`; an assignment by the number in its heading. `EX` is
excused; an empty cell would clear a score, so none is ever written.
"""

from __future__ import annotations

import re

from autograder.exports import numbers
from autograder.exports.outcome import Outcome
from autograder.exports.platform import Column, Layout, Options, Platform, keys_of
from autograder.exports.problems import ExportError
from autograder.exports.rows import GradeRow
from autograder.exports.writing import by_student, csv_text, score_cell
from autograder.roster.columns import CANVAS, find, key_columns
from autograder.roster.matching import Theirs
from autograder.tables.lossless import Sheet
from autograder.tables.spreadsheet import FORMULA, harmless

TITLE = re.compile(r"(?P<title>.*?)\s*\((?P<id>[0-9]+)\)", re.DOTALL)
TOTALS = re.compile(r"(Current|Final) (Score|Points|Grade)|Override (Score|Grade|Status)|Unposted (Current|Final)")
POSTING = re.compile(r"|Muted|Manual Posting.*", re.DOTALL)
POINTS, READ_ONLY = "Points Possible", "read only"
NOT_ASSIGNED = "N/A"
TEST_STUDENT = "Student, Test"


class Canvas(Platform):
    name, title, excused = "canvas", "Canvas", "EX"
    wanted = "a student's name, then ID and Section among its headings"
    after = "In Canvas: Grades, Import. Upload soon: what is graded there in the meantime would be set back."

    def is_header(self, cells: list[str]) -> bool:
        named = bool(cells) and ("Student" in cells[0] or cells[0] in ("LastName", "Last Name"))
        return named and "ID" in cells and any("Section" in cell for cell in cells)

    def layout(self, sheet: Sheet, header: int, heading: str) -> Layout:
        headings = [cell.strip() for cell in sheet.row(header)]
        keys = key_columns(headings, CANVAS)
        section = max(index for index, cell in enumerate(headings) if "Section" in cell)
        below = range(header + 1, len(sheet))
        points = next((record for record in below if POINTS in sheet.cell(record, 0)), None)
        columns = []
        for index in range(section + 1, len(headings)):
            most = sheet.cell(points, index).strip() if points is not None else ""
            if READ_ONLY in most or TOTALS.search(headings[index]):
                continue
            found = TITLE.fullmatch(headings[index])
            columns.append(Column(index, headings[index], found["title"] if found else headings[index], most))
        students = []
        for record in below:
            cells = sheet.row(record)
            if record == points or all(POSTING.fullmatch(cell.strip()) for cell in cells):
                continue
            name = _name(cells, headings)
            if name == TEST_STUDENT:
                continue
            number = sheet.cell(record, headings.index("ID")).strip()
            label = f"{name} ({number or 'no ID'})"
            students.append(Theirs(record, keys_of(cells, keys, headings), name, label))
        return Layout(sheet, columns, students, len(headings))

    def refuses(self, layout, record, column, score, comma) -> str:
        is_assigned = layout.sheet.cell(record, column.index).strip() != NOT_ASSIGNED
        return "" if is_assigned else "Canvas has not assigned it to this student (N/A)"

    def create(self, rows: list[GradeRow], assignments: list[str], options: Options, outcome: Outcome) -> bytes:
        headings = [options.columns.get(name) or options.columns.get("", "") or name for name in assignments]
        for heading in headings:
            if TOTALS.search(heading):
                raise ExportError(f"Canvas takes {heading!r} for a total: give it another name there")
            if not TITLE.fullmatch(heading):
                text = "has no id of Canvas's: the import finds it by its exact title, or offers to make it"
                outcome.note("file", text=f"{heading!r} {text}")
        most = {row.assignment: numbers.write(row.max_score, bool(options.comma)) for row in rows}
        lines = [["Student", "ID", "SIS User ID", "SIS Login ID", "Section", *headings]]
        lines.append([f"    {POINTS}", "", "", "", "", *(most[name] for name in assignments)])
        for student, theirs in by_student(rows).items():
            first = next(iter(theirs.values()))
            keys = [first.key("canvas_id"), first.key("sis_id"), first.key("login")]
            if not any(keys) and not first.name:
                outcome.note("no key", student)
                continue
            cells = zip(assignments, headings, strict=True)
            marks = [score_cell(self, theirs.get(name), heading, options, outcome) for name, heading in cells]
            lines.append([_guarded(first.sortable_name or student, any(keys)), *keys, harmless(first.section), *marks])
        return csv_text(lines).encode("utf-8-sig")

    def feedback_place(self, row: GradeRow, title: str) -> str:
        attachment = row.key("canvas_attachment")
        if anonymous := row.key("canvas_anonymous"):
            return f"anon_{anonymous}_{attachment}_{row.assignment}.html" if attachment else ""
        user = row.key("canvas_id")
        # Letters alone: a part of the name that is digits would be taken for the user's id.
        name = re.sub(r"[\W\d_]", "", f"{row.last_name}{row.first_name}".casefold()) or "student"
        name = "student" if name in ("anon", "late") else name
        return f"{name}_{user}_{attachment}_{row.assignment}.html" if user and attachment else ""


def _name(cells: list[str], headings: list[str]) -> str:
    """The sortable name, without the mark that Canvas puts around one that begins with =."""
    if "Student" in headings[0]:
        return re.sub(r'\A="(.*)"\Z', r"\1", cells[0].strip(), flags=re.DOTALL)
    last, first = (find(headings, f"{part}Name", f"{part} Name") for part in ("Last", "First"))
    return ", ".join(cells[index].strip() for index in (last, first) if index is not None and index < len(cells))


def _guarded(name: str, has_key: bool) -> str:
    """A name as Canvas writes it. One that is the only key stays as it is."""
    if name.startswith("="):
        return f'="{name}"'
    return harmless(name) if has_key and name.startswith(FORMULA) else name
