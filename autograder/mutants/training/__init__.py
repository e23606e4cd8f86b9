"""Wrong and right answers to the assignment `training`."""

from __future__ import annotations

from pathlib import Path

from autograder.mutants import Answer, span
from autograder.mutants.training.files import FILES
from autograder.mutants.training.loops import LOOPS
from autograder.mutants.training.nets import NETS
from autograder.mutants.training.notebook import NOTEBOOK, NOTES
from autograder.mutants.training.optimisers import OPTIMISERS
from autograder.mutants.training.right import RIGHT
from autograder.mutants.training.states import STATES

MODULE, MODULES = "training", ("optim", "training", "buffers", "checkpoint")
SOLUTIONS = Path(__file__).resolve().parents[3] / "solutions" / "backprop"
WRONG = [*NOTES, *OPTIMISERS, *LOOPS, *NETS, *FILES, *STATES]


def modules_of(answer: Answer) -> dict[str, str]:
    """The source of every module in this answer: each edit goes to the module that has its function."""
    sources = {name: (SOLUTIONS / f"{name}.py").read_text() for name in MODULES}
    if answer.file:
        sources[answer.file.stem.removeprefix("right_")] = answer.file.read_text()
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
