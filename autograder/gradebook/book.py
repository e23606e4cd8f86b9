"""nbgrader, driven from Python: settings, the assignment's entry, autograding and feedback for one student.

Stock nbgrader throughout; only its command line is left out, so that a class is graded by one process.
"""

from __future__ import annotations

import hashlib
import logging
import os
import warnings
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import nbformat
from alembic.script import ScriptDirectory
from nbgrader import api
from nbgrader.api import Gradebook, MissingEntry
from nbgrader.apps.api import NbGraderAPI
from nbgrader.coursedir import CourseDirectory
from nbgrader.utils import temp_attrs
from sqlalchemy import Engine, create_engine, event
from sqlalchemy.exc import SAWarning
from traitlets.config import Config
from traitlets.config.loader import PyFileConfigLoader

from autograder.files import write_atomically
from autograder.gradebook import cells, marks
from autograder.gradebook.book_terms import put_terms
from autograder.machine_faults import RecordsFault, kind_in
from autograder.records import marks as kept
from autograder.rules import course_file
from autograder.rules.terms import Terms
from toolbox.errors import KitError


def newest_form() -> str:
    """The name of the newest form of nbgrader's tables, as alembic knows it.

    For a new gradebook nbgrader starts the command `alembic` to ask for it, which takes longer than a hand-in.
    """
    return ScriptDirectory(str(Path(api.__file__).parent / "alembic")).get_current_head() or ""


PATIENCE = 10  # seconds for another program's lock; SQLite waits 5 by itself, servers would wait for ever
WAIT = {
    "postgresql": f"SET lock_timeout = '{PATIENCE}s'",
    "mysql": f"SET SESSION innodb_lock_wait_timeout = {PATIENCE}, SESSION lock_wait_timeout = {PATIENCE}",
}


def patient_engine(url: str, **options: Any) -> Engine:
    """An engine whose connections give up waiting for a lock, so that grading can say what it waits for."""
    engine = create_engine(url, **options)
    words = WAIT.get("mysql" if engine.dialect.name == "mariadb" else engine.dialect.name)

    def be_patient(connection: Any, _: object) -> None:
        with closing(connection.cursor()) as cursor:
            cursor.execute(words)
        connection.commit()  # what is set in a transaction goes with it

    if words:
        event.listen(engine, "connect", be_patient)
    return engine


api.get_alembic_version = newest_form
api.create_engine = patient_engine


class LatePolicyElsewhere(KitError):
    """nbgrader's settings hold a late policy, which would be another one than that of course.toml."""


class NbgraderFailed(RecordsFault, KitError):
    """nbgrader could not do a step. The message holds the end of its log."""


class Book:
    """The gradebook and nbgrader's steps for the course in `root`, with the settings of its nbgrader_config.py."""

    def __init__(self, root: Path):
        self.root = root
        self.config: Config = PyFileConfigLoader("nbgrader_config.py", path=str(root)).load_config()
        self.config.NbGraderAPI.log_level = logging.WARNING
        if told := {"LateSubmissionPlugin", "AssignLatePenalties"} & self.config.keys():
            raise LatePolicyElsewhere(
                f"nbgrader_config.py sets c.{min(told)}, which nothing asks any more: a late policy stands in "
                f"classroom/{course_file.NAME}, below [late] (python -m autograder rules --template)"
            )
        self.api = NbGraderAPI(CourseDirectory(config=self.config), config=self.config)

    @property
    def db_url(self) -> str:
        return self.api.coursedir.db_url

    @property
    def seed(self) -> str:
        """The seed of the hidden inputs, as set in nbgrader_config.py."""
        return str(self.config.JudgeCells.get("seed", ""))

    def register(self, assignment: str, terms: Terms) -> None:
        """Make sure that the gradebook knows the assignment as it is built now, on these terms.

        nbgrader generates into classroom/released, which nobody reads: when a step of its own fails, it deletes what it
        has generated. What is registered already is left alone.
        Raises CellsChanged where cells were added and removed after hand-ins have been graded, NbgraderFailed.
        """
        source = self.root / "solutions" / assignment / f"{assignment}.ipynb"
        mark = self.root / "classroom" / "ledger" / assignment / ".registered"
        now = hashlib.sha256(source.read_bytes()).hexdigest()
        renamed = terms.rules(assignment).renamed
        if not (mark.is_file() and mark.read_text() == now and self.knows(assignment)):
            with inside(self.root), Gradebook(self.db_url) as gradebook:
                cells.follow(gradebook, assignment, nbformat.read(source, 4), renamed)
            try:
                self.run("generate_assignment", lambda: self._generate(assignment))
            except NbgraderFailed as failure:
                failure.fault = kind_in(str(failure))  # the master is ours, and so is every word of the log
                raise
            write_atomically(mark, now.encode())
        self.put(assignment, terms)

    def put(self, assignment: str, terms: Terms) -> None:
        """Put the terms into the gradebook, and keep the marks by hand that stand in it."""
        renamed = terms.rules(assignment).renamed
        with inside(self.root):
            marks.harvest(self.root, assignment, renamed)
            with Gradebook(self.db_url) as gradebook:
                known = kept.read(self.root / "classroom", assignment)
                changed = put_terms(gradebook, assignment, terms, known, lambda: self._forget(assignment))
            if changed:
                marks.harvest(self.root, assignment, renamed)

    def _forget(self, assignment: str) -> None:
        """Nobody is entered to the end any more: the points are changed, and it is not said for good by which terms."""
        for note in (self.root / "classroom" / "ledger" / assignment).glob("[!.]*"):
            note.unlink()

    def _generate(self, assignment: str) -> dict:
        with temp_attrs(self.api.coursedir, release_directory=str(Path("classroom") / "released")):
            return self.api.generate_assignment(assignment, force=True, create=True)

    def knows(self, assignment: str) -> bool:
        with inside(self.root), Gradebook(self.db_url) as gradebook:
            try:
                return bool(gradebook.find_assignment(assignment).notebooks)
            except MissingEntry:
                return False

    def entered(self, assignment: str) -> set[str]:
        """The students who have a submission of the assignment in the gradebook."""
        with inside(self.root), Gradebook(self.db_url) as gradebook:
            return {submission.student.id for submission in gradebook.assignment_submissions(assignment)}

    def autograde(self, assignment: str, student: str) -> None:
        self.run("autograde", lambda: self.api.autograde(assignment, student, force=True, create=True))

    def feedback(self, assignment: str, student: str) -> None:
        self.run("generate_feedback", lambda: self.api.generate_feedback(assignment, student, force=True))

    def run(self, step: str, action) -> None:
        with inside(self.root):
            result = action()
        if not result["success"]:
            tail = (result.get("error") or "") + (result.get("log") or "")
            failure = NbgraderFailed(f"nbgrader {step} failed:\n{tail[-3000:]}")
            failure.fault = result.get("fault")
            raise failure


@contextmanager
def inside(folder: Path) -> Iterator[None]:
    """nbgrader finds its course by the working directory."""
    before = os.getcwd()
    os.chdir(folder)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", SAWarning)  # nbgrader 0.9.6 under SQLAlchemy 2.1; harmless, and long
            yield
    finally:
        os.chdir(before)
