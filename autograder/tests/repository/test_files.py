"""What the repository's files must hold, and must not."""

from __future__ import annotations

import ast
import re
import subprocess

import pytest

from autograder.tests.checkout import ROOT

LONGEST = 300  # lines of a module
# Tables and stories of their own, which the next rebuild takes apart.
LONG = ("autograder/course/", "autograder/tests/", "assignments/", "solutions/", "lib/")


def tracked(*endings: str) -> list[str]:
    names = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split("\n")
    return [name for name in names if name.endswith(endings) and (ROOT / name).is_file()]


@pytest.fixture(scope="module", autouse=True)
def in_a_checkout():
    if not (ROOT / ".git").exists():
        pytest.skip("this is no checkout: git does not know its files")


def test_no_module_is_longer_than_a_reader_has_patience_for():
    long = {}
    for name in tracked(".py"):
        lines = len((ROOT / name).read_text(encoding="utf-8").splitlines())
        if lines > LONGEST and not name.startswith(LONG):
            long[name] = lines
    assert long == {}


def test_the_top_of_the_grader_holds_rooms_and_at_most_five_modules():
    top = [path.name for path in (ROOT / "autograder").glob("*.py")]
    assert len(top) <= 5, top


def test_every_module_says_what_it_does():
    silent = []
    for name in tracked(".py"):
        tree = ast.parse((ROOT / name).read_text(encoding="utf-8"))
        if tree.body and ast.get_docstring(tree) is None and not name.startswith(("assignments/", "solutions/")):
            silent.append(name)
    assert silent == []


def test_no_file_speaks_of_a_machine_or_a_host_of_packages():
    parts = [("/wo", "rk/"), ("/fa", "rm/"), ("pypi", ".org"), ("deb.", "debian"), ("registry.", "npmjs")]
    words = re.compile("|".join(re.escape(begin + end) for begin, end in parts))  # in two: this file is read, too
    found = [
        name
        for name in tracked(".py", ".md", ".toml", ".txt", ".yaml", ".html", ".j2", ".sh", ".ipynb", "Makefile")
        if words.search((ROOT / name).read_text(encoding="utf-8"))
    ]
    assert found == []
