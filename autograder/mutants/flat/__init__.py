"""Wrong and right answers to the assignment `flat`."""

from __future__ import annotations

from autograder.mutants.flat.edges import EDGES
from autograder.mutants.flat.gates import GATES
from autograder.mutants.flat.linear import LINEAR
from autograder.mutants.flat.nets import NETS
from autograder.mutants.flat.notebook import NOTEBOOK, NOTES, REPAIRS
from autograder.mutants.flat.right import RIGHT

MODULE = "flat"
WRONG = [*GATES, *LINEAR, *NETS, *NOTES, *REPAIRS, *EDGES]

__all__ = ["MODULE", "NOTEBOOK", "RIGHT", "WRONG"]
