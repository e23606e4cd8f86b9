"""What to reteach: the misconceptions that most of a class share, each with an example and the section to go back to.

Examples are anonymous: what was asked, what came, what was true. They can be shown in class.
"""

from __future__ import annotations

from dataclasses import dataclass

from autograder.report.summary import Summary, first_guesses
from toolbox.checks.misconceptions import CATALOGUE


@dataclass
class Advice:
    """One misconception of the class. items: where it shows; example: '' where the verdicts tell none."""

    id: str
    name: str
    hint: str
    section: str
    students: int
    items: list[str]
    example: str


def advice(summary: Summary) -> list[Advice]:
    """One entry for each misconception that was named, most students first."""
    return [_advice(summary, name, students, items) for name, students, items in summary.misconceptions]


def _advice(summary: Summary, name: str, students: list[str], items: list[str]) -> Advice:
    known = CATALOGUE.get(name)
    words = (known.name, known.hint, known.reread) if known else (name, "", "")
    return Advice(name, *words, len(students), items, _example(summary, name))


def _example(summary: Summary, misconception: str) -> str:
    """What the first answer with this misconception looked like; the one with most wrong entries says most."""
    found = []
    for row in summary.rows:
        for item in row.items.values():
            if misconception in first_guesses(item):
                found += [(item["id"], test) for test in item["tests"] if test["diagnosis"][:1] == [misconception]]
    told = [(name, test["evidence"]) for name, test in found if (test["evidence"] or {}).get("name")]
    if not told:
        return ""
    name, evidence = max(told, key=lambda pair: (pair[1].get("wrong_entries") or 0, pair[0]))
    parts = [f"in {name}, {evidence['name']}"]
    if evidence.get("shape_yours") != evidence.get("shape_true"):
        parts.append(f"came with shape {_shape(evidence['shape_yours'])} instead of {_shape(evidence['shape_true'])}")
    elif worst := evidence.get("worst"):
        at = f" at {worst['index']}" if worst.get("index") else ""
        parts.append(f"came as {_number(worst['yours'])} where {_number(worst['true'])} is true{at}")
        if evidence.get("entries", 1) > 1:
            parts.append(f"({evidence['wrong_entries']} of {evidence['entries']} entries are wrong)")
    return " ".join(parts)


def _shape(shape: list[int] | None) -> str:
    return f"({', '.join(map(str, shape or []))})"


def _number(value: float | str) -> str:
    return value if isinstance(value, str) else f"{value:.4g}"
