"""A grader that is killed at any moment loses nothing: the next run goes on where it stopped, with the same grades."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from autograder.demo import make_class
from autograder.history import log
from autograder.tests.checkout import Commands, built_course, copy_of_the_repository, scores_in

# KIT_KILLS=20 KIT_KILL_STUDENTS=40 is the long form.
KILLS = int(os.environ.get("KIT_KILLS", "3"))
STUDENTS = int(os.environ.get("KIT_KILL_STUDENTS", "6"))
KINDS = ("s02", "s05", "s11", "s15", "s17", "s19")


@pytest.fixture(scope="module")
def hand_ins(tmp_path_factory):
    course = copy_of_the_repository(tmp_path_factory.mktemp("source"))
    made = [hand_in for hand_in in make_class(course, course / "made") if hand_in.student.startswith(KINDS)]
    folder = tmp_path_factory.mktemp("hand-ins")
    for number in range(STUDENTS):
        shutil.copy2(made[number % len(made)].path, folder / f"student{number:02d}.zip")
    return folder


def fresh_course(where: Path) -> Path:
    course = built_course(where)
    (course / "classroom").mkdir(exist_ok=True)
    (course / "classroom" / "seed").write_text("the same for all")
    return course


def results(course: Path) -> tuple[dict, dict]:
    folder = course / "classroom" / "verdicts" / "flat"
    return scores_in(course), {path.name: json.loads(path.read_text()) for path in folder.glob("[!.]*.json")}


def processes_in(course: Path) -> list[str]:
    """Command lines of live processes that belong to this course."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            words = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            where = os.readlink(entry / "cwd")
        except OSError:
            continue
        if str(course) in words or where.startswith(str(course)):
            found.append(words)
    return found


@pytest.fixture(scope="module")
def calm(hand_ins, tmp_path_factory):
    """A course whose class nobody has disturbed, and what runs more commands there."""
    course = fresh_course(tmp_path_factory.mktemp("calm") / "course")
    run = Commands(course)
    code, said = run("grade", "flat", "--from", str(hand_ins))
    assert code == 0, said[-4000:]
    yield course, run
    run.close()


def test_killed_runs_end_in_the_grades_of_an_undisturbed_one(hand_ins, calm, tmp_path):
    calm, _ = calm
    shaken = fresh_course(tmp_path / "shaken")
    words = ["grade", "flat", "--from", str(hand_ins)]
    dice = random.Random(7)
    for _ in range(KILLS):
        process = subprocess.Popen(
            [sys.executable, "-m", "autograder", *words], cwd=shaken, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )  # fmt: skip
        try:
            process.wait(timeout=dice.uniform(1, 25))
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            process.wait()
        deadline = time.monotonic() + 90  # whatever begins only now looks around once it has loaded torch
        while processes_in(shaken) and time.monotonic() < deadline:
            time.sleep(0.2)
        assert processes_in(shaken) == [], "a killed grader left processes behind"
    run = Commands(shaken)
    code, said = run(*words)
    assert code == 0, said[-4000:]
    assert results(shaken) == results(calm)
    assert [entry.changed for entry in log.read(shaken / "classroom") if entry.changed] == [
        entry.changed for entry in log.read(calm / "classroom") if entry.changed
    ]
    for student in results(calm)[0]:
        assert (shaken / "classroom" / "feedback" / student / "flat" / "flat.html").is_file()
    _, said = run(*words)
    assert f"{STUDENTS} graded already" in said, said[-2000:]
    assert results(shaken) == results(calm)
    run.close()


def test_a_changed_hand_in_is_graded_anew_and_the_others_are_not(hand_ins, calm, tmp_path):
    course, run = calm
    source, released = course / "solutions" / "flat" / "flat.ipynb", course / "assignments" / "flat" / "flat.ipynb"
    built, given, first = source.read_bytes(), released.read_bytes(), scores_in(course)
    source.write_bytes(built.replace(b"# Flat gradient code", b"# An older text"))  # the masters have been pulled since
    os.utime(source, (1, 1))
    changed = shutil.copytree(hand_ins, tmp_path / "changed")
    shutil.copy2(changed / "student02.zip", changed / "student01.zip")
    _, said = run("grade", "flat", "--from", str(changed))
    second = scores_in(course)
    assert source.read_bytes() == built and released.read_bytes() == given
    assert f"{STUDENTS - 1} graded already" in said, said[-2000:]
    assert second["student01"] != first["student01"]
    assert second | {"student01": None} == first | {"student01": None}
