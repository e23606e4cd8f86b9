"""Tables: a row is asked everything that its kind asks, but for what it is without, and says why."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from autograder.build import Refused, files, plan
from autograder.tests import build_course as course
from toolbox.checks.collect import NoChecks, collect
from toolbox.checks.rows import Row, Story, asks

KIND = """\
from dataclasses import dataclass

from toolbox.checks.rows import Row, asks


@dataclass(frozen=True)
class Slope(Row):
    name: str
    item: str
    far: str = ""


@dataclass(frozen=True)
class Even(Slope):
    parts: tuple = ("left", "right")


@asks(Slope, "value")
def the_slope_is_right(slope, student, make):
    assert abs(student.tiny.slope(1.5) - 3.0) < 1e-9


### BEGIN HIDDEN TESTS
@asks(Slope, "far", of="far", share=2.0)
def the_slope_far_out_is_right(slope, student):
    assert abs(student.tiny.slope(1e6) - 2e6) < 1e-3


@asks(Even, "sides", over="parts")
def the_slope_of_either_side_is_right(slope, part, student):
    assert student.tiny.slope(0.0) == 0


### END HIDDEN TESTS
"""
ROWS = """\
from .slope import Even, Slope

SLOPES = [
    Slope("one", "slope", "slope"),
    Slope("two", "slope", "slope", without={"far": "it ends at 1"}),
    Slope("three", "slope"),
    Even("even", "slope", "slope"),
]
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return written(tmp_path)


def written(root: Path) -> Path:
    kinds, checks = root / "course" / "kinds", root / "course" / "tiny" / "checks"
    for path in (kinds, checks):
        path.mkdir(parents=True)
    (kinds / "slope.py").write_text(KIND)
    (checks / "rows.py").write_text(ROWS)
    (checks / "uses.py").write_text("from .rows import SLOPES\n")
    return checks


def test_each_row_is_asked_what_its_kind_asks_once_and_what_it_is_without_not_at_all(folder):
    found = {check.id: (check.hidden, check.share, check.says, check.file.name) for check in collect(folder)}
    assert found == {
        "one/value": (False, 1.0, "the slope is right", "rows.py"),
        "one/far": (True, 2.0, "the slope far out is right", "rows.py"),
        "two/value": (False, 1.0, "the slope is right", "rows.py"),
        "three/value": (False, 1.0, "the slope is right", "rows.py"),
        "even/value": (False, 1.0, "the slope is right", "rows.py"),
        "even/far": (True, 2.0, "the slope far out is right", "rows.py"),
        "even/sides:left": (True, 1.0, "the slope of either side is right (left)", "rows.py"),
        "even/sides:right": (True, 1.0, "the slope of either side is right (right)", "rows.py"),
    }


def test_a_property_without_a_reason_a_word_used_twice_and_what_is_no_row_are_refused(folder):
    with pytest.raises(TypeError, match="say why far does not fit"):
        Story("one", "a story", without={"far": " "})

    class Kind(Row):
        pass

    asks(Kind, "far")(lambda row, student: None)
    with pytest.raises(TypeError, match="'far' already"):
        asks(Kind, "far")(lambda row, student: None)
    (folder / "rows.py").write_text(ROWS + "SLOPES.append(3)\n")
    with pytest.raises(NoChecks, match="3 stands among rows"):
        collect(folder)
    (folder / "rows.py").write_text(ROWS)
    kind = folder.parents[1] / "kinds" / "slope.py"
    kind.write_text(KIND.replace("slope, student, make", "slope, student, machine"))
    with pytest.raises(NoChecks, match="machine"):
        collect(folder)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = course.write(tmp_path / "root")
    written(tmp_path / "made")
    shutil.copytree(tmp_path / "made" / "course", root / "autograder" / "course", dirs_exist_ok=True)
    return root


def test_a_release_has_its_own_copy_of_a_kind_without_the_hidden_properties(root):
    files.write(root, plan.plan(root))
    kind = (root / "assignments" / "tiny" / "checks" / "slope.py").read_text()
    assert "the_slope_is_right" in kind and "far_out" not in kind and "either" not in kind
    checks = {check.id for check in collect(root / "assignments" / "tiny" / "checks")}
    assert {"one/value", "even/value"} < checks and not [name for name in checks if "far" in name or "sides" in name]
    assert '"id": "one/value"' in (root / "assignments" / "tiny" / "checks.json").read_text()


def test_an_exemption_from_what_nobody_asks_and_a_leaked_property_are_refused(root):
    rows = root / "autograder" / "course" / "tiny" / "checks" / "rows.py"
    rows.write_text(ROWS.replace('{"far"', '{"fra"'))
    with pytest.raises(Refused, match="two/far is without 'fra', which Slope does not ask"):
        plan.plan(root)
    rows.write_text(ROWS + "# the_slope_far_out_is_right\n")
    with pytest.raises(Refused, match="the name of a hidden test"):
        plan.plan(root)
