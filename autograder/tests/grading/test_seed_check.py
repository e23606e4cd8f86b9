"""The trial of a class's seed on the solution."""

import shutil
from pathlib import Path

import pytest

from autograder.grading.seed_check import Trial

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def root(tmp_path):
    """A course with the suite and the solution of `flat` only."""
    for part in ("autograder/suites/test_flat.py", "solutions/backprop/flat.py"):
        (tmp_path / part).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / part, tmp_path / part)
    return tmp_path


def test_a_seed_that_the_solution_passes_is_tried_once_for_each_version_of_suite_and_solution(root):
    assert Trial(root, "flat", "any").failed() == []
    kept = list((root / "classroom" / "ledger" / "flat").iterdir())
    assert len(kept) == 1
    again = Trial(root, "flat", "any")
    assert again._answer is None and again.failed() == []
    suite = root / "autograder" / "suites" / "test_flat.py"
    suite.write_text(suite.read_text() + "# another version\n")
    changed = Trial(root, "flat", "any")
    assert changed._answer is not None and changed.failed() == []


def test_a_seed_under_which_the_solution_loses_marks_names_the_items_and_is_not_kept(root):
    suite = root / "autograder" / "suites" / "test_flat.py"
    unlucky = '@item("toy")\ndef test_that_breaks_down(student, make):\n    torch.linalg.inv(torch.zeros(2, 2))\n'
    suite.write_text(f"{suite.read_text()}\n\n{unlucky}")
    assert Trial(root, "flat", "unlucky").failed() == ["toy"]
    assert not (root / "classroom" / "ledger" / "flat").exists()


def test_an_assignment_without_answers_of_ours_has_no_trial(root):
    assert Trial(root, "tiny", "any").failed() == []
