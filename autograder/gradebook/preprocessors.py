"""The kit's steps inside nbgrader: one before a notebook is sanitized, one in the place of `Execute`.

`RepairIds` stands where nbgrader has `DeduplicateIds`: it gives renamed cells their present names, and frees a copied
graded cell of its marks, so that the copy is an ordinary cell and does not stop the class. `JudgeCells` stands where
nbgrader has `Execute`: it reads the verdict, or has it made where there is none of this very hand-in, and puts the
worker's outputs into the student's cells and the judge's verdict into the check cells, as the one output that nbgrader
then reads the score from. `EnterTerms` stands where nbgrader has `AssignLatePenalties`: it enters what the rules say of
lateness and of what does not count, and puts marks by hand back into a gradebook that was made anew.
`nbgrader_config.py` names all three, and `saved_grades.SaveGrades`, which stands where nbgrader has `SaveAutoGrades`.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from nbformat import NotebookNode, from_dict
from nbgrader import utils
from nbgrader.api import Gradebook, SubmittedNotebook
from nbgrader.preprocessors import NbGraderPreprocessor
from traitlets import Bool, Unicode

from autograder import intake
from autograder.gradebook.saved_grades import answers_of
from autograder.judging.key import key
from autograder.judging.marks import results_of
from autograder.records import marks as kept
from autograder.records import verdict as verdicts
from autograder.records.hand_in import read_hand_in
from autograder.records.marks import Mark
from autograder.records.seed import class_seed
from autograder.records.verdict import NOT_JUDGED, Judgement, Verdict
from autograder.rules.grade import Grade, grade
from autograder.rules.terms import in_force
from toolbox.checks.items import TestResult
from toolbox.checks.table import Report
from toolbox.errors import UnknownName

if TYPE_CHECKING:
    from autograder.judging.judge import Judge

ROOT = Path(__file__).resolve().parents[2]


class RepairIds(NbGraderPreprocessor):
    """Keep the first cell of each graded id; a copy loses its marks and stays as an ordinary cell."""

    def preprocess(self, nb: NotebookNode, resources: dict) -> tuple[NotebookNode, dict]:
        renamed = in_force(Path.cwd()).rules(resources["nbgrader"]["assignment"]).renamed
        seen = set()
        for cell in nb.cells:
            if utils.is_grade(cell) or utils.is_solution(cell) or utils.is_locked(cell):
                marks = cell.metadata.nbgrader
                name = marks["grade_id"] = renamed.get(marks["grade_id"]) or marks["grade_id"]
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

    as_written = Bool(False, help="Enter the verdict as it is written, and judge nothing.").tag(config=True)

    def preprocess(self, nb: NotebookNode, resources: dict) -> tuple[NotebookNode, dict]:
        names = resources["nbgrader"]
        judgement = self._judgement(names["assignment"], names["student"])
        terms, verdict = in_force(Path.cwd()), judgement.verdict.as_dict()
        resources["kit_verdict"], resources["kit_terms"] = verdict, terms
        resources["open_items"] = judgement.verdict.open_items
        resources["hand_in"] = judgement.verdict.hand_in["sha256"]
        with Gradebook(names["db_url"]) as gradebook:
            notebook = gradebook.find_submission_notebook(names["notebook"], names["assignment"], names["student"])
            resources["kit_is_new"] = all(entry.auto_score is entry.manual_score is None for entry in notebook.grades)
        show(judgement, nb, grade(verdict, {}, terms))
        return nb, resources

    def _judgement(self, assignment: str, student: str) -> Judgement:
        """The judgement on this very hand-in, made now where there is none. Raises NotJudged."""
        classroom = Path.cwd() / self.classroom
        known = verdicts.read(classroom, assignment, student)
        if known is not None and self.as_written:
            return known
        folder = classroom / "submitted" / student / assignment
        receipt = intake.inspect(folder, assignment, ROOT / "assignments" / assignment / f"{assignment}.ipynb")
        hand_in, seed = read_hand_in(folder, receipt), class_seed(classroom, self.seed)
        own = key(ROOT, hand_in, seed, self.pictures)
        if known is not None and known.verdict.key == own and known.verdict.status != NOT_JUDGED:
            return known
        judgement = _judge(assignment, seed, self.pictures).judge(hand_in)
        judgement.verdict.key = own
        verdicts.write(judgement, classroom)
        return judgement


class EnterTerms(NbGraderPreprocessor):
    """After the grades are saved: lateness by the rules, nothing for what does not count, and kept marks put back."""

    def preprocess(self, nb: NotebookNode, resources: dict) -> tuple[NotebookNode, dict]:
        names, terms, verdict = resources["nbgrader"], resources["kit_terms"], resources["kit_verdict"]
        assignment, student = names["assignment"], names["student"]
        marks = kept.read(Path.cwd() / "classroom", assignment).get(student, {})
        found = grade(verdict, marks, terms)
        counted = {*terms.paper(assignment).names, *(item.id for item in found.items)}
        with Gradebook(names["db_url"]) as gradebook:
            notebook = gradebook.find_submission_notebook(names["notebook"], assignment, student)
            for cell in filter(utils.is_grade, nb.cells):
                name = cell.metadata.nbgrader["grade_id"]
                if name not in counted:
                    entry = gradebook.find_grade(name, names["notebook"], assignment, student)
                    entry.auto_score, entry.manual_score, entry.extra_credit = 0.0, None, None
                    entry.needs_manual_grade = False
            if resources["kit_is_new"]:
                _put_back(gradebook, names, notebook, marks)
            notebook.late_submission_penalty = found.penalty or None
            extension = more_time(found, terms.rules(assignment).due is not None)
            gradebook.find_submission(assignment, student).extension = extension
            gradebook.db.commit()
        return nb, resources


def _put_back(gradebook: Gradebook, names: dict, notebook: SubmittedNotebook, marks: Mapping[str, Mark]) -> None:
    """Put kept marks and comments into the rows of a hand-in that was not in the gradebook."""
    answers = answers_of(gradebook.db, notebook.id)
    for entry in notebook.grades:
        mark = marks.get(entry.name)
        if mark and entry.max_score and (mark.score is not None or mark.extra):
            entry.manual_score, entry.extra_credit = mark.scaled(float(entry.max_score)), mark.extra or None
            entry.needs_manual_grade = mark.waiting or mark.answer != answers.get(entry.name)
    for comment in notebook.comments:
        if comment.name in marks and marks[comment.name].comment:
            comment.manual_comment = comment.manual_comment or marks[comment.name].comment


def more_time(found: Grade, is_due: bool) -> timedelta | None:
    """The extension that makes nbgrader count the lateness that the rules count; None where there is none."""
    if not is_due or found.due is None or found.deadline is None:
        return None
    deadline = found.deadline
    if found.received is not None and found.received > found.due:
        deadline = max(found.received - timedelta(seconds=found.late_seconds), found.due)
    return deadline - found.due or None


@lru_cache
def _judge(assignment: str, seed: str, pictures: bool) -> Judge:
    from autograder.judging.judge import Judge  # and torch with it: only where there is no judgement yet

    return Judge(ROOT, assignment, seed=seed, pictures=pictures)


def show(judgement: Judgement, nb: NotebookNode, found: Grade) -> None:
    """Put outputs into a notebook's code cells: the worker's into the student's, the judge's into the check cells.

    found: the grade that the verdict comes to, without marks by hand.
    """
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
            name = cell.metadata.nbgrader["grade_id"]
            cell.outputs = [from_dict(check_output(judgement.verdict, name, found, count))]
            continue
        queue = shown.get(cell.source)
        cell.outputs = [from_dict(output) for output in queue.pop(0)] if queue else []
        for output in cell.outputs:
            if output.output_type == "execute_result":
                output.execution_count = count


def check_output(verdict: Verdict, name: str, found: Grade, count: int) -> dict:
    """The output of a check cell: the score as text, which nbgrader reads, and the table for people."""
    counted = found.item(name)
    item = verdict.item(counted.judged_as if counted else name)
    if item is None:
        raise UnknownName(f"the notebook checks {name!r}, which has no verdict: run python -m autograder build")
    results = results_of(item)
    if not results:  # a refused hand-in: one line that says why
        results = [TestResult(name, "test_hand_in_can_be_graded", False, 1.0, item.status, item.message)]
    score, points = (counted.score, counted.max_score) if counted else (None, None)
    report = Report(name if counted else f"{name} (does not count)", results, score, points)
    return {
        "output_type": "execute_result",
        "execution_count": count,
        "metadata": {},
        "data": {"text/plain": str(float(score or 0.0)), "text/html": report._repr_html_()},
    }
