"""What the repository's files must hold, and must not."""

from __future__ import annotations

import ast
import re
import subprocess
from fnmatch import fnmatch

import pytest

from autograder.tests.checkout import ROOT

LONGEST = 300  # lines of a module
# Tables and stories of their own, which the next rebuild takes apart.
LONG = ("autograder/course/", "autograder/tests/", "assignments/", "solutions/", "lib/backprop/")


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


def test_pytest_passes_over_no_folder_of_tests(pytestconfig):
    """It does so, without a word, for every folder whose name is in this list, and `build` is in its own list."""
    passed_over = pytestconfig.getini("norecursedirs")
    folders = {part for name in tracked(".py") if name.startswith("autograder/tests/") for part in name.split("/")[:-1]}
    assert folders and [name for name in folders if any(fnmatch(name, pattern) for pattern in passed_over)] == []


def test_every_module_of_tests_is_called_as_pytest_looks_for_it():
    unseen = []
    for name in tracked(".py"):
        tests = [node.name for node in ast.parse((ROOT / name).read_text(encoding="utf-8")).body
                 if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")]  # fmt: skip
        if name.startswith("autograder/tests/") and tests and not name.rpartition("/")[2].startswith("test_"):
            unseen.append(name)
    assert unseen == []
