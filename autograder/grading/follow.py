"""After a change of the rules: gradebook, pages, report and table follow, in every assignment. Nothing is judged.

Steps: put another attempt in its place where the rules now choose another one; for each assignment that is in the
gradebook, put the terms there, enter every verdict anew that they concern, and make its page anew; write the reports
that there are, and the table of grades. Whose hand-in is another one than the verdict's is named: grading judges it.
Killed at any point, the same command ends it: what is not noted in the ledger is entered again.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from autograder.exports import export
from autograder.gradebook import marks
from autograder.gradebook.book import Book
from autograder.gradebook.enter import ClassEntry
from autograder.gradebook.students import follow_roster
from autograder.grading import ledger
from autograder.grading.collecting import choices
from autograder.grading.feedback import make_page, renew_pages
from autograder.grading.plan import Entries
from autograder.intake.place import known
from autograder.intake.standing import stand_anew
from autograder.records import verdict as verdicts
from autograder.report.class_page import write_report
from autograder.rules.class_grades import ClassGrades
from autograder.rules.terms import Terms, in_force
from toolbox.errors import KitError

Say = Callable[[str], None]


@dataclass
class Followed:
    """What came along. entered: assignment -> students entered anew. waiting: assignment -> students whose hand-in is
    to be judged. failed: assignment -> why it could not follow.
    """

    entered: dict[str, list[str]] = field(default_factory=dict)
    waiting: dict[str, list[str]] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)


def follow(root: Path, say: Say, apart: str = "") -> Followed:
    """Bring everything to the terms in force, for who holds the classroom's lock. apart: an assignment that is being
    graded anyway.
    """
    classroom, terms, done = root / "classroom", in_force(root), Followed()
    graded = [folder.name for folder in sorted((classroom / "verdicts").glob("[!.]*/")) if folder.name != apart]
    for name in graded:
        if terms.rules(name).on and (root / "assignments" / name / f"{name}.ipynb").is_file():
            stand(root, name)
    if marks.database(root) is not None:
        book = Book(root)
        follow_roster(book)
        for name in filter(book.knows, graded):
            _gradebook(book, name, terms, done)
    _reports(root, graded, terms)
    if (classroom / "grades.csv").is_file() and ClassGrades(root).assignments:
        export(root)
    _tell(done, say)
    return done


def stand(root: Path, name: str) -> bool:
    """Put the attempts in their places that the rules choose now, and say whether any moved. What a person has changed
    stays.
    """
    released = root / "assignments" / name / f"{name}.ipynb"
    return bool(stand_anew(root / "classroom", name, released, choices(root, name).rule))


def _gradebook(book: Book, name: str, terms: Terms, done: Followed) -> None:
    """The gradebook's part of one assignment, and its pages."""
    classroom = book.root / "classroom"
    if not terms.rules(name).on:
        book.put(name, terms)
        return
    try:
        book.register(name, terms)
    except KitError as error:  # its notebook has changed, too, in a way that has first to be told apart
        done.failed[name] = str(error)
        return
    todo: list[tuple[str, str, bool]] = []  # student, key, whether there is a page
    paged = set()
    for student in sorted(book.entered(name)):
        judged = verdicts.read(classroom, name, student)
        has_page = (classroom / "feedback" / student / name / f"{name}.html").is_file()
        paged |= {student} if has_page else set()
        if judged is None or _is_another(classroom, name, student, judged.verdict.hand_in.get("sha256")):
            done.waiting.setdefault(name, []).append(student)
            continue
        key = Entries(name, terms, has_page).key(student, judged.verdict.key)
        if not ledger.is_done(classroom, name, student, key):
            todo.append((student, key, has_page))
    if todo:
        with ClassEntry(book) as entry:
            for student, key, has_page in todo:
                ledger.forget(classroom, name, student)
                entry.enter(name, student)
                if has_page:
                    make_page(entry, name, student)
                ledger.mark(classroom, name, student, key)
        done.entered[name] = [student for student, *_ in todo]
    marks.harvest(book.root, name, terms.rules(name).renamed)
    renew_pages(book, name, paged)


def _is_another(classroom: Path, name: str, student: str, sha256: object) -> bool:
    """Whether the hand-in that stands is another one than the verdict's, or not as the intake left it."""
    receipt = known(classroom / "submitted" / student / name, name)
    return receipt is None or receipt.sha256 != sha256


def _reports(root: Path, graded: list[str], terms: Terms) -> None:
    """Write the reports anew that there are, each student's page once; that of an assignment switched off goes."""
    folder, grades = root / "classroom" / "report", ClassGrades(root)
    written: set[str] = set()
    for name in graded:
        page = folder / f"{name}.html"
        if not page.is_file():
            continue
        if not terms.rules(name).on:
            page.unlink()
            continue
        found = verdicts.read_all(root / "classroom", name)
        students = {verdict["student"] for verdict in found} - written
        write_report(root, name, found, page, students, grades)
        written |= students


def _tell(done: Followed, say: Say) -> None:
    for name, students in done.entered.items():
        say(f"{name}: gradebook and pages of {len(students)} brought along")
    for name, students in done.waiting.items():
        some = ", ".join(students[:12]) + (" …" if len(students) > 12 else "")
        say(f"{name}: another hand-in than the one that was judged stands for {some}: grade {name} judges it")
    for name, why in done.failed.items():
        say(f"{name} could not be brought along: {why}")
