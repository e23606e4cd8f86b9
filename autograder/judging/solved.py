"""The solution of an assignment as a hand-in, for trials of the judge. Nothing of torch is loaded here."""

from __future__ import annotations

from pathlib import Path

from autograder.masters.catalogue import Assignment
from autograder.records.hand_in import HandIn
from autograder.records.receipt import Receipt
from toolbox.errors import NotJudged


def solution(root: Path, assignment: Assignment) -> HandIn:
    """The solution of an assignment as if it had been handed in. Raises NotJudged where it has not been built."""
    name = assignment.name
    notebook = root / "solutions" / name / f"{name}.ipynb"
    if not notebook.is_file():
        raise NotJudged(f"{notebook} is not there: run python -m autograder build")
    modules = {module: (root / "solutions" / "backprop" / f"{module}.py").read_bytes() for module in assignment.modules}
    return HandIn("the solution", name, Receipt("the solution", name), notebook.read_bytes(), modules)
