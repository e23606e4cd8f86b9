"""The kit's two steps inside nbgrader: one before a notebook is sanitized, one in the place of `Execute`.

`RepairIds` stands where nbgrader has `DeduplicateIds`: it frees a copied graded cell of its marks, so that the copy is
an ordinary cell and does not stop the class. `JudgeCells` stands where nbgrader has `Execute`: it grades the hand-in,
writes the verdict file, and puts the worker's outputs into the student's cells and the judge's verdict into the check
cells, as the one output that nbgrader then reads the score from. `nbgrader_config.py` names both.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from nbformat import NotebookNode, from_dict
from nbgrader import utils
from nbgrader.api import Gradebook
from nbgrader.preprocessors import NbGraderPreprocessor
from traitlets import Bool, Unicode

from autograder.judging.judge import Judge, Judgement
from autograder.records import verdict as verdicts
from toolbox.items import TestResult
from toolbox.table import Report

ROOT = Path(__file__).resolve().parents[2]

# What `autograder.grading.run` has judged on several processes, waiting for nbgrader's step to take it, by
# (assignment, student). Empty where nbgrader is run by hand: then the step judges.
judged_before: dict[tuple[str, str], Judgement] = {}


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
    """Grade the hand-in that this notebook belongs to, and write the verdict into its check cells."""

    classroom = Unicode("classroom", help="The folder of hand-ins and verdicts, relative to the course.").tag(
        config=True
    )
    pictures = Bool(False, help="Run the given cells that only show something, too; marks are the same.").tag(
        config=True
    )
    seed = Unicode("", help="Seed of the hidden inputs; set your own, and keep it for a whole class.").tag(config=True)

    def preprocess(self, nb: NotebookNode, resources: dict) -> tuple[NotebookNode, dict]:
        names = resources["nbgrader"]
        classroom = Path.cwd() / self.classroom
        folder = classroom / "submitted" / names["student"] / names["assignment"]
        judgement = judged_before.pop((names["assignment"], names["student"]), None)
        if judgement is None:
            judgement = _judge(names["assignment"], self.seed, self.pictures).grade(folder)
        late = _seconds_late(names["db_url"], names["assignment"], names["student"])
        judgement.verdict.hand_in["late_seconds"] = late
        verdicts.write(judgement.verdict, classroom)
        show(judgement, nb)
        return nb, resources


@lru_cache
def _judge(assignment: str, seed: str, pictures: bool) -> Judge:
    return Judge(ROOT, assignment, seed=seed, pictures=pictures)


def _seconds_late(db_url: str, assignment: str, student: str) -> int:
    with Gradebook(db_url) as gradebook:
        return int(gradebook.find_submission(assignment, student).total_seconds_late)


def show(judgement: Judgement, nb: NotebookNode) -> None:
    """Put outputs into a notebook's code cells: the worker's into the student's, the judge's into the check cells."""
    shown = {}  # nbgrader may have put deleted check cells back, so cells are matched by order and source
    for cell in judgement.cells:
        shown.setdefault(cell.source, []).append(judgement.outputs.get(cell.index, []))
    count = 0
    for cell in nb.cells:
        if cell.cell_type != "code":
            continue
        count += 1
        cell.execution_count = count
        if utils.is_grade(cell) and not utils.is_solution(cell):
            cell.outputs = [from_dict(check_output(judgement, cell.metadata.nbgrader["grade_id"], count))]
            continue
        queue = shown.get(cell.source)
        cell.outputs = [from_dict(output) for output in queue.pop(0)] if queue else []
        for output in cell.outputs:
            if output.output_type == "execute_result":
                output.execution_count = count


def check_output(judgement: Judgement, name: str, count: int) -> dict:
    """The output of a check cell: the score as text, which nbgrader reads, and the table for people."""
    item = judgement.verdict.item(name)
    if item is None:
        raise KeyError(f"the notebook checks {name!r}, which the suite does not know: run python -m autograder build")
    results = [result for result in judgement.results if result.item == name]
    if not results:  # a refused hand-in: one line that says why
        results = [TestResult(name, "test_hand_in_can_be_graded", False, 1.0, item.status, item.message)]
    report = Report(name, results, item.score, item.max_score)
    return {
        "output_type": "execute_result",
        "execution_count": count,
        "metadata": {},
        "data": {"text/plain": str(float(item.score)), "text/html": report._repr_html_()},
    }
