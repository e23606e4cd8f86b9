"""Wrong and right answers to the assignment `layers`."""

from __future__ import annotations

from pathlib import Path

from autograder.mutants import Answer, span
from autograder.mutants.layers import graph_notes, notebook
from autograder.mutants.layers.activations import ACTIVATIONS
from autograder.mutants.layers.functions import FUNCTIONS
from autograder.mutants.layers.graph import GRAPH
from autograder.mutants.layers.linear import WEIGHTED
from autograder.mutants.layers.losses import LOSSES
from autograder.mutants.layers.modes import MODES
from autograder.mutants.layers.right import RIGHT as RIGHT_LAYERS
from autograder.mutants.layers.right_graph import RIGHT as RIGHT_GRAPH
from autograder.mutants.layers.sequential import SEQUENTIAL

MODULE, MODULES = "layers", ("activations", "batchnorm", "layers", "losses", "graph", "functions")
SOLUTIONS = Path(__file__).resolve().parents[3] / "solutions" / "backprop"
NOTEBOOK = notebook.NOTEBOOK | graph_notes.NOTEBOOK
WRONG = [*notebook.NOTES, *WEIGHTED, *ACTIVATIONS, *MODES, *LOSSES, *SEQUENTIAL, *graph_notes.NOTES, *GRAPH, *FUNCTIONS]
RIGHT = [*RIGHT_LAYERS, *RIGHT_GRAPH]


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
