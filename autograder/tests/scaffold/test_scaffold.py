"""Tests of `new item` and `new assignment`: what they lay down builds, passes its audit and is released, unchanged."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from autograder.masters.catalogue import catalogue
from autograder.scaffold import BLANK, NotLaidDown, assignment, blanks, item
from autograder.tests import build_course
from autograder.tests.checkout import ROOT

PARTS = ("assignments", "autograder", "data", "lib", "solutions")


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the repository, without its tests."""
    root = tmp_path_factory.mktemp("copy")
    for part in PARTS:
        shutil.copytree(ROOT / part, root / part, ignore=shutil.ignore_patterns("tests", "__pycache__", "local"))
    for file in ("requirements.txt", "requirements.lock", "pyproject.toml", "nbgrader_config.py"):
        shutil.copy(ROOT / file, root)
    return root


def command(root: Path, *words: str) -> str:
    """What a command of the copy prints. Fails where its exit status is not 0."""
    paths = {"PYTHONPATH": os.pathsep.join([str(root), str(root / "lib")])}
    done = subprocess.run(
        [sys.executable, "-m", "autograder", *words], cwd=root, env=os.environ | paths, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_an_activation_a_function_and_an_assignment_build_pass_their_audit_and_are_released(copy):
    assert "wrote autograder/course/layers/mistakes/softplus.py" in command(copy, "new", "item", "layers", "softplus")
    command(copy, "new", "item", "tensors", "cube_backward")
    command(copy, "new", "assignment", "sequences")
    built = command(copy, "build")
    assert "solutions/backprop/activations.py" in built and "a blank is left" in built
    for words in (["layers", "--item", "softplus"], ["tensors", "--item", "cube_backward"], ["sequences"]):
        assert "all " in command(copy, "audit", *words)
    others = [name for name in catalogue(copy) if name != "sequences"]  # their mistakes take most of a release's time
    rules = copy / "classroom" / "course.toml"
    rules.parent.mkdir(exist_ok=True)
    rules.write_text("".join(f"[assignments.{name}]\non = false\n" for name in others))
    archive = Path(command(copy, "release").split("wrote ")[-1].strip())
    with zipfile.ZipFile(archive) as file:
        names = {name.removeprefix("backprop-kit/assignments/sequences/") for name in file.namelist()}
        modules = ("sequences", "activations", "tensors")
        skeleton, *older = (file.read(f"backprop-kit/lib/backprop/{module}.py").decode() for module in modules)
    assert {"sequences.ipynb", "checks/sequences_first.py"} <= names
    assert "3 * x" not in skeleton and "class Softplus" in older[0] and "def cube_backward" in older[1]
    files = {path for path, _, _ in blanks(copy)}
    assert {
        "solutions/sequences.py",
        "solutions/layers.py",
        "autograder/course/tensors/mistakes/cube_backward.py",
    } <= files


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("tinny", "slopes"), "there is no assignment 'tinny'"),
        (("tiny", "slope"), "has a cell 'slope' already"),
        (("tiny", "Slope"), "is no name of an item"),
        (("tiny", "lambda"), "is no name of an item"),
        (("tiny", "slopes", "nowhere"), "no item 'nowhere'"),
        (("tiny", "slopes", "", "flat"), "collects no module 'flat'"),
    ],
)
def test_what_cannot_be_laid_down_is_refused_and_nothing_is_written(tmp_path, words, said):
    root = build_course.write(tmp_path)
    before = build_course.tree(root)
    with pytest.raises(NotLaidDown, match=said):
        item.lay_down(root, *words)
    assert build_course.tree(root) == before


def test_an_assignment_that_stands_there_is_not_written_over(tmp_path):
    root = build_course.write(tmp_path)
    before = build_course.tree(root)
    for name, said in (("tiny", "stands there already"), ("Tiny", "is no name of an assignment")):
        with pytest.raises(NotLaidDown, match=said):
            assignment.lay_down(root, name)
    assert build_course.tree(root) == before


def test_cells_stand_behind_the_item_that_is_named(tmp_path):
    root = build_course.write(tmp_path)
    item.lay_down(root, "tiny", "curve", after="guess")
    text = (root / "solutions/tiny.py").read_text()
    places = [text.index(f'check("{name}")') for name in ("guess", "curve", "slope")]
    assert places == sorted(places) and BLANK in text
