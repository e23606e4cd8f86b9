"""Grades of verdicts, rules and nbgrader's gradebook: every student, the sums that nbgrader gives, and no name a
spreadsheet runs.
"""

from __future__ import annotations

import csv
import json
import os
import sys
from datetime import datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from nbgrader.api import Gradebook

from autograder.exports import COLUMNS, ExportError, export
from autograder.exports.sources import read_class
from autograder.tables.spreadsheet import FORMULA, address, harmless
from autograder.tests.exports.graded_class import ada_and_others, make_class, put, put_paper

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
    for student, when, marks in graded:
        items = [
            {"id": name, "score": mark, "max_score": points, "status": "partial", "message": "", "tests": []}
            for name, points, mark in zip(("toy", "neuron"), (2, 3), marks, strict=False)
        ]
        items = [item | ({"status": "passed"} if item["score"] == item["max_score"] else {}) for item in items]
        verdict = {"student": student, "assignment": "flat", "status": "judged", "items": items,
                   "hand_in": {"received": f"{when.isoformat()}+00:00"}, "intake": {"status": "accepted"}}  # fmt: skip
        put(tmp_path / "classroom" / "verdicts" / "flat" / f"{student}.json", json.dumps(verdict).encode())
    put_paper(tmp_path, "flat", {"toy": 2, "neuron": 3}, {"why": 3})
    rules = b"[assignments.flat]\ndue = 2026-03-01T22:00:00\nlate = { per_day = 0.5 }\n"
    put(tmp_path / "classroom" / "course.toml", rules)
    return tmp_path


def read(path: Path) -> dict[str, dict]:
    with open(path, newline="", encoding="utf-8-sig") as stream:
        return {row["student_id"]: row for row in csv.DictReader(stream)}


def test_every_student_has_a_row_with_marks_split_and_summed(root):
    path = export(root, "flat", to="csv", out=root / "grades.csv").path
    rows = read(path)
    assert len(rows) == 3
    ada, bo = rows["ada"], rows["bo"]
    assert (ada["auto_score"], ada["written_score"], ada["raw_score"], ada["score"]) == ("5", "2.5", "7.5", "7.5")
    assert (ada["max_auto_score"], ada["max_written_score"], ada["max_score"]) == ("5", "3", "8")
    assert (ada["late_seconds"], ada["status"]) == ("0", "graded")
    assert (bo["late_seconds"], bo["late_submission_penalty"], bo["score"]) == ("86400", "0.5", "1")
    assert bo["status"] == "needs manual grading"


def test_who_handed_nothing_in_is_there_with_zero(root):
    (row,) = [row for row in read(export(root).path).values() if row["status"] == "missing"]
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
    mine = read(export(root).path)
    with open(root / "stock.csv", encoding="utf-8", newline="") as stream:
        for row in csv.DictReader(stream):
            own = mine[row["student_id"]]
            for column in ("raw_score", "late_submission_penalty", "score", "max_score"):
                assert float(own[column] or 0) == float(row[column] or 0)
            assert (own["timestamp"], own["duedate"]) == (row["timestamp"], row["duedate"])


def test_formulas_in_names_are_made_harmless_and_keys_and_numbers_stay(root):
    with Gradebook(f"sqlite:///{root / 'classroom' / 'gradebook.db'}") as book:
        for student in ("-user", "+49123", "00123", "123456789012345678901"):
            book.add_student(student, first_name="-x", last_name="|y", email=f"{student}@example.edu")
    rows = read(export(root).path)
    assert {"-user", "+49123", "00123", "123456789012345678901", "=cmd|' /C calc'!A0"} < set(rows)
    assert rows["+49123"]["email"] == "+49123@example.edu" and rows["-user"]["first_name"] == "'-x"
    row = rows["=cmd|' /C calc'!A0"]
    assert (row["email"], row["first_name"], row["last_name"]) == ("'@SUM(A1)", "'+1", 'Müller, "J"')
    for line in rows.values():
        texts = [line[column] for column in ("last_name", "first_name")]
        assert not any(text.startswith(FORMULA) for text in texts)


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@A1", "\t=1", "\r=1", "\n=1", " =1", "＝1", "|calc", "%0A"])
def test_a_text_that_could_be_a_formula_gets_an_apostrophe(text):
    assert harmless(text) == address(text) == f"'{text}"


@pytest.mark.parametrize("text", ["", "ada-l", "O'Brien", "a=b"])
def test_other_texts_are_left_alone(text):
    assert harmless(text) == text


@given(st.text())
def test_no_text_at_all_comes_out_as_a_formula(text):
    assert not harmless(text).lstrip(" \u00a0").startswith(FORMULA)


def test_what_a_person_wrote_in_formgrader_is_in_the_comment(root):
    with Gradebook(f"sqlite:///{root / 'classroom' / 'gradebook.db'}") as book:
        comment = book.find_comment("why", "flat", "flat", "ada")
        comment.manual_comment = "Look at the chain rule\nonce more."
        book.db.commit()
    rows = {row.student: row for row in read_class(root, "flat")[0]}
    assert rows["ada"].comment.splitlines() == [
        "Graded work, flat: 7.5 of 8 points.",
        "why: Look at the chain rule once more.",
    ]
    assert "Late by 1 d, 0.5 points taken off." in rows["bo"].comment and "still to be marked" in rows["bo"].comment


def test_what_cannot_be_exported_is_named(root, tmp_path):
    with pytest.raises(ExportError, match="there are: flat"):
        export(root, "tensors")
    with pytest.raises(FileNotFoundError, match="grade"):
        export(tmp_path / "empty")


def test_the_file_goes_where_it_is_asked_for_and_is_the_same_twice(root):
    path = export(root, "flat", out=root / "out.csv").path
    before = path.read_bytes()
    assert export(root, "flat", out=root / "out.csv").path.read_bytes() == before
    assert export(root).path == root / "classroom" / "grades.csv"
    assert before.decode("utf-8-sig").splitlines()[0] == ",".join(COLUMNS)


def test_the_kits_own_table_is_renewed_and_another_file_is_not_replaced(root):
    table = export(root).path
    table.write_text("old")
    assert export(root).path.read_text(encoding="utf-8-sig").startswith("assignment,")
    table.write_text("mine")
    with pytest.raises(FileExistsError, match="--force"):
        export(root, out=table)
    assert table.read_text() == "mine"


def test_without_a_gradebook_the_verdicts_are_exported(root):
    make_class(root, ada_and_others(), missing=("s002",))
    (root / "classroom" / "gradebook.db").unlink()
    (root / "assignments" / "flat" / "flat.ipynb").unlink()
    rows = read(export(root).path)
    assert rows["s001"]["score"] == "0.26" and rows["s001"]["timestamp"] == "2026-03-01 12:00:00"
    assert rows["s002"]["status"] == "missing" and rows["s004"]["last_name"] == "'@SUM(A1)"
