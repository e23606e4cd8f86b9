"""Keep feedback pages true: make one anew where anything on it has changed since it was made.

On a page stand the autograded notebook, the marks and the comments of the checks and of people, and the penalty for
coming late. A digest of these is noted beside each page that is made; marking by hand changes it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection
from dataclasses import asdict
from pathlib import Path

from autograder.gradebook.book import Book, inside
from autograder.gradebook.enter import ClassEntry
from autograder.gradebook.marks import database
from autograder.gradebook.session import SharedGradebook
from autograder.grading import ledger
from autograder.grading.lock import only_writer
from autograder.machine_faults import ends_the_run
from autograder.masters.catalogue import catalogue


def make_page(entry: ClassEntry, assignment: str, student: str) -> None:
    """Write a student's page, and note what it was made of."""
    classroom = entry.book.root / "classroom"
    made_of = _digest(classroom, entry.gradebook, assignment, student)
    entry.feedback(assignment, student)
    ledger.mark(classroom, ledger.pages(assignment), student, made_of)


def renew_pages(book: Book, assignment: str, students: Collection[str] | None = None) -> list[str]:
    """Make the pages of an assignment, or of these students, that are missing or no longer true; returns whose."""
    if stale := stale_pages(book, assignment, students):
        with ClassEntry(book) as entry:
            for student in stale:
                make_page(entry, assignment, student)
    return stale


def renew(root: Path, assignment: str | None, say: Callable[[str], None]) -> None:
    """Make true the pages of one assignment, or of all. Where there is no gradebook, all stays as it is."""
    if database(root) is None:
        return
    classroom, book = root / "classroom", Book(root)
    for name in [assignment] if assignment else filter(book.knows, catalogue(root)):
        with ends_the_run(classroom), only_writer(classroom, f"making pages of {name}", say):
            renewed = renew_pages(book, name)
        many = "page" if len(renewed) == 1 else "pages"
        say(f"{name}: {len(renewed)} {many} made anew under {classroom / 'feedback'}")


def stale_pages(book: Book, assignment: str, students: Collection[str] | None = None) -> list[str]:
    """The students whose pages are missing or no longer true, of all (or these) whose hand-ins have been entered."""
    classroom = book.root / "classroom"
    with inside(book.root):
        gradebook = SharedGradebook(book.db_url, book.api.coursedir.course_id)

    def holds(student: str) -> bool:
        page = classroom / "feedback" / student / assignment / f"{assignment}.html"
        made_of = _digest(classroom, gradebook, assignment, student)
        return page.is_file() and ledger.is_done(classroom, ledger.pages(assignment), student, made_of)

    try:
        entered = book.entered(assignment)
        asked = entered if students is None else entered.intersection(students)
        there = [name for name in asked if _notebook(classroom, assignment, name).is_file()]
        return sorted(student for student in there if not holds(student))
    finally:
        gradebook.shut()


def _digest(classroom: Path, gradebook: SharedGradebook, assignment: str, student: str) -> str:
    """Of all that stands on a page; a notebook by when it was put in place, which is done whole."""
    notebook = _notebook(classroom, assignment, student).stat()
    scores = asdict(gradebook.fresh().scores(assignment, assignment, student))
    grades, comments = (sorted(scores.pop(part).items()) for part in ("grades", "comments"))
    told = [notebook.st_mtime_ns, notebook.st_size, grades, comments, scores]
    return hashlib.sha256(repr(told).encode()).hexdigest()


def _notebook(classroom: Path, assignment: str, student: str) -> Path:
    return classroom / "autograded" / student / assignment / f"{assignment}.ipynb"
