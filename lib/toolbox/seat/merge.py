"""Three-way merges: what a student wrote into a released file, and what a corrected release changed in it.

Both sides are compared with the original. Where only one side changed something, that counts; where both did, the
student's lines stay and the place is told.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from typing import Any


@dataclass(frozen=True)
class Merged:
    """lines: the outcome. clashes: the numbers, from 1, of lines of the student's that stayed where the release changed
    the same place.
    """

    lines: list[str]
    clashes: list[int] = field(default_factory=list)


def merge_lines(original: Sequence[str], yours: Sequence[str], release: Sequence[str]) -> Merged:
    """The lines of both sides."""
    mine, theirs = _changes(original, yours), _changes(original, release)
    lines: list[str] = []
    clashes: list[int] = []
    at = 0
    while mine or theirs:
        start = min(change[0] for change in [*mine[:1], *theirs[:1]])
        lines += original[at:start]
        here: tuple[list, list] = ([], [])
        end = start
        while True:  # all changes that overlap, of both sides
            for side, waiting in ((here[0], mine), (here[1], theirs)):
                if waiting and _meets(waiting[0], start, end, bool(here[0] or here[1])):
                    side.append(waiting.pop(0))
                    end = max(end, side[-1][1])
                    break
            else:
                break
        ours, other = _applied(original, yours, here[0], start, end), _applied(original, release, here[1], start, end)
        added = [release[c:d] for a, b, c, d in here[1] if a == b]
        if not here[1] or (here[0] and _holds(ours, other)):
            lines += ours
        elif not here[0]:
            lines += other
        elif len(added) == len(here[1]) and here[1][0][0] == start and len(here[1]) == 1:
            lines += ours if _holds(ours, added[0]) else [*added[0], *ours]
        elif len(here[0]) == 1 and here[0][0][:2] == (start, start):
            lines += [*ours[: here[0][0][3] - here[0][0][2]], *other]
        else:
            clashes.append(len(lines) + 1)
            lines += ours
        at = end
    return Merged([*lines, *original[at:]], clashes)


def _holds(lines: list[str], part: Sequence[str]) -> bool:
    return any(lines[at : at + len(part)] == list(part) for at in range(len(lines) - len(part) + 1))


def _meets(change: tuple[int, int, int, int], start: int, end: int, begun: bool) -> bool:
    """Whether a change belongs to the region [start, end) of the original: it overlaps, or inserts at its beginning."""
    if not begun or change[0] == start:
        return change[0] == start
    return change[0] < end


def _changes(original: Sequence[str], other: Sequence[str]) -> list[tuple[int, int, int, int]]:
    """(from, to) in the original and (from, to) in the other text, of every change, in order."""
    found = SequenceMatcher(None, original, other, autojunk=False).get_opcodes()
    return [(a, b, c, d) for kind, a, b, c, d in found if kind != "equal"]


def _applied(original: Sequence[str], other: Sequence[str], changes: list, start: int, end: int) -> list[str]:
    """The region [start, end) of the original with one side's changes."""
    lines: list[str] = []
    at = start
    for a, b, c, d in changes:
        lines += [*original[at:a], *other[c:d]]
        at = b
    return [*lines, *original[at:end]]


def merge_text(original: str, yours: str, release: str) -> tuple[str, list[int]]:
    """Texts, with the newlines of the student's; and the lines at which both sides changed something."""
    newline = "\r\n" if "\r\n" in yours else "\n"
    original, yours, release = (text.replace("\r\n", "\n") for text in (original, yours, release))
    if yours == original:
        text, clashes = release, []
    else:
        merged = merge_lines(*(text.splitlines(keepends=True) for text in (original, yours, release)))
        text, clashes = "".join(merged.lines), merged.clashes
    return text.replace("\n", newline), clashes


