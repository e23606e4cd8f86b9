"""`python -m toolbox start NAME`: JupyterLab on the notebook, with the course as its root, from any folder."""

from __future__ import annotations

import pytest

from autograder.tests.checkout import ROOT
from toolbox.errors import NotThere
from toolbox.notebook import lab


def test_jupyterlab_opens_the_notebook_with_the_course_as_its_root(monkeypatch):
    monkeypatch.chdir(ROOT / "assignments" / "flat")
    said = []
    monkeypatch.setattr(lab.subprocess, "call", lambda words, cwd: said.append((words, cwd)) or 0)
    assert lab.open_lab("scalar") == 0
    ((words, cwd),) = said
    assert words[1:3] == ["-m", "jupyterlab"] and cwd == ROOT
    assert f"--ServerApp.root_dir={ROOT}" in words
    assert "--LabApp.default_url=/lab/tree/assignments/scalar/scalar.ipynb" in words


def test_an_unknown_assignment_is_named_with_those_that_are_there(monkeypatch):
    monkeypatch.chdir(ROOT)
    with pytest.raises(NotThere, match="no assignment is called 'scaler'; there are: beyond, flat"):
        lab.open_lab("scaler")
