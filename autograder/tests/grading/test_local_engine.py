"""Judging on several processes: the same verdicts whatever their number, and a death costs what it must."""

from __future__ import annotations

import json
import os
import select
import shutil
from dataclasses import dataclass
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from autograder.demo import make_class
from autograder.grading import run
from autograder.grading.engines.local import judge_all
from autograder.sandbox import launcher, transport
from autograder.sandbox.walls import Walls
from autograder.tests.checkout import command, copy_of_the_repository, scores_in

# right, wrong in part, half finished, never ending, refused, with a check cell copied
KINDS = ("s02", "s05", "s10", "s13", "s17", "s19")


def test_one_job_and_four_give_the_same_verdicts_and_marks(tmp_path):
    course = copy_of_the_repository(tmp_path / "course")
    assert command(course, "autograder", "build").returncode == 0
    hand_ins = tmp_path / "hand-ins"
    for hand_in in make_class(course, hand_ins):
        if not hand_in.student.startswith(KINDS):
            hand_in.path.unlink()
    found = []
    for jobs in ("1", "4"):
        done = command(course, "autograder", "grade", "flat", "--from", str(hand_ins), "--jobs", jobs, "--again")
        assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
        classroom = course / "classroom"
        verdicts = {path.name: json.loads(path.read_text()) for path in (classroom / "verdicts" / "flat").glob("s*")}
        pages = {path.parts[-3] for path in (classroom / "feedback").glob("*/flat/flat.html")}
        found.append((verdicts, scores_in(course), pages))
        shutil.rmtree(classroom)
    assert found[0] == found[1]
    assert [len(part) for part in found[0]] == [len(KINDS)] * 3
    assert "timeout" in {item["status"] for one in found[0][0].values() for item in one["items"]}


@dataclass(frozen=True)
class Deadly:
    """In the place of pool.Settings: a judge whose process dies of the hand-ins that are called so."""

    trust: bool = True

    def judge(self) -> Deadly:
        return self

    def grade(self, folder: Path) -> str:
        if folder.name.startswith("deadly"):
            os._exit(9)
        if folder.name == "clumsy":
            raise ValueError("clumsy")
        return f"{folder.name} is graded"

    def close(self) -> None:
        pass


def test_a_judge_that_dies_costs_the_hand_in_it_was_at_and_no_other():
    names = ["a", "deadly 1", "b", "clumsy", "c", "deadly 2", "d", "e"]
    found = {folder.name: outcome for folder, outcome in judge_all(Deadly(), [Path(name) for name in names], jobs=2)}
    assert sorted(found) == sorted(names)
    assert {name: found[name] for name in "abcde"} == {name: f"{name} is graded" for name in "abcde"}
    assert str(found["clumsy"]) == "clumsy"
    for name in ("deadly 1", "deadly 2"):
        assert "the judge died at this hand-in" in str(found[name])


@pytest.fixture
def warm():
    one = launcher.Warm(trust=True)
    yield one
    one.close()


def has_ended(handle: int, seconds: float) -> bool:
    return bool(select.select([handle], [], [], seconds)[0])


def test_the_workers_of_a_judge_end_with_its_line_and_those_of_others_live(warm, monkeypatch):
    handles = []
    lines = [warm.another_line(), warm.another_line(), warm]
    for line in lines:
        monkeypatch.setattr(launcher, "_warm", line)
        handles.append(os.dup(transport.Worker({}, transport.Limits())._handle))
    lines[0].close()
    assert has_ended(handles[0], 10)
    assert not has_ended(handles[1], 0) and not has_ended(handles[2], 0)
    monkeypatch.setattr(launcher, "_warm", lines[1])
    worker = transport.Worker({}, transport.Limits())  # and the others still get workers
    worker.kill()
    warm.close()
    assert has_ended(handles[1], 10) and has_ended(handles[2], 10)


def test_the_progress_bar_says_how_many_are_done_at_what_rate_and_the_causes_so_far():
    console = Console(file=StringIO(), force_terminal=True, width=160)
    with run._progress(console) as progress:
        task = progress.add_task("starting", total=4, causes="")
        progress.update(task, advance=3, description="ada", causes="2 timeout")
    line = next(line for line in reversed(console.file.getvalue().splitlines()) if "ada" in line)
    assert "3/4" in line and "a minute" in line and "2 timeout" in line


def test_nobody_is_graded_where_nothing_holds_students_in_unless_told_so(monkeypatch):
    monkeypatch.setattr(launcher, "_warm", None)
    monkeypatch.setattr(Walls, "gaps", lambda self: {"network": "no wall"})
    with pytest.raises(launcher.Unconfined, match=r"(?s)network: no wall.*--trust-students"):
        judge_all(Deadly(trust=False), [Path("a"), Path("b")], jobs=2)
    trusted = judge_all(Deadly(trust=True), [Path("a")], jobs=1)
    assert list(trusted) == [(Path("a"), "a is graded")]
    launcher.begin().close()
