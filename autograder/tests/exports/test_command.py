"""The command `export`: what it prints, its exit codes, and how it reads the names of columns."""

from __future__ import annotations

from io import StringIO

import pytest
from rich.console import Console

from autograder.exports.command import read_columns, run
from autograder.tests.exports import platforms
from autograder.tests.exports.graded_class import ada_and_others, make_class, put
from autograder.tests.exports.platforms import Pupil
from toolbox.errors import KitError

PUPILS = ada_and_others()
DEFAULTS = {
    "file": None, "out": None, "columns": [], "pages": False, "comments": True, "decimal": None,
    "zero_for_missing": False, "only_final": False, "dry_run": False, "force": False,
}  # fmt: skip


@pytest.fixture
def root(tmp_path):
    return make_class(tmp_path, PUPILS, missing=("s003",))


def said(root, to, **options) -> tuple[int, str]:
    out = StringIO()
    code = run(root, "flat", to, console=Console(file=out, width=120), **DEFAULTS | options)
    return code, out.getvalue()


def test_a_dry_run_shows_old_and_new_for_each_student_and_who_is_left_out(root):
    strangers = [*PUPILS[:3], Pupil(50, "Ud[o]", "Fremd", "f", "udo")]
    theirs = put(root / "theirs.csv", platforms.canvas_gradebook(strangers, {"s001": "7.5"}))
    code, text = said(root, "canvas", file=theirs, dry_run=True, pages=True)
    assert code == 0 and "nothing was written" in text
    row = next(line for line in text.splitlines() if "Lovelace" in line)
    assert row.index("7.5") < row.index("0.26")
    assert "Fremd, Ud[o] (70050)" in text.split("in the file, not in the class: 1")[1]
    assert "s004" in text.split("in the class, not in the file: 1")[1]
    assert "handed nothing in, left as it is: 1\n  s003\n" in text
    assert "page of s001: lovelaceada_70001_9000007_flat.html" in text


def test_it_says_where_the_files_are_and_what_to_do_with_them(root):
    code, text = said(root, "canvas", pages=True)
    assert code == 0 and "flat.csv" in text and "flat-feedback.zip" in text and "Grades, Import" in text


def test_gradescope_shows_what_differs_and_writes_nothing(root):
    theirs = put(root / "theirs.csv", platforms.gradescope_grades(PUPILS, {"s001": "0.26", "s002": "7.0"}))
    code, text = said(root, "gradescope", file=theirs)
    assert code == 0 and "wrote" not in text and "by hand" in text
    assert any("s002" in line and "7.0" in line and "0.52" in line for line in text.splitlines())


def test_long_lists_are_cut_unless_it_is_a_dry_run(tmp_path):
    many = [Pupil(number, "A", f"B{number}", f"s{number}", f"l{number}") for number in range(40)]
    root = make_class(tmp_path, many)
    theirs = put(root / "theirs.csv", platforms.canvas_gradebook(many[:1]))
    assert "and 27 more" in said(root, "canvas", file=theirs)[1]
    assert "more" not in said(root, "canvas", file=theirs, dry_run=True)[1]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"decimal": "dot"}, "comma or point"),
        ({"file": "nothing.csv"}, "there is no"),
        ({"file": "theirs.csv", "columns": ["None"]}, "no single column for grades is called 'None'"),
    ],
)
def test_errors_are_for_people_and_end_with_exit_code_2(root, options, words):
    put(root / "theirs.csv", platforms.canvas_gradebook(PUPILS))
    options = options | ({"file": root / options["file"]} if "file" in options else {})
    with pytest.raises(KitError) as caught:
        said(root, "canvas", **options)
    assert caught.value.exit_status == 2 and words in str(caught.value)


def test_the_plain_table_needs_no_platform(root):
    assert said(root, "csv")[1].startswith("4 grades\nwrote ")


def test_columns_are_named_for_one_assignment_or_for_each():
    assert read_columns(["Homework 2 (77)"]) == {"": "Homework 2 (77)"}
    assert read_columns(["flat=HW 2", "layers=HW=3"]) == {"flat": "HW 2", "layers": "HW=3"}
    assert read_columns(["HW 2 = flat"]) == {"": "HW 2 = flat"}
