"""Each assignment through the real grading path: the solved one earns every point, the untouched one none."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from autograder.judging.judge import Judge
from autograder.masters.catalogue import catalogue
from autograder.tests.checkout import ROOT, built, hand_in_at

NAMES = sorted(catalogue(ROOT))


@pytest.fixture(scope="module")
def solved():
    """The solved notebooks: they are not under version control."""
    built()


@pytest.fixture(scope="module", params=NAMES)
def judge(request, solved):
    judge = Judge(ROOT, request.param, seed="full and zero")
    yield judge
    judge.close()


def handed_in(classroom: Path, notebook: Path, modules: Path) -> Path:
    folder = classroom / "submitted" / "student" / notebook.stem
    shutil.copytree(modules, folder / "lib" / "backprop", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(notebook, folder / notebook.name)
    return folder


def test_the_solved_notebook_earns_every_point(judge, tmp_path):
    name = judge.assignment.name
    folder = handed_in(tmp_path, ROOT / "solutions" / name / f"{name}.ipynb", ROOT / "solutions" / "backprop")
    verdict = judge.judge(hand_in_at(folder)).verdict
    assert [(item.id, item.message) for item in verdict.items if item.status != "passed"] == []
    assert verdict.score == verdict.max_score == judge.assignment.max_score


def test_the_untouched_skeleton_earns_nothing(judge, tmp_path):
    name = judge.assignment.name
    folder = handed_in(tmp_path, ROOT / "assignments" / name / f"{name}.ipynb", ROOT / "lib" / "backprop")
    verdict = judge.judge(hand_in_at(folder)).verdict
    assert verdict.score == 0 and [item.id for item in verdict.items if item.score] == []
