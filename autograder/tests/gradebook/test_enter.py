"""Tests of the entry: what it writes is what nbgrader's own commands write, row for row and byte for byte."""

from __future__ import annotations

import copy
import json
import os
import re
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import nbgrader
import pytest
from nbgrader.api import Gradebook

from autograder import build
from autograder.gradebook.book import Book, NbgraderFailed, newest_form
from autograder.gradebook.enter import ClassEntry
from autograder.gradebook.feedback_page import _PageExporter
from autograder.gradebook.preprocessors import JudgeCells
from autograder.judging.marks import judge_item, refuse_item
from autograder.records.verdict import Judgement, Verdict
from autograder.rules.terms import in_force, pending, put_in_force
from autograder.tests import build_course
from toolbox.checks.items import TestResult
from toolbox.errors import KitError
from toolbox.notebook.cells import code_cells

ROOT = Path(__file__).resolve().parents[3]
POINTS = {"guess": 2.0, "slope": 1.5}
ROWS = {
    "grade": """
        select student_id, cell.name, cell.type, row.auto_score, row.manual_score, row.extra_credit,
               row.needs_manual_grade from grade row""",
    "comment": """
        select student_id, cell.name, cell.type, row.auto_comment, row.manual_comment from comment row""",
}
PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg=="


class Courses(NamedTuple):
    """The same course twice: for nbgrader's commands, and for the entry."""

    stock: Book
    kit: Book
    entry: ClassEntry


def rules(root: Path, text: str, roster: str = "") -> None:
    """Put rules in force: `text` below the assignment, which is due as it always is."""
    (root / "classroom").mkdir(exist_ok=True)
    (root / "classroom" / "course.toml").write_text(f"[assignments.tiny]\ndue = 2026-03-01T22:00:00\n{text}")
    (root / "classroom" / "roster.csv").write_text(f"id,excused,extensions\n{roster}")
    put_in_force(root / "classroom", pending(root))


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    root = build_course.write(tmp_path_factory.mktemp("built"))
    shutil.copy(ROOT / "nbgrader_config.py", root)
    build.build(root)
    path = list(sys.path)
    rules(root, "")
    Book(root).register("tiny", in_force(root))
    sys.path[:] = path  # the course's settings put the course there
    return root


@pytest.fixture
def courses(built, tmp_path, request, monkeypatch):
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.setenv("PATH", os.environ["PATH"])
    books = []
    for name in ("stock", "kit"):
        shutil.copytree(built, tmp_path / name)
        with open(tmp_path / name / "nbgrader_config.py", "a", encoding="utf-8") as file:
            file.write(getattr(request, "param", ""))
        books.append(Book(tmp_path / name))
    with ClassEntry(books[1]) as entry:
        yield Courses(*books, entry)


def hand_in(courses, student: str, change=lambda nb: None, *, stamp: str = "2026-03-01 12:00:00 UTC", lib: bool = True):
    for book in (courses.stock, courses.kit):
        folder = book.root / "classroom" / "submitted" / student / "tiny"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        notebook = json.loads((book.root / "assignments/tiny/tiny.ipynb").read_text())
        change(notebook)
        (folder / "tiny.ipynb").write_text(json.dumps(notebook))
        (folder / "timestamp.txt").write_text(stamp)
        if lib:
            (folder / "lib/backprop").mkdir(parents=True)
            (folder / "lib/backprop/tiny.py").write_text("def slope(x):\n    return 2 * x\n")
    return student


def cell_of(notebook: dict, name: str) -> dict:
    return next(cell for cell in notebook["cells"] if cell["metadata"].get("nbgrader", {}).get("grade_id") == name)


def answered(notebook: dict) -> None:
    formulas = r"$a<b \text{ and } \frac{1}{2}$ and $$\begin{align}a&=b\\c&=\left(d\right)\end{align}$$"
    cell_of(notebook, "why")["source"] = f"Because of *limits*; see <b>this</b>. {formulas}\n\n![](files/picture.png)"
    cell_of(notebook, "solution_guess")["source"] = "guess = 42  # < 43 & > 41"


