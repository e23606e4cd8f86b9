"""`check` in a notebook and in a terminal: the table, the hint, fresh code after an edit, and clear errors."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from autograder.masters.catalogue import catalogue
from toolbox.checks.items import TestResult
from toolbox.checks.table import Report

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def house(tmp_path):
    """A student's folder: the release, with the solved modules in it."""
    for name in ("assignments", "lib", "data"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(ROOT / "solutions" / "backprop", tmp_path / "lib" / "backprop", dirs_exist_ok=True)
    return tmp_path


def terminal(house: Path, *words: str, where: str = "assignments/flat") -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, "-m", "toolbox", *words],
        cwd=house / where, env={"PYTHONPATH": str(house / "lib"), "PATH": "/usr/bin:/bin", "HOME": str(house)},
        capture_output=True, text=True, timeout=120,
    )  # fmt: skip


def test_a_right_item_is_said_to_be_right(house):
    done = terminal(house, "check", "hinge_grad_b")
    assert done.returncode == 0 and "checks right" in done.stdout and "✗" not in done.stdout


def test_a_wrong_item_shows_the_numbers_and_names_the_misconception_once(house):
    module = house / "lib" / "backprop" / "flat.py"
    text = module.read_text()
    line = 'grads["b"] = grads["scores"].sum(dim=0)'
    assert line in text
    module.write_text(text.replace(line, 'grads["b"] = grads["scores"].mean(dim=0)'))
    done = terminal(house, "check", "hinge_grad_b", where=".")
    assert done.returncode == 1
    assert "yours" in done.stdout and "true" in done.stdout and "relative error" in done.stdout
    assert done.stdout.count("This looks like: The bias gradient is averaged instead of summed") == 1
    assert ".sum(" not in done.stdout, "a hint must not give the line away"


def test_an_item_of_two_assignments_is_checked_in_both_and_in_one_where_one_says_so(house):
    for name in ("flat", "scalar", "tensors"):
        rows = (house / "assignments" / name / "checks.json").read_text()
        if '"item": "neuron"' in rows:
            shutil.copytree(house / "assignments" / name, house / "assignments" / "again")
            break
    both = terminal(house, "check", "neuron", where=".")
    assert both.returncode == 0 and f"In {name}: neuron" in both.stdout and "In again: neuron" in both.stdout
    one = terminal(house, "check", "neuron", "--folder", f"assignments/{name}", where=".")
    assert one.returncode == 0 and one.stdout.startswith("neuron: ") and "In " not in one.stdout


def test_a_skeleton_gets_not_written_yet_and_no_traceback(house):
    shutil.copytree(ROOT / "lib" / "backprop", house / "lib" / "backprop", dirs_exist_ok=True)
    done = terminal(house, "test", "flat")
    assert done.returncode == 1 and "0 of 27 items are right" in done.stdout
    assert "not written yet" in done.stdout and "Traceback" not in done.stdout + done.stderr


def test_plain_pytest_asks_the_same_checks_of_the_same_work(house):
    shutil.copy(ROOT / "pyproject.toml", house)
    module = house / "lib" / "backprop" / "flat.py"
    module.write_text(module.read_text().replace('grads["b"] = grads["scores"].sum(dim=0)', 'grads["b"] = 0 * b'))
    for where in ("assignments/flat/checks", "assignments/flat/checks/linear.py"):
        words = ["pytest", where, "-p", "no:cacheprovider", "-k", "linear_hinge and value and b"]
        done = subprocess.run([sys.executable, "-m", *words], cwd=house, capture_output=True, text=True, timeout=120)
        assert done.returncode == 1 and "hinge_grad_b: " in done.stdout and "yours" in done.stdout, done.stdout
        assert "1 failed" in done.stdout


def test_an_unknown_item_names_the_known_ones(house):
    done = terminal(house, "check", "hinge")
    assert done.returncode == 2 and "hinge_loss" in done.stderr and "Traceback" not in done.stderr


def test_outside_a_course_it_says_where_to_go(house, tmp_path):
    nowhere = tmp_path / "nowhere"
    shutil.move(house / "lib", tmp_path / "toolbox-lib")
    nowhere.mkdir()
    done = subprocess.run(
        [sys.executable, "-m", "toolbox", "test", "flat"],
        cwd=nowhere, env={"PYTHONPATH": str(tmp_path / "toolbox-lib"), "PATH": "/usr/bin:/bin"},
        capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert done.returncode == 2 and "lib" in done.stderr and "Traceback" not in done.stderr


IN_A_NOTEBOOK = """
import sys, time
from pathlib import Path
sys.path.insert(0, str(Path.cwd().parents[1] / "lib"))
from toolbox.notebook.cells import Notebook
notebook = Notebook(Path.cwd())
notebook.run('''{start}''')
notebook.run("predicted = {{}}; faulty = {{}}; repaired = print; from toolbox import check; check('toy')")
import json
times = {{}}
for item in {items}:
    times[item] = 9.0
    for _ in range(3):  # the best of three: other work on the machine slows one down, a slow check is slow each time
        begin = time.perf_counter()
        shown = notebook.run(f"check({{item!r}})")
        times[item] = min(times[item], time.perf_counter() - begin)
        if times[item] < 1.0:
            break
    assert shown[-1]["output_type"] == "execute_result" and "<table" in shown[-1]["data"]["text/html"], shown
module = Path("../../lib/backprop/flat.py")
before = notebook.run("check('toy')")[-1]["data"]["text/html"]
module.write_text(module.read_text().replace("f = q * q", "f = q * q * q"))
after = notebook.run("check('toy')")[-1]["data"]["text/html"]
print(json.dumps({{"times": times, "before": before, "after": after}}))
"""


@pytest.fixture(scope="module")
def in_a_notebook(tmp_path_factory):
    """Every check run inside a notebook of a student's folder, from call to table, and one after an edit."""
    import json

    folder = tmp_path_factory.mktemp("house")
    for name in ("assignments", "lib", "data"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(ROOT / "solutions" / "backprop", folder / "lib" / "backprop", dirs_exist_ok=True)
    master = (ROOT / "solutions" / "flat.py").read_text()
    start = master[master.index("import sys") : master.index("toolbox.start()")] + "toolbox.start()"
    items = list(catalogue(ROOT)["flat"].points)
    script = IN_A_NOTEBOOK.format(start=start, items=items)
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=folder / "assignments" / "flat", capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout.splitlines()[-1])


def test_every_check_answers_within_a_second(in_a_notebook):
    slowest = max(in_a_notebook["times"], key=in_a_notebook["times"].get)
    assert len(in_a_notebook["times"]) == 27
    assert in_a_notebook["times"][slowest] < 1.0, (slowest, in_a_notebook["times"][slowest])


def test_an_edited_module_counts_at_the_next_check(in_a_notebook):
    assert "checks right" in in_a_notebook["before"]
    assert "✗" not in in_a_notebook["before"] and "✗" in in_a_notebook["after"]


def test_what_a_student_controls_is_escaped():
    evil = "<script>alert(1)</script>"
    result = TestResult("a", "test_a", False, 1.0, "failed", evil, [], {"shape_yours": [1], "shape_true": [1]})
    page = Report("a", [result])._repr_html_()
    assert "<script" not in page and "&lt;script" in page


def test_guesses_are_shown_once_and_the_commonest_first():
    def failed(name):
        return TestResult("a", "test_a", False, 1.0, "failed", "no", [name])

    page = Report("a", [failed("transposed"), failed("sign-flipped"), failed("sign-flipped")])._repr_html_()
    assert page.count("This looks like") == 2
    assert page.index("sign") < page.index("ransposed")
