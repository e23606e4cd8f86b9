"""Grading again: shown before it is written, put in force as it was shown, gone back from, and killed in between."""

from __future__ import annotations

import os
import shutil
import signal
import sys
import threading

import pytest

from autograder.grading import results, work
from autograder.grading.change import HalfDone
from autograder.grading.preview import Changed, apply, preview
from autograder.grading.rules import apply_rules
from autograder.grading.run import grade
from autograder.grading.undo import NothingToUndo, undo
from autograder.history import log
from autograder.records import marks as kept
from autograder.rules.class_grades import ClassGrades
from autograder.rules.command import run as show_rules
from autograder.tests.grading import graded_course as course
from autograder.tests.grading.graded_course import GRADES, NAME, REGRADED, edit_checks, quiet, scores
from toolbox.errors import NotThere


def look(root, **more) -> list[str]:
    said = []
    preview(root, NAME, jobs=1, trust=True, say=said.append, console=quiet(), **more)
    return said


def put(root) -> list[str]:
    said = []
    apply(root, NAME, say=said.append, console=quiet())
    return said


def back(root, *words, **more):
    said = []
    undo(root, *words, say=said.append, console=quiet(), **more)
    return said


def test_a_regrade_is_shown_before_it_is_written_and_put_in_force_without_judging_again(root, monkeypatch):
    edit_checks(root)
    everything = course.picture(root, "verdicts", "marks", "feedback", "autograded", "gradebook", "in_force", "log")
    said = look(root, again=True)
    assert everything == course.picture(
        root, "verdicts", "marks", "feedback", "autograded", "gradebook", "in_force", "log"
    )
    assert len(said) == 3 and "grade tiny --apply" in said[-1]
    assert "tiny, ada: 1.5 / 6.5 → 0.5 / 6.5 (the checks changed; slope: 1.5 → 0.5 (passed → partial)" in said[0]
    assert "[above]”: passed → failed" in said[0] and "tiny, eve: 0 / 6.5 → 1 / 6.5" in said[1]
    monkeypatch.setattr(work, "LocalEngine", course.no_engine)
    put(root)
    assert scores(root) == REGRADED
    assert course.run(root).skipped == list(GRADES)
    with pytest.raises(NotThere, match="no preview"):
        put(root)


CHANGES = {
    "the hand-in changed of eve": lambda root: course.hand_in(root, "eve", "4 * x"),
    "the hand-in changed of zoe": lambda root: course.hand_in(root, "zoe", "2 * x"),
    "the checks or the grader changed": lambda root: edit_checks(root, "3.0 * at.x", "5.0 * at.x"),
    "course.toml": lambda root: (root / "classroom" / "course.toml").write_text("[late]\nper_day = 1\n"),
    "another verdict was given to bob": lambda root: _touch(root / "classroom" / "verdicts" / NAME / "bob.json"),
    "lost the verdict on ada": lambda root: (root / "classroom/preview/verdicts" / NAME / "ada.json").unlink(),
}


def _touch(path) -> None:
    path.write_text(path.read_text() + "\n")


@pytest.fixture(scope="module")
def previewed(made, tmp_path_factory):
    path, found = list(sys.path), os.environ["PATH"]
    root = tmp_path_factory.mktemp("previewed") / "course"
    shutil.copytree(made, root)
    edit_checks(root)
    look(root, again=True)
    sys.path[:], os.environ["PATH"] = path, found
    return root


@pytest.mark.parametrize("words", CHANGES)
def test_a_preview_that_is_not_true_any_more_is_refused_and_nothing_is_written(previewed, tmp_path, monkeypatch, words):
    monkeypatch.setattr(sys, "path", list(sys.path))
    root = tmp_path / "course"
    shutil.copytree(previewed, root)
    CHANGES[words](root)
    before = course.picture(root)
    with pytest.raises(Changed, match=words):
        put(root)
    assert course.picture(root) == before


def test_a_preview_names_each_cause_and_other_rules_come_with_it(root):
    course.hand_in(root, "bob", "2 * x")
    (root / "classroom" / "course.toml").write_text(f"[assignments.{NAME}]\ndrop = ['guess']\npoints = {{ slope = 3 }}")
    course.mark(root, "eve", "slope", 1.5)
    ada, bob, eve, _ = look(root)
    assert "guess no longer counts; slope counts 3, not 1.5" in ada and "hand-in" not in ada
    assert bob.startswith("tiny, bob: 0.5 / 6.5 → 3 / 6 (another hand-in") and "eve: 1.5 / 6.5 → 3 / 6" in eve
    put(root)
    assert scores(root) == {"ada": 3, "bob": 3, "eve": 3}


def test_a_mark_over_the_checks_stays_and_the_preview_says_that_a_person_is_asked_again(root):
    course.mark(root, "ada", "slope", 1.0)
    edit_checks(root)
    said = look(root, again=True)
    assert any("ada: slope keeps its mark by hand" in line for line in said)
    put(root)
    marks = kept.read(root / "classroom", NAME)["ada"]["slope"]
    assert (marks.score, marks.waiting) == (1.0, True) and scores(root)["ada"] == 1.0