JUDGED: dict[str, Judgement] = {}  # what the step finds, by student


@pytest.fixture(autouse=True)
def verdicts_at_hand(monkeypatch):
    monkeypatch.setattr(JudgeCells, "_judgement", lambda self, name, student: copy.deepcopy(JUDGED[student]))
    yield
    JUDGED.clear()


def judgement(book: Book, student: str, passed: dict[str, list[bool]], shows: list[dict] = ()) -> Judgement:
    """What a judge might have found; `shows`: outputs of the student's cell."""
    folder = book.root / "classroom" / "submitted" / student / "tiny"
    received = (folder / "timestamp.txt").read_text().replace(" UTC", "+00:00")
    verdict = Verdict("tiny", student, {"sha256": "0", "received": received}, {"status": "accepted"})
    results = [
        TestResult(name, f"test_number_{number}_of_{name}", number > 0, 1.0, "passed" if good else "failed", "<not> so")
        for name, tests in passed.items()
        for number, good in enumerate(tests)
    ]
    if passed:
        verdict.items = [
            judge_item(name, points, [result for result in results if result.item == name])
            for name, points in POINTS.items()
        ]
    else:
        verdict.items = [refuse_item(name, points, "missing", "no lib/ folder") for name, points in POINTS.items()]
    cells = code_cells(folder / "tiny.ipynb")
    shown = [
        {"source": cell.source, "outputs": list(shows) if cell.source.startswith("guess =") else []} for cell in cells
    ]
    return Judgement(verdict, shown)


def grade_both(
    courses, student: str, passed: dict[str, list[bool]], shows: list[dict] = (), *, sha256: str = "0",
    not_judged: str = "",
) -> None:  # fmt: skip
    judged = judgement(courses.stock, student, passed, shows)
    judged.verdict.hand_in["sha256"] = sha256
    for item in judged.verdict.items:
        if item.id == not_judged:
            item.score, item.status = None, "not judged"
    JUDGED[student] = judged
    courses.stock.autograde("tiny", student)
    courses.stock.feedback("tiny", student)
    courses.entry.enter("tiny", student)
    courses.entry.feedback("tiny", student)


def rows(book: Book) -> dict[str, list]:
    with sqlite3.connect(book.root / "classroom" / "gradebook.db") as base:
        found = {
            kind: base.execute(
                f"""{query} join base_cell cell on cell.id = row.cell_id
                join submitted_notebook nb on nb.id = row.notebook_id
                join submitted_assignment sub on sub.id = nb.assignment_id order by 1, 2, 3"""
            ).fetchall()
            for kind, query in ROWS.items()
        }
        found["submission"] = base.execute(
            """select student_id, timestamp, extension, flagged, late_submission_penalty from submitted_assignment sub
            join submitted_notebook nb on nb.assignment_id = sub.id order by 1"""
        ).fetchall()
        found["student"] = base.execute("select * from student order by id").fetchall()
        found["course"] = base.execute("select * from course order by id").fetchall()
    return found


def files(book: Book, room: str) -> dict[str, tuple[int, str]]:
    """Every file below a room of the classroom with its permissions and text; cell ids drawn by chance are left out."""
    below = book.root / "classroom" / room
    known = (book.root / "assignments/tiny/tiny.ipynb").read_text()
    known = set(re.findall(r'"id": "([^"]+)"', known))
    found = {}
    for path in sorted(below.rglob("*")):
        if path.is_file():
            text = re.sub(
                r'("id": "|cell-id=)([^"\s]+)', lambda m: m[1] + (m[2] if m[2] in known else "*"), path.read_text()
            )
            found[path.relative_to(below).as_posix()] = (path.stat().st_mode, text)
    return found


def assert_same(courses) -> dict[str, list]:
    stock, kit, _ = courses
    assert rows(kit) == rows(stock)
    for room in ("autograded", "feedback", "verdicts"):
        assert files(kit, room) == files(stock, room), room
    return rows(kit)


