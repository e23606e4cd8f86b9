"""Times of arrival that stand beside the hand-ins: Moodle's worksheet, GitHub Classroom's grades, a CSV of one's own.

A table is known by its headings. Times without a zone are the platform's local ones (Moodle, one's own: in the
course's zone). A table that lies in the download's own folder is used without being asked for.
"""

from __future__ import annotations

import csv
import io
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo
from pathlib import Path

from dateutil import parser  # type: ignore[import-untyped]

from autograder.records.attempt import WORKSHEET
from autograder.records.receipt import Refused
from autograder.roster.names import fold
from autograder.tables.encodings import decode
from autograder.tables.problems import TableError
from toolbox.errors import NotThere

from .download import Entry, Listing
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
NEVER = ("", "-", "–")


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


def read_times(path: Path, zone: tzinfo = UTC) -> Times:
    """A table of times. Raises NotThere and TableError."""
    if not path.is_file():
        raise NotThere(f"there is no {path}: give the worksheet or the CSV with the times")
    if path.stat().st_size > LARGEST:
        raise TableError(f"{path} has more than {LARGEST >> 20} MiB: that is no table of times")
    return parse_times(path.read_bytes(), str(path), zone)


def parse_times(data: bytes, name: str, zone: tzinfo = UTC) -> Times:
    """Raises TableError where the columns are missing, or a time cannot be read."""
    text = decode(data).text
    head = re.split(r"[\r\n]", text, maxsplit=1)[0]
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=max(",;\t", key=head.count))
    headings = [heading.strip().casefold() for heading in next(rows, [])]
    who = next((headings.index(key) for key in WHO if key in headings), None)
    when = next((headings.index(key) for key in WHEN if key in headings), None)
    if who is None or when is None:
        raise TableError(f"{name}: the first line must name a column 'student' and a column 'received'")
    found = Times()
    columns = [headings.index(key) for key in WHO if key in headings]
    for row in rows:
        cell = row[when].strip() if when < len(row) else ""
        if cell in NEVER:
            continue
        try:
            moment = parser.parse(cell)
        except (ValueError, OverflowError):
            raise TableError(f"{name}, line {rows.line_num}: {cell!r} is not a time") from None
        moment = (moment if moment.tzinfo else moment.replace(tzinfo=zone)).astimezone(UTC).replace(microsecond=0)
        for column in columns:
            if column < len(row) and (key := row[column].strip()):
                found.table[fold(key)] = moment
                if headings[column] == "identifier" and (number := re.search(r"[0-9]+$", key)):
                    found.table[number[0]] = moment
    return found


def beside(listing: Listing, zone: tzinfo) -> tuple[Times, list[Entry]]:
    """What the tables in a download's own folder tell, and which files they are."""
    found, tables = Times(), []
    for entry in listing.files():
        if entry.name.casefold().endswith((".csv", ".tsv")):
            try:
                found.add(parse_times(entry.member.read(LARGEST), entry.name, zone))
                tables.append(entry)
            except (TableError, Refused):
                continue
    return found, tables
