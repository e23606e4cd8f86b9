"""`stands = "best"`: of several attempts the one stands that earns most, lateness counted."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime

import pytest

from autograder.grading import work
from autograder.grading.collecting import choices, take_in
from autograder.grading.preview import apply, preview
from autograder.grading.undo import undo
from autograder.records import verdict as verdicts
from autograder.tests.grading import graded_course as course
from autograder.tests.grading.graded_course import NAME
from autograder.tests.intake.test_intake import make_zip

RULES = f"""\
[attempts]
stands = "best"
[assignments.{NAME}]
due = 2026-03-01T12:00:00Z
late = {{ per_hour = 1.25 }}
"""


@pytest.fixture
def root(root):
    """The course, its class gone, and the rule that the best attempt stands."""
    shutil.rmtree(root / "classroom")
    (root / "classroom").mkdir()
    (root / "classroom" / "course.toml").write_text(RULES)
    return root


def collected(root, hour: int, **bodies: str) -> None:
    """A download of that hour on the day when the assignment is due."""
    notebook = (root / "assignments" / NAME / f"{NAME}.ipynb").read_bytes()
    folder = root.parent / f"download{hour}"
    folder.mkdir()
    for student, body in bodies.items():
        module = f"def slope(x):\n    return {body}\n"
        files = {f"{NAME}.ipynb": notebook, f"lib/backprop/{NAME}.py": module}
        make_zip(folder / f"{student}.zip", files, when=datetime(2026, 3, 1, hour, tzinfo=UTC).timestamp())
    take_in(root, folder, NAME, choices(root, NAME), course.quiet())


def standing(root) -> dict[str, str]:
    """What lies under submitted/, which the verdict, the gradebook and the page are about."""
    course.scores(root)
    found = {}
    for folder in sorted((root / "classroom" / "submitted").glob(f"*/{NAME}")):
        module = (folder / "lib" / "backprop" / f"{NAME}.py").read_text()
        entered = root / "classroom" / "autograded" / folder.parent.name / NAME / "lib" / "backprop" / f"{NAME}.py"
        assert entered.read_text() == module
        found[folder.parent.name] = module.rpartition("return ")[2].strip()
    return found


def test_the_best_attempt_stands_whatever_comes_after_it(root, monkeypatch):
    collected(root, 9, ada="2 * x", bob="2.0", eve="x + x", zoe="2.0")
    collected(root, 10, ada="2.0", eve="2 * x")
    collected(root, 13, bob="2 * x")  # right, and an hour late, which costs more than it is worth
    course.run(root)
    assert standing(root) == {"ada": "2 * x", "bob": "2.0", "eve": "2 * x", "zoe": "2.0"}
    assert course.scores(root) == {"ada": 1.5, "bob": 0.5, "eve": 1.5, "zoe": 0.5}
    with monkeypatch.context() as patched:
        patched.setattr(work, "LocalEngine", course.no_engine)  # each attempt has been judged once
        assert course.run(root).skipped == ["ada", "bob", "eve", "zoe"]
        collected(root, 11, ada="2.0")  # the same attempt once more
        assert standing(root)["ada"] == "2 * x"
    collected(root, 8, bob="x * 2")
    said = []
    preview(root, NAME, jobs=1, trust=True, say=said.append, console=course.quiet())
    assert any("bob: 0.5 / 6.5 → 1.5 / 6.5 (another hand-in" in line for line in said), said
    assert course.scores(root)["bob"] == 0.5
    monkeypatch.setattr(work, "LocalEngine", course.no_engine)
    apply(root, NAME, say=said.append, console=course.quiet())
    assert standing(root)["bob"] == "x * 2" and course.scores(root)["bob"] == 1.5


def test_other_rules_choose_among_what_is_kept_and_what_a_person_put_there_stays(root):
    collected(root, 9, ada="2 * x")
    collected(root, 10, ada="2.0")
    course.run(root)
    (root / "classroom" / "submitted" / "ada" / NAME / "lib" / "backprop" / f"{NAME}.py").write_text(
        "def slope(x):\n    return 3 * x\n"
    )
    course.run(root)
    assert standing(root) == {"ada": "3 * x"}
    assert verdicts.read(root / "classroom", NAME, "ada").verdict.score == 0


def test_an_undo_puts_the_hand_in_back_that_was_graded_then_where_it_is_kept(root):
    (root / "classroom" / "course.toml").write_text("")  # the last in time stands
    for hour, body in ((9, "2.0"), (10, "2 * x")):
        collected(root, hour, ada=body)
        course.hand_in(root, "bob", body)  # by hand, and so in no attempt
        course.run(root)
    assert course.scores(root) == {"ada": 1.5, "bob": 1.5}
    done = undo(root, NAME, say=lambda line: None, console=course.quiet())
    assert standing(root) == {"ada": "2.0", "bob": "2 * x"} and course.scores(root) == {"ada": 0.5, "bob": 1.5}
    assert list(done.stays) == [(NAME, "bob")] and "not kept" in done.stays[NAME, "bob"]
    assert course.run(root).skipped == ["ada", "bob"]
