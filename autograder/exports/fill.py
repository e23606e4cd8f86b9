"""Put our grades into a platform's own file, and touch nothing else.

Steps: find the column of each assignment; match the file's students with ours; for each cell decide what it should say
and whether the platform would take it; change those that say something else; note everything that was left out.
"""

from __future__ import annotations

from decimal import Decimal

from autograder.exports import comments, numbers
from autograder.exports.columns import choose
from autograder.exports.outcome import Change, Outcome
from autograder.exports.platform import Column, Layout, Options, Platform
from autograder.exports.problems import ExportError
from autograder.exports.rows import EXCUSED, MISSING, NOT_JUDGED, UNMARKED, GradeRow, people_of
from autograder.roster.matching import Theirs, match


def fill(platform: Platform, data: bytes, rows: list[GradeRow], known: list[str], options: Options) -> Outcome:
    """The platform's file with the scores of `rows` in it.

    known: every assignment of the course, so that a column of another one is not taken for ours. Raises ExportError
    where it is not the platform's file, where no column is ours, or where no student is known.
    """
    outcome = Outcome(platform.title)
    layout = platform.read(data, options.columns.get("", ""))
    for remark in layout.remarks:
        outcome.note("file", text=remark)
    columns = choose(layout, rows, known, options, platform.one_column or layout.about_one, outcome)
    if len(columns) > 1:  # one column for comments cannot say whose it is
        layout.comment = None
    comma = options.comma if options.comma is not None else _uses_comma(layout)
    people = people_of(rows)
    matching = match(layout.students, people)
    if not matching.pairs:
        raise ExportError(_nobody(platform, layout, people))
    filling = _Filling(platform, layout, options, outcome, comma)
    labels = {theirs.record: theirs.label for theirs in layout.students}
    by_student = {(row.student, row.assignment): row for row in rows}
    for record, student in sorted(matching.pairs.items()):
        if record in matching.by_name:
            outcome.note("by name", student, f"their row {labels[record]}")
        if layout.sheet.width(record) > layout.width:
            outcome.note("doubtful", labels[record], "the line has more cells than the headings: they are shifted")
            continue
        for assignment, column in columns.items():
            if row := by_student.get((student, assignment)):
                filling.cell(record, column, row, labels[record])
    for label, why in matching.doubtful.items():
        outcome.note("doubtful", label, why)
    for theirs in matching.not_ours:
        outcome.note("not ours", theirs.label)
    for person in matching.not_theirs:
        outcome.note("not theirs", person.label)
    outcome.data = layout.sheet.to_bytes() if platform.takes_scores else None
    return outcome


class _Filling:
    """Fills one cell after another."""

    def __init__(self, platform: Platform, layout: Layout, options: Options, outcome: Outcome, comma: bool):
        self.platform, self.layout, self.options, self.outcome = platform, layout, options, outcome
        self.comma = comma

    def cell(self, record: int, column: Column, row: GradeRow, label: str) -> None:
        old = self.layout.sheet.cell(record, column.index).strip()
        if row.status == EXCUSED:
            self.excused(record, column, row, label, old)
            return
        if self.platform.excused and old.casefold() == self.platform.excused.casefold():
            text = f"{self.platform.title} says excused, the kit says {row.status}: left as it is"
            self.outcome.note("not taken", row.student, text)
            return
        score = self.wanted(row, old)
        if score is None:
            return
        if why := self.platform.refuses(self.layout, record, column, score, self.comma):
            self.outcome.note("not taken", row.student, f"{numbers.write(score)} in {column.heading}: {why}")
            return
        if why := self.platform.warns(self.layout, column, score, self.comma):
            self.outcome.note("file", row.student, f"{numbers.write(score)} in {column.heading}: {why}")
        if row.status == UNMARKED:
            self.outcome.note("provisional", row.student)
        if numbers.read(old, self.comma) == score:
            self.outcome.unchanged += 1
        else:
            self.change(record, column.index, row, label, column.heading, numbers.write(score, self.comma))
        if self.options.comments and self.layout.comment is not None and row.comment:
            self.comment(record, row, label)

    def wanted(self, row: GradeRow, old: str) -> Decimal | None:
        """The score that a cell should hold, None where it is to stay as it is."""
        kept = f"{self.platform.title} keeps {old}" if old else ""
        if row.status == NOT_JUDGED:
            self.outcome.note("not judged", row.student, kept)
        elif row.status == MISSING and not self.options.zero_for_missing:
            self.outcome.note("missing", row.student, kept)
        elif row.status == UNMARKED and self.options.only_final:
            self.outcome.note("not taken", row.student, f"written answers are still to be marked. {kept}".strip())
        elif row.score is not None or row.status == MISSING:
            return Decimal(numbers.write(row.score or 0.0))
        return None

    def excused(self, record: int, column: Column, row: GradeRow, label: str, old: str) -> None:
        if not self.platform.excused:
            kept = f", which keeps {old}" if old else ""
            self.outcome.note("excused", row.student, f"set it by hand in {self.platform.title}{kept}")
        elif old.casefold() == self.platform.excused.casefold():
            self.outcome.unchanged += 1
        elif why := self.platform.refuses(self.layout, record, column, Decimal(0), self.comma):
            self.outcome.note("not taken", row.student, f"excused in {column.heading}: {why}")
        else:
            self.change(record, column.index, row, label, column.heading, self.platform.excused)

    def comment(self, record: int, row: GradeRow, label: str) -> None:
        sheet, index = self.layout.sheet, self.layout.comment
        assert index is not None  # asked for only where there is one
        old = sheet.cell(record, index)
        form_at = self.layout.comment_format
        text, form = self.platform.comment(row, sheet.cell(record, form_at) if form_at is not None else "")
        if comments.as_text(old) == comments.as_text(text):
            return
        if old.strip() and not comments.is_ours(old):
            self.outcome.note("not taken", row.student, "the comment: somebody has written one, which stays")
            return
        self.change(record, index, row, label, "comment", text)
        if form_at is not None:
            sheet.set(record, form_at, form)

    def change(self, record: int, index: int, row: GradeRow, label: str, heading: str, new: str) -> None:
        self.outcome.changes.append(Change(row.student, label, heading, self.layout.sheet.cell(record, index), new))
        self.layout.sheet.set(record, index, new)


def _uses_comma(layout: Layout) -> bool:
    cells = [column.points for column in layout.columns]
    cells += [layout.sheet.cell(theirs.record, column.index) for theirs in layout.students for column in layout.columns]
    return numbers.uses_comma(cells, layout.sheet.delimiter)


def _nobody(platform: Platform, layout: Layout, people: dict) -> str:
    def some(names: list[str]) -> str:
        return ", ".join(names[:3]) + (", …" if len(names) > 3 else "") if names else "nobody"

    theirs: list[Theirs] = layout.students
    return (
        f"none of the {len(theirs)} students in {platform.title}'s file is known. There: "
        f"{some([row.label for row in theirs])}; here: {some(sorted(people))}. Is it the right course? Give each "
        "student's keys in classroom/roster.csv"
    )
