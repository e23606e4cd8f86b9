"""Wrong and right answers to the assignment `layers`."""

from __future__ import annotations

from functools import partial

from autograder.mutants import modules_of as assemble
from autograder.mutants.layers import graph_notes, notebook
from autograder.mutants.layers.activations import ACTIVATIONS
from autograder.mutants.layers.edges import EDGES
from autograder.mutants.layers.functions import FUNCTIONS
from autograder.mutants.layers.graph import GRAPH
from autograder.mutants.layers.linear import WEIGHTED
from autograder.mutants.layers.losses import LOSSES
from autograder.mutants.layers.modes import MODES
from autograder.mutants.layers.right import RIGHT
from autograder.mutants.layers.sequential import SEQUENTIAL

MODULE, MODULES = "layers", ("activations", "batchnorm", "layers", "losses", "graph", "functions")
NOTEBOOK = notebook.NOTEBOOK | graph_notes.NOTEBOOK
LAYERS = [*WEIGHTED, *ACTIVATIONS, *MODES, *LOSSES, *SEQUENTIAL]
WRONG = [*notebook.NOTES, *LAYERS, *graph_notes.NOTES, *GRAPH, *FUNCTIONS, *EDGES]
modules_of = partial(assemble, MODULES)

__all__ = ["MODULE", "MODULES", "NOTEBOOK", "RIGHT", "WRONG", "modules_of"]
