"""The judge: one function from a hand-in to its judgement. TRUSTED: nothing of a student's is run in here.

Steps: refuse what the intake refused; give a worker the hand-in's modules, and of the course what it may see (`view`);
have the worker run the notebook's cells; run the suite against the worker, drawing hidden inputs and comparing with
PyTorch on this side; know mistakes again by running those that we know (`known_mistakes`); turn the results into a
verdict. It knows no folder of a classroom, no gradebook and no other hand-in.
"""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

from autograder.judging.carried_mistakes import follow_through
from autograder.judging.key import versions
from autograder.judging.known_mistakes import known_mistakes
from autograder.judging.look import Finding, Looker
from autograder.judging.marks import judge_item, refuse_item
from autograder.judging.one_thread import one_thread
from autograder.judging.solved import solution
from autograder.judging.telling import conceal
from autograder.judging.view import view_of
from autograder.masters.catalogue import catalogue, find
from autograder.masters.sources import checks_of
from autograder.records.hand_in import HandIn
from autograder.records.verdict import NOT_JUDGED, REFUSED, Judgement, Verdict
from autograder.sandbox.remote_worker import HandInLimits
from autograder.sandbox.transport import RemoteTransport
from toolbox.calling.student import Student
from toolbox.checks.collect import NoChecks
from toolbox.checks.items import TestResult
from toolbox.checks.recognise import Known, name_mistakes
from toolbox.checks.suite import Suite, unreadable
from toolbox.notebook.cells import Cell, code_cells, is_solution

REFUSAL_CAUSES = {"no_lib": "missing", "no_notebook": "missing"}
OURS = (MemoryError, OSError)  # raised in a check, these say nothing of an answer


