"""The kit's pages for everybody: axe-core finds nothing against WCAG 2.2 AA on any of them, light or dark."""

from __future__ import annotations

import nbformat
import pytest
from nbformat.v4 import new_output
from pygments.token import STANDARD_TYPES

from autograder.report import write_report
from autograder.tests.checkout import ROOT
from autograder.tests.chromium import needs_axe, violations
from autograder.tests.gradebook.test_pages import PIXEL, exporter
from autograder.tests.report.test_report import item, refused, small_class, verdict
from toolbox.checks.items import TestResult
from toolbox.checks.misconceptions import CATALOGUE
from toolbox.checks.table import Report

pytestmark = needs_axe


def results() -> list[TestResult]:
    """A result of every kind that the check's table shows."""
    evidence = {"shape_yours": [2, 3], "shape_true": [2, 3], "ratio": 2.0, "map": ["0120", "0003"]}
    return [
        TestResult("toy", "test_it_works", False, 1.0, "passed"),
        TestResult("toy", "test_it_is_right", False, 1.0, "failed", "off by 2", evidence=evidence),
        TestResult("toy", "test_it_is_named", True, 1.0, "failed", "off", [next(iter(CATALOGUE))]),
        *(TestResult("toy", "test_it_ends", True, 1.0, status) for status in ("missing", "timeout", "not judged")),
    ]


def class_report(tmp_path) -> dict[str, str]:
    late = verdict("eve", [item("toy"), item("hinge", "crashed", 0)], late=30)
    late["hand_in"]["received"] = "2026-03-01T22:00:30+00:00"
    page = write_report(
        tmp_path, "flat", [*small_class(), late, verdict("flo", [], intake=refused())], tmp_path / "report"
    )
    students = page.parent / "students"
    return {"class report": page.read_text(), "student": (students / "cy.html").read_text()}


def feedback() -> str:
    """The released scalar notebook as a graded one: marks, comments, a table, a picture, long lines, an error."""
    notebook = nbformat.read(ROOT / "assignments" / "scalar" / "scalar.ipynb", 4)
    report = Report("toy", results(), 1.0, 2.0)
    codes = [*range(30, 38), *(f"1;{code}" for code in range(30, 38))]
    colours = "".join(f"\x1b[{code}mcolour {code}\x1b[0m " for code in codes)
    outputs = [
        new_output("display_data", {"text/html": report._repr_html_(), "text/plain": repr(report)}),
        new_output("display_data", {"image/png": PIXEL}, metadata={"image/png": {"alt": "A graph."}}),
        new_output("stream", text="x" * 400 + "\n"),
        new_output("error", ename="E", evalue="v", traceback=[colours]),
    ]  # fmt: skip
    code = "".join(f"# {name}\n@property\ndef f(x): return f'{{x}}\\n' is not None\n" for name in ("one", "two"))
    notebook.cells[1].source, notebook.cells[1].outputs = code, outputs
    for cell in notebook.cells:
        marks = cell.metadata.get("nbgrader", {})
        if marks.get("grade"):
            marks |= {"score": 1, "comment": "See **section 2**."}
    resources = {"nbgrader": {"notebook": "scalar", "score": 1, "max_score": 2, "late_penalty": 1}}
    return exporter(template_name="feedback").from_notebook_node(notebook, resources)[0]


@pytest.mark.parametrize("dark, width", [(False, 1280), (True, 1280), (False, 360)], ids=["light", "dark", "phone"])
def test_the_class_report_and_a_student_s_page_have_no_violation(tmp_path, dark, width):
    found = {name: violations(page, dark=dark, width=width) for name, page in class_report(tmp_path).items()}
    assert found == {"class report": [], "student": []}


def test_the_feedback_page_has_no_violation():
    assert violations(feedback()) == []


def test_the_check_s_table_has_no_violation():
    table = Report("toy", results(), 1.0, 2.0)._repr_html_()
    assert violations(page_of(f"<h1>check</h1>{table}")) == []


def test_code_has_contrast_whatever_its_words_are():
    head = feedback().partition("<body")[0]
    classes = [name for name in STANDARD_TYPES.values() if name]
    words = "".join(f'<span class="{name}">word {name}</span> ' for name in classes)
    code = f'<div class="input_area"><div class="highlight hl-ipython3"><pre>{words}</pre></div></div>'
    assert violations(f"{head}<body><main><h1>code</h1>{code}</main></body></html>") == []


def test_what_is_wrong_with_a_page_is_found():
    bad = page_of('<h1>x</h1><img src="data:,"><p style="color: #bbb">pale</p><table><tr><th></th></tr></table>')
    rules = {line.partition(":")[0] for line in violations(bad.replace(' lang="en"', ""))}
    assert {"image-alt", "color-contrast", "html-has-lang"} <= rules


def page_of(body: str) -> str:
    return f'<!doctype html><html lang="en"><head><title>page</title></head><body><main>{body}</main></body></html>'
