"""`check` for someone who sits and waits: what is told of unwritten, wrong, endless and broken code, and how soon."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from autograder.build.signatures import named
from autograder.course import rooms
from autograder.course.mistaken import Mistaken
from autograder.masters.sources import checks_of
from autograder.tests.checkout import ROOT
from toolbox.checks.collect import collect
from toolbox.checks.items import TestResult
from toolbox.checks.misconceptions import CATALOGUE
from toolbox.checks.signatures import NAME, written
from toolbox.checks.suite import PUBLIC_SEED
from toolbox.checks.table import Aside, Report
from toolbox.notebook import folders

WRONG, UNWRITTEN = "✗", "○"


@pytest.fixture(scope="module")
def told(tmp_path_factory) -> dict[str, dict]:
    folder = tmp_path_factory.mktemp("house")
    skip = shutil.ignore_patterns("__pycache__", NAME)
    for name in ("assignments", "lib"):
        shutil.copytree(ROOT / name, folder / name, ignore=skip)
    shutil.copytree(ROOT / "lib" / "backprop", folder / "skeleton", ignore=skip)
    shutil.copytree(ROOT / "solutions" / "backprop", folder / "lib" / "backprop", dirs_exist_ok=True, ignore=skip)
    checks = collect(checks_of(ROOT, "tensors"))
    known = Mistaken(rooms.load("tensors"), checks, PUBLIC_SEED)  # as a release knows them, of one item
    asked = [check.id for check in checks if check.item == "softmax_backward" and not check.hidden]
    numbers = written({check: named(known(check)) for check in asked})
    (folder / "assignments" / "tensors" / NAME).write_bytes(numbers)
    scenes = Path(__file__).with_name("keyboard_scenes.py")
    done = subprocess.run(
        [sys.executable, scenes], cwd=folder, capture_output=True, text=True, timeout=60, encoding="utf-8"
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert "Traceback" not in done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def test_what_is_not_written_looks_different_from_what_is_wrong(told):
    text, html = told["unwritten"]["text"], told["unwritten"]["html"]
    assert text.startswith("toy: not written yet") and WRONG not in text and text.count(UNWRITTEN) > 1
    assert WRONG not in html and 'aria-label="not written yet"' in html and "#b42318" not in html
    assert "try it" not in text
    half = told["half"]["text"]
    assert "checks right, 0 wrong, " in half.splitlines()[0] and "not written yet" in half.splitlines()[0]
    wrong = told["wrong"]["html"]
    assert WRONG in wrong and UNWRITTEN not in wrong


def test_a_message_uses_the_functions_own_names(told):
    assert "f is not written yet" in told["unwritten"]["text"] and "loss is" not in told["unwritten"]["text"]
    assert "f is not written yet" in told["unwritten neuron"]["text"]
    assert "f is wrong: yours" in told["wrong"]["text"]
    assert "loss is wrong" in told["wrong tensors"]["text"]  # that function does call it so


def test_a_wrong_answer_shows_its_inputs_and_pasting_them_gives_it_again(told):
    wrong = told["wrong"]
    assert "try it:" in wrong["text"] and wrong["paste"][0].splitlines()[-1].startswith("flat.toy(")
    assert "from backprop import flat" in wrong["paste"][0] and wrong["values"][0][:1] == "("
    tensors = told["wrong tensors"]
    assert any('flat.linear_hinge(**inputs("hinge_loss", 1))' in paste for paste in tensors["paste"])
    yours = tensors["text"].split("yours ")[1].split(",")[0]
    assert any(yours[:5] in value for value in tensors["values"]), (yours, tensors["values"])
    objects = told["objects"]
    assert any("scalar.Value(" in paste and ".exp()" in paste for paste in objects["paste"]), objects


@pytest.mark.parametrize("name", ["endless", "swallowed", "asleep", "endless without signals"])
def test_code_that_does_not_end_is_stopped_and_its_line_is_named(told, name):
    scene = told[name]
    assert "stopped after 0.5 s (flat.py, line " in scene["text"] and "does every loop in it end?" in scene["text"]
    assert scene["seconds"] < 4
    assert "not run: an earlier check of this item ended so" in scene["text"]


def test_one_interrupt_ends_the_check(told):
    scene = told["interrupted"]
    assert scene["seconds"] < 5 and "not run: you interrupted the check" in scene["text"]
    assert "KeyboardInterrupt" not in scene["text"]


def test_a_syntax_error_is_told_once_by_its_line(told):
    text = told["syntax"]["text"]
    assert text.startswith("toy: not checked") and "flat.py, line " in text and "f = q * q)" in text
    assert text.count("line ") == 1 and len(text.splitlines()) <= 4 and "Traceback" not in text
    assert "f = q * q)" in told["syntax"]["html"]


def test_a_missing_prerequisite_is_named(told):
    text = told["prerequisite"]["text"]
    assert "`Value.__mul__` is not written yet" in text and "unsupported operand" not in text and WRONG not in text


def test_right_only_for_a_wrong_upstream_gradient_is_said_to_be_so(told):
    scene = told["upstream"]
    assert "right for the upstream gradient that you found, which is wrong itself" in scene["text"]
    assert "✓" in scene["text"]
    assert "upstream gradient that you found" not in told["last"]["text"]


def test_everything_is_as_before_at_the_end(told):
    assert told["first"]["text"] == told["last"]["text"] and WRONG not in told["last"]["text"]


def test_a_hint_never_points_to_a_later_notebook():
    guess = next(guess for guess in CATALOGUE.values() if guess.notebook == "layers")
    result = TestResult("toy", "test_a", False, 1.0, "failed", "no", [guess.id])
    for known, there in ((frozenset({"scalar", "flat"}), False), (frozenset({"scalar", "layers"}), True), (None, True)):
        report = Report("toy", [result], known=known)
        assert (f"Reread: {guess.section}" in repr(report)) is there
        assert ("Reread" in report._repr_html_()) is there
        assert guess.hint in repr(report)


def test_one_sum_for_all_rows_of_a_softmax_has_a_hint_of_its_own(told):
    text = told["one sum for all rows"]["text"]
    assert "This looks like: The rows share one sum." in text and "How many sums does a batch of four rows need" in text
    assert "(notebook tensors)" in text and "wrong axis" not in text


def test_a_condition_that_is_never_true_is_asked_about_and_no_tensor_is_blamed(told):
    text = told["typo in the maximum"]["text"]
    assert "the downstream gradient is wrong in 1 of 2 entries" in text and "gradient the" not in text
    assert "a condition on the way, or a mask, never true?" in text
    assert "tensor made" not in text and "(notebook flat)" not in text  # scalar comes before flat


def test_a_shift_by_the_largest_of_the_wrong_axis_is_not_told_as_a_ratio(told):
    text = told["largest of the wrong axis"]["text"]
    assert "loss is wrong" in text and "times the truth" not in text


def test_no_hint_or_example_names_a_later_notebook_than_its_own():
    order = ["scalar", "flat", "tensors", "layers", "training", "beyond"]
    ahead = {}
    for guess in CATALOGUE.values():
        later = order[order.index(guess.notebook) + 1 :]
        words = " ".join((guess.name, guess.hint, guess.worked))
        named = [name for name in later if re.search(rf"notebook `?{name}\b|`{name}` notebook|{name}\.ipynb", words)]
        if named:
            ahead[guess.id] = named
    assert ahead == {} and {guess.notebook for guess in CATALOGUE.values()} == set(order)


@pytest.mark.parametrize("name", ["scalar", "flat", "tensors", "layers", "training", "beyond"])
def test_what_is_told_to_be_reread_lies_in_a_notebook_that_one_has_come_to(name):
    known = folders.known_at(ROOT / "assignments" / name)
    guesses = [TestResult("a", f"test_{guess.id}", False, 1.0, "failed", "no", [guess.id])
               for guess in CATALOGUE.values()]  # fmt: skip
    told = repr(Report("a", guesses, known=known))
    assert known and set(re.findall(r"\(notebook (\w+)\)", told)) <= known and name in known


def test_a_ratio_is_told_where_it_says_something():
    def words(ratio: float, wrong: int) -> str:
        evidence = {"ratio": ratio, "wrong_entries": wrong, "entries": 1, "map": None}
        return repr(Report("a", [TestResult("a", "test_a", False, 1.0, "failed", "no", [], evidence)]))

    assert "times the truth" not in words(1.015, 1)  # a single number has always one ratio
    assert "1.5 times the truth" in words(1.5, 1)
    assert "1.015 times the truth wherever" in words(1.015, 6)


def test_what_is_pasted_is_escaped():
    result = TestResult("a", "test_a", False, 1.0, "failed", "no")
    page = Report("a", [result], asides={"test_a": Aside(("f('<script>')",))})._repr_html_()
    assert "<script>" not in page and "&lt;script&gt;" in page
