"""Tests of the proof that nothing leaks: every kind of leak is planted in a release and found."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from autograder.build import leaks, plan
from autograder.masters import sources
from autograder.tests import build_course as course

NOTEBOOK, MODULE, SUITE = "assignments/tiny/tiny.ipynb", "lib/backprop/tiny.py", "assignments/tiny/checks/tiny.py"
MASTER = "autograder/course/tiny/checks/tiny.py"


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return course.write(tmp_path_factory.mktemp("course"))


@pytest.fixture(scope="module")
def masters(root: Path) -> sources.Sources:
    return sources.read(root)


@pytest.fixture(scope="module")
def clean(root: Path) -> dict[str, bytes]:
    return {built.path: built.data for built in plan.plan(root) if built.committed}


def in_notebook(change: Callable[[dict], object]) -> Callable[[dict[str, bytes]], tuple[str, bytes]]:
    def plant(release: dict[str, bytes]) -> tuple[str, bytes]:
        notebook = json.loads(release[NOTEBOOK])
        change(notebook)
        return NOTEBOOK, json.dumps(notebook, ensure_ascii=True).encode()

    return plant


def in_file(path: str, text: str) -> Callable[[dict[str, bytes]], tuple[str, bytes]]:
    return lambda release: (path, release[path] + text.encode())


def cell(notebook: dict, name: str) -> dict:
    return next(cell for cell in notebook["cells"] if cell["id"] == name)


ANSWER = ("solutions/tiny.py", "guess = 3.0 * 14.0")
WRITTEN = ("solutions/tiny.py", "Because a limit of quotients")
PLANTED = {
    "a line of a module": (in_file(MODULE, "    answer = 2 * x\n"), ("solutions/backprop/tiny.py", "answer = 2 * x")),
    "a line of a module, indented otherwise": (
        in_file(MODULE, "answer = math.cos(x)\n"), ("solutions/backprop/tiny.py", "math.cos")),
    "a line of a module in a comment": (
        in_file(MODULE, "# try answer = math.cos(x) here\n"), ("solutions/backprop/tiny.py", "math.cos")),
    "a line of a module in the suite": (
        in_file(SUITE, "answer = math.cos(x)\n"), ("solutions/backprop/tiny.py", "math.cos")),
    "a line of a module in the notebook": (
        in_notebook(lambda n: cell(n, "solution_guess")["source"].append("\nanswer = math.cos(x)")),
        ("solutions/backprop/tiny.py", "math.cos")),
    "a line of a hidden test": (
        in_file(SUITE, "    near(student.tiny.slope(at.x), 2.0 * at.x)\n"), (MASTER, "2.0 * at.x")),
    "the name of a hidden test": (
        in_file(SUITE, "# see test_the_slope_doubles_every_input\n"),
        (MASTER, "doubles_every")),
    "the name of a hidden test in a notebook": (
        in_notebook(lambda n: n["cells"][0]["metadata"].update(a="test_the_slope_doubles_every_input")),
        (MASTER, "doubles_every")),
    "an answer in the source of a notebook": (
        in_notebook(lambda n: cell(n, "solution_guess")["source"].append("\nguess = 3.0 * 14.0")), ANSWER),
    "a model answer": (
        in_notebook(lambda n: cell(n, "why")["source"].append("\nBecause a limit of quotients says so.")), WRITTEN),
    "an answer in the metadata of a cell": (
        in_notebook(lambda n: cell(n, "guess")["metadata"]["nbgrader"].update(old=["x", {"guess = 3.0 * 14.0": 1}])),
        ANSWER),
    "an answer in the metadata of a notebook": (
        in_notebook(lambda n: n["metadata"]["kernelspec"].update(note="guess = 3.0 * 14.0")), ANSWER),
    "an answer in an output": (
        in_notebook(lambda n: cell(n, "guess").update(
            outputs=[{"output_type": "stream", "name": "stdout", "text": ["guess = 3.0 * 14.0\n"]}])), ANSWER),
    "any output": (
        in_notebook(lambda n: cell(n, "guess").update(
            outputs=[{"output_type": "stream", "name": "stdout", "text": ["1"]}])),
        ("outputs", "guess")),
    "an execution count": (
        in_notebook(lambda n: cell(n, "guess").update(execution_count=7)), ("execution count", "guess")),
    "an attachment": (
        in_notebook(lambda n: cell(n, "why").update(attachments={"a.png": {"image/png": "iVBOR"}})),
        ("attachments", "why")),
    "metadata of an editor on a cell": (
        in_notebook(lambda n: cell(n, "why")["metadata"].update(vscode={"id": 1})), ("metadata", "vscode")),
    "metadata of jupytext": (
        in_notebook(lambda n: n["metadata"].update(jupytext={"formats": "py"})), ("metadata", "jupytext")),
    "a solution marker": (in_file(MODULE, "    ### END SOLUTION\n"), ("marker", "END SOLUTION")),
    "a marker of hidden tests in a notebook": (
        in_notebook(lambda n: cell(n, "guess")["source"].append("\n### BEGIN HIDDEN TESTS")),
        ("marker", "HIDDEN TESTS")),
    "a file that cannot be read": (lambda release: (MODULE, b"\xff\xfe"), ("cannot be searched", "")),
    "a notebook that cannot be read": (lambda release: (NOTEBOOK, b"{"), ("cannot be searched", "")),
}  # fmt: skip


def test_the_release_of_the_masters_is_clean(masters, clean):
    assert leaks.find(leaks.Secrets(masters), clean) == []


@pytest.mark.parametrize("kind", PLANTED)
def test_a_planted_leak_is_found_and_its_origin_named(masters, clean, kind):
    plant, words = PLANTED[kind]
    path, data = plant(clean)
    found = leaks.find(leaks.Secrets(masters), {**clean, path: data})
    assert any(problem.path == path and all(word in problem.message for word in words) for problem in found), found
    assert {problem.path for problem in found} == {path}


def test_a_leak_names_the_line_of_the_master(root, masters, clean):
    path, data = PLANTED["a line of a module"][0](clean)
    line = course.line_of(root, "module", "answer = 2 * x")
    assert f"solutions/backprop/tiny.py:{line}" in leaks.find(leaks.Secrets(masters), {path: data})[0].message


def test_a_line_that_a_master_shows_openly_is_no_leak(tmp_path):
    root = course.write(tmp_path)
    course.edit(root, "module", "    answer = 2 * x\n", "    answer = None\n    answer = 2 * x\n")
    plan.plan(root)


def test_every_line_of_every_region_is_guarded(masters, clean):
    """Each line of a region, put alone into a released file, is found, unless a master shows it openly as well."""
    secrets = leaks.Secrets(masters)
    for text in secrets.lines:
        found = leaks.find(leaks.Secrets(masters), {MODULE: clean[MODULE] + f"\n{text}\n".encode()})
        assert found or text not in secrets.whole, text
    known = {"guess = 3.0 * 14.0", "answer = 2 * x", "near(student.tiny.slope(at.x), 2.0 * at.x)"}
    assert known <= secrets.whole.keys()