def merge_notebooks(original: dict, yours: dict, release: dict) -> tuple[dict, list[str]]:
    """The release's notebook with a student's answers, cells, notes and outputs; and what to tell of it.

    Cells are the release's, in its order; a student's own cells stay behind the cell that they stood behind. Cells are
    known by nbgrader's name, else by their id, else by their text.
    """
    old = {_name(cell): cell for cell in original["cells"]}
    new = {_name(cell): cell for cell in release["cells"]}
    mine, own = _paired(yours["cells"], old, new)
    told: list[str] = []
    cells: list[dict] = list(own.get(None, []))
    for name, cell in new.items():
        if name in mine:
            cells.append(_merged(old.get(name, cell), mine[name], cell, told))
        elif name not in old or _source(old[name]) != _source(cell) or _marks(cell):
            cells.append(cell)  # new, or corrected, or graded: a deleted one that is none of these stays deleted
            told.append(f"{'new' if name not in old else 'put back'}: {_title(cell)}")
        cells += own.get(name, [])
    left = [cell for name, others in own.items() if name is not None and name not in new for cell in others]
    kit = {"backprop_kit": release["metadata"].get("backprop_kit", {})}
    metadata = release["metadata"] | yours.get("metadata", {}) | kit
    return {**release, "metadata": metadata, "cells": _apart(cells + left)}, told


def _paired(cells: list[dict], old: dict, new: dict) -> tuple[dict[str, dict], dict[str | None, list[dict]]]:
    """A student's version of each released cell that is still one; and their own cells, by the cell they stand behind.

    A given cell that is no longer released and that they edited is theirs; an unedited one goes.
    """
    texts = {(cell["cell_type"], _source(cell)): name for name, cell in old.items()}
    mine: dict[str, dict] = {}
    own: dict[str | None, list[dict]] = {}
    behind: str | None = None
    for cell in cells:
        name = _name(cell)
        if name not in old and name not in new:  # an editor that keeps no ids
            name = texts.get((cell["cell_type"], _source(cell)), name)
        if name in mine or (name not in new and name not in old):
            own.setdefault(behind, []).append(cell)
        elif name in new:
            mine[name] = cell
            behind = name
        elif _source(cell) != _source(old[name]):
            own.setdefault(behind, []).append(cell)
    return mine, own


def _merged(original: dict, yours: dict, release: dict, told: list[str]) -> dict:
    """One cell: the release's, with what the student wrote into it."""
    if _marks(release).get("locked"):
        text = _source(release)
        if text != _source(original):
            told.append(f"corrected check: {_title(release)}")
    else:
        text, clashes = merge_text(_source(original), _source(yours), _source(release))
        if clashes:
            told.append(f"yours stayed where the release changed the same lines: {_title(release)}")
        elif _source(release) != _source(original):
            told.append(f"corrected: {_title(release)}")
    cell = {**release, "source": text}
    if release["cell_type"] == "code":
        same = text == _source(yours)
        cell["outputs"] = yours.get("outputs", []) if same else []
        cell["execution_count"] = yours.get("execution_count") if same else None
    return cell


def same_cells(one: dict, other: dict) -> bool:
    """Whether two notebooks have the same cells, whatever came out of them."""
    return [(_source(cell), _marks(cell)) for cell in one["cells"]] == [
        (_source(cell), _marks(cell)) for cell in other["cells"]
    ]


def _apart(cells: list[dict]) -> list[dict]:
    """The cells with ids that differ: those of copies are given anew."""
    seen: set[str] = set()
    found = []
    for number, cell in enumerate(cells):
        name = cell.get("id")
        if not isinstance(name, str) or name in seen:
            name = f"own-{hashlib.sha256(f'{number} {_source(cell)}'.encode()).hexdigest()[:12]}"
            cell = {**cell, "id": name}
        seen.add(name)
        found.append(cell)
    return found


def _marks(cell: dict) -> dict:
    return (cell.get("metadata") or {}).get("nbgrader") or {}


def _name(cell: dict) -> str:
    return str(_marks(cell).get("grade_id") or cell.get("id") or "")


def _source(cell: dict) -> str:
    return "".join(cell.get("source") or "")


def _title(cell: dict[str, Any]) -> str:
    """A cell as a person knows it: its first line that says something."""
    lines = [line.strip("# \t") for line in _source(cell).splitlines()]
    return next((line for line in lines if line), _name(cell))[:70]
