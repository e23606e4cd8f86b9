"""Wrong and right answers to the assignment `beyond`."""

from __future__ import annotations

from pathlib import Path

from autograder.mutants import Answer, span
from autograder.mutants.beyond import implicit
from autograder.mutants.beyond.forward import FORWARD
from autograder.mutants.beyond.forward import NOTEBOOK as FORESEEN
from autograder.mutants.beyond.right import RIGHT as EXPLICIT
from autograder.mutants.beyond.second import SECOND

MODULE, MODULES = "forward_mode", ("forward_mode", "second_order", "implicit")
SOLUTIONS = Path(__file__).resolve().parents[3] / "solutions" / "backprop"
WRONG = [*FORWARD, *SECOND, *implicit.WRONG]
RIGHT = [*EXPLICIT, *implicit.RIGHT]
NOTEBOOK = FORESEEN | implicit.NOTEBOOK


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
