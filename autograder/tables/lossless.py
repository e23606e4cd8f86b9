"""Edit single cells of a CSV and leave every other byte as it came.

A parsed and written CSV differs from the one that came in quoting, line ends, byte-order mark and more, and a platform
compares its keys byte for byte. So a `Sheet` remembers where in the text each cell stands, and a change replaces that
span alone. Quoting as in RFC 4180; line ends CRLF, LF or CR, also mixed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from autograder.tables.encodings import Decoded
from autograder.tables.problems import TableError


@dataclass(frozen=True)
class Cell:
    """A cell's place in the text, quotation marks included, and what it says."""

    start: int
    end: int
    value: str


class Sheet:
    """The records of a decoded file. A record is a line, or several where a quoted cell holds line breaks.

    Records and columns are numbered from 0. Raises TableError where a quotation mark is never closed.
    """

    def __init__(self, decoded: Decoded, delimiter: str):
        self.decoded, self.delimiter = decoded, delimiter
        self._records = list(parse(decoded.text, delimiter))
        self._came = len(self._records)
        self._changed: dict[int, dict[int, str]] = {}

    def __len__(self) -> int:
        return len(self._records)

    def width(self, record: int) -> int:
        """The number of cells of a record as it came."""
        return len(self._records[record])

    def cell(self, record: int, column: int) -> str:
        """What a cell says now; "" where the record is too short to have it."""
        if column in self._changed.get(record, {}):
            return self._changed[record][column]
        cells = self._records[record]
        return cells[column].value if column < len(cells) else ""

    def row(self, record: int) -> list[str]:
        """What the cells of a record say now."""
        return [self.cell(record, column) for column in range(self.width(record))]

    def set(self, record: int, column: int, value: str) -> None:
        """Make a cell say `value`. One that says it already keeps its bytes."""
        if self.cell(record, column) != value:
            self._changed.setdefault(record, {})[column] = value

    def append(self) -> int:
        """A new record at the end, empty so far; returns its number."""
        self._records.append([])
        return len(self._records) - 1

    def to_bytes(self) -> bytes:
        """The file with the changed cells replaced. Raises TableError where its encoding lacks a character."""
        return self.decoded.encode(self.to_text())

    def to_text(self) -> str:
        """The text with the changed cells replaced, and new records behind it."""
        text, parts, at = self.decoded.text, [], 0
        for record in sorted(record for record in self._changed if record < self._came):
            cells, missing = self._records[record], 0
            for column, value in sorted(self._changed[record].items()):
                if column < len(cells):
                    start, end = cells[column].start, cells[column].end
                    raw = self._raw(value, quoted=text[start:end].startswith('"'))
                else:  # a record that was too short
                    start = end = cells[-1].end
                    raw = self.delimiter * (column - len(cells) + 1 - missing) + self._raw(value, quoted=False)
                    missing = column - len(cells) + 1
                parts += [text[at:start], raw]
                at = end
        whole = "".join([*parts, text[at:]])
        line_end = next(iter(re.findall(r"\r\n|\r|\n", text)), "\n")
        for record in range(self._came, len(self._records)):
            own = self._changed.get(record, {})
            row = [self._raw(own.get(column, ""), quoted=False) for column in range(max(own, default=-1) + 1)]
            between = line_end if whole and not whole.endswith(("\r", "\n")) else ""
            whole += between + self.delimiter.join(row) + line_end
        return whole

    def _raw(self, value: str, quoted: bool) -> str:
        return quote(value) if quoted or needs_quotes(value, self.delimiter) else value


def needs_quotes(value: str, delimiter: str) -> bool:
    return any(letter in value for letter in (delimiter, '"', "\r", "\n"))


def quote(value: str) -> str:
    return '"' + value.replace('"', '""') + '"'


def parse(text: str, delimiter: str) -> Iterator[list[Cell]]:
    """The records of a text, one after another. Raises TableError where a quotation mark is never closed."""
    stop = re.escape(delimiter)
    pattern = re.compile(rf'"(?P<quoted>[^"]*+(?:""[^"]*+)*+)"(?P<tail>[^{stop}\r\n]*)|(?P<plain>[^{stop}\r\n]*)')
    at = 0
    record: list[Cell] = []
    while at < len(text) or record:
        found = pattern.match(text, at)
        assert found is not None  # its last alternative matches anywhere
        if found["plain"] is None:
            value = found["quoted"].replace('""', '"') + found["tail"]
        elif found["plain"].startswith('"'):
            line = len(re.findall(r"\r\n|\r|\n", text[:at])) + 1
            raise TableError(
                f"the quotation mark that opens a cell in line {line} is never closed: the file is cut off or was "
                "damaged by an editor. Download it again"
            )
        else:
            value = found["plain"]
        record.append(Cell(found.start(), found.end(), value))
        at = found.end()
        if text.startswith(delimiter, at):
            at += len(delimiter)
            continue
        yield record
        record = []
        at += 2 if text.startswith("\r\n", at) else 1


def first_rows(text: str, delimiter: str, count: int) -> list[list[str]]:
    """What the first records say; fewer than `count` where the file is short or not to be read with this delimiter."""
    rows = []
    try:
        for record in islice(parse(text, delimiter), count):
            rows.append([cell.value for cell in record])
    except TableError:
        pass
    return rows
