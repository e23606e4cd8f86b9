"""For tests that read or change the text of an assignment's checks."""

from __future__ import annotations

from pathlib import Path

from autograder.masters.sources import checks_of
from autograder.tests.checkout import ROOT
from toolbox.checks.suite import Suite


def text_of(folder: Path) -> str:
    """All files of a folder of checks, one after the other."""
    return "\n".join(path.read_text() for path in sorted(folder.glob("*.py")))


def suite_with(folder: Path, assignment: str, old: str, new: str) -> Suite:
    """The checks of an assignment with a text replaced wherever it stands, collected in a folder of their own."""
    assert old in text_of(checks_of(ROOT, assignment))
    for path in checks_of(ROOT, assignment).glob("*.py"):
        (folder / path.name).write_text(path.read_text().replace(old, new))
    return Suite(folder)
