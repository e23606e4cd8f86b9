"""Which hand-ins are alike: a copy comes first whatever its names, right answers and given text do not stand out."""

from __future__ import annotations

import io
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from rich.console import Console

from autograder.similarity.compare import LEAST, rank
from autograder.similarity.page import shortened
from autograder.similarity.run import released, similar
from autograder.similarity.work import CODE, LARGEST, LONGEST, WORDS, Work, read
from autograder.tests.checkout import ROOT
from toolbox.errors import NotThere, UnknownName

STYLES = ROOT / "autograder" / "course" / "flat" / "styles"
SOLUTION = (ROOT / "solutions" / "backprop" / "flat.py").read_text()
SKELETON = (ROOT / "lib" / "backprop" / "flat.py").read_text()
NAMES = "scores margins hidden probabilities loss grads shifted mask grad_w".split()
PROSE = (
    "The walk backwards leaves at every wire what the loss would gain by a small step there, so one walk is enough. "
)
HOSTILE = "<script>alert(1)</script>\u202e'\"& {{ 7 * 7 }} {% raw %}"


def renamed(text: str) -> str:
    for name in NAMES:
        text = re.sub(rf"\b{name}\b", f"my_{name[::-1]}", text)
    return re.sub(r"\s+#.*", "  # my own words", text)


def style(name: str) -> str:
    return (STYLES / name / "flat.py").read_text()


def hand_in(submitted: Path, student: str, module: str, words: str = "") -> Path:
    """A hand-in of `flat` as the intake leaves it; words: the answer to a written question."""
    folder = submitted / student / "flat"
    (folder / "lib" / "backprop").mkdir(parents=True)
    (folder / "lib" / "backprop" / "flat.py").write_text(module)
    notebook = json.loads((ROOT / "assignments" / "flat" / "flat.ipynb").read_text())
    for cell in notebook["cells"]:
        if cell["metadata"].get("nbgrader", {}).get("grade_id") == "why_backwards" and words:
            cell["source"] = words
    (folder / "flat.ipynb").write_text(json.dumps(notebook))
    return folder


@pytest.fixture
def course(tmp_path) -> Path:
    """The repository's masters, and a class of its own."""
    for part in ("solutions", "assignments", "autograder", "lib"):
        (tmp_path / part).symlink_to(ROOT / part)
    return tmp_path


def shown(course: Path, *also: Path) -> tuple[str, str]:
    """The page and what the terminal says."""
    said = io.StringIO()
    page = similar(course, "flat", list(also), Console(file=said, width=200))
    return page.read_text(), said.getvalue()


def works(**texts: str) -> list[Work]:
    return [Work(student, "", {CODE: text, WORDS: ""}) for student, text in texts.items()]


def test_a_copy_with_other_names_and_comments_comes_first_and_right_answers_do_not_stand_out():
    answers = works(ada=SOLUTION, ben=renamed(SOLUTION), chen=style("loops"), dana=style("numpy"), eve=style("einsum"))
    first, *others = rank(answers, {CODE: SKELETON})
    assert {first.one.student, first.other.student} == {"ada", "ben"} and first.share > 0.9
    assert max([pair.share for pair in others], default=0) < 0.4 and len(others) < 5


