"""Wrong and right answers to the assignment `training`."""

from __future__ import annotations

from functools import partial

from autograder.mutants import modules_of as assemble
from autograder.mutants.training.edges import EDGES
from autograder.mutants.training.files import FILES
from autograder.mutants.training.loops import LOOPS
from autograder.mutants.training.nets import NETS
from autograder.mutants.training.notebook import NOTEBOOK, NOTES
from autograder.mutants.training.optimisers import OPTIMISERS
from autograder.mutants.training.right import RIGHT
from autograder.mutants.training.states import STATES

MODULE, MODULES = "training", ("optim", "training", "buffers", "checkpoint")
WRONG = [*NOTES, *OPTIMISERS, *LOOPS, *NETS, *FILES, *STATES, *EDGES]
modules_of = partial(assemble, MODULES)

__all__ = ["MODULE", "MODULES", "NOTEBOOK", "RIGHT", "WRONG", "modules_of"]
