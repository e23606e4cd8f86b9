"""Wrong and right answers to the assignment `layers`."""

from __future__ import annotations

from pathlib import Path

from autograder.mutants import Answer, span
from autograder.mutants.layers.activations import ACTIVATIONS
from autograder.mutants.layers.linear import WEIGHTED
from autograder.mutants.layers.losses import LOSSES
from autograder.mutants.layers.modes import MODES
from autograder.mutants.layers.notebook import NOTEBOOK, NOTES
from autograder.mutants.layers.right import RIGHT
from autograder.mutants.layers.sequential import SEQUENTIAL

MODULE, MODULES = "layers", ("activations", "batchnorm", "layers", "losses")
SOLUTIONS = Path(__file__).resolve().parents[3] / "solutions" / "backprop"
WRONG = [*NOTES, *WEIGHTED, *ACTIVATIONS, *MODES, *LOSSES, *SEQUENTIAL]


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
