"""Enter judged hand-ins into nbgrader's gradebook: what `nbgrader autograde` does, for a class, in one go.

`nbgrader autograde` reads, copies, checks and writes a notebook several times and commits to the gradebook some sixty
times for a hand-in. `Entry` is nbgrader's own Autograde with its rules, files and steps untouched: the same
preprocessors in the same order, from nbgrader_config.py. Steps for a hand-in: empty its folder under autograded/;
copy its files; enter student and submission; read the notebook once; sanitize it; let JudgeCells read the verdict;
save the grades; check the notebook; write it; and only then commit. What fails half-way leaves the gradebook as it was.
"""

from __future__ import annotations

import os
import warnings
from pathlib import Path

import nbformat
from nbconvert.exporters.exporter import ResourcesDict
from nbconvert.writers import FilesWriter
from nbformat import reader
from nbformat.v4 import writes_json
from nbformat.validator import normalize
from nbgrader import utils
from nbgrader.converters import Autograde, GenerateFeedback
from sqlalchemy.exc import SQLAlchemyError
from traitlets.config import Config

from autograder.gradebook.book import Book, inside
from autograder.gradebook.feedback_page import PageMaker, PageOrder
from autograder.gradebook.session import SharedGradebook, lent
from autograder.intake.swap import put
from autograder.machine_faults import RecordsFault, classify


class Entry(RecordsFault, Autograde):
    """nbgrader's Autograde, which keeps its steps from hand-in to hand-in and the notebook in memory."""

    def prepare(self) -> None:
        """Make the steps and the writer once, as `start` and `convert_single_notebook` make them each time."""
        self.force = self.create_student = True  # a hand-in that was graded before is graded anew
        self.writer = FilesWriter(parent=self, config=self.config)
        self.exporter = self.exporter_class(parent=self, config=self.config)
        self.chains = {}
        for sanitizing in (True, False):
            self._sanitizing = sanitizing
            self._init_preprocessors()
            self.chains[sanitizing] = list(self.exporter._preprocessors)
        self._sanitizing = True
        self.texts: dict[tuple, str] = {}

    @property
    def users(self) -> list[type]:
        """The classes that open a gradebook."""
        return [type(self), *(type(step) for chain in self.chains.values() for step in chain)]

    def init_assignment(self, *names: str) -> None:
        with self.noting_faults():
            super().init_assignment(*names)

    def start(self) -> None:
        self.init_notebooks()
        with utils.chdir(self.coursedir.root):
            self.convert_notebooks()

    def convert_single_notebook(self, notebook_filename: str) -> None:
        with self.noting_faults():
            self._convert(notebook_filename)

    def _convert(self, notebook_filename: str) -> None:
        resources = _resources(self, notebook_filename)
        with open(notebook_filename, encoding="utf-8") as file:
            notebook = nbformat.convert(reader.reads(file.read()), 4)
        with utils.setenv(NBGRADER_EXECUTION="autograde"):
            for sanitizing in (True, False):
                for step in self.chains[sanitizing]:
                    notebook, resources = step(notebook, resources)
                if sanitizing:
                    with warnings.catch_warnings():
                        warnings.simplefilter("ignore")
                        _, notebook = normalize(notebook)  # cells that were put back have no id yet
                # Once cleaned of the student's outputs, and once with the worker's, which are not to be trusted.
                nbformat.validate(notebook, relax_add_props=True)
        text = writes_json(notebook) + "\n"
        self.write_single_notebook(text, resources)
        self.texts[_key(resources["nbgrader"])] = text


