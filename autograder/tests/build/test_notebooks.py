"""Tests of the built notebooks: stable bytes, nbgrader's metadata, and the very bytes of the stock command."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from nbgrader.nbgraderformat import MetadataValidator
from nbgrader.utils import compute_checksum

from autograder import build
from autograder.masters.catalogue import catalogue
from autograder.tests import build_course as course

REPOSITORY = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The small course, built once; tests that write build their own."""
    root = course.write(tmp_path_factory.mktemp("course"))
    build.build(root)
    return root


def cells(root: Path, folder: str) -> dict[str, dict]:
    notebook = json.loads((root / folder / "tiny/tiny.ipynb").read_text(encoding="utf-8"))
    return {cell["id"]: cell for cell in notebook["cells"]}


def python(root: Path, *command: str, **environment: str) -> subprocess.CompletedProcess:
    """Run Python in `root`, away from the settings of whoever runs the tests."""
    home = {
        "PYTHONPATH": os.pathsep.join([str(REPOSITORY), str(REPOSITORY / "lib")]),
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),  # nbgrader calls alembic
        "HOME": str(root / "home"),
        "JUPYTER_CONFIG_DIR": str(root / "home"),
    }
    return subprocess.run(
        [sys.executable, *command],
        cwd=root,
        env={**os.environ, **home, **environment},
        capture_output=True,
        text=True,
        timeout=120,
    )


def test_the_release_keeps_what_is_given_and_stubs_what_is_asked(built):
    release = cells(built, "assignments")
    assert release["solution_guess"]["source"] == ["# Write a number.\n", "guess = None\n", "# YOUR CODE HERE"]
    assert release["why"]["source"] == ["Why is that so?\n", "\n", "YOUR ANSWER HERE"]
    assert release["guess"]["source"] == ['check("guess")']
    texts = ["".join(cell["source"]) for cell in release.values()]
    assert "import sys\n\n%matplotlib inline\nfrom backprop import tiny" in texts
    assert "# Slopes\n\nThe slope of $x^2$ is $2x$; naïve readers say « why? »." in texts


def test_the_solved_notebook_keeps_its_answers(built):
    complete = cells(built, "solutions")
    assert "guess = 3.0 * 14.0\n" in complete["solution_guess"]["source"]
    assert "### BEGIN SOLUTION\n" in complete["why"]["source"]
    assert list(complete) == list(cells(built, "assignments"))


def test_each_kind_of_cell_has_nbgraders_metadata(built):
    for folder in ("solutions", "assignments"):
        release = {name: cell["metadata"].get("nbgrader") for name, cell in cells(built, folder).items()}
        common = {"schema_version": 3, "task": False}
        for name, expected in {
            "guess": {"grade": True, "solution": False, "locked": True, "points": 2, "cell_type": "code"},
            "slope": {"grade": True, "solution": False, "locked": True, "points": 1.5, "cell_type": "code"},
            "solution_guess": {"grade": False, "solution": True, "locked": False, "cell_type": "code"},
            "why": {"grade": True, "solution": True, "locked": False, "points": 3, "cell_type": "markdown"},
        }.items():
            found = {key: value for key, value in release[name].items() if key != "checksum"}
            assert found == {**common, **expected, "grade_id": name}
        assert all(not cell for name, cell in release.items() if name.startswith("given-"))


def test_nbgrader_and_nbformat_accept_both_notebooks_and_their_checksums(built):
    for folder in ("solutions", "assignments"):
        notebook = nbformat.read(built / folder / "tiny/tiny.ipynb", as_version=4)
        nbformat.validate(notebook)
        MetadataValidator().validate_nb(notebook)
        if folder == "assignments":
            graded = [cell for cell in notebook.cells if "nbgrader" in cell.metadata]
            assert [cell.metadata.nbgrader.checksum for cell in graded] == [compute_checksum(cell) for cell in graded]


