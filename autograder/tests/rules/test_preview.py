"""A change of the rules: who sees it before it is written, and what it changes."""

from __future__ import annotations

import json

import pytest

from autograder.rules import terms as rules
from autograder.rules.command import run
from autograder.rules.preview import preview, sentences
from autograder.rules.terms import in_force, pending, put_in_force
from autograder.tests.rules.test_grade import DUE, HOUR, PAPER, verdict


@pytest.fixture
def root(tmp_path, monkeypatch):
    """A folder of verdicts and no gradebook: ada in time, bob an hour late."""
    monkeypatch.setattr(rules, "papers", lambda root: {"flat": PAPER})
    folder = tmp_path / "classroom" / "verdicts" / "flat"
    folder.mkdir(parents=True)
    for student, received in (("ada", DUE), ("bob", DUE + HOUR)):
        (folder / f"{student}.json").write_text(json.dumps(verdict(student, received)))
    write(tmp_path, "")
    put_in_force(tmp_path / "classroom", pending(tmp_path))
    return tmp_path


def write(root, more: str) -> None:
    text = f"[late]\nper_hour = 0.5\n[assignments.flat]\ndue = 2026-04-02T22:00:00Z\n{more}"
    (root / "classroom" / "course.toml").write_text(text)


def test_it_is_shown_whose_grade_changes_and_nothing_is_written_until_it_is_applied(root, capsys):
    before = (root / "classroom" / "in_force.json").read_bytes()
    assert preview(root, pending(root)) == []
    write(root, 'drop = ["neuron"]\n')
    changed = preview(root, pending(root))
    assert [change.student for change in changed] == ["ada", "bob"]
    assert all("neuron no longer counts" in line for line in sentences(changed))
    assert run(root) == 0
    said = capsys.readouterr().out
    assert "flat, bob" in said and "nothing is written" in said
    assert (root / "classroom" / "in_force.json").read_bytes() == before
    assert run(root, apply=True) == 0 and "in force" in capsys.readouterr().out
    assert in_force(root) == pending(root) and preview(root, pending(root)) == []


def test_only_those_whom_a_change_concerns_are_named(root):
    write(root, "[assignments.flat.late]\nper_hour = 1.0\n")
    (change,) = preview(root, pending(root))
    assert change.student == "bob" and any("taken off for lateness: 0.5 → 1" in reason for reason in change.reasons)


def test_an_assignment_that_is_switched_off_takes_its_grades_away(root):
    write(root, "on = false\n")
    assert {change.reasons for change in preview(root, pending(root))} == {("no longer graded",)}
