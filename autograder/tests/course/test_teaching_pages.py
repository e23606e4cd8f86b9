"""The teacher's pages: aims, slides, times, mistakes, questions, and a rubric with three graded samples a question."""

from __future__ import annotations

import re

import pytest

from autograder.masters import percent
from autograder.tests.checkout import ROOT

PAGES = sorted(ROOT.glob("autograder/course/*/teaching.md"))
SECTIONS = ["Aims", "Goes with", "Times", "What students get wrong", "To discuss", "Rubrics"]


def written(assignment: str) -> dict[str, float]:
    """The written questions of a notebook's master, in order: id -> points."""
    path = ROOT / "solutions" / f"{assignment}.py"
    cells = percent.read(path.name, path.read_text(encoding="utf-8")).cells
    return {cell.keys["written"]: float(cell.keys["points"]) for cell in cells if cell.role == "written"}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.parent.name)
def test_a_page_has_its_sections_and_a_rubric_for_every_written_question(page):
    text = page.read_text(encoding="utf-8")
    assert re.findall(r"^## (.+)$", text, re.MULTILINE) == SECTIONS
    asked = re.findall(r"^### `(\w+)` \((\d+) points\)$", text, re.MULTILINE)
    assert {name: float(points) for name, points in asked} == written(page.parent.name)
    questions = text.partition("## To discuss")[2].partition("## Rubrics")[0]
    assert len(re.findall(r"^\d\. ", questions, re.MULTILINE)) >= 2


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.parent.name)
def test_each_question_has_three_samples_with_different_marks_within_its_points(page):
    text = page.read_text(encoding="utf-8").partition("## Rubrics")[2]
    for name, rubric in zip(written(page.parent.name), text.split("\n### ")[1:], strict=True):
        marks = [(float(a), float(b)) for a, b in re.findall(r"\*\*Sample, ([\d.]+) of (\d+)\.\*\*", rubric)]
        points = written(page.parent.name)[name]
        assert len(marks) >= 3 and len({given for given, _ in marks}) == len(marks), name
        assert all(of == points and 0 <= given <= points for given, of in marks), name
        assert max(given for given, _ in marks) == points, name


def test_every_notebook_has_its_page():
    names = {path.stem for path in (ROOT / "solutions").glob("*.py")}
    assert names == {page.parent.name for page in PAGES}
