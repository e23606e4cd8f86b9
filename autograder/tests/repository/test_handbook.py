"""The handbook: every command that a README names is one that the kit takes, and a week of it is run for real."""

from __future__ import annotations

import csv
import json
import os
import re
import shlex
import shutil
import subprocess
import sys

import pytest
import typer

from autograder.cli import app
from autograder.tests import build_course
from autograder.tests.checkout import ROOT

READMES = ("README.md", "CONTRIBUTING.md", "autograder/README.md")
HANDBOOK = "autograder/README.md"
FENCED = re.compile(r"^( *)```\n(.*?)^\1```$", re.DOTALL | re.MULTILINE)
INLINE = re.compile(r"`(python -m autograder[^`]*)`")
STARTS = re.compile(r"(?:\S*/)?python -m autograder(?: (.*))?")


def commands(text: str) -> list[list[str]]:
    """The words after `python -m autograder` of each command in a Markdown text; comments are left out."""
    lines = [line.strip() for _, block in FENCED.findall(text) for line in block.splitlines()] + INLINE.findall(text)
    found = (STARTS.fullmatch(line) for line in lines)
    return [shlex.split(match[1] or "", comments=True) for match in found if match]


def parse(words: list[str]) -> str:
    """The command that these words name, which is not run. Raises what typer raises where it does not take them."""
    command, ran = typer.main.get_command(app), []
    waiting = [("", command)]
    while waiting:  # every command does nothing, but for saying its name
        name, one = waiting.pop()
        if children := getattr(one, "commands", None):
            waiting += [(f"{name} {child}".strip(), made) for child, made in children.items()]
        else:
            one.callback = lambda name=name, **_: ran.append(name)
    command.main(words, standalone_mode=False)
    return ran[0]


NAMED = {f"{name}: {' '.join(words)}": words for name in READMES for words in commands((ROOT / name).read_text())}
COMPLETE = {label: words for label, words in NAMED.items() if not {"…", "NAME", "<name>"} & set(words)}


@pytest.mark.parametrize("words", COMPLETE.values(), ids=COMPLETE)
def test_every_command_of_a_readme_is_taken(words):
    if words == []:
        return
    assert parse([word.replace("FILE", "file.csv") for word in words]) in " ".join(words)


def test_what_is_no_command_is_found_out():
    for line in ("grades flat", "grade flat --due soon", "grade flat --deu 2026-10-12", "roster import", "export --to"):
        with pytest.raises(Exception, match=r"(?i)no such|valid|missing|requires"):
            parse(line.split())
    text = "1. Do:\n\n   ```\n   python -m autograder grade flat   # all\n   ```\nor `python -m autograder build`."
    assert commands(text) == [["grade", "flat"], ["build"]]


def test_the_handbook_names_every_command():
    text = (ROOT / HANDBOOK).read_text()
    command = typer.main.get_command(app)
    names = set(command.commands) - {"bench", "demo"}  # they are `make bench` and `make demo`
    assert names - {words[0] for words in commands(text)} == set()


def week() -> list[list[str]]:
    """What the handbook says to type each week and at the end, and no platform or person is needed for."""
    text = (ROOT / HANDBOOK).read_text()
    before, _, after = text.partition("## Each week")
    weekly, _, rest = after.partition("## At the end")
    last = rest.partition("\n## ")[0]
    listed = (
        [words for words in commands(before) if words[:2] == ["roster", "import"]] + commands(weekly) + commands(last)
    )
    return [words for words in listed if words[0] != "gradebook" and not {"canvas", "--again", "--also"} & set(words)]


def test_a_week_of_the_handbook_runs_word_for_word_on_a_small_class(tmp_path):
    course = build_course.write_with_kit(tmp_path)
    names = {word for words in week() for word in words}
    assert {"grade", "report", "feedback", "export", "roster", "downloads", "gradebook.csv"} <= names
    kit = os.environ | {"PYTHONPATH": f"{course}:{course / 'lib'}"}

    def run(*lines: list[str]) -> None:
        code = (
            f"from autograder.cli import app\nfor line in {lines!r}: assert not app(line, standalone_mode=False), line"
        )
        done = subprocess.run([sys.executable, "-c", code], cwd=course, env=kit, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr

    run(["build"])
    with open(course / "gradebook.csv", "w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([["id", "name"], ["ada", "Ada Lovelace"]])
    hand_in = course / "downloads" / "ada"
    (hand_in / "lib" / "backprop").mkdir(parents=True)
    shutil.copy(course / "assignments" / "tiny" / "tiny.ipynb", hand_in)
    (hand_in / "lib" / "backprop" / "tiny.py").write_text("def slope(x):\n    return 2 * x\n")
    ours = {"flat": "tiny", "hinge_loss": "slope"}
    run(*([ours.get(word, word) for word in words] for words in week()))
    assert json.loads((course / "classroom" / "verdicts" / "tiny" / "ada.json").read_text())["score"] == 1.5
    with open(course / "classroom" / "grades.csv", encoding="utf-8-sig", newline="") as file:
        (row,) = csv.DictReader(file)
    assert (row["student_id"], row["last_name"], float(row["score"])) == ("ada", "Lovelace", 1.5)
    assert (course / "classroom" / "feedback" / "ada" / "tiny" / "tiny.html").is_file()
    assert (course / "classroom" / "report" / "tiny.html").is_file()


def test_files_that_the_readmes_name_are_there():
    text = (ROOT / HANDBOOK).read_text()
    named = set(re.findall(r"`((?:\w+/)+\w+\.py)`", text.partition("<!-- built by")[0]))
    missing = [name for name in named if not any((ROOT / top / name).is_file() for top in ("", "autograder", "lib"))]
    assert named and missing == [], missing
