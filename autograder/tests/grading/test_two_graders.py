"""Two graders on one classroom, and people who read in it meanwhile."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import threading

import pytest
from nbgrader.api import Gradebook

from autograder.demo import make_class
from autograder.grading.lock import only_writer
from autograder.records.verdict import read_all
from autograder.tests.checkout import built_course, command, scores_in

KINDS = ("s02", "s05", "s08", "s10")


def test_a_second_writer_says_who_is_at_work_and_waits_for_the_first(tmp_path):
    said, order = [], []

    def second() -> None:
        with only_writer(tmp_path, "the second", said.append):
            order.append("second")

    with only_writer(tmp_path, "the first", said.append):
        waiting = threading.Thread(target=second)
        waiting.start()
        while not said:
            waiting.join(0.01)
        order.append("first")
    waiting.join()
    assert order == ["first", "second"] and len(said) == 1
    assert "the first" in said[0] and str(os.getpid()) in said[0] and "waiting" in said[0]


def test_the_lock_of_a_grader_that_was_killed_holds_nobody_up(tmp_path):
    code = "import os, sys\nfrom pathlib import Path\nfrom autograder.grading.lock import only_writer\n"
    code += "with only_writer(Path(sys.argv[1]), 'killed', print):\n    os.kill(os.getpid(), 9)\n"
    subprocess.run([sys.executable, "-c", code, tmp_path], check=False, env=os.environ | {"PYTHONPATH": "lib:."})
    said = []
    with only_writer(tmp_path, "the next", said.append):
        assert said == []


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    folder = tmp_path_factory.mktemp("two")
    course = built_course(folder / "course")
    (folder / "hand-ins").mkdir()
    for made in make_class(course, folder / "made"):
        if made.student.startswith(KINDS):
            shutil.copy2(made.path, folder / "hand-ins")
    return course


def test_two_graders_on_a_fresh_classroom_and_readers_beside_them_come_to_one_set_of_grades(course):
    words = [
        sys.executable,
        "-m",
        "autograder",
        "grade",
        "flat",
        "--from",
        str(course.parent / "hand-ins"),
        "--jobs",
        "1",
    ]
    told = {"cwd": course, "text": True, "stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
    told["env"] = os.environ | {"PYTHONPATH": str(course / "lib")}
    graders = [subprocess.Popen(words, **told) for _ in range(2)]
    broken, stop, pages = [], threading.Event(), set()

    def read() -> None:
        while not stop.is_set():
            try:
                read_all(course / "classroom", "flat")
                for page in (course / "classroom").glob("[!.]*/s*/flat/flat.*"):
                    pages.add(page)
                for page in pages:  # once there, a page is always there, and whole
                    content = page.read_text()
                    assert content.rstrip().endswith("</html>") if page.suffix == ".html" else json.loads(content)
                if (course / "classroom" / "ledger" / "flat" / ".registered").is_file():
                    with Gradebook(f"sqlite:///{course / 'classroom' / 'gradebook.db'}") as gradebook:
                        list(gradebook.assignments)
            except Exception as error:  # whatever a reader meets is a fault
                broken.append(repr(error))
            stop.wait(0.02)

    reader = threading.Thread(target=read)
    reader.start()
    said = [grader.communicate(timeout=400)[0] for grader in graders]
    again = command(course, "autograder", "grade", "flat", "--again", "--jobs", "2")
    stop.set()
    reader.join()
    assert [grader.returncode for grader in graders] == [0, 0], said
    assert again.returncode == 0, again.stdout + again.stderr
    assert sum("is at work" in text for text in said) == 1
    assert sum("4 graded already" in " ".join(text.split()) for text in said) == 1
    assert broken == [] and len(pages) >= 8
    verdicts = {verdict["student"]: verdict["score"] for verdict in read_all(course / "classroom", "flat")}
    scores = scores_in(course)
    assert {student: round(sum(filter(None, marks.values())), 2) for student, marks in scores.items()} == verdicts
