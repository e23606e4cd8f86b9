"""The table of the lectures' ideas: each stands where the table says, in the notebook that students get."""

from __future__ import annotations

import json
import re
from functools import cache

import pytest

from autograder.tests.checkout import ROOT

TABLE = ROOT / "autograder" / "course" / "concepts.md"
NAMES = sorted(path.stem for path in (ROOT / "solutions").glob("*.py"))


def rows() -> list[tuple[str, str, str, str]]:
    """(idea, notebook, section, word) of the table."""
    lines = [line for line in TABLE.read_text(encoding="utf-8").splitlines() if line.startswith("| ")][2:]
    return [tuple(cell.strip().strip("`") for cell in line.strip("|").split(" | ")) for line in lines]


@cache
def sections(name: str) -> dict[str, str]:
    """Heading -> all that stands below it, its subsections included and it itself not, of a released notebook."""
    cells = json.loads((ROOT / "assignments" / name / f"{name}.ipynb").read_text(encoding="utf-8"))["cells"]
    texts = ["".join(cell["source"]) for cell in cells]
    open_ones: dict[int, str] = {}
    found: dict[str, str] = {}
    for cell, text in zip(cells, texts, strict=True):
        for line in text.splitlines():
            heading = re.match(r"(#{1,6}) +(.+)", line) if cell["cell_type"] == "markdown" else None
            if heading:
                level = len(heading[1])
                open_ones = {depth: title for depth, title in open_ones.items() if depth < level}
                open_ones[level] = heading[2].strip()
                found[heading[2].strip()] = ""
            below = [title for title in open_ones.values() if heading is None or title != heading[2].strip()]
            for title in below:
                found[title] += line + "\n"
    return found


@pytest.mark.parametrize("idea, notebook, section, word", rows(), ids=[row[0] for row in rows()])
def test_an_idea_of_the_lectures_is_taught_where_the_table_says(idea, notebook, section, word):
    assert section in sections(notebook), f"{notebook} has no heading {section!r}"
    assert word.lower() in sections(notebook)[section].lower(), f"{word!r} does not stand in {notebook}, {section!r}"


def test_every_notebook_has_ideas_and_no_idea_stands_there_twice():
    table = rows()
    assert {row[1] for row in table} == set(NAMES)
    assert len({row[0] for row in table}) == len(table)
