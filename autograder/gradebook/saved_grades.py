"""Save what the checks gave beside what a person gave, and ask a person again only where there is something to ask.

nbgrader's `SaveAutoGrades` puts every mark that a person gave before a person again, whenever the hand-in is graded.
Here it is put before them where the answer is another one than the one that they marked, or where the checks now give
another score. For a written question the answer is the cell; for an item that a person marked over the checks, it is
the whole hand-in. What the answers were lies in the gradebook, in a table of our own, and is written in the same
transaction. An item that is not judged has no score, and waits for a person.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable

from nbformat import NotebookNode
from nbgrader import utils
from nbgrader.api import Gradebook
from nbgrader.preprocessors import SaveAutoGrades
from sqlalchemy import Column, MetaData, String, Table, Text, delete, insert, select, update
from sqlalchemy.orm import Session

ANSWERS = Table(
    "kit_answers", MetaData(), Column("notebook_id", String(32), primary_key=True), Column("digests", Text)
)  # digests: JSON, graded cell -> digest of the answer, of a hand-in as it was entered last


class SaveGrades(SaveAutoGrades):
    """As above. `JudgeCells` has put `hand_in`, its digest, and `open_items`, which are not judged, into resources."""

    def preprocess(self, nb: NotebookNode, resources: dict) -> tuple[NotebookNode, dict]:
        names = resources["nbgrader"]
        place = names["notebook"], names["assignment"], names["student"]
        self._now: dict[str, str] = {}
        with Gradebook(names["db_url"]) as gradebook:
            ANSWERS.create(gradebook.db.connection(), checkfirst=True)
            notebook = gradebook.find_submission_notebook(*place).id
            self._before = answers_of(gradebook.db, notebook)
        nb, resources = super().preprocess(nb, resources)
        if self._now != self._before:
            with Gradebook(names["db_url"]) as gradebook:
                gradebook.db.execute(delete(ANSWERS).where(ANSWERS.c.notebook_id == notebook))
                gradebook.db.execute(insert(ANSWERS).values(notebook_id=notebook, digests=json.dumps(self._now)))
                gradebook.db.commit()
        return nb, resources

    def _add_score(self, cell: NotebookNode, resources: dict) -> None:
        name = cell.metadata.nbgrader["grade_id"]
        grade = self.gradebook.find_grade(name, self.notebook_id, self.assignment_id, self.student_id)
        settled, score = grade.manual_score is not None and not grade.needs_manual_grade, grade.auto_score
        super()._add_score(cell, resources)
        if name in resources["open_items"]:
            grade.auto_score, grade.needs_manual_grade = None, True
        answer = cell.source if utils.is_solution(cell) else resources["hand_in"]
        self._now[name] = hashlib.sha256(answer.encode("utf-8", "surrogatepass")).hexdigest()
        if settled and _as_before(score, grade.auto_score) and self._before.get(name) == self._now[name]:
            grade.needs_manual_grade = False
        self.gradebook.db.commit()


def answers_of(session: Session, notebook_id: str) -> dict[str, str]:
    """What the answers of a hand-in were when it was entered last: graded cell -> digest."""
    return json.loads(
        session.execute(select(ANSWERS.c.digests).where(ANSWERS.c.notebook_id == notebook_id)).scalar() or "{}"
    )


def rename_answers(session: Session, notebook_ids: Iterable[str], old: str, new: str) -> None:
    """A graded cell has another name now."""
    ANSWERS.create(session.connection(), checkfirst=True)
    for notebook_id in notebook_ids:
        digests = answers_of(session, notebook_id)
        if old in digests:
            digests[new] = digests.pop(old)
            row = update(ANSWERS).where(ANSWERS.c.notebook_id == notebook_id)
            session.execute(row.values(digests=json.dumps(digests)))


def _as_before(score: float | None, now: float | None) -> bool:
    """Whether two scores are one; points that have changed leave them apart by the rounding to a hundredth."""
    return score is now if score is None or now is None else abs(score - now) < 0.021
