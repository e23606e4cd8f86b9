"""Wrong and right answers to the assignment `layers`."""

from __future__ import annotations

from pathlib import Path

from autograder.mutants import Answer, span
from autograder.mutants.layers.functions import FUNCTIONS
from autograder.mutants.layers.graph import GRAPH
from autograder.mutants.layers.graph_notes import NOTEBOOK, NOTES
from autograder.mutants.layers.right_graph import RIGHT

MODULE, MODULES = "layers", ("activations", "batchnorm", "layers", "losses", "graph", "functions")
SOLUTIONS = Path(__file__).resolve().parents[3] / "solutions" / "backprop"
WRONG = [*GRAPH, *NOTES, *FUNCTIONS]


def modules_of(answer: Answer) -> dict[str, str]:
    """The source of every module in this answer: an edit goes to the module that it names, or that has its function."""
    sources = {name: (SOLUTIONS / f"{name}.py").read_text() for name in MODULES}
    if answer.file:
        sources[answer.file.stem] = answer.file.read_text()
    for edit in answer.edits:
        home = edit.module or next(name for name, source in sources.items() if _has(source, edit.function))
        sources[home] = edit.apply(sources[home])
    return sources


def _has(source: str, function: str) -> bool:
    try:
        span(source, function)
    except ValueError:
        return False
    return True


__all__ = ["MODULE", "MODULES", "NOTEBOOK", "RIGHT", "WRONG", "modules_of"]
