"""Find the line of a TOML file in which a key stands; tomllib tells it only for what cannot be parsed."""

from __future__ import annotations

import re

HEADER = re.compile(r"\s*\[\[?\s*(?P<path>[^\[\]]+?)\s*\]\]?\s*(?:#.*)?")
KEY = re.compile(r"\s*(?P<path>(?:[\w-]+|\"[^\"]*\"|'[^']*')(?:\s*\.\s*(?:[\w-]+|\"[^\"]*\"|'[^']*'))*)\s*=")
PART = re.compile(r"[\w-]+|\"[^\"]*\"|'[^']*'")


def line_of(text: str, path: tuple[str, ...]) -> int | None:
    """The number of the line, from 1, in which the key stands, or else the one in which its table begins."""
    best: tuple[int, int] | None = None
    table: tuple[str, ...] = ()
    for number, line in enumerate(text.split("\n"), start=1):
        if header := HEADER.fullmatch(line):
            found = table = _parts(header["path"])
        elif key := KEY.match(line):
            found = (*table, *_parts(key["path"]))
        else:
            continue
        if found == path[: len(found)] and (best is None or len(found) > best[0]):
            best = len(found), number
    return best[1] if best else None


def _parts(path: str) -> tuple[str, ...]:
    return tuple(part.strip("\"'") for part in PART.findall(path))