class Judge:
    """Judges hand-ins of one assignment; the suite is collected once.

    seed: of the hidden inputs; the same seed gives the same verdict, whatever the order of the class. pictures: run
    also the given cells that only show something (marks do not depend on them), for the feedback page. kept: a folder
    for what mistakes lead to, which takes a while to work out; None: one in the classroom.
    Raises UnknownName where the course has no such assignment.
    """

    def __init__(
        self, root: Path, assignment: str, *, seed: str, pictures: bool = False, limits: HandInLimits | None = None,
        kept: Path | None = None,
    ):  # fmt: skip
        self.root = root
        self.catalogue = catalogue(root)
        self.assignment = find(self.catalogue, assignment)
        with one_thread():
            self.suite = Suite(checks_of(root, assignment))
        if unasked := [item for item in self.assignment.points if item not in self.suite.items]:
            raise NoChecks(f"{assignment}: no check asks about {', '.join(unasked)}; run python -m autograder build")
        self.seed = seed
        self.limits = limits or HandInLimits()
        self.view, self.reserved = view_of(root, self.assignment, self.catalogue)
        self.pictures = pictures
        content = json.loads((root / "assignments" / assignment / f"{assignment}.ipynb").read_bytes())
        self.released = code_cells(content)
        self.looker = self._looker()
        self.solution_cells = sum(is_solution(cell) for cell in content["cells"])
        self._solution: Student | None = None
        self._mistaken: Known | None = None
        self._kept = kept or root / "classroom" / ".cache" / "mistakes"
        self._checks = list(self.suite.checks)
        self.needs: dict[str, float] = {}  # seconds of processor time of each test's longest call, at the last hand-in

    def judge(self, hand_in: HandIn) -> Judgement:
        """Judge one hand-in. Raises NotJudged where the machine or the kit fails, which says nothing of it."""
        receipt, name = hand_in.receipt.to_dict(), self.assignment.name
        verdict = Verdict(
            assignment=name,
            student=hand_in.student,
            hand_in={"sha256": receipt["sha256"], "received": receipt["received"]},
            intake={key: receipt[key] for key in ("status", "code", "message", "repairs")},
            judged_by=dict(versions(self.root, name)),
        )
        if receipt["status"] == "refused":
            verdict.status, verdict.message = REFUSED, receipt["message"]
            cause = REFUSAL_CAUSES.get(receipt["code"] or "", "malformed")
            verdict.items = [refuse_item(item.id, item.points, cause, receipt["message"]) for item in self._items()]
            return Judgement(verdict)
        cells = self.cells(code_cells(json.loads(hand_in.notebook)))
        verdict.suspicions = [finding.as_dict() for finding in self.look(hand_in, cells)]
        transport = self.transport(hand_in, cells)
        try:
            outputs = transport.run_notebook()
            results = self._results(transport)
        finally:
            transport.close()
        verdict.left_out = [note for notes in transport.loaded.values() for note in notes]
        follow_through(list(self.assignment.points), results)
        conceal(results, hand_in.modules)
        verdict.items = [
            judge_item(item.id, item.points, [result for result in results if result.item == item.id])
            for item in self._items()
        ]
        shown = [{"source": cell.source, "outputs": outputs.get(cell.index, [])} for cell in cells]
        return Judgement(verdict, shown)

    def _items(self):
        return self.assignment.items

    def transport(self, hand_in: HandIn, cells: list[Cell]) -> RemoteTransport:
        """The way to a worker that holds this hand-in."""
        own = tuple(sorted(set(hand_in.modules) & set(self.assignment.modules)))
        runs = [cell for cell in cells if not cell.is_check]
        return RemoteTransport(self.files(hand_in), runs, self.limits, modules=own, view=self.view)

    def _results(self, transport: RemoteTransport) -> list[TestResult]:
        """Run the suite; where a test raised what no test should, find out whose fault it is."""
        student = Student(transport)
        with one_thread():
            results = self.suite.run(student, seed=self.seed, faults=True)
            for result in results:
                if result.status == NOT_JUDGED and not isinstance(result.error, OURS) and self._is_sound(result):
                    unreadable(result)
            if any(result.status == "failed" for result in results):
                name_mistakes(results, self._what_mistakes_lead_to())
        return results

    def _what_mistakes_lead_to(self) -> Known:
        if self._mistaken is None:
            self._mistaken = known_mistakes(self.root, self.assignment.name, self._checks, self.seed, self._kept)
        return self._mistaken

    def _is_sound(self, result: TestResult) -> bool:
        """Whether a test judges the solution as it should: then what it raised is due to the answer."""
        if self._solution is None:
            hand_in = solution(self.root, self.assignment)
            self._solution = Student(self.transport(hand_in, self.cells(code_cells(json.loads(hand_in.notebook)))))
        again = self.suite.run(self._solution, items=[result.item], tests=[result.name], seed=self.seed, faults=True)
        return all(other.status == "passed" for other in again)

    def cells(self, cells: list[Cell]) -> list[Cell]:
        """The code cells of a hand-in. Where no pictures are wanted and the student has changed nothing but the cells
        that are theirs to change, the given cells that only show something are marked, and need not run.
        """
        if self.pictures:
            return cells
        given = {cell.source for cell in self.released}
        theirs = [cell for cell in cells if not cell.is_check and cell.source not in given]
        if len(theirs) > self.solution_cells:
            return cells
        shows = {cell.source for cell in self.released if cell.only_shows}
        return [replace(cell, only_shows=cell.source in shows) for cell in cells]

    def files(self, hand_in: HandIn) -> dict[str, bytes]:
        """The modules that were handed in, but for those that count only as the course has them: one bug, one mark."""
        modules = hand_in.modules.items()
        return {f"lib/backprop/{module}.py": source for module, source in modules if module not in self.reserved}

    def look(self, hand_in: HandIn, cells: list[Cell]) -> list[Finding]:
        """What in the hand-in's own code is worth a look of a TA's; no mark depends on it."""
        given = {cell.source for cell in self.released}
        files = [(f"{name}.py", source.decode(errors="replace")) for name, source in hand_in.modules.items()]
        return self.looker.look(files + [("notebook", cell.source) for cell in cells if cell.source not in given])

    def _looker(self) -> Looker:
        cells = [cell.source for cell in self.released]
        given = [path.read_text(encoding="utf-8") for path in (self.root / "lib" / "backprop").glob("*.py")]
        masters = [self.root / "solutions" / "backprop" / f"{module}.py" for module in self.assignment.modules]
        return Looker([*given, *cells], [*cells, *(path.read_text(encoding="utf-8") for path in masters)])

    def close(self) -> None:
        if self._solution is not None:
            self._solution.close()
