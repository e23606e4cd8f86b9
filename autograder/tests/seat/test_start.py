"""`python -m toolbox start NAME`: JupyterLab on the notebook and its modules, the course as its root, anywhere."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from autograder.tests.checkout import ROOT
from toolbox.errors import NotThere
from toolbox.seat import lab


@pytest.fixture
def course(tmp_path) -> Path:
    """Two notebooks, one of several modules, and an index for each."""
    root = tmp_path / "Übung 1"
    for name in ("flat", "layers"):
        shutil.copytree(ROOT / "assignments" / name, root / "assignments" / name)
    shutil.copytree(ROOT / "lib" / "backprop", root / "lib" / "backprop")
    (root / "data").mkdir()
    return root


@pytest.fixture
def said(monkeypatch) -> list:
    heard: list = []
    monkeypatch.setattr(lab.subprocess, "call", lambda words, cwd, env: heard.append((words, cwd)) or 0)
    return heard


def layout(root: Path) -> dict:
    (file,) = (root / lab.LAYOUTS).iterdir()
    return json.loads(file.read_text(encoding="utf-8"))["data"]


def test_notebook_and_modules_stand_side_by_side_with_the_course_as_the_root(course, said, monkeypatch):
    monkeypatch.chdir(course / "data")
    assert lab.open_lab("layers") == 0
    ((words, cwd),) = said
    assert words[1:3] == ["-m", "jupyterlab"] and cwd == course
    assert f"--ServerApp.root_dir={course}" in words and f"--LabApp.workspaces_dir={course / lab.LAYOUTS}" in words
    assert "--LabApp.default_url=/lab/workspaces/layers" in words
    data = layout(course)
    left, right = (half["widgets"] for half in data["layout-restorer:data"]["main"]["dock"]["children"])
    assert left == ["notebook:assignments/layers/layers.ipynb"]
    modules = json.loads((course / "assignments/layers/checks.json").read_text(encoding="utf-8"))["modules"]
    assert right == [f"editor:lib/backprop/{name}.py" for name in modules] and len(right) > 3
    for name in left + right:
        assert (course / data[name]["data"]["path"]).is_file()


def test_a_layout_that_somebody_arranged_is_kept_while_it_shows_both(course, said, monkeypatch):
    monkeypatch.chdir(course)
    lab.open_lab("flat")
    (file,) = (course / lab.LAYOUTS).iterdir()
    mine = file.read_text(encoding="utf-8").replace("0.5", "0.3")
    file.write_text(mine, encoding="utf-8")
    lab.open_lab("flat")
    assert file.read_text(encoding="utf-8") == mine
    for broken in (mine.replace('"editor:lib/backprop/flat.py"]', "]"), mine[:100], "[]"):
        file.write_text(broken, encoding="utf-8")  # the module's tab was closed; the file was cut off
        lab.open_lab("flat")
        assert "editor:lib/backprop/flat.py" in json.dumps(layout(course)["layout-restorer:data"]), broken


def test_where_nothing_can_be_written_the_notebook_opens_alone(course, said, monkeypatch):
    monkeypatch.chdir(course)
    (course / lab.LAYOUTS).write_text("a file in the way", encoding="utf-8")
    assert lab.open_lab("flat") == 0
    assert "--LabApp.default_url=/lab/tree/assignments/flat/flat.ipynb" in said[0][0]


def test_an_unknown_assignment_is_named_with_those_that_are_there(course, monkeypatch):
    monkeypatch.chdir(course)
    with pytest.raises(NotThere, match="no assignment is called 'scaler'; there are: flat, layers"):
        lab.open_lab("scaler")
