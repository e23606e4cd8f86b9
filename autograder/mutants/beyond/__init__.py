"""Wrong and right answers to the assignment `beyond`."""

from __future__ import annotations

from functools import partial

from autograder.mutants import modules_of as assemble
from autograder.mutants.beyond import implicit
from autograder.mutants.beyond.edges import EDGES
from autograder.mutants.beyond.forward import FORWARD
from autograder.mutants.beyond.forward import NOTEBOOK as FORESEEN
from autograder.mutants.beyond.right import RIGHT
from autograder.mutants.beyond.second import SECOND

MODULE, MODULES = "forward_mode", ("forward_mode", "second_order", "implicit")
WRONG = [*FORWARD, *SECOND, *implicit.WRONG, *EDGES]
NOTEBOOK = FORESEEN | implicit.NOTEBOOK
modules_of = partial(assemble, MODULES)

__all__ = ["MODULE", "MODULES", "NOTEBOOK", "RIGHT", "WRONG", "modules_of"]
