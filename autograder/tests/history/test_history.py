"""States that are kept once, and a log of who changed what that a kill cannot garble."""

from __future__ import annotations

import json
import os

import pytest
from typer.testing import CliRunner

from autograder import cli
from autograder.grading.change import changing
from autograder.history import log, undone
from autograder.history.grades import StateGrades, differences
from autograder.history.states import look, read
from autograder.history.store import Lost, Store
from autograder.history.told import history
from autograder.history.undone import Undone
from autograder.rules import terms as rules
from autograder.rules.causes import causes
from autograder.rules.terms import pending, put_in_force
from autograder.tests.rules.test_grade import DUE, HOUR, PAPER, item, verdict
from toolbox.errors import NotThere, UnknownName


@pytest.fixture
def root(tmp_path, monkeypatch):
    """Two students, graded, and no gradebook."""
    monkeypatch.setattr(rules, "papers", lambda root: {"flat": PAPER})
    with changing(tmp_path, "grade flat", print):
        judged(tmp_path, "ada")
        judged(tmp_path, "bob", received=DUE + HOUR)
        put_in_force(tmp_path / "classroom", pending(tmp_path))
    return tmp_path


def judged(root, student, **more) -> None:
    path = root / "classroom" / "verdicts" / "flat" / f"{student}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(verdict(student, **{"schema": 2, "key": "k", **more})))


def files(root) -> int:
    return sum(path.is_file() for path in (root / "classroom" / "history").rglob("*"))


def test_a_change_is_one_line_and_what_it_left_alone_is_not_kept_again(root):
    before = files(root)
    with changing(root, "grade flat --again", print):
        pass
    assert (files(root), len(log.read(root / "classroom"))) == (before, 1)
    with changing(root, "grade flat --again", print):
        judged(root, "bob", received=DUE + HOUR, toy=(True, False))
    first, second = log.read(root / "classroom")
    assert files(root) == before + 3  # the verdict, its folder, the state
    assert (first.number, first.did, len(first.changed), first.regraded) == (1, "grade flat", 2, 0)
    assert (second.number, second.who, second.regraded) == (2, log.user(), 1)
    assert second.changed[0]["before"] == "3 / 9" and second.changed[0]["after"] == "2 / 9"
    store = Store(root / "classroom")
    states = [StateGrades(root, store, read(store, entry.state)) for entry in (first, second)]
    assert [change.student for change in differences(*states)] == ["bob"]
    assert states[1].state == look(root / "classroom")


def test_edits_by_hand_are_noted_by_the_next_command_and_not_put_down_to_it(root):
    (root / "classroom" / "course.toml").write_text("[assignments.flat]\ndrop = ['neuron']\n")
    (root / "classroom" / "verdicts" / "flat" / "bob.json").unlink()
    with changing(root, "rules --apply", print):
        put_in_force(root / "classroom", pending(root))
    _, by_hand, applied = log.read(root / "classroom")
    assert by_hand.did == log.BY_HAND and by_hand.changed[0]["why"] == ["no longer graded"]
    assert by_hand.about == ["course.toml is new", "verdicts/flat/bob.json was removed"]
    assert [one["student"] for one in applied.changed] == ["ada"] and applied.about == []


def test_a_command_that_fails_or_is_killed_is_taken_up_and_not_taken_for_an_edit(root):
    for what in ("nothing", "half of it"):
        with pytest.raises(RuntimeError), changing(root, "grade flat", print):
            judged(root, "ada", **({"toy": (False, False)} if what == "half of it" else {}))
            raise RuntimeError
        assert (root / "classroom" / ".under-way.json").exists() == (what == "half of it")
    with changing(root, "grade flat", print):
        judged(root, "bob", toy=(False, False))
    assert [(entry.did, entry.regraded) for entry in log.read(root / "classroom")][1:] == [("grade flat", 2)]


def test_a_line_that_was_never_finished_is_no_line(root):
    path = root / "classroom" / log.NAME
    whole = path.read_bytes()
    path.write_bytes(whole + whole[:40])
    assert len(log.read(root / "classroom")) == 1
    with changing(root, "grade flat", print):
        judged(root, "ada", toy=(False, False))
    assert path.read_bytes().startswith(whole) and [own.number for own in log.read(root / "classroom")] == [1, 2]


def test_a_state_that_is_damaged_is_said_with_what_to_do(root):
    state = log.read(root / "classroom")[0].state
    (root / "classroom" / "history" / state[:2] / state).write_bytes(b"")
    with pytest.raises(Lost, match="backup"):
        read(Store(root / "classroom"), state)


def test_a_classroom_from_before_the_history_begins_with_what_is_found_there(root):
    (root / "classroom" / log.NAME).unlink()
    with changing(root, "grade flat", print):
        judged(root, "ada", toy=(False, False))
    found, graded = log.read(root / "classroom")
    assert found.did == log.BY_HAND and len(found.changed) == 2 and found.about == []
    assert (graded.number, graded.regraded) == (2, 1)


def test_history_lists_and_tells(root, monkeypatch):
    (root / "classroom" / "roster.csv").write_text("id,name\nada,Ada\n")
    with changing(root, "grade flat", print):
        judged(root, "ada", toy=(False, False))
    lines = history(root / "classroom")
    assert "grade flat: 2 graded for the first time" in lines[0] and "1 other changes" in lines[1]
    assert lines[2].endswith("grade flat: 1 grades changed") and log.user() in lines[2]
    assert len(history(root / "classroom", "flat")) == 2
    assert "flat, ada: 3 / 9 → 1 / 9" in history(root / "classroom", "", 3)[1]
    for words, error in ((("deep",), UnknownName), (("", 9), UnknownName)):
        with pytest.raises(error):
            history(root / "classroom", *words)
    with pytest.raises(NotThere):
        history(root / "nowhere")
    monkeypatch.setattr(cli.base, "ROOT", root)
    told = CliRunner().invoke(cli.app, ["history", "3"])
    assert told.exit_code == 0 and "flat, ada" in told.output
    assert CliRunner().invoke(cli.app, ["history", "flat", "three"]).exit_code == 2


def test_what_was_undone_is_forgotten_for_who_is_judged_anew(tmp_path):
    kept = Undone("rules", {"flat": {"ada": "1", "bob": "2"}})
    undone.write(tmp_path, kept)
    assert undone.read(tmp_path) == kept and kept.grader("flat", "ada") == "1" and kept.grader("deep", "ada") == ""
    undone.write(tmp_path, Undone("", kept.without("flat", ["ada", "bob"]).verdicts))
    assert not os.listdir(tmp_path)


def test_the_cause_of_another_verdict_is_named():
    one = verdict(judged_by={"checks": "a", "grader": "b"})
    assert causes(one, one) == causes(None, one) == []
    other = verdict(judged_by={"checks": "c", "grader": "d"}, items=[item("toy", 2.0, (True, False))])
    assert causes(one, other) == ["the checks changed", "toy, “1”: passed → failed"]
    assert causes(one, verdict(judged_by={"checks": "a", "grader": "d"})) == ["the grader changed"]
    assert causes(one, verdict(hand_in={"sha256": "1", "received": None})) == ["another hand-in"]
