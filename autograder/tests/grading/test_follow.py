"""A change of the rules comes to one number everywhere by itself, and nothing is judged for it."""

from __future__ import annotations

import csv
import json
import os
import shutil
import sys
from datetime import datetime
from io import StringIO
from pathlib import Path

import pytest
from nbgrader.api import Gradebook

from autograder import build
from autograder.exports import export
from autograder.gradebook.book import Book
from autograder.gradebook.enter import ClassEntry
from autograder.grading import follow as following
from autograder.grading import ledger
from autograder.grading.feedback import make_page
from autograder.grading.follow import Followed, follow
from autograder.grading.plan import Entries
from autograder.intake import collect
from autograder.records import verdict as verdicts
from autograder.report.class_page import write_report
from autograder.rules.class_grades import ClassGrades
from autograder.rules.terms import in_force
from autograder.tests import build_course
from autograder.tests.gradebook.test_enter import RIGHT, ROOT, WRONG, answered, judgement, rules
from autograder.tests.gradebook.test_terms import mark
from autograder.tests.intake.downloads import packed

LATE = "late = { per_day = 0.5 }\n"
PASSED = {"ada": RIGHT, "bob": WRONG, "eve": RIGHT}
SENT = {"ada": "2026-03-01-12-00-00", "bob": "2026-03-02-12-00-00", "eve": "2026-03-01-12-00-00"}


@pytest.fixture(scope="module")
def graded(tmp_path_factory) -> Path:
    """A class of three through collect, judged by hand, entered, with pages, report and table; eve has two attempts."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "path", list(sys.path))
        root = build_course.write(tmp_path_factory.mktemp("graded"))
        shutil.copy(ROOT / "nbgrader_config.py", root)
        build.build(root)
        rules(root, LATE, "ada,,\nbob,,\neve,,\n")
        released = root / "assignments" / "tiny" / "tiny.ipynb"
        notebook = json.loads(released.read_text())
        answered(notebook)
        for student, when in {**SENT, "eve ": "2026-02-27-12-00-00"}.items():
            name = root / "sent" / f"hw_{student.strip()}_attempt_{when}_work.zip"
            name.parent.mkdir(exist_ok=True)
            module = f"# {student}\ndef slope(x):\n    return 2 * x\n".encode()
            work = {"tiny.ipynb": json.dumps(notebook).encode(), "lib/backprop/tiny.py": module}
            name.write_bytes(packed(work))
        receipts = collect(root / "sent", root / "classroom", "tiny", released).receipts
        book, terms = Book(root), in_force(root)
        book.register("tiny", terms)
        with ClassEntry(book) as entry:
            for student, passed in PASSED.items():
                judged = judgement(book, student, passed)
                receipt, judged.verdict.key = receipts[student], "judged"
                judged.verdict.hand_in = {"sha256": receipt.sha256, "received": receipt.received.isoformat()}
                verdicts.write(judged, root / "classroom")
                entry.enter("tiny", student)
                make_page(entry, "tiny", student)
                ledger.mark(root / "classroom", "tiny", student, Entries("tiny", terms, True).key(student, "judged"))
        write_report(root, "tiny", None, root / "classroom" / "report")
        export(root)
    return root


@pytest.fixture
def root(graded, tmp_path, monkeypatch) -> Path:
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.setenv("PATH", os.environ["PATH"])
    return Path(shutil.copytree(graded, tmp_path / "course"))


def apply(root: Path, text: str, roster: str = "ada,,\nbob,,\neve,,\n") -> Followed:
    rules(root, text, roster)
    return follow(root, lambda line: None)


def everywhere(root: Path) -> dict[str, float | None]:
    """Each student's score, the same by the rules, in the gradebook, on the page, in report, table and export."""
    grades = {found.student: found for found in ClassGrades(root).all_of("tiny")}
    table = StringIO((root / "classroom" / "grades.csv").read_text(encoding="utf-8-sig"))
    rows = {row["student_id"]: row["score"] for row in csv.DictReader(table)}
    report = (root / "classroom" / "report" / "tiny.html").read_text()
    with Gradebook(Book(root).db_url) as gradebook:
        for student, found in grades.items():
            submission = gradebook.find_submission("tiny", student)
            assert submission.score == pytest.approx(found.raw_score, abs=0.006), student
            assert submission.max_score == found.max_score
            assert (submission.late_submission_penalty or 0) == found.penalty
            page = (root / "classroom" / "feedback" / student / "tiny" / "tiny.html").read_text()
            assert f"(Score: {found.raw_score - found.penalty} / {found.max_score})" in page, student
            own = (root / "classroom" / "report" / "students" / f"{student}.html").read_text()
            if found.score is not None:
                assert f"{found.score:g} of {found.max_score:g}" in own and f"{found.score:g}" in report
                assert rows[student] == f"{found.score:.10g}"
            else:
                assert rows[student] == ""
    return {student: found.score for student, found in grades.items()}


