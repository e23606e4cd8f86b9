"""Wrong and right answers to the assignment `scalar`."""

from __future__ import annotations

from pathlib import Path

from autograder.mutants import Answer, span
from autograder.mutants.scalar.differences import DIFFERENCES
from autograder.mutants.scalar.engine import ENGINE
from autograder.mutants.scalar.fresh import FRESH
from autograder.mutants.scalar.gates import GATES
from autograder.mutants.scalar.notebook import NOTEBOOK, NOTES
from autograder.mutants.scalar.operations import OPERATIONS
from autograder.mutants.scalar.right import RIGHT
from autograder.mutants.scalar.tape import TAPE

MODULE, MODULES = "scalar", ("gates", "differences", "scalar", "tape")
SOLUTIONS = Path(__file__).resolve().parents[3] / "solutions" / "backprop"
WRONG = [*NOTES, *GATES, *DIFFERENCES, *OPERATIONS, *ENGINE, *TAPE, *FRESH]


def modules_of(answer: Answer) -> dict[str, str]:
    """The source of every module in this answer: each edit goes to the module that has its function."""
    sources = {name: (SOLUTIONS / f"{name}.py").read_text() for name in MODULES}
    if answer.file:
        sources[answer.file.stem] = answer.file.read_text()
    for edit in answer.edits:
        home = next(name for name, source in sources.items() if _has(source, edit.where))
        sources[home] = edit.apply(sources[home])
    return sources


def _has(source: str, function: str) -> bool:
    try:
        span(source, function)
    except ValueError:
        return False
    return True


__all__ = ["MODULE", "MODULES", "NOTEBOOK", "RIGHT", "WRONG", "modules_of"]
