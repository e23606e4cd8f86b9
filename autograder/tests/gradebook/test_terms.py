"""A course that changes after hand-ins were graded: points, dropped and renamed items, and marks that people gave."""

from __future__ import annotations

import copy
import json
import os
import shutil
import sys
from pathlib import Path

import pytest
from nbgrader.api import Gradebook

from autograder import build
from autograder.gradebook import marks as given
from autograder.gradebook.book import Book
from autograder.gradebook.cells import CellsChanged
from autograder.gradebook.enter import ClassEntry
from autograder.gradebook.preprocessors import JudgeCells
from autograder.records import marks as kept
from autograder.records import verdict as verdicts
from autograder.rules.class_grades import ClassGrades
from autograder.rules.grade import Grade
from autograder.rules.terms import in_force
from autograder.tests import build_course
from autograder.tests.gradebook.test_enter import RIGHT, ROOT, WRONG, answered, cell_of, judgement, rules

JUDGED: dict = {}


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    root = build_course.write(tmp_path_factory.mktemp("built"))
    shutil.copy(ROOT / "nbgrader_config.py", root)
    build.build(root)
    path = list(sys.path)
    rules(root, "")
    Book(root).register("tiny", in_force(root))
    sys.path[:] = path
    return root


@pytest.fixture
def book(built, tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.setenv("PATH", os.environ["PATH"])
    monkeypatch.setattr(JudgeCells, "_judgement", lambda self, name, student: copy.deepcopy(JUDGED[student]))
    shutil.copytree(built, tmp_path / "course")
    yield Book(tmp_path / "course")
    JUDGED.clear()


def graded(book: Book, *students: str, passed=RIGHT, change=answered, fresh: bool = True) -> None:
    """Enter hand-ins; fresh: written anew."""
    with ClassEntry(book) as entry:
        for student in students:
            folder = book.root / "classroom" / "submitted" / student / "tiny"
            if fresh or not folder.exists():
                notebook = json.loads((book.root / "assignments/tiny/tiny.ipynb").read_text())
                change(notebook)
                folder.mkdir(parents=True, exist_ok=True)
                (folder / "tiny.ipynb").write_text(json.dumps(notebook))
                (folder / "timestamp.txt").write_text("2026-03-01 12:00:00 UTC")
            JUDGED[student] = judgement(book, student, passed)
            verdicts.write(JUDGED[student], book.root / "classroom")
            entry.enter("tiny", student)
            entry.feedback("tiny", student)
    given.harvest(book.root, "tiny")  # as a run of `grade` ends


def mark(book: Book, student: str, cell: str, score: float | None = None, comment: str = "", extra=None) -> None:
    """What formgrader does when a person gives a mark."""
    with Gradebook(book.db_url) as gradebook:
        if comment:
            gradebook.find_comment(cell, "tiny", "tiny", student).manual_comment = comment
        grade = gradebook.find_grade(cell, "tiny", "tiny", student)
        grade.manual_score, grade.extra_credit = score, extra
        grade.needs_manual_grade = score is None and grade.auto_score is None
        gradebook.db.commit()


def on_new_terms(book: Book, text: str, *students: str, passed=RIGHT) -> None:
    """New rules are put in force: the gradebook, then each hand-in; nothing is judged."""
    rules(book.root, text)
    book.register("tiny", in_force(book.root))
    graded(book, *students, passed=passed, fresh=False)


def everywhere(book: Book, student: str) -> tuple[float, float]:
    """A student's score and the most there is, the same by the rules, in the gradebook and on the page."""
    found = one_grade(book, student)
    with Gradebook(book.db_url) as gradebook:
        submission = gradebook.find_submission("tiny", student)
        assert submission.score == pytest.approx(found.raw_score, abs=0.006)
        assert submission.max_score == found.max_score == gradebook.find_assignment("tiny").max_score
        assert (submission.late_submission_penalty or 0) == found.penalty
        assert submission.needs_manual_grade == found.waiting
    page = (book.root / "classroom" / "feedback" / student / "tiny" / "tiny.html").read_text()
    assert f"(Score: {found.raw_score - found.penalty} / {found.max_score})" in page
    return found.score, found.max_score


def one_grade(book: Book, student: str) -> Grade:
    return next(found for found in ClassGrades(book.root).all_of("tiny") if found.student == student)


def test_points_that_change_change_marks_by_hand_and_of_the_checks_alike(book):
    graded(book, "ada", passed=WRONG)
    mark(book, "ada", "why", 2.4, "Nearly.", extra=0.5)
    mark(book, "ada", "slope", 0.75)
    on_new_terms(book, "points = { guess = 5, slope = 3, why = 6 }", "ada", passed=WRONG)
    assert everywhere(book, "ada") == (2.5 + 1.5 + 4.8 + 0.5, 14)
    on_new_terms(book, "", "ada", passed=WRONG)
    assert everywhere(book, "ada") == (1.0 + 0.75 + 2.4 + 0.5, 6.5)
    assert "Nearly." in (book.root / "classroom/feedback/ada/tiny/tiny.html").read_text()


def test_a_dropped_question_counts_nowhere_and_comes_back_with_its_mark(book):
    graded(book, "ada", "bob")
    mark(book, "ada", "why", 2.5, "Well said.")
    on_new_terms(book, 'drop = ["why", "slope"]', "ada", "bob")
    assert everywhere(book, "ada") == everywhere(book, "bob") == (2, 2)
    on_new_terms(book, "", "ada", "bob")
    assert everywhere(book, "ada") == (6, 6.5)
    found = one_grade(book, "bob")
    assert (found.score, found.waiting) == (3.5, True) and everywhere(book, "bob")


def test_an_answer_that_did_not_change_does_not_ask_for_a_person_again(book):
    graded(book, "ada", "bob", "eve", passed=WRONG)
    for student in ("ada", "bob", "eve"):
        mark(book, student, "why", 2.0, "Yes.")
        mark(book, student, "slope", 1.0)
    on_new_terms(book, "", "ada", "bob", "eve", passed=WRONG)
    assert not any(one_grade(book, student).waiting for student in ("ada", "bob", "eve"))

    def otherwise(notebook):
        answered(notebook)
        cell_of(notebook, "why")["source"] = "Another answer."

    graded(book, "bob", passed=WRONG, change=otherwise)
    graded(book, "eve", passed=RIGHT)
    marks = kept.read(book.root / "classroom", "tiny")
    assert marks["ada"]["why"].score == 2.0 and not one_grade(book, "ada").waiting
    found = ClassGrades(book.root).marks("tiny")
    assert {cell for cell, own in found["bob"].items() if own.waiting} == {"why"}
    assert {cell for cell, own in found["eve"].items() if own.waiting} == {"slope"}  # the checks find something else
    assert (found["bob"]["why"].score, found["bob"]["why"].comment) == (2.0, "Yes.")
    mark(book, "bob", "why", 2.0)  # a person has looked, and stays with it
    on_new_terms(book, "", "bob", passed=WRONG)
    assert not one_grade(book, "bob").waiting


def test_a_gradebook_that_is_made_anew_gets_the_marks_back(book):
    graded(book, "ada", passed=WRONG)
    mark(book, "ada", "why", 2.5, "Well said.")
    book.put("tiny", in_force(book.root))
    (book.root / "classroom" / "gradebook.db").unlink()
    on_new_terms(book, "points = { why = 6 }", "ada", passed=WRONG)
    assert everywhere(book, "ada") == (1 + 5, 9.5) and not one_grade(book, "ada").waiting
    with Gradebook(book.db_url) as gradebook:
        assert gradebook.find_comment("why", "tiny", "tiny", "ada").manual_comment == "Well said."


def rebuilt(book: Book, *edits: tuple[str, str]) -> None:
    """The notebook's master edited, and the course built."""
    master = book.root / "solutions" / "tiny.py"
    text = master.read_text()
    for old, new in edits:
        assert old in text
        text = text.replace(old, new)
    master.write_text(text)
    suite = book.root / build_course.MASTERS["suite"][0]
    for old, new in edits:
        if old.startswith('item="'):
            names = [words.split('"')[1] for words in (old, new)]
            for words in ('@item("{}"', 'item: str = "{}"'):
                suite.write_text(suite.read_text().replace(*(words.format(name) for name in names)))
    build.build(book.root)


def renamed_judgement(book: Book, student: str) -> None:
    for item in JUDGED[student].verdict.items:
        item.id = {"slope": "steepness"}.get(item.id, item.id)
    verdicts.write(JUDGED[student], book.root / "classroom")


def test_renamed_items_take_their_marks_and_answers_along(book):
    graded(book, "ada", "bob", passed=WRONG)
    mark(book, "ada", "why", 2.5, "Well said.")
    mark(book, "ada", "slope", 1.0)
    rebuilt(book, ('item="slope"', 'item="steepness"'), ('check("slope")', 'check("steepness")'), ('"why"', '"reason"'))
    rules(book.root, 'renamed = { slope = "steepness", why = "reason" }')
    assert one_grade(book, "ada").score == 1 + 1 + 2.5  # before anything is judged or entered anew
    book.register("tiny", in_force(book.root))
    assert one_grade(book, "ada").score == 1 + 1 + 2.5
    with ClassEntry(book) as entry:
        for student in ("ada", "bob"):
            renamed_judgement(book, student)
            entry.enter("tiny", student)
            entry.feedback("tiny", student)
    assert everywhere(book, "ada") == (4.5, 6.5)
    found = ClassGrades(book.root).marks("tiny")
    assert found["ada"]["reason"].comment == "Well said." and not found["ada"]["reason"].waiting
    notebook = json.loads((book.root / "classroom/autograded/ada/tiny/tiny.ipynb").read_text())
    assert "Because of *limits*" in "".join(cell_of(notebook, "reason")["source"])
    assert (book.root / "assignments" / "tiny" / "tiny.ipynb").is_file()


def test_cells_that_go_and_come_are_asked_about_and_nothing_is_lost_meanwhile(book):
    graded(book, "ada")
    mark(book, "ada", "why", 2.5)
    before = one_grade(book, "ada")
    rebuilt(book, ('item="slope"', 'item="steepness"'), ('check("slope")', 'check("steepness")'))
    with pytest.raises(CellsChanged, match='renamed = { slope = "steepness" }'):
        book.register("tiny", in_force(book.root))
    assert (book.root / "assignments" / "tiny" / "tiny.ipynb").is_file()
    assert ClassGrades(book.root).marks("tiny")["ada"]["why"].score == before.written_score
    rules(book.root, 'renamed = { slope = "" }')
    book.register("tiny", in_force(book.root))
    with Gradebook(book.db_url) as gradebook:
        cells = {cell.name for cell in gradebook.find_notebook("tiny", "tiny").grade_cells}
        rows = {grade.name for grade in gradebook.find_submission_notebook("tiny", "tiny", "ada").grades}
    assert cells == rows == {"guess", "steepness", "why"}


def test_a_question_that_is_taken_out_leaves_and_a_new_one_waits(book):
    graded(book, "ada", passed=WRONG)
    why = '# %% [markdown] written="why" points=3\n'
    rebuilt(
        book, (why, f"{why}# First.\n#\n# ### BEGIN SOLUTION\n# x\n# ### END SOLUTION\n\n{why.replace('why', 'more')}")
    )
    rules(book.root, "")
    book.register("tiny", in_force(book.root))
    with Gradebook(book.db_url) as gradebook:
        assert {grade.name for grade in gradebook.find_submission_notebook("tiny", "tiny", "ada").grades} == {
            "guess", "slope", "why", "more",
        }  # fmt: skip
    assert one_grade(book, "ada").max_score == 9.5


def test_what_nbgrader_generates_and_deletes_lies_in_the_classroom(book, monkeypatch):
    coursedir = book.api.coursedir
    for name in ("release", "submitted", "autograded", "feedback", "solution"):
        folder = Path(coursedir.format_path(getattr(coursedir, f"{name}_directory"), "ada", "tiny"))
        assert folder.is_relative_to(book.root / "classroom"), name
    released = {path: path.read_bytes() for path in (book.root / "assignments").rglob("*") if path.is_file()}
    source = book.root / "solutions" / "tiny" / "tiny.ipynb"
    source.write_bytes(source.read_bytes().replace(b'"grade_id": "slope"', b'"grade_id": "guess"'))  # a step will fail
    with pytest.raises(Exception, match="generate_assignment failed"):
        book.register("tiny", in_force(book.root))
    assert released and {path: path.read_bytes() for path in released} == released
