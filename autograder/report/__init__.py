"""The class report: from verdict files to a page for the TA and a table for the terminal.

`summary` puts verdicts and grades together, `class_page` writes the HTML, `terminal` prints. Nothing of a hand-in is
opened here, and every string in a verdict counts as a student's.
"""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from rich.console import Console

from autograder.records.verdict import read_all
from autograder.report.class_page import write_report
from autograder.report.summary import summarise
from autograder.report.terminal import print_table
from autograder.rules.class_grades import ClassGrades
from toolbox.errors import NotThere

__all__ = ["present", "print_table", "summarise", "write_report"]


def present(
    root: Path, assignment: str, students: Collection[str] | None = None, console: Console | None = None
) -> Path:
    """Print the class in a table and write its pages; returns the report's path. students: whose pages to write.

    Raises NotThere where there is no verdict yet.
    """
    verdicts = read_all(root / "classroom", assignment)
    if not verdicts:
        raise NotThere(f"no verdict on {assignment!r} yet: run python -m autograder grade {assignment}")
    grades = ClassGrades(root)
    print_table(verdicts, console, grades.all_of(assignment, grades.students, verdicts))
    page = root / "classroom" / "report" / f"{assignment}.html"
    return write_report(root, assignment, verdicts, page, students, grades)
