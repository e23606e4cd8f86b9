"""The class report: from verdict files to a page for the TA and a table for the terminal.

`summary` puts the verdicts together, `page` writes the HTML, `terminal` prints. Only verdicts are read: nothing of a
hand-in is opened here, and every string in them counts as a student's.
"""

from __future__ import annotations

from autograder.report.class_page import write_report
from autograder.report.summary import summarise
from autograder.report.terminal import print_table

__all__ = ["print_table", "summarise", "write_report"]
