"""Grades out of nbgrader's gradebook: every student, the sums that nbgrader gives, and nothing a spreadsheet runs."""

from __future__ import annotations

import csv
import os
import sys
from datetime import datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from nbgrader.api import Gradebook

from autograder.exports.csv_file import COLUMNS, FORMULA, export, safe

# nbgrader's own making of a submission makes SQLAlchemy warn
pytestmark = pytest.mark.filterwarnings("ignore:Object of type")
DUE = datetime(2026, 3, 1, 22)


@pytest.fixture
def root(tmp_path, monkeypatch) -> Path:
    """A course with two checks and a written answer; ada graded, bo late and half graded, one who sent nothing."""
    # nbgrader calls `alembic` by name to set a new gradebook up
    monkeypatch.setenv("PATH", os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]))
    (tmp_path / "classroom").mkdir()
    with Gradebook(f"sqlite:///{tmp_path / 'classroom' / 'gradebook.db'}") as book:
        book.add_assignment("flat", duedate=DUE)
        book.add_notebook("flat", "flat")
        for name, points in (("toy", 2), ("neuron", 3)):
            book.add_grade_cell(name, "flat", "flat", max_score=points, cell_type="code")
        book.add_grade_cell("why", "flat", "flat", max_score=3, cell_type="markdown")
        book.add_solution_cell("why", "flat", "flat")
        for student in ("bo", "ada", "=cmd|' /C calc'!A0"):
            book.add_student(student, first_name="+1", last_name='Müller, "J"', email="@SUM(A1)")
        graded = [("ada", datetime(2026, 3, 1), (2, 3, 2.5)), ("bo", datetime(2026, 3, 2, 22), (0, 1.5, None))]
        for student, when, marks in graded:
            book.add_submission("flat", student, timestamp=when)
            for name, mark in zip(("toy", "neuron", "why"), marks, strict=True):
                grade = book.find_grade(name, "flat", "flat", student)
                grade.needs_manual_grade = mark is None
                if name == "why":
                    grade.manual_score = mark
                else:
                    grade.auto_score = mark
            handed_in = book.find_submission_notebook("flat", "flat", student)
            handed_in.late_submission_penalty = 0.5 if student == "bo" else None
        book.db.commit()
    return tmp_path


def read(path: Path) -> dict[str, dict]:
    with open(path, newline="", encoding="utf-8-sig") as stream:
        return {row["student_id"]: row for row in csv.DictReader(stream)}


def test_every_student_has_a_row_with_marks_split_and_summed(root):
    path = export(root, "flat", to="csv", out=root / "grades.csv")
    rows = read(path)
    assert len(rows) == 3
    ada, bo = rows["ada"], rows["bo"]
    assert (ada["auto_score"], ada["written_score"], ada["raw_score"], ada["score"]) == ("5", "2.5", "7.5", "7.5")
    assert (ada["max_auto_score"], ada["max_written_score"], ada["max_score"]) == ("5", "3", "8")
    assert (ada["late_seconds"], ada["status"]) == ("0", "graded")
    assert (bo["late_seconds"], bo["late_submission_penalty"], bo["score"]) == ("86400", "0.5", "1")
    assert bo["status"] == "needs manual grading"


def test_who_handed_nothing_in_is_there_with_zero(root):
    (row,) = [row for row in read(export(root)).values() if row["status"] == "missing"]
    assert (row["score"], row["timestamp"]) == ("0", "")


def test_it_agrees_with_nbgraders_own_export(root):
    from nbgrader.plugins import CsvExportPlugin

    plugin = CsvExportPlugin()
    plugin.to = str(root / "stock.csv")
    with Gradebook(f"sqlite:///{root / 'classroom' / 'gradebook.db'}") as book:
        for student in book.students:  # nbgrader's own export does not quote
            student.last_name = student.first_name = student.email = None
        book.db.commit()
        plugin.export(book)
    mine = read(export(root))
    with open(root / "stock.csv", newline="") as stream:
        for row in csv.DictReader(stream):
            own = mine[str(safe(row["student_id"]))]
            for column in ("raw_score", "late_submission_penalty", "score", "max_score"):
                assert float(own[column] or 0) == float(row[column] or 0)
            assert (own["timestamp"], own["duedate"]) == (row["timestamp"], row["duedate"])


def test_formulas_are_neutralised_and_numbers_stay_numbers(root):
    path = export(root)
    row = next(row for row in read(path).values() if "cmd" in row["student_id"])
    assert row["student_id"].startswith("'=") and row["email"] == "'@SUM(A1)" and row["first_name"] == "'+1"
    assert row["last_name"] == 'Müller, "J"'
    for line in read(path).values():
        assert not any(str(value).startswith(FORMULA) for value in line.values())


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@A1", "\t=1", "\r=1", "\n=1", " =1", "＝1", "|calc", "%0A"])
def test_a_cell_that_could_be_a_formula_gets_an_apostrophe(text):
    assert safe(text) == f"'{text}"


@pytest.mark.parametrize(("value", "cell"), [(-1.5, "-1.5"), (3, 3), (0.0, "0"), (None, ""), ("ada-l", "ada-l")])
def test_numbers_and_names_are_left_alone(value, cell):
    assert safe(value) == cell


@given(st.text())
def test_no_text_at_all_comes_out_as_a_formula(text):
    assert not str(safe(text)).lstrip(" \u00a0").startswith(FORMULA)


def test_what_cannot_be_exported_is_named(root, tmp_path):
    with pytest.raises(KeyError, match="there are: flat"):
        export(root, "tensors")
    with pytest.raises(ValueError, match="csv"):
        export(root, to="xlsx")
    with pytest.raises(FileNotFoundError, match="grade"):
        export(tmp_path / "empty")


def test_the_file_goes_where_it_is_asked_for_and_is_the_same_twice(root):
    path = export(root, "flat", out=root / "out.csv")
    before = path.read_bytes()
    assert export(root, "flat", out=root / "out.csv").read_bytes() == before
    assert export(root) == root / "classroom" / "grades.csv"
    assert before.decode("utf-8-sig").splitlines()[0] == ",".join(COLUMNS)
