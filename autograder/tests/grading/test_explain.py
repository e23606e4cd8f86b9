"""Why a mark is what it is; and what a machine can do that has the verdicts and nothing else."""

from __future__ import annotations

import csv
import os
import shutil
import sys

import pytest

from autograder.exports import export
from autograder.grading.explain import explain
from autograder.grading.preview import apply
from autograder.grading.undo import undo
from autograder.history.states import IN_FORCE
from autograder.report import present
from autograder.tests.grading import graded_course as course
from autograder.tests.grading.graded_course import GRADES, NAME
from toolbox.errors import NotThere, UnknownName


@pytest.fixture(scope="module")
def explained(made, tmp_path_factory):
    """A class with rules, a late hand-in, and a mark by hand."""
    path, found = list(sys.path), os.environ["PATH"]
    root = tmp_path_factory.mktemp("explained") / "course"
    shutil.copytree(made, root)
    course.mark(root, "eve", "why", 2.0, "Nearly.")
    (root / "classroom" / "course.toml").write_text(
        f"[assignments.{NAME}]\ndue = 2026-03-01T11:00:00Z\nlate = {{ per_hour = 0.25 }}\ndrop = ['guess']\n"
        "points = { slope = 3 }\n"
    )
    course.run(root)
    sys.path[:], os.environ["PATH"] = path, found
    return root


def test_a_mark_is_explained_by_its_checks_their_version_and_the_rules(explained):
    text = "\n".join(explain(explained, "bob", "slope"))
    assert text.startswith("bob, tiny, slope: 1 of 3 points; in all 0.75 / 6\n")
    for words in (
        "received 2026-03-01T12:00:00+00:00", "SHA-256", "passed      0.50  the slope at one is two\n",
        "failed      0.50  the slope doubles every input [below] (hidden)", "1 of 3 shares of 1.5 points: 0.5",
        "it counts 3 points, not 1.5", "dropped elsewhere: guess", "late by 1 h: 0.25 points off",
        "1 by checks + 0 by people − 0.25 for lateness of 6 points", "grade tiny, by ",
        "judged again by the same version of the checks", "it comes out the same, check for check: 0.5 of 1.5",
    ):  # fmt: skip
        assert words in text, text


def test_a_written_question_and_a_dropped_item_are_explained_without_judging(explained):
    text = "\n".join(explain(explained, "eve", "why"))
    assert "why: 2 of 3 points" in text and "marked by hand: 2 of 3" in text and "comment: Nearly." in text
    assert "Today" not in text
    assert "dropped: it counts for nobody" in "\n".join(explain(explained, "eve", "guess", replay=False))


@pytest.mark.parametrize(("words", "told"), [(("zoe", "slope"), "no verdict on 'zoe'"), (("ada", "slop"), "slope")])
def test_a_name_that_is_not_there_is_said_with_those_that_are(explained, words, told):
    with pytest.raises(UnknownName, match=told):
        explain(explained, *words)


def test_the_checks_of_today_are_set_against_those_of_then(explained, tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "path", list(sys.path))
    shutil.copytree(explained, tmp_path / "course")
    course.edit_checks(tmp_path / "course")
    text = "\n".join(explain(tmp_path / "course", "eve", "slope"))
    assert "judged again by another version of the checks" in text
    assert "[above]: failed then, passed now" in text and "it would be 1 of 1.5; the verdict says 0" in text


def test_a_machine_with_the_verdicts_alone_reports_exports_and_explains_and_says_what_else_it_lacks(
    explained, tmp_path, monkeypatch
):
    monkeypatch.setattr(sys, "path", list(sys.path))
    laptop = tmp_path / "laptop"
    shutil.copytree(explained, laptop, ignore=shutil.ignore_patterns("classroom"))
    classroom = laptop / "classroom"
    for name in ("verdicts", "marks"):
        shutil.copytree(explained / "classroom" / name, classroom / name)
    shutil.copy(explained / "classroom" / IN_FORCE, classroom)
    assert present(laptop, NAME, console=course.quiet()).is_file()
    tables = []
    for place in (laptop, explained):
        with open(export(place).path, encoding="utf-8-sig", newline="") as file:
            tables.append([(row["student_id"], row["score"], row["status"]) for row in csv.DictReader(file)])
    assert tables[0] == tables[1] and [row[0] for row in tables[0]] == list(GRADES)
    text = "\n".join(explain(laptop, "bob", "slope"))
    assert "1 of 3 points" in text and "not judged again: the" in text and not (classroom / "seed").exists()
    with pytest.raises(NotThere, match="no history"):
        undo(laptop)
    for name in ("history", "log.jsonl"):
        source = explained / "classroom" / name
        (shutil.copytree if source.is_dir() else shutil.copy)(source, classroom / name)
    with pytest.raises(NotThere, match="lacks the gradebook"):
        undo(laptop, NAME, 1)
    with pytest.raises(NotThere, match="no preview of tiny"):
        apply(laptop, NAME)
    assert {path.name for path in classroom.iterdir() if not path.name.startswith(".")} == {
        "verdicts", "marks", IN_FORCE, "report", "grades.csv", "history", "log.jsonl",
    }  # fmt: skip
