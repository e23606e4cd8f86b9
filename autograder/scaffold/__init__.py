"""Lay down a new item, or a new assignment: `python -m autograder new item layers softplus`.

What is laid down builds, passes its own audit and is released; each place that only its author can fill is marked with
`BLANK`, and `build` lists those that are left. `texts` holds what is written, `item` and `assignment` put it in place.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from toolbox.errors import KitError

BLANK = "FILL IN"  # marks a place that only its author can fill


class NotLaidDown(KitError, ValueError):
    """What is asked for cannot be laid down: a name that is taken, or no place for it. Nothing has been written."""


def write(root: Path, files: dict[str, str]) -> list[Path]:
    """Write these texts by their paths; return the files."""
    for path, text in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text, encoding="utf-8", newline="\n")
    return [root / path for path in files]


def blanks(root: Path) -> Iterator[tuple[str, int, str]]:
    """(file, line, its text) of every blank that is left in the masters and in the rooms of the course."""
    for pattern in ("solutions/*.py", "solutions/backprop/*.py", "autograder/course/**/*.py"):
        for file in sorted(root.glob(pattern)):
            for number, line in enumerate(file.read_text(encoding="utf-8").split("\n"), 1):
                if BLANK in line:
                    yield file.relative_to(root).as_posix(), number, line.strip()
