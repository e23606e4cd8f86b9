"""A small course with a graded class of three, made once, and copied for each test that changes it."""

from __future__ import annotations

import json
import os
import shutil
from io import StringIO
from pathlib import Path

from nbgrader.api import Gradebook
from rich.console import Console

from autograder import build
from autograder.grading.run import grade
from autograder.judging import key
from autograder.rules.class_grades import ClassGrades
from autograder.tests import build_course
from autograder.tests.checkout import ROOT

NAME = "tiny"
MODULES = {"ada": "2 * x", "bob": "2.0", "eve": "3 * x"}  # right; right at 1 alone; wrong, as the wrong check wants it
GRADES = {"ada": 1.5, "bob": 0.5, "eve": 0.0}
WRONG_CHECK = ("near(student.tiny.slope(at.x), 2.0 * at.x)", "near(student.tiny.slope(at.x), 3.0 * at.x)")
REGRADED = {"ada": 0.5, "bob": 0.5, "eve": 1.0}


def quiet() -> Console:
    return Console(file=StringIO(), width=200)


def hand_in(root: Path, student: str, body: str, when: str = "2026-03-01 12:00:00 UTC") -> Path:
    """Put a hand-in under submitted/, as a person would."""
    folder = root / "classroom" / "submitted" / student / NAME
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "lib" / "backprop").mkdir(parents=True)
    shutil.copy(root / "assignments" / NAME / f"{NAME}.ipynb", folder)
    (folder / "lib" / "backprop" / f"{NAME}.py").write_text(f"def slope(x):\n    return {body}\n")
    (folder / "timestamp.txt").write_text(when)
    return folder


def make(root: Path) -> Path:
    """The course, built, its class graded."""
    build_course.write(root)
    shutil.copy(ROOT / "nbgrader_config.py", root)
    build.build(root)
    for student, body in MODULES.items():
        hand_in(root, student, body)
    run(root)
    return root


def run(root: Path, **more):
    return grade(root, NAME, jobs=1, trust=True, console=quiet(), **more)


def edit_checks(root: Path, old: str = WRONG_CHECK[0], new: str = WRONG_CHECK[1]) -> None:
    """Another version of the checks, and all that depends on it."""
    build_course.edit(root, "suite", old, new)
    build.build(root)
    key.judging.cache_clear(), key.versions.cache_clear()


def scores(root: Path) -> dict[str, float | None]:
    """Each student's score by the checks, the same in the verdicts, the gradebook and on the pages."""
    grades = {own.student: own for own in ClassGrades(root).all_of(NAME)}
    with Gradebook(f"sqlite:///{root / 'classroom' / 'gradebook.db'}") as gradebook:
        for student, own in grades.items():
            submission = gradebook.find_submission(NAME, student)
            assert (submission.score, submission.max_score) == (own.raw_score, own.max_score), student
            assert (submission.late_submission_penalty or 0) == own.penalty
            page = (root / "classroom" / "feedback" / student / NAME / f"{NAME}.html").read_text()
            assert f"(Score: {own.raw_score - own.penalty} / {own.max_score})" in page, student
    return {student: own.auto_score for student, own in grades.items()}


def mark(root: Path, student: str, cell: str, score: float, comment: str = "") -> None:
    """What formgrader does when a person gives a mark."""
    with Gradebook(f"sqlite:///{root / 'classroom' / 'gradebook.db'}") as gradebook:
        found = gradebook.find_grade(cell, NAME, NAME, student)
        found.manual_score, found.needs_manual_grade = score, False
        if comment:
            gradebook.find_comment(cell, NAME, NAME, student).manual_comment = comment
        gradebook.db.commit()


def picture(root: Path, *folders: str) -> dict[str, bytes]:
    """What grades follow from, and what the history says of them, times and names apart."""
    classroom, found = root / "classroom", {}
    for path in sorted(classroom.rglob("*")):
        name = path.relative_to(classroom).as_posix()
        if path.is_file() and name.startswith(folders or ("verdicts", "marks", "in_force", "undone", "ledger/tiny/")):
            found[name] = path.read_bytes()
    return {name: data for name, data in found.items() if "/." not in name}


def told(root: Path) -> list[tuple]:
    """The log, without when and where."""
    lines = (root / "classroom" / "log.jsonl").read_text().splitlines()
    return [(one["number"], one["did"], one["state"], one["changed"]) for one in map(json.loads, lines)]


def no_engine(*_: object) -> None:
    raise AssertionError("nothing is judged here")


os.environ.setdefault("OMP_NUM_THREADS", "1")
