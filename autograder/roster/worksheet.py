"""Moodle's grading worksheet on a site of any language: what its columns are, by what they hold.

Its first column is one word and a participant's number in every line. An address in every line is the e-mail, and what
stands between the two is the name; the moments of the hand-in and of the grade stand in this order, side by side.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

NUMBERED = re.compile(r"(?P<word>.*?)(?P<number>[0-9]+)", re.DOTALL)
ADDRESS = re.compile(r"[^\s@]+@[^\s@]+")
MOMENT = re.compile(r"(?=.*(?<!\d)\d{4}(?!\d)).*(?<!\d)\d{1,2}[:.h]\d{2}(?!\d).{0,12}", re.DOTALL)
NEVER = ("", "-", "–")


def is_worksheet(cells: Sequence[str], below: Sequence[Sequence[str]]) -> bool:
    """Whether these are the headings of a worksheet; below: the lines that follow, or the first of them."""
    numbered = [NUMBERED.fullmatch(row[0].strip()) for row in below if any(map(str.strip, row))]
    words = {found["word"].strip() for found in numbered if found}
    is_list = len(cells) >= 3 and bool(numbered) and all(numbered) and len(words) == 1 and "" not in words
    return is_list and not NUMBERED.fullmatch(cells[0])


def mail_column(rows: Sequence[Sequence[str]]) -> int | None:
    """The only column that holds addresses and nothing else."""
    width = min(map(len, rows), default=0)
    found = [
        column
        for column in range(1, width)
        if (cells := [row[column].strip() for row in rows if row[column].strip()])
        and all(map(ADDRESS.fullmatch, cells))
    ]
    return found[0] if len(found) == 1 else None


def name_column(rows: Sequence[Sequence[str]]) -> int | None:
    """The column between the identifier and the e-mail; None where there is no e-mail that tells."""
    mail = mail_column(rows)
    return 1 if mail is not None and mail > 1 else None


def moments(rows: Sequence[Sequence[str]]) -> list[int]:
    """The columns of the last change of hand-in and grade; one alone where nobody can tell which of the two it is."""
    width = min(map(len, rows), default=0)
    cells = [[row[column].strip() for row in rows] for column in range(width)]
    never = [all(cell in NEVER for cell in column) for column in cells]
    told = [
        column for column in range(1, width)
        if not never[column] and all(cell in NEVER or MOMENT.fullmatch(cell) for cell in cells[column])
    ]  # fmt: skip
    if len(told) != 1:
        return told
    (only,) = told
    if only + 1 < width and "-" in cells[only + 1] and never[only + 1]:  # nothing is graded yet
        return [only, only + 1]
    if only and "-" in cells[only - 1] and never[only - 1]:
        return [only - 1, only]
    return told