class FeedbackPages(RecordsFault, GenerateFeedback):
    """nbgrader's GenerateFeedback, which keeps its exporter and takes notebooks and marks that are at hand."""

    def prepare(self, gradebook: SharedGradebook) -> None:
        self.force = True
        self.writer = FilesWriter(parent=self, config=self.config)
        self.maker = PageMaker(self)
        self.exporter = self.maker.exporter
        self.gradebook = gradebook
        self.texts: dict[tuple, str] = {}

    def init_assignment(self, *names: str) -> None:
        with self.noting_faults():
            super().init_assignment(*names)

    def start(self) -> None:
        self.init_notebooks()
        with utils.chdir(self.coursedir.root):
            self.convert_notebooks()

    def convert_single_notebook(self, notebook_filename: str) -> None:
        with self.noting_faults():
            order = self.order(notebook_filename)
            self.write_single_notebook(self.maker.page(order), order.names)

    def order(self, notebook_filename: str) -> PageOrder:
        resources = _resources(self, notebook_filename)
        names = resources["nbgrader"]
        text = self.texts.get(_key(names)) or Path(notebook_filename).read_text(encoding="utf-8")
        scores = self.gradebook.fresh().scores(names["notebook"], names["assignment"], names["student"])
        return PageOrder(text, scores, resources)


def _key(names: dict) -> tuple:
    return names["assignment"], names["student"], names["notebook"]


def _resources(converter: Autograde | GenerateFeedback, notebook_filename: str) -> ResourcesDict:
    """What nbconvert tells its steps about a notebook."""
    path, name = os.path.split(notebook_filename)
    resources = ResourcesDict()
    resources.update(converter.init_single_notebook_resources(notebook_filename))
    resources["metadata"] = ResourcesDict()
    resources["metadata"].update(name=os.path.splitext(name)[0], path=path)
    resources["output_extension"] = converter.exporter.file_extension
    return resources


class ClassEntry:
    """Enters the hand-ins of a class, one after another, and makes their feedback pages. The one writer."""

    def __init__(self, book: Book):
        self.book = book
        coursedir = book.api.coursedir
        with inside(book.root):
            self.gradebook = SharedGradebook(book.db_url, coursedir.course_id)
        self._entry = Entry(coursedir=coursedir, parent=book.api)
        self._entry.update_config(Config({"JudgeCells": {"as_written": True}}))
        self._entry.prepare()
        self._pages = FeedbackPages(coursedir=coursedir, parent=book.api)
        self._pages.update_config(Config({"HTMLExporter": {"template_name": "feedback"}}))  # as nbgrader's API does
        self._pages.prepare(self.gradebook)

    def __enter__(self) -> ClassEntry:
        return self

    def __exit__(self, *exception: object) -> None:
        self._pages.maker.exporter.pieces.save()
        self.gradebook.shut()

    def enter(self, assignment: str, student: str) -> None:
        """Enter the verdict on a hand-in: all of it, or nothing. Raises NbgraderFailed, with nbgrader's words."""
        self._entry.texts.clear()
        self._pages.texts.clear()
        try:
            with lent(self.gradebook, self._entry.users):
                self._run("autograde", self._entry, assignment, student)
            self._pages.texts.update(self._entry.texts)
        except BaseException:
            self.gradebook.drop()
            raise

    def feedback(self, assignment: str, student: str) -> None:
        """Write the feedback page of the hand-in that was entered last, or of one that was entered before."""
        self._run("generate_feedback", self._pages, assignment, student)

    def _run(self, step: str, converter: Autograde | GenerateFeedback, assignment: str, student: str) -> None:
        coursedir = self.book.api.coursedir
        directory = "autograded_directory" if step == "autograde" else "feedback_directory"
        # nbgrader empties the folder that it writes to: it gets one of its own, which then takes the place of the old
        # one in one step, so that formgrader and students never find it empty.
        waiting = self.book.root / "classroom" / ".entering"
        there = {"assignment_id": assignment, "student_id": student, directory: str(waiting)}

        def action() -> dict:
            converter.fault = None
            final = Path(coursedir.format_path(getattr(coursedir, directory), student, assignment))
            with utils.temp_attrs(coursedir, **there):
                result = utils.capture_log(converter)
            if result["success"]:
                try:
                    with converter.noting_faults():
                        put(waiting / student / assignment, final, waiting, None)
                    self.gradebook.keep()
                except SQLAlchemyError as error:
                    text = f"the gradebook could not be written: {error}"
                    return {"success": False, "error": text, "fault": classify(error)}
            return result | {"fault": converter.fault}

        self.book.run(step, action)
