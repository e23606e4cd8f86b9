"""Wrong and right answers to the assignment `beyond`."""

from __future__ import annotations

from autograder.mutants.beyond.implicit import NOTEBOOK, RIGHT, WRONG

MODULE = "implicit"

__all__ = ["MODULE", "NOTEBOOK", "RIGHT", "WRONG"]
