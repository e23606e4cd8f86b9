"""Judging on several processes: the same verdicts whatever their number, and a death costs what it must."""

from __future__ import annotations

import json
import os
import select
import shutil
from dataclasses import dataclass
from io import StringIO

import pytest
from rich.console import Console

from autograder.demo import make_class
from autograder.grading.engines.local import LocalEngine
from autograder.grading.progress import ClassProgress
from autograder.records.hand_in import HandIn
from autograder.records.receipt import Receipt
from autograder.records.verdict import ItemVerdict, Verdict
from autograder.sandbox import launcher, remote_worker
from autograder.sandbox.walls import Walls
from autograder.tests.checkout import Commands, built_course, scores_in
from toolbox.errors import NotJudged

# right, wrong in part, half finished, never ending, refused, with a check cell copied
KINDS = ("s02", "s05", "s10", "s13", "s17", "s19")


def test_one_job_and_four_give_the_same_verdicts_and_marks(tmp_path):
    course = built_course(tmp_path / "course")
    hand_ins = tmp_path / "hand-ins"
    for hand_in in make_class(course, hand_ins):
        if not hand_in.student.startswith(KINDS):
            hand_in.path.unlink()
    found, run = [], Commands(course)
    for jobs in ("1", "4"):
        (course / "classroom").mkdir(exist_ok=True)
        (course / "classroom" / "seed").write_text("the same for both")
        code, said = run("grade", "flat", "--from", str(hand_ins), "--jobs", jobs, "--again")
        assert code == 0, said[-4000:]
        classroom = course / "classroom"
        verdicts = {path.name: json.loads(path.read_text()) for path in (classroom / "verdicts" / "flat").glob("s*")}
        pages = {path.parts[-3] for path in (classroom / "feedback").glob("*/flat/flat.html")}
        found.append((verdicts, scores_in(course), pages))
        shutil.rmtree(classroom)
    run.close()
    assert found[0] == found[1]
    assert [len(part) for part in found[0]] == [len(KINDS)] * 3
    assert "timeout" in {item["status"] for one in found[0][0].values() for item in one["items"]}


@dataclass(frozen=True)
class Deadly:
    """In the place of Settings: a judge whose process dies of the hand-ins that are called so."""

    trust: bool = True

    def judge(self) -> _DeadlyJudge:
        return _DeadlyJudge()


class _DeadlyJudge:
    def judge(self, hand_in: HandIn) -> str:
        if hand_in.student.startswith("deadly"):
            os._exit(9)
        if hand_in.student == "clumsy":
            raise ValueError("clumsy")
        if hand_in.student == "starved":
            raise NotJudged("this machine was too busy", again=True)
        return f"{hand_in.student} is judged"

    def close(self) -> None:
        pass


def judged(settings, names: list[str], jobs: int) -> list[tuple[str, object]]:
    engine = LocalEngine(settings, jobs)
    for name in names:
        engine.submit(HandIn(name, "flat", Receipt(name, "flat")))
    found = [(hand_in.student, outcome) for hand_in, outcome in engine.outcomes()]
    engine.close()
    return found


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_judge_that_fails_costs_the_hand_in_it_was_at_no_marks_and_the_others_nothing(jobs):
    names = ["a", "b", "clumsy", "starved", "c", "d", "e"] + ["deadly 1", "deadly 2"] * (jobs - 1)
    found = judged(Deadly(), names, jobs)
    assert sorted(name for name, _ in found) == sorted(names)
    outcomes = dict(found)
    assert {name: outcomes[name] for name in "abcde"} == {name: f"{name} is judged" for name in "abcde"}
    for name in set(names) - set("abcde"):
        assert isinstance(outcomes[name], NotJudged)
    assert "the grader itself has a fault here" in str(outcomes["clumsy"]) and "clumsy" in str(outcomes["clumsy"])
    assert str(outcomes["starved"]) == "this machine was too busy"
    for name in names[7:]:
        assert "the judge died at this hand-in" in str(outcomes[name])


def test_a_hand_in_that_a_busy_machine_could_not_judge_is_tried_again_after_all_others(monkeypatch):
    tries = []

    def judge(self, hand_in):
        tries.append(hand_in.student)
        if hand_in.student == "b" and tries.count("b") < 3:
            raise NotJudged("this machine was too busy", again=True)
        return "judged"

    monkeypatch.setattr(_DeadlyJudge, "judge", judge)
    assert dict(judged(Deadly(), ["a", "b", "c"], 1)) == dict.fromkeys("abc", "judged")
    assert tries == ["a", "b", "c", "b", "b"]


@pytest.fixture
def zygote():
    one = launcher.Zygote(trust=True)
    yield one
    one.close()


def has_ended(handle: int, seconds: float) -> bool:
    return bool(select.select([handle], [], [], seconds)[0])


def test_the_workers_of_a_judge_end_with_its_line_and_those_of_others_live(zygote, monkeypatch):
    handles = []
    lines = [zygote.another_line(), zygote.another_line(), zygote]
    for line in lines:
        monkeypatch.setattr(launcher, "_zygote", line)
        handles.append(os.dup(remote_worker.Worker({}, remote_worker.HandInLimits())._handle))
    lines[0].close()
    assert has_ended(handles[0], 10)
    assert not has_ended(handles[1], 0) and not has_ended(handles[2], 0)
    monkeypatch.setattr(launcher, "_zygote", lines[1])
    worker = remote_worker.Worker({}, remote_worker.HandInLimits())  # and the others still get workers
    worker.kill()
    zygote.close()
    assert has_ended(handles[1], 10) and has_ended(handles[2], 10)


def test_the_progress_bar_says_how_many_are_done_at_what_rate_and_the_causes_so_far():
    console = Console(file=StringIO(), force_terminal=True, width=160)
    hung = ItemVerdict("a", 0.0, 1.0, "timeout", "", [])
    with ClassProgress(console, 4) as progress:
        for student in ("grace", "edsger", "ada"):
            progress.done(student, Verdict("flat", student, {}, {}, [hung]))
    line = next(line for line in reversed(console.file.getvalue().splitlines()) if "ada" in line)
    assert "3/4" in line and "a minute" in line and "3 timeout" in line


def test_nobody_is_graded_where_nothing_holds_students_in_unless_told_so(monkeypatch):
    monkeypatch.setattr(launcher, "_zygote", None)
    monkeypatch.setattr(Walls, "gaps", lambda self: {"network": "no wall"})
    with pytest.raises(launcher.Unconfined, match=r"(?s)network: no wall.*--trust-students"):
        LocalEngine(Deadly(trust=False), 2)
    assert judged(Deadly(trust=True), ["a"], 1) == [("a", "a is judged")]
    launcher.begin().close()
