"""The judge: one function from a hand-in's folder to its verdict. TRUSTED: nothing of a student's is run in here.

Steps: read the receipt of the intake; refuse what it refused; give a worker its modules, with reference ones in
place of those of earlier assignments; have the worker run the notebook's cells; run the suite against the
worker, drawing hidden inputs and comparing with PyTorch on this side; turn the results into a verdict.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import torch

from autograder import intake
from autograder.judging.carried_mistakes import follow_through
from autograder.masters.catalogue import COURSE, Assignment, catalogue
from autograder.records.verdict import Verdict, judge_item, refuse_item
from autograder.sandbox.transport import Limits, RemoteTransport
from toolbox.cells import Cell, code_cells, is_solution
from toolbox.items import TestResult
from toolbox.student import Student
from toolbox.suite import Suite

REFUSAL_CAUSES = {"no_lib": "missing", "no_notebook": "missing"}


@dataclass
class Judgement:
    """A verdict, the results behind it, and what each of the notebook's cells showed, by the cell's source."""

    verdict: Verdict
    results: list[TestResult] = field(default_factory=list)
    outputs: dict[int, list[dict]] = field(default_factory=dict)
    cells: list[Cell] = field(default_factory=list)


def hidden_seed(assignment: str, seed: str = "") -> str:
    """The seed of the hidden inputs: the class's own, or the kit's where it has none."""
    return seed or f"{assignment}-hidden"


class Judge:
    """Grades hand-ins of one assignment; the suite is collected once.

    seed: of the hidden inputs; the same seed gives the same verdict, whatever the order of the class. pictures: run
    also the given cells that only show something (marks do not depend on them), for the feedback page.
    """

    def __init__(
        self, root: Path, assignment: str, *, seed: str = "", pictures: bool = False, limits: Limits | None = None
    ):
        self.root = root
        self.catalogue = catalogue(root)
        self.assignment = find(self.catalogue, assignment)
        with one_thread():
            self.suite = Suite(root / "autograder" / "suites" / f"test_{assignment}.py")
        self.seed = hidden_seed(assignment, seed)
        self.limits = limits or Limits()
        self.pictures = pictures
        released = root / "assignments" / assignment / f"{assignment}.ipynb"
        self.released = code_cells(released)
        self.solution_cells = sum(is_solution(cell) for cell in json.loads(released.read_text())["cells"])

    def grade(self, folder: Path, receipt: intake.Receipt | None = None) -> Judgement:
        """Grade the hand-in in `folder` (…/<student>/<assignment>).

        receipt: of an intake that has just written the folder; None: the hand-in passes the intake first.
        """
        name = self.assignment.name
        receipt = receipt or intake.inspect(folder, name, self.root / "assignments" / name / f"{name}.ipynb")
        verdict = Verdict(
            assignment=name,
            student=folder.parent.name,
            hand_in={"sha256": receipt.sha256, "received": receipt.to_dict()["received"], "late_seconds": 0},
            intake={key: receipt.to_dict()[key] for key in ("status", "code", "message", "repairs")},
        )
        if receipt.status == "refused":
            cause = REFUSAL_CAUSES.get(receipt.code or "", "malformed")
            verdict.items = [
                refuse_item(item.id, item.points, cause, receipt.message) for item in self.assignment.items
            ]
            return Judgement(verdict)
        cells = self.cells(folder / f"{name}.ipynb")
        transport = RemoteTransport(self.files(folder), [cell for cell in cells if not cell.is_check], self.limits)
        try:
            outputs = transport.run_notebook()
            with one_thread():
                results = self.suite.run(Student(transport), seed=self.seed)
        finally:
            transport.close()
        follow_through(list(self.assignment.points), results)
        verdict.items = [
            judge_item(item.id, item.points, [result for result in results if result.item == item.id])
            for item in self.assignment.items
        ]
        return Judgement(verdict, results, outputs, cells)

    def cells(self, notebook: Path) -> list[Cell]:
        """The code cells of a hand-in. Where no pictures are wanted and the student has changed nothing but the cells
        that are theirs to change, the given cells that only show something are marked, and need not run.
        """
        cells = code_cells(notebook)
        if self.pictures:
            return cells
        given = {cell.source for cell in self.released}
        theirs = [cell for cell in cells if not cell.is_check and cell.source not in given]
        if len(theirs) > self.solution_cells:
            return cells
        shows = {cell.source for cell in self.released if cell.only_shows}
        return [replace(cell, only_shows=cell.source in shows) for cell in cells]

    def files(self, folder: Path) -> dict[str, bytes]:
        """What the worker needs: the student's modules, the kit's where it has them to give, the public suite."""
        name = self.assignment.name
        suite = f"test_{name}.py"
        files = {suite: (self.root / "assignments" / name / suite).read_bytes()}
        for module in sorted((folder / "lib" / "backprop").glob("*.py")):
            files[f"lib/backprop/{module.name}"] = module.read_bytes()
        given = self.given_modules()  # and those of earlier assignments: one bug, one mark
        for other in COURSE[: COURSE.index(name)] if name in COURSE else ():
            given += self.modules_of(other)
        for module in given:
            files[f"lib/backprop/{module}.py"] = (self.root / "solutions" / "backprop" / f"{module}.py").read_bytes()
        return files

    def given_modules(self) -> list[str]:
        """The modules that no assignment collects: students get them whole and need not hand them in."""
        collected = {module for assignment in self.catalogue.values() for module in assignment.modules}
        masters = (path.stem for path in (self.root / "solutions" / "backprop").glob("*.py"))
        return sorted(module for module in masters if module not in collected)

    def modules_of(self, assignment: str) -> list[str]:
        known = self.catalogue.get(assignment)
        return list(known.modules) if known else []

    def close(self) -> None:
        self.suite.close()


@contextmanager
def one_thread() -> Iterator[None]:
    """Torch on one thread. Sums of more threads differ in the last digit, and a verdict must not depend on how many
    cores the machine has; and the tensors are so small that more threads only wait for each other.
    """
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def find(known: dict[str, Assignment], assignment: str) -> Assignment:
    """The assignment of that name. Raises KeyError, naming the known ones."""
    if assignment not in known:
        raise KeyError(f"no assignment is called {assignment!r}; there are: {', '.join(known) or 'none'}")
    return known[assignment]
