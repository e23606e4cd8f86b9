"""A small course for the tests of the build: one assignment with every kind of cell, module and test."""

from __future__ import annotations

import shutil
from pathlib import Path

NOTEBOOK = """\
# ---
# jupyter:
#   backprop_kit: {assignment: tiny, modules: [tiny]}
# ---

# %% [markdown]
# # Slopes
#
# The slope of $x^2$ is $2x$; naïve readers say « why? ».

# %%
import sys

# %matplotlib inline
from backprop import tiny

# %%
check = print

# %%
check = print

# %% [markdown]
# ## By hand

# %% solution="guess"
# Write a number.
guess = None
### BEGIN SOLUTION
guess = 3.0 * 14.0
### END SOLUTION

# %% item="guess" points=2
check("guess")

# %% item="slope" points=1.5
check("slope")

# %% [markdown] written="why" points=3
# Why is that so?
#
# ### BEGIN SOLUTION
# # Model answer
# Because a limit of quotients says so.
# ### END SOLUTION
"""

MODULE = '''\
"""Slopes of simple functions."""

import math


def slope(x):
    """The slope of x**2 at x."""
    answer = None
    ### BEGIN SOLUTION
    answer = 2 * x
    ### END SOLUTION
    return answer


def wave(x):
    """The slope of sin at x."""
    if x is not None:
        answer = None
        ### BEGIN SOLUTION
        answer = math.cos(x)
        ### END SOLUTION
        return answer
    return None
'''

SUITE = '''\
"""What tiny answers must be."""

from dataclasses import dataclass

from toolbox.checks.suite import each, item


@dataclass(frozen=True)
class At:
    """A place."""

    name: str
    x: float
    item: str = "slope"


def near(a, b):
    assert a is not None and abs(a - b) < 1e-9


@item("guess")
def test_the_guess_is_a_number(student):
    near(student.value("guess"), student.value("guess"))


### BEGIN HIDDEN TESTS
@item("guess", share=2.0)
def test_the_guess_is_the_secret_product(student):
    near(student.value("guess"), 3.0 * 14.0)


### END HIDDEN TESTS


@item("slope")
def test_the_slope_at_one_is_two(student):
    near(student.tiny.slope(1.0), 2.0)


### BEGIN HIDDEN TESTS


@each([At("below", -2.0), At("above", 7.0)])
def test_the_slope_doubles_every_input(at, student):
    near(student.tiny.slope(at.x), 2.0 * at.x)


### END HIDDEN TESTS
'''

CONFIG = """\
c = get_config()  # noqa: F821
c.CourseDirectory.course_id = "tiny"
c.CourseDirectory.source_directory = "solutions"
c.CourseDirectory.release_directory = "assignments"
c.CourseDirectory.db_url = "sqlite:///gradebook.db"
c.ClearSolutions.code_stub = {"python": "# YOUR CODE HERE"}
"""

MISTAKES = """\
from autograder.course.answers import Answer, wrong

NOTEBOOK = {"guess": 42.0}
WRONG: list[Answer] = [
    Answer("guess: adds", ("guess",), notebook={"guess": 17.0}),
    *wrong("slope", "slope", ("forgets the factor", "2 * x", "x", None)),
]
"""
STYLES = """\
from autograder.course.answers import Answer, liberty

RIGHT: list[Answer] = [
    Answer("guess: a whole number", ("guess",), notebook={"guess": 42}),
    liberty("slope: a sum", "slope", ("slope", "2 * x", "x + x")),
]
"""

MASTERS = {
    "notebook": ("solutions/tiny.py", NOTEBOOK),
    "module": ("solutions/backprop/tiny.py", MODULE),
    "suite": ("autograder/course/tiny/checks/tiny.py", SUITE),
}
BUILT = [
    "assignments/tiny/checks.json",
    "assignments/tiny/checks/tiny.py",
    "assignments/tiny/tiny.ipynb",
    "lib/backprop/__init__.py",
    "lib/backprop/tiny.py",
]
IGNORED = ["solutions/tiny/checks.json", "solutions/tiny/checks/tiny.py", "solutions/tiny/tiny.ipynb"]


def write(root: Path) -> Path:
    """Write the masters of the course below `root`; nothing is built."""
    known = [("autograder/course/tiny/mistakes/tiny.py", MISTAKES), ("autograder/course/tiny/styles/tiny.py", STYLES)]
    package = ("solutions/backprop/__init__.py", '"""What the student writes."""\n')
    for path, text in [*MASTERS.values(), *known, package]:
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text, encoding="utf-8", newline="\n")
    (root / "nbgrader_config.py").write_text(CONFIG)
    return root


def write_with_kit(root: Path) -> Path:
    """The masters, and beside them a copy of the kit's own programs: a course whose commands are run as by a TA."""
    write(root)
    kit = Path(__file__).resolve().parents[2]
    others = (path.name for path in (kit / "autograder" / "course").iterdir() if path.is_dir())
    for part in ("autograder", "lib/toolbox"):
        ignored = shutil.ignore_patterns("tests", "__pycache__", *others)
        shutil.copytree(kit / part, root / part, ignore=ignored, dirs_exist_ok=True)
    shutil.copy(kit / "nbgrader_config.py", root)
    return root


def edit(root: Path, kind: str, old: str, new: str) -> str:
    """Replace `old`, which stands there once, in a master; return the master's path."""
    path, _ = MASTERS[kind]
    text = (root / path).read_text(encoding="utf-8")
    assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times in {path}"
    (root / path).write_text(text.replace(old, new), encoding="utf-8", newline="\n")
    return path


def line_of(root: Path, kind: str, text: str, occurrence: int = 1) -> int:
    """The 1-based number of the line of a master that holds `text`."""
    lines = (root / MASTERS[kind][0]).read_text(encoding="utf-8").split("\n")
    return [number for number, line in enumerate(lines, 1) if text in line][occurrence - 1]


def tree(root: Path) -> dict[str, bytes]:
    """Every file below `root` with its bytes, but for what Python compiles, which holds times."""
    files = (file for file in root.rglob("*") if file.is_file() and file.parent.name != "__pycache__")
    return {file.relative_to(root).as_posix(): file.read_bytes() for file in files}
