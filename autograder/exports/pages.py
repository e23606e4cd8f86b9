"""Feedback pages as one zip that a platform matches to its students.

The names in the zip are the platform's own (`Platform.feedback_place`); a student whose key is not known is named and
left out. The zip is written beside its place and moved there when it is complete; the same pages give the same bytes.
"""

from __future__ import annotations

import os
import zipfile
from collections import defaultdict
from pathlib import Path

from autograder.exports.outcome import Outcome
from autograder.exports.platform import Platform
from autograder.exports.problems import ExportError
from autograder.exports.rows import GradeRow

EPOCH = (1980, 1, 1, 0, 0, 0)  # the earliest time that a zip can hold


def plan(platform: Platform, rows: list[GradeRow], outcome: Outcome) -> dict[str, Path]:
    """Where each page goes: name in the zip -> page. What has no certain place is noted, and left out.

    Raises ExportError where no page has one.
    """
    placed: list[tuple[GradeRow, str, Path]] = []
    for row in rows:
        place = platform.feedback_place(row, outcome.titles.get(row.assignment, row.assignment))
        if why := _missing(row, place):
            outcome.note("no page", row.student, f"{row.assignment}: {why}")
        elif row.page is not None:
            placed.append((row, place, row.page))
    owners: defaultdict[object, set[str]] = defaultdict(set)  # of a place or a hand-in: one student
    for row, place, _ in placed:
        owners[place.casefold()].add(row.student)
        owners[_hand_in(row)].add(row.student)
    places: dict[str, Path] = {}
    for row, place, page in placed:
        if others := (owners[place.casefold()] | owners[_hand_in(row)]) - {row.student}:
            text = f"{row.assignment}: one hand-in of {platform.title} is that of {', '.join(sorted(others))}, too"
            outcome.note("no page", row.student, text)
        else:
            places[place] = page
            outcome.page_names[row.student] = place
    if not places:
        reasons = "; ".join(dict.fromkeys(note.text for note in outcome.of("no page"))) or "there are no pages"
        raise ExportError(f"no feedback page has a place in {platform.title}: {reasons[:300]}")
    return places


def _missing(row: GradeRow, place: str) -> str:
    """Why a graded hand-in has no page in the zip, "" where it has one or needs none."""
    if row.page is None:
        return "there is no page: grade again" if row.score is not None else ""
    for name, value in row.attempt.items():
        if row.keys.get(name, value) != value:
            return f"its {name} is {value}, and in the roster {row.keys[name]}"
    return "" if place else "the page is there, its place is not known (take the platform's own download in)"


def _hand_in(row: GradeRow) -> tuple:
    return row.assignment, *sorted((row.attempt or {"student": row.student}).items())


def write(path: Path, places: dict[str, Path], extras: dict[str, bytes]) -> Path:
    """Write the zip, complete or not at all. Raises OSError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name[:60]}.{os.getpid()}.new")
    try:
        with zipfile.ZipFile(draft, "w", zipfile.ZIP_DEFLATED) as archive:
            for name in sorted({*places, *extras}):
                entry = zipfile.ZipInfo(name, EPOCH)
                entry.compress_type, entry.external_attr = zipfile.ZIP_DEFLATED, 0o644 << 16
                archive.writestr(entry, extras[name] if name in extras else places[name].read_bytes())
        os.replace(draft, path)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise
    return path
