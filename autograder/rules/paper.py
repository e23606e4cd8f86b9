"""What an assignment asks for: its items and written questions with their points, read from the released notebook."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class Paper:
    """items: checked by the grader; written: marked by a person; id -> points, each in the order of the notebook."""

    items: Mapping[str, float] = field(default_factory=dict)
    written: Mapping[str, float] = field(default_factory=dict)

    @property
    def names(self) -> list[str]:
        return [*self.items, *self.written]

    def as_dict(self) -> dict:
        return {"items": dict(self.items), "written": dict(self.written)}

    @classmethod
    def from_dict(cls, content: dict) -> Paper:
        return cls(dict(content["items"]), dict(content["written"]))


def read_paper(root: Path, assignment: str) -> Paper | None:
    """The paper of an assignment as it is built now; None where it is not there."""
    try:
        notebook = json.loads((root / "assignments" / assignment / f"{assignment}.ipynb").read_bytes())
    except (OSError, ValueError):
        return None
    items: dict[str, float] = {}
    written: dict[str, float] = {}
    for cell in notebook["cells"]:
        marks = cell["metadata"].get("nbgrader", {})
        if marks.get("grade") or marks.get("task"):
            by_hand = marks.get("solution") or marks.get("task") or cell["cell_type"] != "code"
            (written if by_hand else items)[marks["grade_id"]] = float(marks["points"])
    return Paper(items, written)


def papers(root: Path) -> dict[str, Paper]:
    """The papers of all assignments that are built."""
    names = sorted(
        path.parent.name for path in (root / "assignments").glob("*/*.ipynb") if path.stem == path.parent.name
    )
    return {name: paper for name in names if (paper := read_paper(root, name)) is not None}