RIGHT = {"guess": [True, True], "slope": [True, True, True]}
WRONG = {"guess": [True, False], "slope": [False, False, False]}


def test_right_half_right_and_untouched_hand_ins_are_entered_as_nbgrader_does(courses):
    grade_both(courses, hand_in(courses, "perfect", answered), RIGHT)
    grade_both(courses, hand_in(courses, "wrong", answered), WRONG)
    grade_both(courses, hand_in(courses, "untouched"), WRONG)
    found = assert_same(courses)
    scores = {(student, cell): (auto, wants) for student, cell, _, auto, _, _, wants in found["grade"]}
    assert scores["perfect", "slope"] == (1.5, 0) and scores["wrong", "guess"] == (1.0, 0)
    assert scores["perfect", "why"] == (None, 1) and scores["untouched", "why"] == (0.0, 0)
    assert ("untouched", "why", "SolutionCell", "No response.", None) in found["comment"]


def test_doubled_deleted_and_edited_check_cells_are_entered_as_nbgrader_does(courses):
    def doubled(notebook):
        answered(notebook)
        notebook["cells"].insert(3, copy.deepcopy(cell_of(notebook, "slope")))
        notebook["cells"][3]["id"] = "another"

    def deleted(notebook):
        notebook["cells"].remove(cell_of(notebook, "guess"))
        notebook["cells"].remove(cell_of(notebook, "slope"))

    def edited(notebook):
        cell_of(notebook, "guess")["source"] = "100.0"
        cell_of(notebook, "guess")["metadata"]["nbgrader"]["points"] = 100
        cell_of(notebook, "why")["cell_type"] = "raw"

    for student, change in {"doubled": doubled, "deleted": deleted, "edited": edited}.items():
        grade_both(courses, hand_in(courses, student, change), WRONG)
    assert_same(courses)


def test_a_refused_hand_in_is_entered_as_nbgrader_does(courses):
    grade_both(courses, hand_in(courses, "no-lib", answered, lib=False), {})
    assert {auto for _, cell, _, auto, *_ in assert_same(courses)["grade"] if cell in POINTS} == {0.0}


def test_a_late_hand_in_loses_what_the_course_says_and_an_extension_counts(courses):
    late = "2026-03-01 23:00:00 UTC"
    for book in (courses.stock, courses.kit):
        rules(book.root, "late = { per_hour = 1, grace_minutes = 5 }", "given,,tiny=30m\nenough,,tiny=1h\n")
    for student, stamp in {"late": late, "given": late, "enough": late, "grace": "2026-03-01 22:05:00 UTC"}.items():
        grade_both(courses, hand_in(courses, student, answered, stamp=stamp), RIGHT)
    grade_both(courses, hand_in(courses, "early", answered), RIGHT)
    found = {student: penalty for student, *_, penalty in assert_same(courses)["submission"]}
    assert found == {"late": 1, "given": 1, "enough": None, "grace": None, "early": None}
    with Gradebook(courses.kit.db_url) as gradebook:  # nbgrader counts as the rules count
        seconds = {one.student.id: one.total_seconds_late for one in gradebook.assignment_submissions("tiny")}
    assert seconds == {"late": 3600, "given": 1800, "enough": 0, "grace": 0, "early": 0}


def test_a_late_policy_in_nbgraders_own_settings_is_refused_with_what_to_do(courses):
    with open(courses.kit.root / "nbgrader_config.py", "a", encoding="utf-8") as file:
        file.write('\nc.LateSubmissionPlugin.penalty_method = "zero"\n')
    with pytest.raises(KitError, match="course.toml"):
        Book(courses.kit.root)


