"""Every notebook says in its head what it asks, how long it takes and what may be skipped, and fits a small screen."""

from __future__ import annotations

import json
import re

import pytest

from autograder.tests.checkout import ROOT

NAMES = sorted(path.stem for path in (ROOT / "solutions").glob("*.py"))
WIDTH = 88  # characters of a line of code that a browser of 1366 pixels shows beside JupyterLab's file list
# Notebooks that are still to be brought into shape. A name leaves these lists when its notebook is; none is added.
TOO_WIDE: set[str] = set()
NO_HEAD: set[str] = {"beyond"}


def cells(name: str, kind: str) -> list[str]:
    notebook = json.loads((ROOT / "assignments" / name / f"{name}.ipynb").read_text(encoding="utf-8"))
    return ["".join(cell["source"]) for cell in notebook["cells"] if cell["cell_type"] == kind]


def too_wide(name: str) -> list[str]:
    """Lines of code that are too long: of the notebook, and of the answers in its master."""
    released = [line for source in cells(name, "code") for line in source.splitlines()]
    master, code = (ROOT / "solutions" / f"{name}.py").read_text(encoding="utf-8"), []
    for part in re.split(r"^# %%", master, flags=re.MULTILINE)[1:]:
        head, _, body = part.partition("\n")
        code += [] if head.startswith(" [markdown]") else body.splitlines()
    return sorted({line for line in [*released, *code] if len(line) > WIDTH})


@pytest.mark.parametrize("name", NAMES)
def test_no_line_of_code_is_too_long_for_a_small_screen(name):
    if name in TOO_WIDE:
        assert too_wide(name), f"{name} is in shape: take it off TOO_WIDE"
        pytest.skip("still to be brought into shape")
    assert too_wide(name) == []


def headless(name: str) -> list[str]:
    """What the notebook's first text does not say."""
    head = cells(name, "markdown")[0]
    rows = [row for row in head.splitlines() if row.startswith("|")]
    missing = [word for word in ("You need", "By the end of this notebook you will have") if word not in head]
    if not rows or "| time |" not in rows[0] or not all(re.search(r"\d|½|¼|¾", row) for row in rows[2:]):
        missing.append("a table with the time of each part")
    if not re.search(r"skipped|skip", head):
        missing.append("what may be skipped")
    return missing


@pytest.mark.parametrize("name", NAMES)
def test_the_head_says_what_is_asked_how_long_it_takes_and_what_may_be_skipped(name):
    if name in NO_HEAD:
        assert headless(name), f"{name} has its head: take it off NO_HEAD"
        pytest.skip("still to be brought into shape")
    assert headless(name) == []
