"""Every notebook says in its head what it asks, how long it takes and what may be skipped, and fits a small screen."""

from __future__ import annotations

import json
import re

import pytest

from autograder.tests.checkout import ROOT

NAMES = sorted(path.stem for path in (ROOT / "solutions").glob("*.py"))
WIDTH = 88  # characters of a line of code that a browser of 1366 pixels shows beside JupyterLab's file list


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
    assert too_wide(name) == []


def headless(name: str) -> list[str]:
    """What the notebook's first text does not say."""
    head = cells(name, "markdown")[0]
    rows = [row for row in head.splitlines() if row.startswith("|")]
    missing = [word for word in ("You need", "By the end of this notebook you will have") if word not in head]
    if not rows or "| time |" not in rows[0] or not all(re.search(r"\d|½|¼|¾", row) for row in rows[2:]):
        missing.append("a table with the time of each part")
    if not re.search(r"There are \d+ checks \([\d.]+ points\) and \d+ written questions", head):
        missing.append("how much there is to do")
    if not re.search(r"skipped|skip|choose", head):
        missing.append("what may be skipped")
    return missing


@pytest.mark.parametrize("name", NAMES)
def test_the_head_says_what_is_asked_how_long_it_takes_and_what_may_be_skipped(name):
    assert headless(name) == []


def hours(name: str) -> dict[str, float]:
    """Part -> hours, from the table in the notebook's head. "1½ h" is 1.5."""
    parts = {"½": 0.5, "¼": 0.25, "¾": 0.75}
    found = {}
    for row in cells(name, "markdown")[0].splitlines():
        if match := re.match(r"\| ([A-Z]) \|.*\| (\d*)([½¼¾]?) h \|", row):
            found[match[1]] = float(match[2] or 0) + parts.get(match[3], 0)
    return found


def test_the_paths_of_the_readme_take_the_hours_they_say():
    text = (ROOT / "lib" / "README.md").read_text(encoding="utf-8")
    columns = re.findall(r"`(\w+)`", re.search(r"^\| path \|.*$", text, re.MULTILINE)[0])
    assert sorted(columns) == NAMES
    paths = re.findall(r"^\| (\d+) hours:[^|]*\|(.*)\|$", text, re.MULTILINE)
    assert [total for total, _ in paths] == ["12", "20", "40"]
    for total, row in paths:
        chosen = [cell.split() for cell in row.split("|")]
        taken = sum(hours(name)[part] for name, parts in zip(columns, chosen, strict=True) for part in parts)
        assert abs(taken - float(total)) <= 0.5, f"the path of {total} hours takes {taken}"
    whole = sum(sum(hours(name).values()) for name in NAMES)
    said = int(re.search(r"The whole course takes about (\d+) hours", text)[1])
    assert abs(whole - said) <= 1


@pytest.mark.parametrize("name", NAMES)
def test_every_column_of_a_table_has_a_name(name):
    for text in cells(name, "markdown"):
        lines = text.splitlines()
        heads = [a for a, b in zip(lines, lines[1:], strict=False) if re.fullmatch(r"\|(?: *:?-+:? *\|)+", b.strip())]
        assert [head for head in heads if re.search(r"\| *\|", head)] == []