def test_marks_and_comments_given_by_hand_outlive_a_second_grading(courses):
    student = hand_in(courses, "ada", answered)
    grade_both(courses, student, WRONG)
    for book in (courses.stock, courses.kit):
        with Gradebook(book.db_url) as gradebook:
            gradebook.find_grade("why", "tiny", "tiny", student).manual_score = 2.5
            gradebook.find_grade("slope", "tiny", "tiny", student).manual_score = 1.0
            gradebook.find_grade("guess", "tiny", "tiny", student).extra_credit = 0.5
            gradebook.find_comment("why", "tiny", "tiny", student).manual_comment = "Well *said* ![](files/a.png)"
            gradebook.db.commit()
    hand_in(courses, student, answered, stamp="2026-03-02 12:00:00 UTC")
    grade_both(courses, student, RIGHT)
    found = assert_same(courses)
    assert ("ada", "slope", "GradeCell", 1.5, 1.0, None, 1) in found["grade"]
    assert "Well <em>said</em>" in (courses.kit.root / "classroom/feedback/ada/tiny/tiny.html").read_text()


def waiting(courses) -> set[str]:
    """The cells that wait for a person, the same by both ways."""
    return {cell for _, cell, *_, waits in assert_same(courses)["grade"] if waits}


def mark(courses, student: str, **scores: float) -> None:
    """What formgrader does when a person gives marks."""
    for book in (courses.stock, courses.kit):
        with Gradebook(book.db_url) as gradebook:
            for cell, score in scores.items():
                grade = gradebook.find_grade(cell, "tiny", "tiny", student)
                grade.manual_score, grade.needs_manual_grade = score, False
            gradebook.db.commit()


def test_a_person_is_asked_again_only_where_the_answer_or_the_score_of_the_checks_is_another(courses):
    student = hand_in(courses, "ada", answered)
    grade_both(courses, student, WRONG)
    assert waiting(courses) == {"why"}
    mark(courses, student, why=2.5, slope=1.0)
    grade_both(courses, student, WRONG)
    assert waiting(courses) == set()
    hand_in(courses, student, answered, stamp="2026-03-02 12:00:00 UTC")  # the same once more
    grade_both(courses, student, WRONG)
    assert waiting(courses) == set()
    grade_both(courses, student, RIGHT)  # a check was wrong
    assert waiting(courses) == {"slope"}
    grade_both(courses, student, RIGHT)  # nobody has looked yet
    assert waiting(courses) == {"slope"}
    mark(courses, student, slope=1.0)

    def otherwise(notebook):
        answered(notebook)
        cell_of(notebook, "why")["source"] += " And more."

    hand_in(courses, student, otherwise, stamp="2026-03-03 12:00:00 UTC")
    grade_both(courses, student, RIGHT)
    assert waiting(courses) == {"why"}
    scores = {cell: manual for _, cell, _, _, manual, *_ in rows(courses.kit)["grade"]}
    assert scores == {"why": 2.5, "slope": 1.0, "guess": None}


def test_an_item_marked_over_the_checks_is_asked_about_again_where_the_hand_in_is_another(courses):
    student = hand_in(courses, "ada", answered)
    grade_both(courses, student, WRONG)
    mark(courses, student, slope=1.0)
    grade_both(courses, student, WRONG, sha256="another")
    assert waiting(courses) == {"slope", "why"}


def test_an_item_that_is_not_judged_waits_for_a_person_until_one_has_marked_it(courses):
    student = hand_in(courses, "ada", answered)
    grade_both(courses, student, RIGHT, not_judged="slope")
    assert waiting(courses) == {"slope", "why"}
    assert (student, "slope") in {(who, cell) for who, cell, _, auto, *_ in rows(courses.kit)["grade"] if auto is None}
    mark(courses, student, slope=1.0)
    grade_both(courses, student, RIGHT, not_judged="slope")
    assert waiting(courses) == {"why"}
    grade_both(courses, student, RIGHT)
    assert waiting(courses) == {"slope", "why"}


def display(**data: str) -> dict:
    names = {"html": "text/html", "text": "text/plain", "png": "image/png", "latex": "text/latex"}
    return {"output_type": "display_data", "metadata": {}, "data": {names[key]: text for key, text in data.items()}}


