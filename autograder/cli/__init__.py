"""The commands of the TA and the instructor. Each one imports what it needs, so that `--help` is quick."""

from autograder.cli import base, course, grading, history, office
from autograder.cli.base import app

__all__ = ["app", "base", "course", "grading", "history", "office"]
