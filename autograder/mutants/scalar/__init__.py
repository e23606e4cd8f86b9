"""Wrong and right answers to the assignment `scalar`."""

from __future__ import annotations

from functools import partial

from autograder.mutants import modules_of as assemble
from autograder.mutants.scalar.differences import DIFFERENCES
from autograder.mutants.scalar.edges import EDGES
from autograder.mutants.scalar.engine import ENGINE
from autograder.mutants.scalar.fresh import FRESH
from autograder.mutants.scalar.gates import GATES
from autograder.mutants.scalar.notebook import NOTEBOOK, NOTES
from autograder.mutants.scalar.operations import OPERATIONS
from autograder.mutants.scalar.right import RIGHT
from autograder.mutants.scalar.tape import TAPE

MODULE, MODULES = "scalar", ("gates", "differences", "scalar", "tape")
WRONG = [*NOTES, *GATES, *DIFFERENCES, *OPERATIONS, *ENGINE, *TAPE, *FRESH, *EDGES]
modules_of = partial(assemble, MODULES)

__all__ = ["MODULE", "MODULES", "NOTEBOOK", "RIGHT", "WRONG", "modules_of"]
