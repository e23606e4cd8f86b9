"""Tests of what the build refuses: each malformed master is named with its file, its line and what to do."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from autograder import build
from autograder.build import Refused, plan
from autograder.masters.sources import checks_of
from autograder.tests import build_course as course


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return course.write(tmp_path)


def problems(root: Path):
    try:
        plan.plan(root)
    except Refused as refused:
        return refused.problems
    return []


def says(root: Path, path: str, line: int, *words: str) -> bool:
    """Whether one problem stands at this place and holds all words; where none does, show what there is."""
    found = problems(root)
    held = [p for p in found if (p.path, p.line) == (path, line) and all(word in p.message for word in words)]
    assert held, "\n".join(map(str, found)) or "no problem was found"
    return True


def test_the_course_of_these_tests_is_sound(root):
    assert problems(root) == []


CASES = {
    "an unclosed region of a notebook": (
        "notebook", "guess = 3.0 * 14.0\n### END SOLUTION\n", "guess = 3.0 * 14.0\n", "### BEGIN SOLUTION",
        ["never closed", "### END SOLUTION"]),
    "an unclosed region of a written answer": (
        "notebook", "says so.\n# ### END SOLUTION\n", "says so.\n", "# ### BEGIN SOLUTION", ["never closed"]),
    "an unclosed region of a module": (
        "module", "2 * x\n    ### END SOLUTION\n", "2 * x\n", ("### BEGIN SOLUTION", 2),
        ["opened on line 9", "do not nest"]),
    "an unclosed region of a suite": (
        "suite", "2.0 * at.x)\n\n\n### END HIDDEN TESTS\n", "2.0 * at.x)\n", ("### BEGIN HIDDEN TESTS", 2),
        ["never closed"]),
    "a nested region of a notebook": (
        "notebook", "guess = 3.0 * 14.0\n", "### BEGIN SOLUTION\nguess = 3.0 * 14.0\n", ("### BEGIN SOLUTION", 2),
        ["do not nest"]),
    "an end without a begin in a notebook": (
        "notebook", "guess = None\n### BEGIN SOLUTION\n", "guess = None\n", "### END SOLUTION", ["without a BEGIN"]),
    "an end without a begin in a module": (
        "module", "    answer = None\n    ### BEGIN SOLUTION\n    answer = 2 * x\n", "    answer = 2 * x\n",
        "### END SOLUTION", ["without a BEGIN"]),
    "a misspelt marker of a module": (
        "module", "2 * x\n    ### END SOLUTION\n", "2 * x\n    ### END SOLUTIONS\n", "### END SOLUTIONS",
        ["reads like a region marker"]),
    "a solution region in a given cell": (
        "notebook", "import sys\n", "### BEGIN SOLUTION\nimport sys\n### END SOLUTION\n", "### BEGIN SOLUTION",
        ["no place in a given cell"]),
    "a solution region in given text": (
        "notebook", "# ## By hand\n", "# ### BEGIN SOLUTION\n# ## By hand\n# ### END SOLUTION\n", "### BEGIN SOLUTION",
        ["no place in a given cell"]),
    "a solution region in a check cell": (
        "notebook", 'check("slope")\n', 'check("slope")\n### BEGIN SOLUTION\n### END SOLUTION\n', ("### BEGIN", 2),
        ["no place in a check cell"]),
    "hidden tests in a notebook": (
        "notebook", "guess = None\n", "guess = None\n### BEGIN HIDDEN TESTS\n### END HIDDEN TESTS\n", "HIDDEN TESTS",
        ["no place in a notebook", "autograder/course/"]),
    "hidden tests in a module": (
        "module", "import math\n", "import math\n### BEGIN HIDDEN TESTS\n### END HIDDEN TESTS\n", "HIDDEN TESTS",
        ["no place in a module", "autograder/course/"]),
    "a solution in a suite": (
        "suite", "    near(student.tiny.slope(1.0), 2.0)\n",
        "    near(student.tiny.slope(1.0), 2.0)\n### BEGIN SOLUTION\n### END SOLUTION\n", "BEGIN SOLUTION",
        ["no place in a file of checks"]),
    "an indented hidden region": (
        "suite", "    near(student.tiny.slope(1.0), 2.0)\n",
        "    near(student.tiny.slope(1.0), 2.0)\n    ### BEGIN HIDDEN TESTS\n    ### END HIDDEN TESTS\n",
        "    ### BEGIN HIDDEN TESTS", ["column 0"]),
    "a test that is half hidden": (
        "suite", "    near(student.tiny.slope(1.0), 2.0)\n",
        "### BEGIN HIDDEN TESTS\n    near(student.tiny.slope(1.0), 2.0)\n### END HIDDEN TESTS\n",
        "test_the_slope_at_one_is_two", ["half inside a hidden region"]),
    "an id of two check cells": (
        "notebook", '# %% item="slope" points=1.5\ncheck("slope")\n', '# %% item="guess" points=1.5\ncheck("guess")\n',
        ('item="guess"', 2), ["'guess' is taken by the cell on line"]),
    "an id of two solution cells": (
        "notebook", "# %% [markdown] written",
        '# %% solution="guess"\n### BEGIN SOLUTION\n### END SOLUTION\n\n# %% [markdown] written',
        ('solution="guess"', 2), ["'solution_guess' is taken"]),
    "an id of an item and a written answer": (
        "notebook", 'written="why"', 'written="slope"', 'written="slope"', ["'slope' is taken"]),
    "an item that no suite knows": (
        "notebook", "# %% [markdown] written", '# %% item="slop" points=1\ncheck("slop")\n\n# %% [markdown] written',
        'item="slop"', ["'slop' has no check in autograder/course/tiny/checks"]),
    "a test of an item without a check cell": (
        "suite", '@item("guess")\n', '@item("gues")\n', "test_the_guess_is_a_number",
        ["'gues'", "no check cell in solutions/tiny.py", 'check("gues")']),
    "an item without points": (
        "notebook", 'item="guess" points=2', 'item="guess"', 'item="guess"', ["no points", "points=1"]),
    "a written answer without points": (
        "notebook", 'written="why" points=3', 'written="why"', 'written="why"', ["no points"]),
    "points of zero": ("notebook", "points=2", "points=0", "points=0", ["more than 0"]),
    "points below zero": ("notebook", "points=2", "points=-1", "points=-1", ["more than 0"]),
    "points in words": ("notebook", "points=2", "points=two", "points=two", ["not a number"]),
    "points in quotes": ("notebook", "points=2", 'points="2"', 'points="2"', ["not a number"]),
    "points that are true": ("notebook", "points=2", "points=true", "points=true", ["not a number"]),
    "points that are no finite number": ("notebook", "points=2", "points=NaN", "points=NaN", ["not a number"]),
    "a check cell with other code": (
        "notebook", 'check("guess")\n', 'check("guess", verbose=True)\n', 'item="guess"', ['exactly check("guess")']),
    "a check cell of another item": (
        "notebook", 'check("guess")\n', 'check("slope")\n', 'item="guess"', ['exactly check("guess")']),
    "an empty check cell": ("notebook", 'check("guess")\n', "", 'item="guess"', ['exactly check("guess")']),
    "an item without a public test": (
        "suite", '@item("slope")\ndef test_the_slope_at_one', '@item("guess")\ndef test_the_slope_at_one',
        "test_the_slope_doubles", ["'slope' has no public check"]),
    "an item without a hidden test": (
        "suite", 'item: str = "slope"', 'item: str = "guess"', "test_the_slope_at_one",
        ["'slope' has no hidden check", "### BEGIN HIDDEN TESTS"]),
    "a solution cell without a region": (
        "notebook", "### BEGIN SOLUTION\nguess = 3.0 * 14.0\n### END SOLUTION\n", "guess = 3.0 * 14.0\n",
        'solution="guess"', ["has no region"]),
    "a written answer without a region": (
        "notebook",
        "# ### BEGIN SOLUTION\n# # Model answer\n# Because a limit of quotients says so.\n# ### END SOLUTION\n",
        "# Because.\n", 'written="why"', ["has no region"]),
    "a test without an item": (
        "suite", '@item("guess")\n', "", "test_the_guess_is_a_number", ["no @item", '@item("<id>")']),
    "a share in quotes": (
        "suite", 'share=2.0', 'share="2"', 'share="2"', ["share", "not a number"]),
    "two tests of one name": (
        "suite", "def test_the_slope_at_one_is_two", "def test_the_guess_is_a_number",
        ("test_the_guess_is_a_number", 2), ["stands on line", "rename it"]),
    "a public test with a hidden helper": (
        "suite", "    near(student.tiny.slope(1.0), 2.0)\n",
        "    helper(student)\n\n\n### BEGIN HIDDEN TESTS\ndef helper(student):\n    pass\n\n\n### END HIDDEN TESTS\n",
        "    helper(student)", ["only among hidden tests"]),
    "a suite that is not Python": ("suite", "def near(a, b):", "def near(a, b:", "def near(a, b:", ["not Python"]),
    "an unknown key": ("notebook", "points=1.5", "points=1.5 pionts=2", "pionts=2", ["'pionts'", "item and points"]),
    "a key given twice": ("notebook", "points=1.5", "points=1.5 points=2", "points=1.5", ["given twice"]),
    "an unreadable key": ("notebook", "points=1.5", 'points="1.5', 'points="1.5', ["cannot read"]),
    "a cell with two jobs": ("notebook", 'item="slope"', 'item="slope" solution="slope"', 'item="slope"', ["split it"]),
    "an id with a space": ("notebook", 'solution="guess"', 'solution="a guess"', 'solution="a guess"', ["no id"]),
    "an id without quotes": ("notebook", 'solution="guess"', "solution=7", "solution=7", ["no id"]),
    "an id that is too long": (
        "notebook", 'solution="guess"', f'solution="{"g" * 56}"', "solution=", ["55 characters"]),
    "a written answer in a code cell": (
        "notebook", '[markdown] written="why"', 'written="why"', 'written="why"', ["belongs to a [markdown] cell"]),
    "a check cell of markdown": (
        "notebook", '# %% item="slope"', '# %% [markdown] item="slope"', 'item="slope"', ["belongs to a code cell"]),
    "a raw cell": ("notebook", "# %% [markdown]\n# ## By", "# %% [raw]\n# ## By", "[raw]", ["[markdown]"]),
    "a bare line of markdown": ("notebook", "# ## By hand\n", "By hand\n", "By hand", ["without `# `"]),
    "text before the first cell": ("notebook", "# ---\n\n# %% [markdown]\n# # Slopes", "# ---\nx = 1\n# # Slopes",
                                   "x = 1", ["before the first cell"]),
    "a word that nbgrader acts on": ("notebook", "import sys\n", "# AUTOTEST sys\n", "AUTOTEST", ["another"]),
    "a module that does not exist": (
        "notebook", "modules: [tiny]", "modules: [tiny, huge]", "# ---", ["solutions/backprop/huge.py"]),
    "another assignment's header": (
        "notebook", "assignment: tiny", "assignment: small", "# ---", ["'small'", "make them one"]),
    "a header without its mapping": ("notebook", "backprop_kit: {assignment: tiny, modules: [tiny]}", "kernel: python",
                                     "# ---", ["unreadable header", "backprop_kit"]),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_refused_with_file_and_line(root, case):
    kind, old, new, place, words = CASES[case]
    path = course.edit(root, kind, old, new)
    text, occurrence = place if isinstance(place, tuple) else (place, 1)
    assert says(root, path, course.line_of(root, kind, text, occurrence), *words)
    with pytest.raises(Refused, match=path):
        build.build(root)
    assert not (root / "assignments").exists(), "a refused build wrote something"


def test_a_module_that_no_assignment_collects_is_refused(root):
    course.edit(root, "notebook", "modules: [tiny]", "modules: []")
    assert says(root, "solutions/backprop/tiny.py", 9, "no assignment collects it")


def test_a_module_of_two_assignments_is_refused(root):
    other = (root / "solutions/tiny.py").read_text().replace("assignment: tiny", "assignment: twin")
    (root / "solutions/twin.py").write_text(other)
    shutil.copytree(checks_of(root, "tiny"), checks_of(root, "twin"))
    assert says(root, "solutions/twin.py", 1, "'tiny' belongs to 'tiny' already")


def test_a_notebook_without_a_suite_is_refused(root):
    shutil.rmtree(checks_of(root, "tiny"))
    assert says(root, "solutions/tiny.py", course.line_of(root, "notebook", "# %% item"), "tiny/checks/<topic>.py")


def test_a_suite_without_a_notebook_is_refused(root):
    (root / "solutions/tiny.py").unlink()
    assert says(root, "autograder/course/tiny/checks/tiny.py", 0, "solutions/tiny.py")


def test_an_item_that_cannot_earn_its_points_is_refused(root):
    course.edit(root, "suite", '@item("guess")\n', '@item("guess", share=0)\n')
    course.edit(root, "suite", "share=2.0", "share=0.0")
    line = course.line_of(root, "suite", "def test_the_guess_is_a_number")
    assert says(root, "autograder/course/tiny/checks/tiny.py", line, "share 0")


@pytest.mark.parametrize("data", [b"x = 1\r\n", b"\xff\xfe", "\ufeffx = 1\n".encode()])
def test_a_file_of_another_encoding_is_refused(root, data):
    (root / "solutions/backprop/tiny.py").write_bytes(data)
    assert [p.path for p in problems(root) if p.path == "solutions/backprop/tiny.py"]


def test_every_problem_is_reported_not_only_the_first(root):
    for case in ("an item without points", "a solution cell without a region", "an unclosed region of a module",
                 "a public test with a hidden helper"):  # fmt: skip
        kind, old, new, *_ = CASES[case]
        course.edit(root, kind, old, new)
    assert {"solutions/tiny.py", "solutions/backprop/tiny.py", "autograder/course/tiny/checks/tiny.py"} <= {
        p.path for p in problems(root)
    }
    messages = "\n".join(map(str, problems(root)))
    for words in ("no points", "has no region", "do not nest", "only among hidden tests"):
        assert words in messages


def test_checks_that_end_the_process_when_they_are_read_are_refused_with_their_line(root):
    text = (checks_of(root, "tiny") / "tiny.py").read_text()
    (checks_of(root, "tiny") / "tiny.py").write_text(text + '\n\nraise SystemExit("the checks were run")\n')
    line = len(text.split("\n")) + 2
    assert says(root, "autograder/course/tiny/checks/tiny.py", line, "SystemExit", "the checks were run")


def test_a_check_that_asks_for_what_nobody_gives_is_refused(root):
    course.edit(root, "suite", "at_one_is_two(student)", "at_one_is_two(student, tmp_path)")
    line = course.line_of(root, "suite", "def test_the_slope_at_one_is_two")
    assert says(root, "autograder/course/tiny/checks/tiny.py", line, "tmp_path", "student and make")


def test_a_check_in_a_class_is_refused(root):
    row = '    item: str = "slope"\n'
    course.edit(root, "suite", row, f"{row}\n    def test_it(self):\n        pass\n")
    line = course.line_of(root, "suite", "def test_it")
    assert says(root, "autograder/course/tiny/checks/tiny.py", line, "out of the class")


def test_checks_that_students_could_not_read_without_the_hidden_part_are_refused(root):
    hidden = "### BEGIN HIDDEN TESTS\nSECRET = 1\n### END HIDDEN TESTS\nTABLE = []\n"
    (checks_of(root, "tiny") / "more.py").write_text(hidden)
    imports = "from toolbox.checks.suite import each, item\n"
    course.edit(root, "suite", imports, f"{imports}\nfrom .more import SECRET\n")
    path = "autograder/course/tiny/checks/tiny.py"
    assert says(root, path, 0, "without the hidden part", "cannot import name 'SECRET'")
