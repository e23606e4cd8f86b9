"""Wrong and right answers to the assignment `tensors`."""

from __future__ import annotations

from autograder.mutants.tensors.backward import BACKWARD
from autograder.mutants.tensors.broadcast import BROADCAST
from autograder.mutants.tensors.checker import CHECKER
from autograder.mutants.tensors.correlation import CORRELATION
from autograder.mutants.tensors.edges import EDGES
from autograder.mutants.tensors.jacobians import JACOBIANS
from autograder.mutants.tensors.notebook import NOTEBOOK, NOTES
from autograder.mutants.tensors.right import RIGHT

MODULE = "tensors"
WRONG = [*JACOBIANS, *BACKWARD, *BROADCAST, *CORRELATION, *CHECKER, *NOTES, *EDGES]

__all__ = ["MODULE", "NOTEBOOK", "RIGHT", "WRONG"]
