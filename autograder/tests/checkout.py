"""For tests that grade: a copy of this repository as a course of its own, and what its gradebook holds."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from nbgrader.api import Gradebook

from autograder import build, intake
from autograder.records.hand_in import HandIn, read_hand_in

ROOT = Path(__file__).resolve().parents[2]


def copy_of_the_repository(where: Path) -> Path:
    """What git tracks or would track."""
    names = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=True,
    ).stdout.decode()
    for name in filter(None, names.split("\0")):
        if (ROOT / name).is_file():
            (where / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, where / name)
    return where


def built() -> Path:
    """This repository, with what is built for nbgrader: `make test` builds it first, which takes seconds."""
    if not any(ROOT.glob("solutions/*/*.ipynb")):
        build.build(ROOT)
    return ROOT


def built_course(where: Path) -> Path:
    """A copy of it."""
    copy_of_the_repository(where)
    built()
    passed = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "solutions", where / "solutions", ignore=passed, dirs_exist_ok=True)
    return where


def command(course: Path, *words: str, **environment: str) -> subprocess.CompletedProcess:
    """`python -m …` in a course."""
    return subprocess.run(
        [sys.executable, "-m", *words],
        cwd=course,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        timeout=900,
    )


def hand_in_at(folder: Path, course: Path = ROOT) -> HandIn:
    """The hand-in at …/submitted/<student>/<assignment>, inspected."""
    name = folder.name
    return read_hand_in(folder, intake.inspect(folder, name, course / "assignments" / name / f"{name}.ipynb"))


def scores_in(course: Path) -> dict[str, dict[str, float | None]]:
    """The automatic score of every graded cell in the gradebook, by student."""
    with Gradebook(f"sqlite:///{course / 'classroom' / 'gradebook.db'}") as gradebook:
        return {
            submission.student.id: {
                grade.cell.name: grade.auto_score for notebook in submission.notebooks for grade in notebook.grades
            }
            for submission in gradebook.assignment_submissions("flat")
        }
