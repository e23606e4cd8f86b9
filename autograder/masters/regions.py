"""The one rule of every build: what a student gets is the master with its regions taken out.

Steps: find the marker lines of a text; report those that are misspelt, nested, unclosed, unopened or of a kind that
has no place there; write the text again without the regions. A solution becomes one comment line at the indent of its
marker, as nbgrader's ClearSolutions does in notebooks; hidden tests leave nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

SOLUTION, HIDDEN = "SOLUTION", "HIDDEN TESTS"
STUB = "# YOUR CODE HERE"
MARKER = re.compile(r"\s*### (BEGIN|END) (SOLUTION|HIDDEN TESTS)\s*")
# What reads like a marker, or what nbgrader would take for one: it searches for the words anywhere in a line.
ALMOST = re.compile(
    r"(?:BEGIN|END)[ ](?:SOLUTION|HIDDEN[ ]TESTS|MARK[ ]SCHEME)"
    r"|^\s*\#+\s*(?i:BEGIN|END)[\s_-]*(?i:SOLUTION|HIDDEN|TESTS?)s?(?:[\s_-]*(?i:TESTS?|CELL))?\s*\#*\s*$",
    re.VERBOSE,
)


class Line(NamedTuple):
    """A line of a master: its 1-based number in the file, and its text without the line end."""

    number: int
    text: str


@dataclass(frozen=True)
class Region:
    """Lines to take out. `begin` and `end` are the numbers of the marker lines themselves."""

    kind: str
    begin: int
    end: int

    def __contains__(self, number: int) -> bool:
        return self.begin <= number <= self.end


def numbered(text: str) -> list[Line]:
    """The lines of a file; a last line end opens no further line."""
    lines = text.split("\n")
    if lines[-1] == "":
        lines.pop()
    return [Line(number, line) for number, line in enumerate(lines, 1)]


def find(lines: Iterable[Line], allowed: str | None, where: str) -> tuple[list[Region], list[tuple[int, str]]]:
    """The regions of `lines`, and what is wrong with the markers as (line number, message).

    allowed: the kind that may stand here, None for neither. where: the place in words, for the message.
    """
    regions: list[Region] = []
    wrong: list[tuple[int, str]] = []
    opened: tuple[str, int] | None = None
    for number, text in lines:
        marker = MARKER.fullmatch(text)
        if marker is None:
            if ALMOST.search(text):
                wrong.append(
                    (
                        number,
                        f"reads like a region marker: write {_forms(allowed)} alone on its line, or other words",
                    )
                )
            continue
        edge, kind = marker.groups()
        if kind != allowed:
            wrong.append((number, f"{edge} {kind} has no place in {where}: {_advice(kind)}"))
        if edge == "BEGIN":
            if opened:
                wrong.append(
                    (
                        number,
                        f"BEGIN {kind} stands inside the {opened[0]} region opened on line {opened[1]}: "
                        f"regions do not nest, so close that one with ### END {opened[0]} first",
                    )
                )
            opened = (kind, number)
        elif opened is None:
            wrong.append((number, f"END {kind} without a BEGIN: put ### BEGIN {kind} above it, or take it away"))
        elif opened[0] != kind:
            wrong.append(
                (
                    number,
                    f"END {kind} closes the {opened[0]} region opened on line {opened[1]}: write ### END {opened[0]}",
                )
            )
            opened = None
        else:
            regions.append(Region(kind, opened[1], number))
            opened = None
    if opened:
        wrong.append((opened[1], f"BEGIN {opened[0]} is never closed: put ### END {opened[0]} below it"))
    return regions, wrong


def _forms(allowed: str | None) -> str:
    return " or ".join(
        f"`### {edge} {kind}`" for kind in ([allowed] if allowed else [SOLUTION, HIDDEN]) for edge in ("BEGIN", "END")
    )


def _advice(kind: str) -> str:
    if kind == SOLUTION:
        return 'solutions stand in solution="…" and written="…" cells and in solutions/backprop/'
    return "hidden tests stand in autograder/course/<name>/checks/"


def inside(lines: Iterable[Line], regions: Sequence[Region]) -> list[Line]:
    """The lines within the regions, without the markers."""
    return [line for line in lines if any(region.begin < line.number < region.end for region in regions)]


def outside(lines: Iterable[Line], regions: Sequence[Region]) -> list[Line]:
    """The lines of no region."""
    return [line for line in lines if not any(line.number in region for region in regions)]


def strip(lines: Iterable[Line], regions: Sequence[Region]) -> list[Line]:
    """The released lines, each under its number in the master; a stub has the number of its BEGIN marker.

    Where hidden tests stood, the blank lines above and below would add up: the longer of the two runs stays, and
    none at the end of the file.
    """
    begins = {region.begin: region for region in regions}
    released: list[Line] = []
    above: list[Line] | None = None  # the blank lines above a cut, until the text goes on
    below: list[Line] = []
    for line in lines:
        region = next((region for region in regions if line.number in region), None)
        if region is not None and region.kind == HIDDEN:
            if above is None:
                above = []
                while released and not released[-1].text.strip():
                    above.insert(0, released.pop())
            continue
        if above is not None:
            if region is None and not line.text.strip():
                below.append(line)
                continue
            if released:
                released += max(above, below, key=len)[:2]
            above, below = None, []
        if region is None:
            released.append(line)
        elif line.number in begins:
            indent = line.text[: len(line.text) - len(line.text.lstrip())]
            released.append(Line(line.number, indent + STUB))
    return released
