"""What a format has to say about itself: where things stand in its file, what it takes, and how it says it.

A platform's module holds a subclass of `Platform` with its rules; `fill` and `writing` do the work that is the same for
all of them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from autograder.exports import comments
from autograder.exports.outcome import Outcome
from autograder.exports.problems import ExportError
from autograder.exports.rows import GradeRow
from autograder.roster.matching import Theirs
from autograder.tables.encodings import decode
from autograder.tables.lossless import Sheet, first_rows


@dataclass(frozen=True)
class Options:
    """What the person who exports has chosen.

    columns: assignment -> heading of its column; "" for the one assignment that is exported. comma: decimal comma or
    point, None to go by the file. zero_for_missing: write 0 for who handed nothing in. only_final: leave out scores
    without marks that a person has still to give. comments: fill the columns that take them.
    """

    columns: dict[str, str] = field(default_factory=dict)
    comma: bool | None = None
    zero_for_missing: bool = False
    only_final: bool = False
    comments: bool = True


@dataclass(frozen=True)
class Column:
    """A column for grades. title: the assignment's name there; points: the most it counts, as the file writes it, ""
    where it does not say; closed: why it takes no scores, "" where it does.
    """

    index: int
    heading: str
    title: str
    points: str = ""
    closed: str = ""


@dataclass
class Layout:
    """Where things stand in a platform's file.

    width: cells of the heading. comment, comment_format: columns, None where there are none. facts: further columns
    that the platform itself asks for. remarks: what a person should know about the file. about_one: whether it is about
    one assignment, so that its column needs no title.
    """

    sheet: Sheet
    columns: list[Column]
    students: list[Theirs]
    width: int
    comment: int | None = None
    comment_format: int | None = None
    facts: dict[str, int | None] = field(default_factory=dict)
    remarks: list[str] = field(default_factory=list)
    about_one: bool = False


class Platform:
    """A format. name: as on the command line; title: for people; excused: how a cell says it, "" where none can."""

    name = ""
    title = ""
    excused = ""
    delimiters = (",", ";", "\t")
    suffix = ".csv"
    after = ""  # what to know before the file is uploaded
    takes_scores = True
    one_column = False  # whether its file is about one assignment
    wanted = ""  # what `is_header` looks for, in words
    header_below = 12  # the headings stand in one of so many lines

    # reading the platform's file

    def read(self, data: bytes, heading: str = "") -> Layout:
        """Where things stand in the platform's own file. heading: the grade column's where a person has named it.
        Raises ExportError where it is not such a file.
        """
        decoded = decode(data)
        for delimiter in self.delimiters:
            for record, cells in enumerate(first_rows(decoded.text, delimiter, self.header_below)):
                if self.is_header([cell.strip() for cell in cells]):
                    return self.layout(Sheet(decoded, delimiter), record, heading)
        seen = first_rows(decoded.text, max(self.delimiters, key=decoded.text[:2000].count), 1)
        words = ", ".join(repr(cell[:40]) for cell in (seen[0] if seen else [])[:12])
        raise ExportError(
            f"this is not {self.title}'s file: it begins with {words or 'nothing'}, and no line has {self.wanted}. "
            f"Download it from {self.title} again, as it is"
        )

    def is_header(self, cells: list[str]) -> bool:
        raise NotImplementedError

    def layout(self, sheet: Sheet, header: int, heading: str) -> Layout:
        raise NotImplementedError

    def refuses(self, layout: Layout, record: int, column: Column, score: Decimal, comma: bool) -> str:
        """Why the platform would not take this score in this row, "" where it would."""
        return ""

    def warns(self, layout: Layout, column: Column, score: Decimal, comma: bool) -> str:
        """What the platform would make of a score that it takes, "" where it takes it as it is."""
        return ""

    def comment(self, row: GradeRow, form: str = "") -> tuple[str, str]:
        """The comment on a row and the format that it is in; form: what the file's column for the format says."""
        return comments.as_html(row.comment), form

    # writing a new file

    def create(self, rows: list[GradeRow], assignments: list[str], options: Options, outcome: Outcome) -> bytes:
        """A new file by the platform's rules; notes and changes go into `outcome`."""
        raise NotImplementedError

    # feedback files

    def feedback_place(self, row: GradeRow, title: str) -> str:
        """The path of a hand-in's feedback page in the zip that the platform takes; "" where its key is not known.

        title: what the platform calls the assignment. Raises ExportError where the platform takes no such zip.
        """
        raise ExportError(f"{self.title} takes no zip of feedback files: leave --pages out")

    def feedback_extras(self, rows: list[GradeRow], outcome: Outcome) -> dict[str, bytes]:
        """Further files that the zip needs, by path."""
        return {}


def keys_of(row: list[str], columns: Mapping[int, tuple[str, ...]], headings: list[str], strip: str = ""):
    """The keys of a record for `Theirs`: heading, value and the names of our keys, in the order of `columns`."""
    return tuple(
        (headings[index], row[index].strip().removeprefix(strip), names)
        for index, names in columns.items()
        if index < len(row) and row[index].strip()
    )


def students_of(
    sheet: Sheet, header: int, keys: Mapping[int, tuple[str, ...]], parts: Iterable[int | None], strip: str = ""
) -> list[Theirs]:
    """The students below a heading, a line each. parts: the columns of a name; strip: what stands before each key."""
    headings = [cell.strip() for cell in sheet.row(header)]
    columns = [index for index in parts if index is not None]
    found = []
    for record in range(header + 1, len(sheet)):
        cells = sheet.row(record)
        if not any(map(str.strip, cells)):
            continue
        name = ", ".join(sheet.cell(record, index).strip() for index in columns)
        own = keys_of(cells, keys, headings, strip)
        label = f"{name} ({', '.join(dict.fromkeys(value for _, value, _ in own))})".strip()
        found.append(Theirs(record, own, name, label))
    return found


def words(text: str) -> list[str]:
    return re.findall(r"[^\W_]+", text.casefold())
