"""Tests of the bundle in use: what cannot be imported, breaks, or gives marks for nothing is found in time."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from autograder import build
from autograder.build import unpacked
from autograder.tests import build_course as course
from autograder.tests.checkout import ROOT

CATALOGUE = "lib/toolbox/checks/misconceptions/worked/scalar.py"


@pytest.fixture(scope="module")
def content(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """A bundle of the small course with the kit's own toolbox."""
    root = course.write(tmp_path_factory.mktemp("course"))
    build.build(root)
    shutil.copytree(ROOT / "lib/toolbox", root / "lib/toolbox", ignore=shutil.ignore_patterns("__pycache__"))
    files = [file for place in ("assignments", "lib") for file in (root / place).rglob("*") if file.is_file()]
    return {file.relative_to(root).as_posix(): file.read_bytes() for file in files if "__pycache__" not in file.parts}


def found(content: dict[str, bytes], path: str = "", old: bytes = b"", new: bytes = b"") -> list[str]:
    """The problems of a bundle in which one file has been changed."""
    if path:
        assert content[path].count(old) == 1
        content = content | {path: content[path].replace(old, new)}
    return [f"{Path(problem.path).as_posix()}: {problem.message}" for problem in unpacked.problems(content)]


def test_a_sound_bundle_has_no_problem(content):
    assert found(content) == []


def test_a_mistake_without_a_worked_number_is_found(content):
    lines = content[CATALOGUE].decode().split("\n")
    first = next(line for line in lines if line.startswith('    "') and '": ' in line)
    key = first.split('"')[1].encode()
    (said,) = found(content, CATALOGUE, b'    "' + key + b'": ', b'    "other-' + key + b'": ')
    assert "cannot be used" in said and "KeyError" in said


def test_a_check_that_breaks_on_the_skeleton_is_found(content):
    (said,) = found(content, "assignments/tiny/checks/tiny.py", b"near(student.tiny.slope(1.0), 2.0)", b"nearly()")
    assert said.startswith("assignments/tiny/checks/tiny.py: test_the_slope_at_one_is_two breaks") and "nearly" in said


def test_a_check_that_passes_on_the_skeleton_is_found(content):
    (said,) = found(
        content, "assignments/tiny/checks/tiny.py", b"near(student.tiny.slope(1.0), 2.0)", b"near(2.0, 2.0)"
    )
    assert "passes on the empty skeleton" in said
