"""How hard each item was, and how well it tells who knows more: classical test theory on the class's verdicts.

Difficulty is the mean share of an item's points. Discrimination is the correlation of that share with the share of all
other points (the corrected item-total correlation): near 1 where those who do well elsewhere do well here too, near 0
where the item measures something else, below 0 where it is the strong who miss it, which is a sign of a faulty item.
Refused hand-ins say nothing about an item and are left out.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from statistics import StatisticsError, correlation, mean

from autograder.report.summary import Row, first_guesses, share_of

ENOUGH = 8  # students: below, a correlation is chance
WEAK = 0.1  # a discrimination below it deserves a look at the item


@dataclass
class ItemFigures:
    """One item. discrimination: None where too few students, or all alike, allow no statement.

    misconceptions: (id, students), most frequent first. empty: the share of students who left it untouched.
    """

    id: str
    difficulty: float
    discrimination: float | None
    misconceptions: list[tuple[str, int]]
    empty: float

    @property
    def suspicious(self) -> bool:
        """Whether the item itself may be at fault: it does not tell strong from weak, and many lose marks in it."""
        return self.discrimination is not None and self.discrimination < WEAK and self.difficulty < 0.9


def figures(rows: list[Row]) -> list[ItemFigures]:
    """The figures of each item, in the order of the verdicts."""
    rows = [row for row in rows if row.intake.get("status") != "refused"]
    ids = list(dict.fromkeys(name for row in rows for name in row.items))
    return [_figures(name, [row for row in rows if name in row.items]) for name in ids]


def _figures(name: str, rows: list[Row]) -> ItemFigures:
    here = [share_of(row.items[name]) for row in rows]
    guesses = Counter(guess for row in rows for guess in first_guesses(row.items[name]))
    ranked = sorted(guesses.items(), key=lambda pair: (-pair[1], pair[0]))
    empty = mean(row.items[name]["status"] == "missing" for row in rows)
    return ItemFigures(name, mean(here), _discrimination(name, rows, here), ranked, empty)


def _discrimination(name: str, rows: list[Row], here: list[float]) -> float | None:
    if len(rows) < ENOUGH:
        return None
    elsewhere = [_share_without(row, name) for row in rows]
    try:
        return correlation(here, elsewhere)
    except StatisticsError:  # all alike, here or elsewhere
        return None


def _share_without(row: Row, name: str) -> float:
    points = row.max_score - row.items[name]["max_score"]
    return (row.score - (row.items[name]["score"] or 0.0)) / points if points else 0.0
