"""What reaches the pages: everything of the release, and nothing of a student's that could run."""

from __future__ import annotations

import json
import re
from html import unescape
from pathlib import Path

import pytest
from nbconvert.filters.markdown_mistune import markdown2html_mistune

from autograder.sandbox.outputs import _render, harmless, read_outputs
from toolbox.checks.items import TestResult
from toolbox.checks.table import Report

ROOT = Path(__file__).resolve().parents[3]


@pytest.mark.parametrize("path", sorted(ROOT.glob("assignments/*/*.ipynb")), ids=lambda path: path.stem)
def test_the_release_s_own_text_loses_nothing(path):
    for cell in json.loads(path.read_text())["cells"]:
        if cell["cell_type"] == "markdown":
            source = "".join(cell["source"])
            assert text_of(_render(source, "{}")) == text_of(markdown2html_mistune(source)), source[:80]


def test_the_kit_s_own_table_loses_nothing():
    table = Report("toy", [TestResult("toy", "test_it_works", True, 1.0)], 1.0, 2.0)._repr_html_()
    tags = re.compile(r"<(?!tbody)\w+")  # what HTML puts into every table by itself
    assert tags.findall(harmless(table)) == tags.findall(table) and "border-left" in harmless(table)


def test_only_text_pictures_and_harmless_html_come_out_of_a_display():
    picture = "iVBORw0KGgoAAAA="
    data = {"text/plain": "a < b", "image/png": picture, "text/html": "<b onclick=evil()>x</b><script>evil()</script>",
            "image/svg+xml": "<svg/>", "application/javascript": "evil()", "image/jpeg": '"><script>'}  # fmt: skip
    display = {"output_type": "display_data", "metadata": {"isolated": True}, "data": data}
    (output,) = read_outputs(json.dumps([display]).encode())
    assert output == {"output_type": "display_data", "metadata": {}, "data": {
        "text/plain": "a < b", "image/png": picture, "text/html": "<b>x</b>evil()"}}  # fmt: skip


def test_of_a_picture_s_metadata_its_alternative_text_stays_and_nothing_else():
    picture = {"image/png": "iVBORw0KGgoAAAA=", "text/plain": "<Figure>"}
    for metadata, kept in [
        ({"image/png": {"alt": 'f is "12"', "width": 9}}, {"image/png": {"alt": 'f is "12"'}}),
        ({"image/png": {"alt": "a\u202eb"}, "text/plain": {"alt": "x"}}, {"image/png": {"alt": "a\\u202eb"}}),
        ({"image/png": {"alt": 3}}, {}),
        ({"image/png": "x", "image/jpeg": {"alt": "no such picture"}}, {}),
        ([], {}),
    ]:
        display = {"output_type": "display_data", "metadata": metadata, "data": picture}
        (output,) = read_outputs(json.dumps([display]).encode())
        assert output["metadata"] == kept
    long = {"output_type": "display_data", "metadata": {"image/png": {"alt": "x" * 9000}}, "data": picture}
    assert len(read_outputs(json.dumps([long]).encode())[0]["metadata"]["image/png"]["alt"]) == 4000


def text_of(html: str) -> list[str]:
    """Tags and words, in order; attributes aside."""
    return [unescape(word) for word in re.findall(r"<\w+|[^<>\s]+", re.sub(r"(<\w+)[^>]*>", r"\1>", html))]
