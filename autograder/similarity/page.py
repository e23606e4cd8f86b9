"""The ranked page: which pairs have most in common, and each of them side by side."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from autograder.report.templates import environment, write_page
from autograder.similarity.compare import Pair, Passage
from autograder.similarity.work import Work

AROUND = 400  # characters that are shown before and after what is in common


@dataclass(frozen=True)
class Row:
    """A pair as the page shows it."""

    number: int
    one: str
    other: str
    kind: str
    percent: int
    size: int
    sides: list[tuple[str, list[Passage]]]


def write_similar(page: Path, assignment: str, pairs: list[Pair], works: list[Work]) -> Path:
    """Write the page, and return its path."""
    rows = [
        Row(
            number, label(pair.one), label(pair.other), pair.kind, round(100 * pair.share), pair.size,
            [(label(work), shortened(side)) for work, side in zip((pair.one, pair.other), pair.sides, strict=True)],
        )
        for number, pair in enumerate(pairs, 1)
    ]  # fmt: skip
    notes = [(label(work), note) for work in works for note in work.left_out]
    page.parent.mkdir(parents=True, exist_ok=True)
    told = {"assignment": assignment, "rows": rows, "notes": notes, "count": len(works)}
    return write_page(page, environment().get_template("similar.html").render(told))


def label(work: Work) -> str:
    """Whose hand-in it is, and where it comes from where that is not this class."""
    return f"{work.student} ({work.source})" if work.source else work.student


def shortened(passages: list[Passage]) -> list[Passage]:
    """Passages with what only one has cut down to what stands next to something in common."""
    found = []
    for place, passage in enumerate(passages):
        text, first, last = passage.text, place == 0, place == len(passages) - 1
        if not passage.common and len(text) > 2 * AROUND:
            before, after = "" if first else text[:AROUND], "" if last else text[-AROUND:]
            text = f"{before}\n… {len(text) - len(before) - len(after):,} characters …\n{after}"
        found.append(Passage(text, passage.common))
    return found
