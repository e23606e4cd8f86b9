"""A student's first quarter of an hour, in a real JupyterLab: start, write in its editor, check, hand in."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from autograder import build
from autograder.build.release import release
from autograder.masters.catalogue import catalogue
from autograder.rules.terms import Terms
from autograder.tests.checkout import ROOT
from autograder.tests.chromium import needs_chromium
from autograder.tests.lab import Lab

pytestmark = needs_chromium
STUB = "    # YOUR CODE HERE"
WRONG = '    q = x * y + z\n    f = q * q\n    g = 2 * q\n    grads = {"q": g, "p": g, "z": g, "x": g * x, "y": g * y}'
RIGHT = WRONG.replace('"x": g * x, "y": g * y', '"x": g * y, "y": g * x')


@pytest.fixture
def course(tmp_path, monkeypatch) -> Path:
    """A release of `flat`, unpacked. Whether it is what the masters build is another test's."""
    monkeypatch.setattr(build, "check", lambda root: [])
    terms = Terms("".join(f"[assignments.{name}]\non = false\n" for name in catalogue(ROOT) if name != "flat"))
    monkeypatch.setattr("autograder.build.release.in_force", lambda root: terms)
    folder = tmp_path / "Übung 1, Häuser"
    with zipfile.ZipFile(release(ROOT, tmp_path)) as archive:
        archive.extractall(folder)
    return folder / "backprop-kit"


@pytest.fixture
def lab(course, tmp_path):
    """What `start flat` opens, typed in a folder of the course that is not its root."""
    opened = Lab(course, "flat", tmp_path / "jupyter", here=course / "data")
    yield opened
    opened.close()


def test_from_the_command_to_a_handed_in_zip(lab, course):
    lab.open("flat", "flat")
    halves = lab.browser.run(
        "[book, module_].map(one => one.node.getBoundingClientRect()).map(box => [box.left, box.right])"
    )
    (left, middle), (other, right) = halves
    assert left < middle <= other < right and right - left > 1300, halves  # side by side, nothing beside
    assert not lab.browser.run("document.querySelectorAll('.jp-toast-message, .jp-Dialog').length")
    lab.look("start")
    lab.run("toolbox.start()")
    lab.run("from backprop import flat")
    unwritten = lab.run('check("toy")', "toy: not written yet")
    assert "○" in unwritten and "✗" not in unwritten
    lab.look("unwritten")
    lab.write(STUB, WRONG)
    red = lab.run('check("toy")', "checks right")
    assert "✗" in red and "○" not in red and "toy: 1 of 2 checks right" in red and "This looks like" in red, red
    lab.look("red")
    lab.write(WRONG, RIGHT)
    green = lab.run('check("toy")', "toy: 2 of 2 checks right")
    assert "✗" not in green and "○" not in green
    lab.look("green")
    lab.change("from toolbox import submit", 'from toolbox import submit\nsubmit("flat")')
    told = lab.run("from toolbox import submit", "written:")
    assert "lib/backprop/flat.py" in told and "still to do" in told
    lab.look("submit")
    with zipfile.ZipFile(course / "flat-hand-in.zip") as archive:
        assert RIGHT in archive.read("lib/backprop/flat.py").decode()
    assert [words for words in lab.browser.complaints if "toolbox" in words] == []
