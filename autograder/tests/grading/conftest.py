"""One graded class for all tests that grade it again: building and grading it takes longer than most of them."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

import pytest

from autograder.tests.grading import graded_course


@pytest.fixture(scope="session")
def made(tmp_path_factory) -> Path:
    """The class as it was graded; for copying alone."""
    path, found = list(sys.path), os.environ["PATH"]
    root = graded_course.make(tmp_path_factory.mktemp("made") / "course")
    sys.path[:], os.environ["PATH"] = path, found  # nbgrader's settings put the course there
    return root


@pytest.fixture
def root(made, tmp_path, monkeypatch) -> Path:
    """A copy of it that a test may change."""
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.setenv("PATH", os.environ["PATH"])
    shutil.copytree(made, tmp_path / "course")
    return tmp_path / "course"
