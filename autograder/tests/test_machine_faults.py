"""A full disk and a locked gradebook: one clear error, nothing half-done, and the same command goes on."""

from __future__ import annotations

import errno
import json
import os
import re
import shutil
import sqlite3
import subprocess
import sys

import pytest
from sqlalchemy.exc import OperationalError

from autograder import machine_faults
from autograder.demo import make_class
from autograder.files import write_atomically
from autograder.intake import intake
from autograder.tests.checkout import built_course
from autograder.tests.full_disk import NO_DISK
from autograder.tests.intake.test_intake import as_bytes, good, make_zip, release


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """What was seen of the class after each run of the command, on a small disk of its own."""
    folder = tmp_path_factory.mktemp("disk")
    course = built_course(folder / "course")
    (folder / "hand-ins").mkdir()
    for made in make_class(course, folder / "made"):
        if made.student.startswith(("s02", "s05")):
            shutil.copy2(made.path, folder / "hand-ins")
    with open(course / "nbgrader_config.py", "a", encoding="utf-8") as file:  # so that nobody waits long for a lock
        file.write('\nc.CourseDirectory.db_url = "sqlite:///classroom/gradebook.db?timeout=0.5"\n')
    words = [sys.executable, "-m", "autograder.tests.full_disk", course, folder / "hand-ins", folder / "result.json"]
    done = subprocess.run(
        list(map(str, words)), cwd=course, capture_output=True, text=True, timeout=900,
        env=os.environ | {"PYTHONPATH": str(course / "lib"), "OMP_NUM_THREADS": "1"},
    )  # fmt: skip
    if done.returncode == NO_DISK:
        pytest.skip(f"no small disk can be mounted here: {done.stdout}")
    assert done.returncode == 0, done.stderr[-3000:]
    return {run["what"]: run for run in json.loads((folder / "result.json").read_text())}


@pytest.mark.parametrize(("what", "says"), [
    ("no room", "nothing more can be written below .*Free some space, then run the same command again"),
    ("room for one", "nothing more can be written below .*Free some space, then run the same command again"),
    ("locked", "locked by another program.*Close what else has it open.*run the same command again"),
])  # fmt: skip
def test_the_command_ends_in_one_clear_error(runs, what, says):
    run = runs[what]
    assert run["code"] == 2 and run["trace"] == ""
    last = run["said"][run["said"].rindex("Grading stopped") :].replace("\n", " ")
    assert re.search(says, last), last
    assert "Traceback" not in last


def test_nothing_half_written_is_taken_for_done(runs):
    whole_run = runs["undisturbed"]
    for run in runs.values():
        assert run["drafts"] == [] and all(run["pages"].values())
        assert set(run["done"]) <= set(run["scores"]) & set(run["pages"]) & set(run["verdicts"])
        for student, score in run["verdicts"].items():
            assert score == whole_run["verdicts"][student]
        for student, cells in run["scores"].items():
            assert cells == whole_run["scores"][student]


def test_the_run_goes_on_where_it_stopped_and_comes_to_the_same_grades(runs):
    assert 0 < len(runs["room for one"]["done"]) < 2, "the disk was meant to be full between two hand-ins"
    assert "1 graded already" in runs["to the end"]["said"] or "1 graded already" in str(runs["locked"]["said"])
    for part in ("verdicts", "done", "pages", "scores"):
        assert runs["to the end"][part] == runs["undisturbed"][part]
    assert runs["to the end"]["code"] == runs["undisturbed"]["code"] == 0


def test_the_machines_troubles_are_told_from_a_hand_ins():
    full = OSError(errno.ENOSPC, "No space left on device")
    assert machine_faults.classify(full) == "full"
    try:
        try:
            raise full
        except OSError as error:
            raise ValueError("while writing") from error
    except ValueError as error:
        assert machine_faults.classify(error) == "full"
    locked = OperationalError("insert", {}, sqlite3.OperationalError("database is locked"))
    assert machine_faults.classify(locked) == "locked"
    hostile = OperationalError("insert ?", ("database is locked",), sqlite3.OperationalError("no such table: x"))
    assert machine_faults.classify(hostile) is None, "a student's words in the parameters stopped the class"
    assert machine_faults.classify(RuntimeError("No space left on device")) is None
    with pytest.raises(KeyError), machine_faults.ends_the_run("."):
        raise KeyError("not the machine's")


def test_a_full_disk_does_not_make_a_hand_in_a_bad_one(tmp_path, monkeypatch):
    (tmp_path / "flat.ipynb").write_bytes(as_bytes(release()))
    make_zip(tmp_path / "ada.zip", good())

    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("autograder.intake.standing.examine", full)
    with pytest.raises(OSError, match="No space"):
        intake(tmp_path / "ada.zip", tmp_path / "classroom/submitted", "flat", tmp_path / "flat.ipynb")
    assert not list(tmp_path.glob("classroom/*/ada"))


def test_a_file_is_written_whole_or_not_at_all(tmp_path, monkeypatch):
    path = write_atomically(tmp_path / "a" / "file.json", b"old")
    write = type(path).write_bytes

    def half(self, data):
        write(self, data[:1])
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(type(path), "write_bytes", half)
    with pytest.raises(OSError, match="No space"):
        write_atomically(path, b"new")
    assert path.read_bytes() == b"old" and [found.name for found in path.parent.iterdir()] == ["file.json"]