def test_half_a_copy_is_found_too():
    half = SOLUTION[: len(SOLUTION) // 2]
    (pair, *_) = rank(works(ada=half, ben=renamed(SOLUTION), chen=style("loops")), {CODE: SKELETON})
    assert {pair.one.student, pair.other.student} == {"ada", "ben"} and pair.share > 0.9


def test_what_was_given_counts_for_nothing():
    assert rank(works(ada=SKELETON, ben=SKELETON), {CODE: SKELETON}) == []
    assert len(rank(works(ada=SKELETON, ben=SKELETON), {})) == 1
    cells, given = released(ROOT, "flat")
    assert "What is the loss" not in cells and len(cells) > 30 and "def linear_hinge" in given[CODE]


def test_what_many_write_is_nobodys():
    many = works(**{f"s{number:02}": SOLUTION for number in range(20)}) + works(ada=style("loops"), ben=style("loops"))
    assert {(pair.one.student, pair.other.student) for pair in rank(many, {CODE: SKELETON})} == {("ada", "ben")}


def test_the_ranking_does_not_depend_on_the_hash_seed_of_the_process():
    texts = {"ada": SOLUTION, "ben": renamed(SOLUTION), "chen": style("loops"), "dana": style("numpy")}
    code = (
        "import json, sys\n"
        "from autograder.similarity.compare import rank\n"
        "from autograder.similarity.work import CODE, WORDS, Work\n"
        "texts, given = json.load(sys.stdin)\n"
        "works = [Work(name, '', {CODE: text, WORDS: ''}) for name, text in texts.items()]\n"
        "print([(pair.one.student, pair.other.student, pair.share, pair.size) for pair in rank(works, {CODE: given})])"
    )
    told = set()
    for seed in "12":
        environment = {"PYTHONHASHSEED": seed, "PYTHONPATH": ":".join([str(ROOT), str(ROOT / "lib"), *sys.path])}
        done = subprocess.run(
            [sys.executable, "-c", code], env=environment, input=json.dumps([texts, SKELETON]), capture_output=True,
            text=True,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        told.add(done.stdout)
    assert len(told) == 1 and "('ada', 'ben', 1.0" in told.pop()


def test_written_answers_are_compared_whatever_their_case_and_spaces(course):
    submitted = course / "classroom" / "submitted"
    hand_in(submitted, "ada", SKELETON, PROSE * 3)
    hand_in(submitted, "ben", SKELETON, (PROSE * 3).upper().replace(" ", "\n"))
    hand_in(submitted, "chen", SKELETON, "Every node needs its inputs, which the forward pass has made. " * 5)
    page, said = shown(course)
    assert "ada · ben" in said and "words" in said and "chen" not in said
    assert page.count("<mark>") >= 2


def test_last_years_hand_ins_are_another_source_and_not_compared_with_each_other(course, tmp_path):
    hand_in(course / "classroom" / "submitted", "ada", renamed(SOLUTION))
    hand_in(tmp_path / "2025" / "submitted", "zoe", SOLUTION)
    hand_in(tmp_path / "2025" / "submitted", "yan", SOLUTION)
    page, said = shown(course, tmp_path / "2025")
    assert "ada · zoe (2025)" in said and "ada · yan (2025)" in said and "yan (2025) · zoe" not in said
    assert "zoe (2025)" in page
    with pytest.raises(NotThere, match="classroom"):
        similar(course, "flat", [tmp_path / "nowhere"])


def test_the_page_loads_nothing_runs_nothing_and_accuses_nobody(course):
    submitted = course / "classroom" / "submitted"
    copied = f'{SOLUTION}\n\n"""{HOSTILE}"""\n'
    hand_in(submitted, "<b>ada</b>", copied)
    hand_in(submitted, "ben\u202e", renamed(copied))
    page, said = shown(course)
    assert "default-src &#39;none&#39;" in page or "default-src 'none'" in page
    assert "<script" not in page and "<b>ada" not in page and "\u202e" not in page + said
    assert not re.search(r"(?i)\b(plagiari|cheat|guilt|copied|offen[cs]e)", page + said)


def test_huge_files_and_what_cannot_be_read_break_nothing(course):
    submitted = course / "classroom" / "submitted"
    big = hand_in(submitted, "big", "x = '" * 200_000)
    (big / "lib" / "backprop" / "more.py").write_bytes(b"\xff\0" * 100)
    with open(big / "lib" / "backprop" / "sparse.py", "wb") as file:
        file.truncate(LARGEST + 1)
    (big / "lib" / "backprop" / "link.py").symlink_to("/etc/passwd")
    for student, notebook in {
        "deep": "[" * 100_000,
        "list": "[1, 2]",
        "odd": '{"cells": [{"source": 3}, null]}',
    }.items():
        (hand_in(submitted, student, "") / "flat.ipynb").write_text(notebook)
    (hand_in(submitted, "gone", SOLUTION) / "flat.ipynb").unlink()
    hand_in(submitted, "ada", renamed(SOLUTION))
    page, said = shown(course)
    assert "ada · gone" in said and "sparse.py is too large" in page and page.count("the notebook cannot be read") == 3
    work = read(big, set())
    assert len(work.texts[CODE]) == LONGEST and "root:" not in work.texts[CODE]


def test_without_hand_ins_or_an_assignment_it_says_what_is_missing(course):
    with pytest.raises(NotThere, match="take them in first"):
        similar(course, "flat", [])
    with pytest.raises(UnknownName):
        similar(course, "flatt", [])


def test_a_side_is_cut_down_to_what_stands_next_to_something_in_common():
    (pair,) = rank(works(ada=SOLUTION + "\ny = 1" * 2000, ben=SOLUTION), {CODE: SKELETON})
    cut = shortened(pair.sides[0])
    assert "characters …" in "".join(passage.text for passage in cut)
    assert [one for one in cut if one.common] == [one for one in pair.sides[0] if one.common]
    assert sum(len(passage.text) for passage in pair.sides[1]) == len(SOLUTION) and pair.size >= LEAST
