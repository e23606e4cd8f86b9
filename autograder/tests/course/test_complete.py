"""Tests that nothing half-made gets through a build: an item needs wrong answers, right ones, and its reference."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from autograder.course import complete, rooms
from autograder.course.answers import Answer, Edit
from autograder.masters import sources
from autograder.tests import build_course as course

WRONG = [Answer("guess: adds", ("guess",), notebook={"guess": 17.0}),
         Answer("slope: forgets", ("slope",), (Edit("slope", "2 * x", "x"),))]  # fmt: skip
RIGHT = [Answer("guess: whole", ("guess",), notebook={"guess": 42}),
         Answer("slope: a sum", ("slope",), (Edit("slope", "2 * x", "x + x"),))]  # fmt: skip
SOLUTION = Answer("the solution itself", ("guess", "slope"))


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return course.write(tmp_path_factory.mktemp("course"))


def room(source: str = course.MODULE) -> rooms.Room:
    return rooms.Room("tiny", {"tiny": source}, {"guess": 42.0}, WRONG, RIGHT, {})


def lacking(root: Path, wrong: list[Answer], right: list[Answer]) -> list[str]:
    master = sources.read(root).notebooks["tiny"]
    return [f"{problem.path}: {problem.message}" for problem in complete.lacking("tiny", master, wrong, right)]


def test_an_item_with_wrong_and_right_answers_lacks_nothing(root):
    assert lacking(root, WRONG, [SOLUTION, *RIGHT]) == []


def test_an_item_without_a_wrong_answer_is_named_with_what_to_add(root):
    (said,) = lacking(root, WRONG[:1], RIGHT)
    assert said.startswith("solutions/tiny.py: the item 'slope' has no wrong answer")
    assert "autograder/course/tiny/mistakes/<topic>.py" in said


def test_the_solution_alone_is_no_right_answer(root):
    (said,) = lacking(root, WRONG, [SOLUTION, RIGHT[1]])
    assert "the item 'guess' has no right answer but the solution" in said and "course/tiny/styles/" in said


def test_a_solution_that_passes_is_no_problem(root):
    assert complete.tried(sources.checks_of(root, "tiny"), room()) == []


def test_a_check_that_the_solution_does_not_pass_is_named(root):
    wrong = room(course.MODULE.replace("answer = 2 * x", "answer = 3 * x"))
    found = complete.tried(sources.checks_of(root, "tiny"), wrong)
    assert found and all(problem.path == "autograder/course/tiny/checks/tiny.py" for problem in found)
    assert any("test_the_slope_at_one_is_two" in problem.message for problem in found)


def test_a_check_without_its_reference_is_named(tmp_path):
    root = course.write(tmp_path)
    course.edit(root, "suite", "    near(student.tiny.slope(1.0), 2.0)", '    near({}["reference"], 2.0)')
    (problem,) = complete.tried(sources.checks_of(root, "tiny"), room())
    assert "KeyError" in problem.message and "has its reference" in problem.message
    assert problem.line == course.line_of(root, "suite", "def test_the_slope_at_one_is_two")


def test_every_item_of_the_course_has_what_it_needs():
    masters = sources.read(rooms.ROOT, parse_checks=False)
    assert complete.missing(rooms.ROOT, masters) == []


def test_mistakes_that_cannot_be_imported_are_a_problem_and_no_traceback(root, monkeypatch):
    def broken(name: str) -> rooms.Room:
        raise ImportError("no module of that name")

    monkeypatch.setattr(complete, "load", broken)
    monkeypatch.setattr(complete, "ROOT", root.resolve())
    (problem,) = complete.missing(root, sources.read(root))
    assert problem.path == "autograder/course/tiny" and "no module of that name" in problem.message


def test_the_solution_is_asked_again_only_where_something_has_changed(tmp_path, monkeypatch):
    root, asked = course.write(tmp_path), []
    (root / "solutions/tiny").mkdir()
    monkeypatch.setattr(complete, "ROOT", root.resolve())
    monkeypatch.setattr(complete, "load", lambda name: replace(room(), name=asked.append(name) or name))
    masters = sources.read(root)
    for _ in range(2):
        assert complete.unsolved(root, masters) == []
    assert asked == ["tiny"]
    course.edit(root, "suite", "near(student.tiny.slope(1.0), 2.0)", "near(student.tiny.slope(1.0), 2.25)")
    assert complete.unsolved(root, masters) != [] and complete.unsolved(root, masters) != []
    assert asked == ["tiny"] * 3
