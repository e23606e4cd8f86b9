"""The marking scheme of a written question: the model answer and the marks, as they stand in the notebook's master."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from autograder.masters import percent, regions


def scheme(root: Path, assignment: str, question: str) -> str:
    """The scheme as Markdown; '' where the master does not say or there is none."""
    master = root / "solutions" / f"{assignment}.py"
    try:
        stamp = master.stat().st_mtime_ns
    except (OSError, ValueError):
        return ""
    return _schemes(master, stamp).get(question, "")


@lru_cache(maxsize=16)
def _schemes(master: Path, stamp: int) -> dict[str, str]:
    cells = percent.read(master.name, master.read_text(encoding="utf-8")).cells
    found = {}
    for cell in cells:
        if cell.role == "written" and cell.id:
            answers, _ = regions.find(cell.lines, regions.SOLUTION, "a notebook")
            found[cell.id] = "\n".join(line.text for line in regions.inside(cell.lines, answers)).strip("\n")
    return found