def test_every_kind_of_change_is_everywhere_at_once(root):
    assert everywhere(root) == {"ada": 3.5, "bob": 0.5, "eve": 3.5}  # half a point for a day late
    done = apply(root, f"{LATE}points = {{ guess = 4, slope = 3 }}\n")
    assert everywhere(root) == {"ada": 7, "bob": 1.5, "eve": 7} and done.entered == {"tiny": ["ada", "bob", "eve"]}
    done = apply(root, LATE, "ada,tiny,\nbob,,tiny=2d\neve,,\n")
    assert everywhere(root) == {"ada": None, "bob": 1, "eve": 3.5} and not done.waiting and not done.failed
    apply(root, "late = { per_day = '10 %', of = 'score' }\ndrop = ['slope']\n")
    assert everywhere(root) == {"ada": 2, "bob": 0.9, "eve": 2}
    assert apply(root, "late = { per_day = '10 %', of = 'score' }\ndrop = ['slope']\n").entered == {}


def test_a_change_that_was_killed_half_way_ends_as_an_undisturbed_one_also_where_it_is_taken_back(root, monkeypatch):
    mark(Book(root), "ada", "why", 2.0, "Good.")
    whole, count = following.ClassEntry.enter, 0

    def killed(self, name, student):
        nonlocal count
        count += 1
        if count == 2:
            raise KeyboardInterrupt
        whole(self, name, student)

    monkeypatch.setattr(following.ClassEntry, "enter", killed)
    with pytest.raises(KeyboardInterrupt):
        apply(root, "drop = ['slope', 'why']\n")
    shutil.copytree(root, root.parent / "taken-back")
    apply(root, "drop = ['slope', 'why']\n")
    assert everywhere(root) == {"ada": 2, "bob": 1, "eve": 2}
    apply(root.parent / "taken-back", LATE)
    assert everywhere(root.parent / "taken-back") == {"ada": 5.5, "bob": 0.5, "eve": 3.5}


def test_an_assignment_that_is_switched_off_counts_nowhere_and_comes_back_as_it_was(root):
    mark(Book(root), "ada", "why", 2.0, "Good.")
    apply(root, LATE)
    before = everywhere(root)
    apply(root, f"{LATE}on = false\n")
    with Gradebook(Book(root).db_url) as gradebook:
        assert (gradebook.find_assignment("tiny").max_score, gradebook.find_student("ada").score) == (0, 0)
    assert not (root / "classroom" / "report" / "tiny.html").exists()
    apply(root, LATE)
    write_report(root, "tiny", None, root / "classroom" / "report")
    export(root)
    assert everywhere(root) == before == {"ada": 5.5, "bob": 0.5, "eve": 3.5}


def test_where_the_rules_choose_another_attempt_it_is_put_there_and_named_for_judging(root):
    said = []
    rules(root, f"{LATE}stands = 'first'\n", "ada,,\nbob,,\neve,,\n")
    done = follow(root, said.append)
    module = root / "classroom" / "submitted" / "eve" / "tiny" / "lib" / "backprop" / "tiny.py"
    assert module.read_text().startswith("# eve \n") and done.waiting == {"tiny": ["eve"]}
    assert any("grade tiny judges it" in line and "eve" in line for line in said)
    assert (
        datetime.fromisoformat(json.loads(module.parents[2].joinpath("intake.json").read_text())["received"]).day == 27
    )
    rules(root, LATE, "ada,,\nbob,,\neve,,\n")
    assert not follow(root, said.append).waiting and module.read_text().startswith("# eve\n")
