"""formgrader on this course, as a TA wants it: names, in order, and nothing that cannot work here.

A Jupyter server extension in the place of nbgrader's own, with its handlers, pages and scripts. What differs: an
assignment is a folder with a notebook, so the masters' `solutions/backprop/` is none, and one that the class switches
off is none either; hand-ins stand in the order of the students' names, with the names shown, or, where marking is to be
blind, as nbgrader has them: numbered in an order that says nothing. Where nbgrader_config.py names no exchange, there
is none, and no page complains of it. `serve` starts JupyterLab with it.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any
from unicodedata import normalize

from jinja2 import FileSystemLoader
from jupyter_server.utils import url_path_join
from nbgrader.api import SubmittedNotebook
from nbgrader.apps.api import NbGraderAPI
from nbgrader.exchange import ExchangeFactory
from nbgrader.exchange.abc import ExchangeList
from nbgrader.server_extensions.formgrader import apihandlers, handlers
from nbgrader.server_extensions.formgrader.base import BaseHandler
from nbgrader.server_extensions.formgrader.formgrader import FormgradeExtension
from tornado.web import StaticFileHandler

from autograder.rules.terms import in_force

TEMPLATES = Path(__file__).parent / "templates" / "formgrader"
OWN_PAGES = {"gradebook_notebook_submissions.tpl": "submissions_by_name.tpl"}
BLIND = "KIT_BLIND_MARKING"  # set in the server's environment
NAMELESS = "(no name in the roster)"
EXTENSIONS = {"autograder.gradebook.formgrader": True, "nbgrader.server_extensions.formgrader": False}


class NothingReleased(ExchangeList):
    """What is in an exchange that is not there."""

    def start(self) -> list:
        return []


class KitAPI(NbGraderAPI):
    """nbgrader's view of the course. exchange: the course's own, or none."""

    def __init__(self, *rest: Any, **named: Any):
        self.has_exchange = "root" in named["parent"].config.Exchange
        if not self.has_exchange:
            named["exchange"] = ExchangeFactory(list=NothingReleased)
        super().__init__(*rest, **named)

    @property
    def exchange_is_functional(self) -> bool:
        return self.has_exchange and super().exchange_is_functional

    def get_source_assignments(self) -> set[str]:
        folder = self.coursedir.source_directory
        places = {name: self.coursedir.format_path(folder, ".", name) for name in super().get_source_assignments()}
        terms = in_force(Path(self.coursedir.root))
        return {name for name, place in places.items() if any(Path(place).glob("*.ipynb")) and terms.rules(name).on}

    def get_submissions(self, assignment_id: str) -> list[dict]:
        return _named(super().get_submissions(assignment_id))

    def get_submission(self, *rest: Any, **named: Any) -> dict | None:
        found = super().get_submission(*rest, **named)
        return found and _named([found])[0]

    def get_students(self) -> list[dict]:
        return _named(super().get_students())

    def _filter_existing_notebooks(self, assignment_id: str, notebooks: Iterable) -> list[SubmittedNotebook]:
        found = super()._filter_existing_notebooks(assignment_id, notebooks)
        return found if blind() else sorted(found, key=_place)

    def get_notebook_submissions(self, assignment_id: str, notebook_id: str) -> list[dict]:
        found = super().get_notebook_submissions(assignment_id, notebook_id)
        return sorted(found, key=lambda submission: submission["index"])


def blind() -> bool:
    """Whether names are hidden and the order says nothing."""
    return os.environ.get(BLIND) == "1"


def _place(notebook: SubmittedNotebook) -> tuple[str, ...]:
    """Where a student stands among the others, accents aside; who has no name stands where their id does."""
    student = notebook.student
    words = student.last_name or student.id, student.first_name or "", student.id
    return tuple("".join(filter(str.isascii, normalize("NFKD", word))).casefold() or word for word in words) + words


def _named(people: list[dict]) -> list[dict]:
    """nbgrader's scripts write "None, None" for who has no name."""
    for person in people:
        if not person["last_name"] and not person["first_name"]:
            person["last_name"], person["first_name"] = person.get("student") or person["id"], NAMELESS
        else:
            person["last_name"], person["first_name"] = person["last_name"] or "", person["first_name"] or ""
    return people


class _Kit(BaseHandler):
    """What every handler of formgrader does differently here."""

    @property
    def api(self) -> KitAPI:
        self.coursedir.parent.load_config_file()
        made = KitAPI(self.coursedir, self.authenticator, parent=self.coursedir.parent)
        made.log_level = self.log.level
        return made

    def render(self, name: str, **named: Any) -> str:
        return super().render(name if blind() else OWN_PAGES.get(name, name), **named)

    def _get_submission_ids(self, assignment_id: str, notebook_id: str) -> list[str]:
        return list(self.api.get_notebook_submission_indices(assignment_id, notebook_id))

    def _get_incorrect_submission_ids(self, assignment_id: str, notebook_id: str, submission: Any) -> list[str]:
        stock = handlers.SubmissionNavigationHandler._get_incorrect_submission_ids
        wrong = set(stock(self, assignment_id, notebook_id, submission))
        return [one for one in self._get_submission_ids(assignment_id, notebook_id) if one in wrong]


def _own(handler: type) -> type:
    return type(handler.__name__, (_Kit, handler), {}) if issubclass(handler, BaseHandler) else handler


class KitFormgrader(FormgradeExtension):
    """nbgrader's extension, with these handlers."""

    def init_tornado_settings(self, webapp: Any) -> None:
        super().init_tornado_settings(webapp)
        webapp.settings["nbgrader_jinja2_env"].loader = FileSystemLoader([TEMPLATES, handlers.template_path])
        told = {"kit_names_first": not blind(), "kit_course": Path(self.coursedir.root)}
        webapp.settings["nbgrader_exporter"].environment.globals.update(told)

    def init_handlers(self, webapp: Any) -> None:
        known = [*handlers.default_handlers, *apihandlers.default_handlers]
        known += [("/formgrader/static/(.*)", StaticFileHandler, {"path": handlers.static_path})]
        known += [("/formgrader/.*", handlers.Template404)]
        base = webapp.settings["base_url"]
        webapp.add_handlers(".*$", [(url_path_join(base, path), _own(kind), *rest) for path, kind, *rest in known])


def _jupyter_server_extension_points() -> list[dict[str, str]]:
    return [{"module": "autograder.gradebook.formgrader"}]


def _load_jupyter_server_extension(server: Any) -> None:
    formgrader = KitFormgrader(parent=server, debug=False)  # no page full of settings
    formgrader.root_dir, formgrader.log = server.root_dir, server.log
    formgrader.initialize([])
    formgrader.init_tornado_settings(server.web_app)
    formgrader.init_handlers(server.web_app)


def serve(root: Path, words: list[str], *, anonymous: bool = False) -> None:
    """Start JupyterLab on the course at `root`, with formgrader in it, and stay until it ends. words: for Jupyter."""
    from jupyterlab.labapp import LabApp

    os.environ[BLIND] = "1" if anonymous else "0"
    os.chdir(root)  # nbgrader finds its course by the working directory
    LabApp.launch_instance([f"--ServerApp.jpserver_extensions={name}={on}" for name, on in EXTENSIONS.items()] + words)