def test_no_notebook_holds_outputs_or_metadata_of_an_editor(built):
    for folder in ("solutions", "assignments"):
        notebook = json.loads((built / folder / "tiny/tiny.ipynb").read_text(encoding="utf-8"))
        assert notebook["metadata"] == {
            "backprop_kit": {"assignment": "tiny", "modules": ["tiny"]},
            "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        }
        for cell in notebook["cells"]:
            assert set(cell["metadata"]) <= {"nbgrader", "deletable", "editable"}
            assert cell["cell_type"] == "markdown" or (cell["outputs"], cell["execution_count"]) == ([], None)


def test_cell_ids_are_valid_unique_and_survive_an_edit_elsewhere(tmp_path):
    root = course.write(tmp_path)
    build.build(root)
    before = list(cells(root, "assignments"))
    assert len(set(before)) == len(before)
    assert all(re.fullmatch(r"[a-zA-Z0-9_-]{1,64}", name) for name in before)
    course.edit(root, "notebook", "# %% [markdown]\n# ## By hand", "# %%\nnew = 1\n\n# %% [markdown]\n# ## By hand")
    build.build(root)
    assert [name for name in cells(root, "assignments") if name in before] == before


def test_the_bytes_are_the_same_on_each_run_and_for_each_hash_seed(tmp_path):
    trees = []
    for seed in ("0", "4242"):
        root = course.write(tmp_path / seed)
        code = "from pathlib import Path; from autograder import build; build.build(Path.cwd())"
        done = python(root, "-c", code, PYTHONHASHSEED=seed)
        assert done.returncode == 0, done.stderr
        trees.append(course.tree(root))
    assert trees[0] == trees[1]
    assert set(course.BUILT + course.IGNORED) <= trees[0].keys()
    root = tmp_path / "0"
    assert build.build(root) == [], "a second build wrote something"
    assert course.tree(root) == trees[0]


def test_stock_generate_assignment_makes_the_same_bytes(tmp_path):
    root = course.write(tmp_path)
    build.build(root)
    before = course.tree(root)
    done = python(root, "-m", "nbgrader", "generate_assignment", "tiny", "--force")
    assert done.returncode == 0, done.stderr
    assert "Converting notebook" in done.stderr
    after = course.tree(root)
    assert after["gradebook.db"]
    assert {path: after[path] for path in before} == before
    assert build.check(root) == []
    assert {p for p in after if p.startswith("assignments/")} == {p for p in before if p.startswith("assignments/")}


STOCK = """
import sys
from nbgrader.apps import GenerateAssignmentApp
for name in sys.argv[1:]:
    GenerateAssignmentApp.clear_instance()
    GenerateAssignmentApp.launch_instance([name, "--force"])
"""


def test_stock_generate_assignment_agrees_on_the_courses_own_masters(tmp_path):
    """The repository's masters and its nbgrader settings, in a copy, since the command removes and writes files."""
    places = (
        "solutions",
        "solutions/backprop",
        "autograder/course",
        "autograder/course/*/checks",
        "autograder/course/kinds",
    )
    for path in [*(f"{place}/*.py" for place in places), "nbgrader_config.py"]:
        for file in REPOSITORY.glob(path):
            copy = tmp_path / file.relative_to(REPOSITORY)
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_bytes(file.read_bytes())
    build.build(tmp_path)
    before = course.tree(tmp_path)
    known = catalogue(tmp_path)
    done = python(tmp_path, "-c", STOCK, *known)
    assert done.returncode == 0, done.stderr
    assert done.stderr.count("Converting notebook") == len(known)
    assert all(f"assignments/{name}/{name}.ipynb" in before for name in known)
    after = course.tree(tmp_path)
    assert {path: after[path] for path in before} == before
    assert build.check(tmp_path) == []


def test_the_repository_holds_what_its_masters_build():
    assert list(map(str, build.check(REPOSITORY))) == []
    assert list(catalogue(REPOSITORY)), "the repository has no assignment"


def test_a_cell_mark_in_a_string_is_refused_by_line(tmp_path):
    root = course.write(tmp_path)
    course.edit(root, "notebook", "import sys\n", 'text = """\n# %%\nwithin\n"""\n')
    with pytest.raises(build.Refused) as refused:
        build.build(root)
    (problem,) = refused.value.problems
    assert problem.path == "solutions/tiny.py"
    assert problem.line == course.line_of(root, "notebook", 'text = """') - 1
    assert "inside a string" in problem.message


def test_a_cell_mark_within_text_opens_no_cell(tmp_path):
    root = course.write(tmp_path)
    course.edit(root, "notebook", "# ## By hand\n", "# ```\n# # %% inside\n# ```\n")
    build.build(root)
    assert "```\n# %% inside\n```" in ["".join(cell["source"]) for cell in cells(root, "assignments").values()]


def test_a_released_cell_that_does_not_compile_is_refused_by_line(tmp_path):
    root = course.write(tmp_path)
    course.edit(root, "notebook", "guess = 3.0 * 14.0\n### END SOLUTION\n", "guess = [\n### END SOLUTION\n]\n")
    with pytest.raises(build.Refused) as refused:
        build.build(root)
    (problem,) = refused.value.problems
    assert (problem.path, problem.line) == ("solutions/tiny.py", course.line_of(root, "notebook", 'solution="guess"'))
    assert "does not compile" in problem.message


def test_a_released_module_that_does_not_compile_is_refused_by_line(tmp_path):
    root = course.write(tmp_path)
    course.edit(root, "module", "        answer = None\n        ### BEGIN", "        ### BEGIN")
    course.edit(root, "module", "        return answer\n    return None", "    return None")
    with pytest.raises(build.Refused) as refused:
        build.build(root)
    (problem,) = refused.value.problems
    assert problem.path == "solutions/backprop/tiny.py"
    assert problem.line == course.line_of(root, "module", "    return None")
    assert "does not compile" in problem.message


def test_every_notebook_looks_for_the_house_in_the_same_way():
    root = Path(__file__).resolve().parents[3]
    texts = [path.read_text(encoding="utf-8") for path in (root / "solutions").glob("*.py")]
    homes = {tuple(line for line in text.splitlines() if line.startswith("home = ")) for text in texts}
    assert len(homes) == 1 and homes.pop()
    assert all('"lib" / "backprop"' in text for text in texts)  # a folder called lib alone is at the root of Linux
