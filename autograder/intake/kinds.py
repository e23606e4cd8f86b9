"""What kind of file arrived, by its first bytes and not by its name: a web page called work.zip is a web page."""

from __future__ import annotations

import re

ZIP, TAR, GZIP, BZIP2, XZ = "zip", "tar", "gzip", "bzip2", "xz"
COMPRESSED = (GZIP, BZIP2, XZ)
HEAD = 1024  # bytes that tell the kind

_STARTS = {
    b"PK\x03\x04": ZIP,
    b"PK\x05\x06": ZIP,
    b"\x1f\x8b": GZIP,
    b"BZh": BZIP2,
    b"\xfd7zXZ\0": XZ,
}
# What cannot be read: how it begins, what it is, what to do.
_FOREIGN = [
    (re.compile(rb"Rar!\x1a\x07"), "a RAR archive", "Pack the files as a zip"),
    (re.compile(rb"7z\xbc\xaf\x27\x1c"), "a 7-Zip archive", "Pack the files as a zip"),
    (
        re.compile(rb"(?:\xef\xbb\xbf)?\s*<(?:!doctype\s+html|html|head)", re.IGNORECASE),
        "a web page",
        "Download it anew",
    ),
    (re.compile(rb"%PDF-"), "a PDF", "Hand in the notebook and lib/, not a print of it"),
    (re.compile(rb"\xd0\xcf\x11\xe0"), "an old Office document", "Hand in the notebook and lib/"),
    (
        re.compile(rb"version https://git-lfs"),
        "the pointer of Git LFS, not the file itself",
        "Run `git lfs pull` first",
    ),
]


def kind(head: bytes) -> str:
    """'zip', 'tar', 'gzip', 'bzip2' or 'xz' by the first `HEAD` bytes of a file; '' where it is none of them."""
    if head[257:262] == b"ustar":
        return TAR
    return next((name for start, name in _STARTS.items() if head.startswith(start)), "")


def foreign(head: bytes) -> tuple[str, str] | None:
    """What a file is that cannot be read, and what to do about it; None where its first bytes do not tell."""
    if not head:
        return "empty", "Save the work and pack it again"
    return next(((what, advice) for start, what, advice in _FOREIGN if start.match(head)), None)