def test_an_undo_brings_the_grades_back_keeps_what_people_gave_and_can_be_undone(root, monkeypatch):
    edit_checks(root)
    course.run(root)
    assert scores(root) == REGRADED
    course.mark(root, "eve", "why", 2.0, "Nearly.")
    monkeypatch.setattr(work, "LocalEngine", course.no_engine)
    before = course.picture(root)
    assert any("ada: 0.5 / 6.5 → 1.5 / 6.5" in line for line in back(root, dry_run=True))
    assert course.picture(root) == before
    said = back(root, NAME)
    assert "back to state 1" in said[0] and scores(root) == GRADES
    assert course.run(root).skipped == list(GRADES) and scores(root) == GRADES  # what was undone stays undone
    assert kept.read(root / "classroom", NAME)["eve"]["why"].score == 2.0
    assert "Nearly." in (root / "classroom/feedback/eve" / NAME / f"{NAME}.html").read_text()
    back(root)
    assert scores(root) == REGRADED
    back(root, "", 1)
    assert scores(root) == GRADES
    monkeypatch.undo()
    edit_checks(root, "3.0 * at.x", "2.0 * at.x + 0.0")  # the check is put right: that is another version
    course.run(root)
    assert scores(root) == GRADES
    assert [entry.did for entry in log.read(root / "classroom")][:4] == [
        "grade tiny", "grade tiny", "undo tiny", "undo",
    ]  # fmt: skip


def test_rules_that_were_undone_stay_so_until_they_change_or_somebody_asks_for_them(root, capsys):
    (root / "classroom" / "course.toml").write_text(f"[assignments.{NAME}]\npoints = {{ slope = 3 }}\n")
    apply_rules(root, print)
    course.run(root)
    assert scores(root)["ada"] == 3
    back(root)
    assert scores(root) == GRADES
    course.run(root)
    assert scores(root) == GRADES
    show_rules(root)
    assert "tiny, ada: 1.5 / 6.5 → 3 / 8" in capsys.readouterr().out
    apply_rules(root, print)
    course.run(root)
    assert scores(root)["ada"] == 3


def test_a_state_that_is_not_there_is_said(root):
    with pytest.raises(NothingToUndo, match="no other state"):
        back(root)
    with pytest.raises(NothingToUndo, match="no state 7"):
        back(root, NAME, 7)


def killed_at(step: int, action) -> bool:
    """Run `action` in a child that is killed right before it puts a file in place for the `step`-th time."""
    child = os.fork()
    if child == 0:
        count, replace = 0, os.replace

        def counted(*paths):
            nonlocal count
            count += 1
            if count == step:
                os.kill(os.getpid(), signal.SIGKILL)
            replace(*paths)

        os.replace = counted
        try:
            action()
        finally:
            os._exit(0)
    return os.WIFSIGNALED(os.waitpid(child, 0)[1])


STRIDE = 1 if os.environ.get("KIT_KILLS") else 11  # KIT_KILLS=1: before every single file


@pytest.mark.parametrize("doing", ["apply", "undo"])
def test_a_kill_at_any_file_is_made_good_by_the_same_command(previewed, tmp_path, monkeypatch, doing):
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.setattr(work, "LocalEngine", course.no_engine)
    action = put if doing == "apply" else back
    before, calm = tmp_path / "before", tmp_path / "calm"
    shutil.copytree(previewed, before)
    if doing == "undo":
        put(before)
    shutil.copytree(before, calm)
    action(calm)
    step, killed = 1, True
    while killed:
        root = tmp_path / f"killed{step}"
        shutil.copytree(before, root)
        killed = killed_at(step, lambda root=root: action(root))
        if killed:
            if doing == "undo" and (root / "classroom" / ".under-way.json").is_file():
                with pytest.raises(HalfDone, match="undo"):
                    apply_rules(root, print)
            action(root)
        told = [entry[1::2] for entry in course.told(root)]
        assert told == [entry[1::2] for entry in course.told(calm)], f"killed before file {step}"
        assert scores(root) == (REGRADED if doing == "apply" else GRADES)
        assert course.picture(root).keys() == course.picture(calm).keys()
        verdicts = [course.picture(own, "verdicts", "undone", "in_force", "ledger") for own in (root, calm)]
        assert verdicts[0] == verdicts[1], f"killed before file {step}"
        shutil.rmtree(root)
        step += STRIDE
    assert step > 2 * STRIDE


def scores_by_rules(root) -> list[float | None]:
    return [own.score for own in ClassGrades(root).all_of(NAME)]


def test_a_run_keeps_the_rules_that_it_began_with_and_says_at_its_end_that_they_were_edited(root, monkeypatch):
    enter, console, said = results.Results.enter, quiet(), []
    other = threading.Thread(target=apply_rules, args=(root, said.append))

    def edited(self, *words):
        (root / "classroom" / "course.toml").write_text(f"[assignments.{NAME}]\ndrop = ['slope']\n")
        if not other.ident:
            other.start()
        while not said:  # the second one says that it waits
            other.join(0.01)
        enter(self, *words)

    monkeypatch.setattr(results.Results, "enter", edited)

    grade(root, NAME, jobs=1, trust=True, again=True, console=console)
    other.join()
    assert "edited meanwhile" in console.file.getvalue() and "grade tiny --again" in said[0] and "waiting" in said[0]
    _, graded, ruled = log.read(root / "classroom")
    assert (graded.did, graded.changed, graded.about) == ("grade tiny --again", [], ["course.toml is new"])
    assert (ruled.did, ruled.regraded) == ("rules --apply", 3)
    assert set(scores_by_rules(root)) == {0.0}
    monkeypatch.undo()
    course.run(root)
    assert set(scores(root).values()) == {0.0}
