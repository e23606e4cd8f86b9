"""Right answers to `beyond`, written otherwise than the solution: lists here, whole modules in a folder a style."""

from autograder.mutants.beyond.right.derivatives import RIGHT as DERIVATIVES
from autograder.mutants.beyond.right.implicit import RIGHT as IMPLICIT

RIGHT = [*DERIVATIVES, *IMPLICIT]
