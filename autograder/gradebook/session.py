"""One gradebook session for a class: nbgrader's own steps use it, with one commit a hand-in and few queries.

nbgrader opens the gradebook anew in every step and commits after every cell. `SharedGradebook` is the same gradebook
kept open: a step that asks for the gradebook gets this one (`lent`), finds the rows as they are now, and what it
commits waits for `keep`. The cells, grades and comments that nbgrader looks up one by one are read with one query each.

`Scores` is what a feedback page needs of a gradebook, as plain data, so that a page can be made in another process.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any
from unittest import mock

from nbgrader.api import BaseCell, Comment, Grade, Gradebook, GradeCell, MissingEntry, SubmittedNotebook, TaskCell
from nbgrader.nbgraderformat import MetadataValidator
from sqlalchemy import text
from sqlalchemy.orm import Session, scoped_session, sessionmaker


class _Waiting(Session):
    """A session whose `commit` only sends new rows to the database; changed ones follow with the next query."""

    def commit(self) -> None:
        if self.new or self.deleted:
            self.flush()

    def keep(self) -> None:
        super().commit()


class SharedGradebook(Gradebook):
    """nbgrader's gradebook, open for a whole class. Only one process may write to a gradebook."""

    def __init__(self, db_url: str, course_id: str):
        super().__init__(db_url, course_id)
        self.check_course()  # as nbgrader's steps do, which name no course
        self.db_url = db_url
        self.db.remove()
        self.db: Any = scoped_session(sessionmaker(class_=_Waiting, autoflush=True, bind=self.engine, future=True))
        self._index()
        self._found: dict[tuple, dict[str, Any]] = {}

    def _index(self) -> None:
        """Let the database find a hand-in's marks at once: without, it reads those of the whole class each time."""
        with self.engine.begin() as database:
            for table in ("grade", "comment"):
                database.execute(text(f"CREATE INDEX IF NOT EXISTS {table}_of_notebook ON {table} (notebook_id)"))

    def close(self) -> None:
        """Nothing: the steps close what they opened; `shut` closes this one."""

    def shut(self) -> None:
        super().close()

    def fresh(self) -> SharedGradebook:
        """Forget what was read, as a newly opened gradebook would."""
        self.db.flush()
        self.db.expire_all()
        self._found.clear()
        return self

    def keep(self) -> None:
        """Commit all that the steps did since the last time."""
        self.db.registry().keep()
        self._found.clear()

    def drop(self) -> None:
        """Undo all that the steps did since the last `keep`."""
        self.db.rollback()
        self._found.clear()

    # The look-ups below stand in nbgrader's API with one query for each name.

    def find_source_cell(self, name: str, notebook: str, assignment: str):
        return self._find(
            name,
            ("source cell", assignment, notebook),
            lambda: {cell.name: cell for cell in self.find_notebook(notebook, assignment).source_cells},
        )

    def find_graded_cell(self, name: str, notebook: str, assignment: str):
        def cells() -> dict:
            found = self.find_notebook(notebook, assignment)
            kinds = (self.db.query(kind).filter(kind.notebook_id == found.id) for kind in (TaskCell, GradeCell))
            return {cell.name: cell for query in kinds for cell in query}

        return self._find(name, ("graded cell", assignment, notebook), cells)

    def find_grade(self, grade_cell: str, notebook: str, assignment: str, student: str):
        return self._find_row(Grade, "TaskCell", grade_cell, notebook, assignment, student)

    def find_comment(self, solution_cell: str, notebook: str, assignment: str, student: str):
        return self._find_row(Comment, "TaskCell", solution_cell, notebook, assignment, student)

    def _find_row(self, kind: Any, second: str, name: str, notebook: str, assignment: str, student: str):
        def rows() -> dict:
            found = self.find_submission_notebook(notebook, assignment, student)
            query = (
                self.db.query(kind, BaseCell.name)
                .join(BaseCell, BaseCell.id == kind.cell_id)
                .filter(kind.notebook_id == found.id)
                .order_by(BaseCell.type != second)  # where a task cell has another one's name, the other one counts
            )
            return {cell_name: row for row, cell_name in query}

        return self._find(name, (kind.__name__.lower(), assignment, notebook, student), rows)

    def _find(self, name: str, what: tuple, load: Callable[[], dict]):
        if what not in self._found:
            self._found[what] = load()
        try:
            return self._found[what][name]
        except KeyError:
            raise MissingEntry(f"No such {what[0]}: {'/'.join(what[1:])}/{name}") from None

    def scores(self, notebook: str, assignment: str, student: str) -> Scores:
        """What the feedback page of a hand-in says about its marks. Raises MissingEntry for an unknown one."""
        found = self.find_submission_notebook(notebook, assignment, student)
        grades = (
            self.db.query(BaseCell.name, Grade.score, Grade.max_score)
            .join(Grade, BaseCell.id == Grade.cell_id)
            .filter(Grade.notebook_id == found.id)
            .order_by(BaseCell.type != "TaskCell")
        )
        comments = (
            self.db.query(BaseCell.name, Comment.comment)
            .join(Comment, BaseCell.id == Comment.cell_id)
            .filter(Comment.notebook_id == found.id)
            .order_by(BaseCell.type != "TaskCell")
        )
        total = (
            self.db.query(
                SubmittedNotebook.score, SubmittedNotebook.max_score, SubmittedNotebook.late_submission_penalty
            )
            .filter(SubmittedNotebook.id == found.id)
            .one()
        )
        return Scores(
            {name: Marks(score, points) for name, score, points in grades},
            {name: Remark(comment) for name, comment in comments},
            *total,
        )


