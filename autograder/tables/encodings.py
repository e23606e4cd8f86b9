"""Decode a file so that encoding it again gives the same bytes, whatever it holds.

Order of trial: a byte-order mark; UTF-16LE without one (every second byte of the beginning is 0); UTF-8; Windows-1252;
Latin-1, which takes every byte.
"""

from __future__ import annotations

import codecs
from dataclasses import dataclass

from autograder.tables.problems import TableError

MARKS = (
    (codecs.BOM_UTF8, "utf-8", "surrogateescape"),
    (codecs.BOM_UTF16_LE, "utf-16-le", "surrogatepass"),
    (codecs.BOM_UTF16_BE, "utf-16-be", "surrogatepass"),
)
# What is no text at all, by its first bytes, and what to do.
FOREIGN = {
    b"PK\x03\x04": "a zip or an Excel workbook (.xlsx)",
    b"\xd0\xcf\x11\xe0": "an old Excel workbook",
    b"%PDF": "a PDF",
}


@dataclass(frozen=True)
class Decoded:
    """A file's text with what is needed to write it back. mark: the byte-order mark, b"" where there is none."""

    text: str
    encoding: str
    errors: str
    mark: bytes

    def encode(self, text: str) -> bytes:
        """`text` as the file's bytes. Raises TableError for a character that the encoding does not have."""
        try:
            return self.mark + text.encode(self.encoding, self.errors)
        except UnicodeEncodeError as error:
            raise TableError(
                f"the file is in {self.encoding}, which has no {text[error.start : error.end]!r}: "
                "download it as UTF-8, or leave the comments out (--no-comments)"
            ) from None


def decode(data: bytes) -> Decoded:
    """Decode `data` without loss. Raises TableError for what is no text file, or is cut off in a character."""
    for start, what in FOREIGN.items():
        if data.startswith(start):
            raise TableError(f"the file is {what}, not text: download the grades as CSV (or tab-delimited) again")
    if data.lstrip()[:100].lower().startswith((b"<!doctype html", b"<html")):
        raise TableError("the file is a web page, perhaps that of a login: log in and download the grades again")
    for encoding, errors, mark in _candidates(data):
        try:
            found = Decoded(data[len(mark) :].decode(encoding, errors), encoding, errors, mark)
        except UnicodeDecodeError:
            if mark:
                raise TableError(f"the file begins as {encoding} and is cut off: download it again") from None
            continue
        if found.encode(found.text) == data:
            return found
    raise TableError("the file is no text that could be written back as it came: download it again")


def _candidates(data: bytes) -> list[tuple[str, str, bytes]]:
    for mark, encoding, errors in MARKS:
        if data.startswith(mark):
            return [(encoding, errors, mark)]
    plain = [("utf-8", "strict", b""), ("cp1252", "strict", b""), ("latin-1", "strict", b"")]
    start = data[:200]
    wide = len(start) >= 4 and start[1::2].count(0) > len(start[1::2]) // 2
    return [("utf-16-le", "surrogatepass", b""), *plain] if wide else plain
