"""The seed of a class: drawn once, kept, and tried on the solution."""

import os
import stat
import sys

import pytest

from autograder.grading import ledger
from autograder.grading.seed_check import SeedCheck
from autograder.judging.marks import judge_item
from autograder.masters.catalogue import catalogue
from autograder.records.seed import class_seed, seed_file
from autograder.records.verdict import Judgement, Verdict
from autograder.tests.checkout import ROOT, copy_of_the_repository
from toolbox.checks.items import TestResult
from toolbox.errors import KitError, NotJudged


def test_a_seed_is_drawn_for_each_classroom_kept_with_it_and_readable_by_its_owner_alone(tmp_path):
    first, second = (class_seed(tmp_path / name) for name in ("a", "b"))
    assert first != second and len(first) >= 32
    assert class_seed(tmp_path / "a") == first
    assert stat.S_IMODE(os.stat(seed_file(tmp_path / "a")).st_mode) == 0o600
    assert class_seed(tmp_path / "a", configured="ours") == "ours"
    seed_file(tmp_path / "a").write_text("")
    with pytest.raises(KitError, match="backup"):
        class_seed(tmp_path / "a")


def test_nothing_in_the_repository_or_in_a_release_tells_the_seed(tmp_path):
    course = copy_of_the_repository(tmp_path / "course")
    assert not seed_file(course / "classroom").exists()
    config = (course / "nbgrader_config.py").read_text()
    assert not [line for line in config.splitlines() if "seed" in line and not line.startswith("#")]


def found(*statuses: str) -> Judgement:
    items = [judge_item(f"item {n}", 1, [TestResult("", "t", True, 1.0, how)]) for n, how in enumerate(statuses)]
    return Judgement(Verdict("flat", "the solution", {}, {}, items))


@pytest.fixture
def check(tmp_path, monkeypatch):
    monkeypatch.setattr(ledger, "path_of", lambda classroom, assignment, name: tmp_path / "ledger" / name)
    assignment = catalogue(ROOT)["flat"]
    return lambda seed="any": SeedCheck(ROOT, assignment, seed)


def test_a_seed_that_the_solution_passes_is_tried_once(check):
    first = check()
    assert first.hand_in is not None and first.hand_in.modules and first.hand_in.notebook
    assert first.failed(found("passed", "passed")) == []
    assert check().hand_in is None and check("another").hand_in is not None


def test_a_seed_under_which_the_solution_loses_marks_names_the_items_and_is_tried_again(check):
    assert check().failed(found("passed", "failed", "not judged")) == ["item 1", "item 2"]
    assert check().hand_in is not None


def test_nothing_is_concluded_where_the_solution_could_not_be_judged(check):
    assert check().failed(NotJudged("this machine was too busy")) == []
    assert check().hand_in is not None


if sys.platform == "win32":
    pytestmark = pytest.mark.skip(reason="file modes are those of POSIX")