@dataclass(frozen=True)
class Marks:
    score: float
    max_score: float


@dataclass(frozen=True)
class Remark:
    comment: str | None


@dataclass(frozen=True)
class Scores:
    """The marks and comments of one hand-in's notebook; nbgrader's GetGrades reads it as if it were a gradebook."""

    grades: dict[str, Marks]
    comments: dict[str, Remark]
    score: float
    max_score: float
    late_submission_penalty: float | None

    def __enter__(self) -> Scores:
        return self

    def __exit__(self, *exception: object) -> None:
        pass

    def find_grade(self, name: str, notebook: str, assignment: str, student: str) -> Marks:
        return self._one(self.grades, name)

    def find_comment(self, name: str, notebook: str, assignment: str, student: str) -> Remark:
        return self._one(self.comments, name)

    def find_submission_notebook(self, notebook: str, assignment: str, student: str) -> Scores:
        return self

    @staticmethod
    def _one(rows: dict, name: str):
        if name not in rows:
            raise MissingEntry(f"the gradebook knows no cell {name!r}")
        return rows[name]


class _Remembering(MetadataValidator):
    """nbgrader's check of a cell's marks, which takes 2 ms, done once for cells that are marked alike."""

    _seen: set[str] = set()

    def validate_cell(self, cell) -> None:
        if "nbgrader" not in cell.metadata:
            return
        marks = f"{cell.cell_type} {sorted(cell.metadata['nbgrader'].items(), key=repr)!r}"
        if marks in self._seen:
            return
        super().validate_cell(cell)  # raises; and what it only warns of is said once
        if len(self._seen) < 10_000:
            self._seen.add(marks)


@contextmanager
def lent(gradebook: SharedGradebook | Scores, users: Iterable[type]) -> Iterator[None]:
    """While this lasts, the classes in `users` get this gradebook whenever they open the one it stands for."""

    def opened(db_url: str, *rest: Any, **named: Any) -> Any:
        if isinstance(gradebook, Scores):
            return gradebook
        return gradebook.fresh() if db_url == gradebook.db_url else Gradebook(db_url, *rest, **named)

    modules = {sys.modules[base.__module__] for user in users for base in user.__mro__}
    with ExitStack() as stack:
        for module in modules:
            if vars(module).get("Gradebook") is Gradebook:
                stack.enter_context(mock.patch.object(module, "Gradebook", opened))
            if vars(module).get("MetadataValidator") is MetadataValidator:
                stack.enter_context(mock.patch.object(module, "MetadataValidator", _Remembering))
        yield
