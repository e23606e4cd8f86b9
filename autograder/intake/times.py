"""Times of arrival that stand beside the hand-ins: Moodle's worksheet, GitHub Classroom's grades, a CSV of one's own.

A table is known by its headings, Moodle's worksheet on a site in another language by what it holds. Times without a
zone are the platform's local ones (Moodle, one's own: in the course's zone). A table that lies in the download's own
folder is used without being asked for. What else it tells is for `groups`.
"""

from __future__ import annotations

import csv
import io
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo
from pathlib import Path

from autograder.records.attempt import WORKSHEET
from autograder.records.receipt import Refused
from autograder.roster.names import fold
from autograder.roster.worksheet import NEVER, is_worksheet, moments
from autograder.tables.dates import NotADate, read_dates
from autograder.tables.encodings import decode
from autograder.tables.problems import TableError
from toolbox.errors import NotThere

from .download import Entry, Listing
from .groups import Lines
from .parcels import Parcel

WHO = ("student", "student_id", "username", "github_username", "roster_identifier", "identifier", "id", "name", "email")
WHEN = (
    "received",
    "timestamp",
    "submitted",
    "submitted_at",
    "submission_timestamp",
    "last modified (submission)",
    "time",
)
LARGEST = 16 * 2**20  # bytes


@dataclass
class Times:
    """Who -> when, in UTC. who: anything that names a student, folded; a Moodle participant's number."""

    table: dict[str, datetime] = field(default_factory=dict)

    def add(self, other: Times) -> None:
        self.table |= other.table

    def of(self, parcel: Parcel, student: str) -> datetime | None:
        """The time of a parcel, None where no table tells it."""
        who = parcel.who
        names = [*(value for _, value, _ in who.keys), who.name, *who.scoped.values()] if who else []
        return next((self.table[fold(name)] for name in (student, *names) if name and fold(name) in self.table), None)

    def tell(self, parcel: Parcel, student: str) -> None:
        """Give a parcel its time where a table tells it and the platform itself has not."""
        if parcel.received_from != "platform" and (moment := self.of(parcel, student)) is not None:
            parcel.received, parcel.received_from = moment, WORKSHEET


def read_table(path: Path, assignment: str, zone: tzinfo = UTC) -> tuple[Times, Lines]:
    """What a table tells: when, and who is who. Raises NotThere and TableError."""
    if not path.is_file():
        raise NotThere(f"there is no {path}: give the worksheet or the CSV with the times")
    if path.stat().st_size > LARGEST:
        raise TableError(f"{path} has more than {LARGEST >> 20} MiB: that is no table of times")
    data, lines = path.read_bytes(), Lines()
    lines.add(data, assignment)
    return parse_times(data, str(path), zone), lines


def parse_times(data: bytes, name: str, zone: tzinfo = UTC) -> Times:
    """Raises TableError where the columns are missing, or a time cannot be read."""
    text = decode(data).text
    head = re.split(r"[\r\n]", text, maxsplit=1)[0]
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=max(",;\t", key=head.count))
    rows, lines = [], []
    for row in reader:
        if any(map(str.strip, row)):
            rows.append(row)
            lines.append(reader.line_num)
    headings, *rows = rows or [[]]
    columns, when = _columns([heading.strip() for heading in headings], rows, name)
    told = [(at, cell) for at, row in enumerate(rows) if (cell := _cell(row, when)) not in NEVER]
    try:
        dates = read_dates([cell for _, cell in told])
    except NotADate as error:
        raise TableError(f"{name}, line {lines[told[error.at][0] + 1]}: {error}") from None
    found = Times()
    for (at, _), date in zip(told, dates, strict=True):
        moment = (date if date.tzinfo else date.replace(tzinfo=zone)).astimezone(UTC).replace(microsecond=0)
        for column, is_identifier in columns.items():
            if key := _cell(rows[at], column):
                found.table[fold(key)] = moment
                if is_identifier and (number := re.search(r"[0-9]+$", key)):
                    found.table[number[0]] = moment
    return found


def _columns(headings: list[str], rows: list[list[str]], name: str) -> tuple[dict[int, bool], int]:
    """The columns that name a student, and whether it is as Moodle's participant; and the one of the times."""
    folded = [heading.casefold() for heading in headings]
    columns = {folded.index(key): key == "identifier" for key in WHO if key in folded}
    when = next((folded.index(key) for key in WHEN if key in folded), None)
    if when is None and is_worksheet(headings, rows):
        columns, known = {0: True}, moments(rows)
        if len(known) != 2:
            raise TableError(f"{name}: no two columns hold the times of hand-in and grade: download it in English")
        when = known[0]
    if not columns or when is None:
        raise TableError(f"{name}: the first line must name a column 'student' and a column 'received'")
    return columns, when


def _cell(row: list[str], column: int) -> str:
    return row[column].strip() if column < len(row) else ""


def beside(listing: Listing, assignment: str, zone: tzinfo) -> tuple[Times, Lines, list[Entry]]:
    """What the tables in a download's own folder tell, and which files they are."""
    found, lines, tables = Times(), Lines(), []
    for entry in listing.files():
        if entry.name.casefold().endswith((".csv", ".tsv")):
            try:
                data = entry.member.read(LARGEST)
                found.add(parse_times(data, entry.name, zone))
            except Refused:
                continue
            except TableError:
                if not lines.add(data, assignment, timed=False):
                    continue
            else:
                lines.add(data, assignment)
            tables.append(entry)
    return found, lines, tables