SHOWN = {
    "harmless": [display(html="<table><tr><td>1 < 2 &amp; &#39;x&#39;<br></table>", text="t"), display(png=PIXEL)],
    "a picture without a text": [display(html="\n <p><IMG src=x> &nbsp; </p>\n")],
    "a tag left open": [display(html="<div><b>for ever")],
    "stray end tags": [display(html="<i>x</i></div></div></main></body>")],
    "an open comment": [display(html="<p>a</p><!-- <p>b</p>")],
    "an open script": [display(html="<p>a</p><script>var x = '<p>'")],
    "an open pre": [display(html="<pre>\n  a"), display(html="<p>b</p>\n\n")],
    "just words": [display(html="a   b > c\n\n\n")],
    "jupyter's own classes": [
        display(html='<div class="jp-Notebook"><div class="jp-Cell-inputWrapper"><img></div></div>')
    ],
    "streams, formulas, errors": [
        {"output_type": "stream", "name": "stdout", "text": "\x1b[31mred\x1b[0m <b>\n" * 1200},
        display(latex="$a<b$"),
        {"output_type": "error", "ename": "E", "evalue": "<v>", "traceback": ["\x1b[1m<line>"] * 120},
    ],
    "not a picture": [display(png='"><script>alert(1)</script>')],
}


def test_pages_show_whatever_a_hand_in_shows_as_nbgrader_does(courses, monkeypatch):
    quick = {}
    assemble = _PageExporter._assemble

    def watched(self, skeleton):
        page = assemble(self, skeleton)
        quick[student] = page is not None
        return page

    monkeypatch.setattr(_PageExporter, "_assemble", watched)
    for number, shown in enumerate(SHOWN.values()):
        student = f"s{number}"
        grade_both(courses, hand_in(courses, student, answered), RIGHT, shown)
    assert_same(courses)
    slow = {kind for number, kind in enumerate(SHOWN) if not quick[f"s{number}"]}
    assert slow <= {"a tag left open", "stray end tags", "an open comment", "an open script", "an open pre"}


def test_what_fails_half_way_leaves_the_gradebook_as_it_was(courses, monkeypatch):
    _, kit, entry = courses
    student = hand_in(courses, "ada", answered)
    before = rows(kit)
    with pytest.raises(NbgraderFailed, match="no such kind"):
        JUDGED[student] = judgement(kit, student, RIGHT, [{"output_type": "no such kind"}])
        entry.enter("tiny", student)
    assert rows(kit) == before
    assert not (kit.root / "classroom/autograded/ada/tiny").exists()
    JUDGED[student] = judgement(kit, student, RIGHT)
    entry.enter("tiny", student)  # and the next one is entered as ever
    assert len(rows(kit)["student"]) == 1


def test_alembic_is_asked_for_the_form_of_the_tables_as_nbgrader_asks_it(courses):
    ini = courses.kit.root / "alembic.ini"
    ini.write_text(f"[alembic]\nscript_location = {Path(nbgrader.__file__).parent / 'alembic'}\n")
    asked = subprocess.run(
        [sys.executable, "-m", "alembic.config", "-c", ini, "heads"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert newest_form() == asked.stdout.split()[0]


def test_a_locked_gradebook_is_named_and_the_hand_in_can_be_entered_later(courses):
    _, kit, entry = courses
    student = hand_in(courses, "ada", answered)
    base = sqlite3.connect(kit.root / "classroom" / "gradebook.db")
    base.execute("begin exclusive")
    with pytest.raises(NbgraderFailed, match="locked"):
        JUDGED[student] = judgement(kit, student, RIGHT)
        entry.enter("tiny", student)
    base.rollback()
    base.close()
    JUDGED[student] = judgement(kit, student, RIGHT)
    entry.enter("tiny", student)
    assert {row[3] for row in rows(kit)["grade"] if row[1] == "slope"} == {1.5}
