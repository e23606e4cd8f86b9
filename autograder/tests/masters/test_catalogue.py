"""Tests of the catalogue: what each assignment is made of, in the order of its notebook, quickly and without torch."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from autograder.build import Refused
from autograder.masters.catalogue import catalogue
from autograder.tests import build_course as course

REPOSITORY = Path(__file__).resolve().parents[3]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return course.write(tmp_path)


def test_items_come_in_the_order_of_the_notebook_with_points_and_titles(root):
    tiny = catalogue(root)["tiny"]
    assert (tiny.name, tiny.modules) == ("tiny", ("tiny",))
    assert (tiny.master, tiny.checks) == ("solutions/tiny.py", "autograder/course/tiny/checks")
    assert [(item.id, item.points, item.title) for item in tiny.items] == [
        ("guess", 2, "By hand"),
        ("slope", 1.5, "By hand"),
    ]
    assert [(written.id, written.points) for written in tiny.written] == [("why", 3)]
    assert (tiny.points, tiny.max_score, tiny.max_written) == ({"guess": 2, "slope": 1.5}, 3.5, 3)
    assert tiny.items[0].line == course.line_of(root, "notebook", 'item="guess"')


def test_the_order_follows_the_notebook_and_not_the_suite(root):
    text = (root / "solutions/tiny.py").read_text()
    first, second = '# %% item="guess" points=2\ncheck("guess")\n', '# %% item="slope" points=1.5\ncheck("slope")\n'
    (root / "solutions/tiny.py").write_text(
        text.replace(first, "FIRST").replace(second, first).replace("FIRST", second)
    )
    assert list(catalogue(root)["tiny"].points) == ["slope", "guess"]


def test_a_heading_within_a_model_answer_is_no_title(root):
    course.edit(root, "notebook", "# # Slopes\n", "# # Slopes\n#\n# ```\n# # a comment\n# ```\n")
    text = (root / "solutions/tiny.py").read_text()
    check = '# %% item="slope" points=1.5\ncheck("slope")\n'
    (root / "solutions/tiny.py").write_text(text.replace(check + "\n", "") + "\n" + check)
    assert catalogue(root)["tiny"].items[-1].title == "By hand"


def test_malformed_masters_have_no_catalogue(root):
    path = course.edit(root, "notebook", "points=2", "points=-2")
    with pytest.raises(Refused, match=f"{path}:"):
        catalogue(root)


def test_the_catalogue_needs_neither_torch_nor_jupyter_and_is_quick():
    code = """
import ast, sys, time
from pathlib import Path
from autograder.masters.catalogue import catalogue
root = Path(sys.argv[1])
masters = [*root.glob("solutions/*.py"), *root.glob("autograder/course/*/checks/*.py")]
reading, parsing = [], []
for _ in range(5):  # side by side, so that a slow machine slows both
    start = time.process_time()
    found = catalogue(root)
    reading.append(time.process_time() - start)
    start = time.process_time()
    for path in masters:
        ast.parse(path.read_text())
    parsing.append(time.process_time() - start)
assert len(masters) >= 2 * len(found) > 0, masters
heavy = {"torch", "jupytext", "nbformat", "nbgrader", "nbconvert", "pytest"} & sys.modules.keys()
assert not heavy, heavy
print(min(reading) / min(parsing))
"""
    command = [sys.executable, "-c", code, str(REPOSITORY)]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert float(done.stdout) < 4, "times what Python's own parser takes for the same files"
