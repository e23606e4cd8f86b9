"""The kit's steps inside nbgrader: one before a notebook is sanitized, one in the place of `Execute`.

`RepairIds` stands where nbgrader has `DeduplicateIds`: it frees a copied graded cell of its marks, so that the copy is
an ordinary cell and does not stop the class. `JudgeCells` stands where nbgrader has `Execute`: it reads the verdict, or
has it made where there is none of this very hand-in, and puts the worker's outputs into the student's cells and the
judge's verdict into the check cells, as the one output that nbgrader then reads the score from. `nbgrader_config.py`
names both, and `saved_grades.SaveGrades`, which stands where nbgrader has `SaveAutoGrades`.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from nbformat import NotebookNode, from_dict
from nbgrader import utils
from nbgrader.api import Gradebook
from nbgrader.preprocessors import NbGraderPreprocessor
from traitlets import Bool, Unicode

from autograder import intake
from autograder.judging.judge import Judge
from autograder.judging.key import key
from autograder.judging.marks import results_of
from autograder.records import verdict as verdicts
from autograder.records.hand_in import read_hand_in
from autograder.records.seed import class_seed
from autograder.records.verdict import NOT_JUDGED, Judgement, Verdict
from toolbox.errors import UnknownName
from toolbox.items import TestResult
from toolbox.table import Report

ROOT = Path(__file__).resolve().parents[2]


class RepairIds(NbGraderPreprocessor):
    """Keep the first cell of each graded id; a copy loses its marks and stays as an ordinary cell."""

    def preprocess(self, nb: NotebookNode, resources: dict) -> tuple[NotebookNode, dict]:
        seen = set()
        for cell in nb.cells:
            if utils.is_grade(cell) or utils.is_solution(cell) or utils.is_locked(cell):
                name = cell.metadata.nbgrader["grade_id"]
                if name in seen:
                    self.log.warning("Cell with id '%s' stands twice; the later one is not graded", name)
                    del cell.metadata["nbgrader"]
                seen.add(name)
        return nb, resources


class JudgeCells(NbGraderPreprocessor):
    """Put the verdict on the hand-in that this notebook belongs to into its check cells."""

    classroom = Unicode("classroom", help="The folder of hand-ins and verdicts, relative to the course.").tag(
        config=True
    )
    pictures = Bool(False, help="Run the given cells that only show something, too; marks are the same.").tag(
        config=True
    )
    seed = Unicode("", help="Seed of the hidden inputs, instead of the one that is drawn for each classroom.").tag(
        config=True
    )

    def preprocess(self, nb: NotebookNode, resources: dict) -> tuple[NotebookNode, dict]:
        names = resources["nbgrader"]
        judgement = self._judgement(names["db_url"], names["assignment"], names["student"])
        resources["open_items"] = judgement.verdict.open_items
        resources["hand_in"] = judgement.verdict.hand_in["sha256"]
        show(judgement, nb)
        return nb, resources

    def _judgement(self, db_url: str, assignment: str, student: str) -> Judgement:
        """The judgement on this very hand-in, made now where there is none. Raises NotJudged."""
        classroom = Path.cwd() / self.classroom
        folder = classroom / "submitted" / student / assignment
        receipt = intake.inspect(folder, assignment, ROOT / "assignments" / assignment / f"{assignment}.ipynb")
        hand_in, seed = read_hand_in(folder, receipt), class_seed(classroom, self.seed)
        known, own = verdicts.read(classroom, assignment, student), key(ROOT, hand_in, seed, self.pictures)
        if known is not None and known.verdict.key == own and known.verdict.status != NOT_JUDGED:
            return known
        judgement = _judge(assignment, seed, self.pictures).judge(hand_in)
        judgement.verdict.key = own
        judgement.verdict.hand_in["late_seconds"] = _seconds_late(db_url, assignment, student)
        verdicts.write(judgement, classroom)
        return judgement


@lru_cache
def _judge(assignment: str, seed: str, pictures: bool) -> Judge:
    return Judge(ROOT, assignment, seed=seed, pictures=pictures)


def _seconds_late(db_url: str, assignment: str, student: str) -> int:
    with Gradebook(db_url) as gradebook:
        return int(gradebook.find_submission(assignment, student).total_seconds_late)


def show(judgement: Judgement, nb: NotebookNode) -> None:
    """Put outputs into a notebook's code cells: the worker's into the student's, the judge's into the check cells."""
    # nbgrader may have put deleted check cells back, so cells are matched by order and source
    shown: dict[str, list] = {}
    for cell in judgement.cells:
        shown.setdefault(cell["source"], []).append(cell["outputs"])
    count = 0
    for cell in nb.cells:
        if cell.cell_type != "code":
            continue
        count += 1
        cell.execution_count = count
        if utils.is_grade(cell) and not utils.is_solution(cell):
            cell.outputs = [from_dict(check_output(judgement.verdict, cell.metadata.nbgrader["grade_id"], count))]
            continue
        queue = shown.get(cell.source)
        cell.outputs = [from_dict(output) for output in queue.pop(0)] if queue else []
        for output in cell.outputs:
            if output.output_type == "execute_result":
                output.execution_count = count


def check_output(verdict: Verdict, name: str, count: int) -> dict:
    """The output of a check cell: the score as text, which nbgrader reads, and the table for people."""
    item = verdict.item(name)
    if item is None:
        raise UnknownName(f"the notebook checks {name!r}, which has no verdict: run python -m autograder build")
    results = results_of(item)
    if not results:  # a refused hand-in: one line that says why
        results = [TestResult(name, "test_hand_in_can_be_graded", False, 1.0, item.status, item.message)]
    report = Report(name, results, item.score, item.max_score)
    return {
        "output_type": "execute_result",
        "execution_count": count,
        "metadata": {},
        "data": {"text/plain": str(float(item.score or 0.0)), "text/html": report._repr_html_()},
    }
