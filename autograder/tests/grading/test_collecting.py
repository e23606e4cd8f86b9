"""The command that takes hand-ins in: options, exit status, JSON, and the course's own lateness and zone."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from zoneinfo import ZoneInfo

import pytest
from typer.testing import CliRunner

from autograder import cli
from autograder.grading import collecting
from autograder.rules.model import AssignmentRules, Course
from autograder.rules.people import Allowance
from autograder.tests.exports.platforms import Pupil
from autograder.tests.intake import downloads
from autograder.tests.intake.test_intake import as_bytes, release

PUPILS = [Pupil(1, "Ada", "Lovelace", "00123", "al123"), Pupil(2, "Bo", "Miller", "00124", "bm")]


@pytest.fixture
def course(tmp_path, monkeypatch) -> Path:
    (tmp_path / "assignments" / "flat").mkdir(parents=True)
    (tmp_path / "assignments" / "flat" / "flat.ipynb").write_bytes(as_bytes(release()))
    monkeypatch.setattr(cli.base, "ROOT", tmp_path)
    monkeypatch.setattr(collecting, "catalogue", lambda root: {"flat": None})
    return tmp_path


def run(*words: str):
    return CliRunner().invoke(cli.app, ["collect", *words])


def test_a_download_is_taken_in_and_told(course):
    sent = downloads.write(course / "sent", downloads.gradescope(PUPILS))
    result = run(str(sent), "flat", "--json", str(course / "found.json"))
    assert result.exit_code == 0 and "2 by gradescope; 2 students" in result.output
    told = json.loads((course / "found.json").read_text())
    assert [entry["stands"] for entry in told] == [True, True]
    assert len(list((course / "classroom" / "submitted").glob("*/flat/flat.ipynb"))) == 2


def test_a_dry_run_writes_nothing_but_the_json(course):
    sent = downloads.write(course / "sent", downloads.canvas(PUPILS))
    result = run(str(sent), "flat", "--from", "canvas", "--dry-run", "--json", str(course / "found.json"))
    assert result.exit_code == 0 and "dry run" in result.output and (course / "found.json").exists()
    assert not (course / "classroom").exists()


def test_who_is_left_out_is_told_and_the_exit_status_is_one(course):
    (course / "classroom").mkdir()
    (course / "classroom" / "roster.csv").write_text("id,name,canvas_id\nada,Ada Lovelace,70001\n")
    sent = downloads.write(course / "sent", downloads.canvas(PUPILS))
    result = run(str(sent), "flat")
    assert result.exit_code == 1 and "not in the roster, left out: 1" in result.output
    assert run(str(sent), "flat", "--add-new").exit_code == 0


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["nowhere", "flat"], "there is no nowhere"), (["sent", "other"], "there is no assignment"),
        (["sent", "flat", "--from", "blackbord"], "there are: auto, gradescope"),
        (["sent", "flat", "--times", "no.csv"], "no.csv"),
    ],
)  # fmt: skip
def test_what_cannot_be_done_is_said_without_a_traceback(course, monkeypatch, words, told):
    monkeypatch.chdir(course)
    downloads.write(course / "sent", downloads.folder(PUPILS))
    result = run(*words)
    assert result.exit_code == 2 and told in result.output and "Traceback" not in result.output


def test_lateness_and_local_times_are_the_courses(course, monkeypatch):
    rules = AssignmentRules(due=datetime(2026, 9, 2, 21, 0, tzinfo=ZoneInfo("America/Detroit")))
    terms = SimpleNamespace(
        rules=lambda name: rules, course=Course(zone=ZoneInfo("America/Detroit")),
        allowance=lambda student: Allowance(extensions={"flat": "1d"} if student.startswith("Bo") else {}),
    )  # fmt: skip
    monkeypatch.setattr(collecting, "in_force", lambda root: terms)
    sent = downloads.write(course / "sent", downloads.brightspace(PUPILS[:1]))
    run(str(sent), "flat", "--json", str(course / "found.json"))
    (told,) = [entry for entry in json.loads((course / "found.json").read_text()) if entry["stands"]]
    assert told["received"] == datetime(2026, 9, 3, 1, 26, tzinfo=UTC).isoformat() and told["late_seconds"] == 26 * 60
