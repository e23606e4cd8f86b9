"""Right answers to `layers`, written otherwise than the solution: lists here, whole modules in a folder a style."""

from autograder.mutants.layers.right.classes import RIGHT as CLASSES
from autograder.mutants.layers.right.graphs import RIGHT as GRAPHS

RIGHT = [*CLASSES, *GRAPHS]
