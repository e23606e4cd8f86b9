"""The gradebook for real: JupyterLab with formgrader on a graded class of 300, in a browser without a network.

The course is the tiny one, with the kit's own programs beside it, so that its commands are run as a TA runs them. One
hand-in is judged; the others are entered with copies of its verdict.
"""

from __future__ import annotations

import csv
import json
import os
import re
import socket
import subprocess
import sys
import time
from pathlib import Path
from urllib.request import urlopen

import pytest

from autograder.tests import build_course
from autograder.tests.browser import PATIENCE, Browser
from autograder.tests.chromium import needs_chromium

pytestmark = needs_chromium
SIZE = 300
FIRST = ("Ada", "Ben", "Chen", "Dana", "Émile")
PICTURES = os.environ.get("KIT_PICTURES")  # a folder for what the browser showed, to be looked at
ANSWER = r"Because of **limits**: $\frac{f(x+h)-f(x)}{h}$ and $$\begin{align}a&=b\\c&=d\end{align}$$"
COMMENT = "Well *said*: $x^2$"
GRADED = """
import copy, json, shutil
from pathlib import Path
from autograder import intake
from autograder.cli.base import ROOT
from autograder.gradebook.book import Book
from autograder.gradebook.enter import ClassEntry
from autograder.grading.feedback import make_page
from autograder.grading.run import grade
from autograder.judging.key import key
from autograder.records import verdict as verdicts
from autograder.records.hand_in import read_hand_in
from autograder.records.seed import class_seed

outcome = grade(ROOT, "tiny", jobs=1, trust=True)
assert outcome.graded == ["s000"], outcome
classroom, book = ROOT / "classroom", Book(ROOT)
judged, seed = verdicts.read(classroom, "tiny", "s000"), class_seed(classroom, book.seed)
with ClassEntry(book) as entry:
    for number in range(1, SIZE):
        student = f"s{number:03}"
        folder = classroom / "submitted" / student / "tiny"
        shutil.copytree(classroom / "submitted" / "s000" / "tiny", folder)
        hand_in = read_hand_in(folder, intake.inspect(folder, "tiny", ROOT / "assignments" / "tiny" / "tiny.ipynb"))
        judged.verdict.student, judged.verdict.key = student, key(ROOT, hand_in, seed, False)
        verdicts.write(judged, classroom)
        entry.enter("tiny", student)
        make_page(entry, "tiny", student)
"""


def name_of(number: int) -> tuple[str, str]:
    """First and last name: the order of names is not that of ids."""
    return FIRST[number % len(FIRST)], f"Learner {(number * 7 + 3) % SIZE:03}"


def in_order() -> list[str]:
    return [f"{last}, {first}" for last, first in sorted(name_of(number)[::-1] for number in range(SIZE))]


@pytest.fixture(scope="module")
def course(tmp_path_factory) -> Path:
    root = build_course.write_with_kit(tmp_path_factory.mktemp("course"))
    done = run(root, "-m", "autograder", "build")
    assert done.returncode == 0, done.stderr
    folder = root / "classroom" / "submitted" / "s000" / "tiny"
    (folder / "lib" / "backprop").mkdir(parents=True)
    notebook = json.loads((root / "assignments" / "tiny" / "tiny.ipynb").read_text())
    for cell in notebook["cells"]:
        marks = cell["metadata"].get("nbgrader", {})
        if marks.get("grade_id") == "why":
            cell["source"] = ANSWER
        elif marks.get("grade_id") == "solution_guess":
            cell["source"] = "guess = 42.0"
    (folder / "tiny.ipynb").write_text(json.dumps(notebook))
    (folder / "lib" / "backprop" / "tiny.py").write_text("def slope(x):\n    return 2.0\n")  # right at 1 alone
    people = [["id", "first_name", "last_name"], *([f"s{number:03}", *name_of(number)] for number in range(SIZE))]
    with open(root / "classroom" / "roster.csv", "w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(people)
    done = run(root, "-c", f"SIZE = {SIZE}\n{GRADED}")
    assert done.returncode == 0, done.stdout + done.stderr
    return root


def run(course: Path, *words: str) -> subprocess.CompletedProcess:
    """Python in the course, with the course's own copy of the kit."""
    environment = os.environ | {"PYTHONPATH": f"{course}:{course / 'lib'}"}
    return subprocess.run([sys.executable, *words], cwd=course, env=environment, capture_output=True, text=True)


@pytest.fixture(scope="module")
def address(course, tmp_path_factory):
    """Of a server that `gradebook` has started; with a token, as students and others may be on this machine."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    own = tmp_path_factory.mktemp("jupyter")
    environment = os.environ | {f"JUPYTER_{name}_DIR": str(own / name) for name in ("CONFIG", "DATA", "RUNTIME")}
    environment |= {"PYTHONPATH": f"{course}:{course / 'lib'}"}
    words = ["--no-browser", "--allow-root", f"--port={port}", "--port-retries=0", "--IdentityProvider.token=secret"]
    with open(own / "log", "w", encoding="utf-8") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "autograder", "gradebook", "--", *words], cwd=course, env=environment,
            stdout=log, stderr=subprocess.STDOUT,
        )  # fmt: skip
    until = time.monotonic() + PATIENCE
    while True:
        try:
            urlopen(f"http://127.0.0.1:{port}/api?token=secret").close()
            break
        except OSError:
            assert process.poll() is None and time.monotonic() < until, (own / "log").read_text()
            time.sleep(0.1)
    yield f"http://127.0.0.1:{port}"
    process.terminate()
    process.wait()


@pytest.fixture(scope="module")
def browser(address):
    browser = Browser()
    browser.open(f"{address}/lab?token=secret")
    yield browser
    browser.close()


def look(browser: Browser, name: str) -> None:
    if PICTURES:
        browser.hear(0.5)
        browser.picture(Path(PICTURES) / f"{name}.png")


ROWS = "[...document.querySelectorAll('#main-table tr')]"


def test_jupyterlab_shows_the_list_of_assignments_and_nothing_that_is_none(browser):
    browser.wait("!document.querySelector('#jupyterlab-splash') && !!document.querySelector('.lm-MenuBar-item')")
    browser.click(".lm-MenuBar-item", "Nbgrader")
    browser.click(".lm-Menu-item", "Formgrader")
    page = "document.querySelector('iframe').contentDocument"
    rows = ROWS.replace("document", page)
    assert browser.wait(f"{rows}.length && {rows}.map(row => row.querySelector('.name').innerText)") == ["tiny"]
    assert not browser.run(f"{page}.querySelectorAll('.alert').length")
    look(browser, "1-assignments")


def test_a_class_of_three_hundred_stands_there_with_its_names_in_order(browser, address):
    browser.open(f"{address}/formgrader/gradebook/tiny/tiny")
    shown = f"{ROWS}.map(row => row.querySelector('.name').innerText.trim())"
    assert browser.wait(f"{ROWS}.length > 1 && {shown}") == in_order()
    look(browser, "2-class")


def test_a_written_answer_is_marked_beside_its_scheme_and_the_total_is_right(browser, address, course):
    names = in_order()
    browser.open(f"{address}/formgrader/gradebook/tiny/tiny")
    browser.click("#main-table .name a.name-shown", names[0])
    browser.wait("document.querySelector('.kit-marking') && document.querySelector('#why').value !== undefined")
    assert names[0] in browser.text(".breadcrumb")
    assert "a limit of quotients" in browser.text(".kit-marking aside")
    formulas = "document.querySelector('.kit-marking div').querySelectorAll('math mfrac, math mtable')"
    assert browser.run(f"{formulas}.length") == 2
    # the scheme stands to the right of the answer, not below it
    places = "[...document.querySelector('.kit-marking').children].map(one => one.getBoundingClientRect())"
    assert browser.run(f"(([one, other]) => one.right <= other.left && one.top == other.top)({places})")
    table = browser.text("#notebook-container table")
    assert "points" in table and re.search(r"0\.67", browser.text("#notebook-container"))
    browser.type("#why", "2.5")
    browser.type("#why-comment", COMMENT)
    browser.hear(1)  # formgrader scrolls to what has the keyboard now
    browser.run("document.querySelector('.kit-marking').scrollIntoView({block: 'center'})")
    look(browser, "3-marking")
    saved = f"fetch('{address}/formgrader/api/submitted_notebooks/tiny/tiny').then(answer => answer.json())"
    marked = f"{saved}.then(all => all.filter(one => one.written_score))"
    (found,) = browser.wait(f"{marked}.then(all => all.length && all)")
    assert f"{found['last_name']}, {found['first_name']}" == names[0]
    automatic = json.loads((course / "classroom" / "verdicts" / "tiny" / f"{found['student']}.json").read_text())
    assert 0 < automatic["score"] < 3.5
    assert (found["written_score"], found["needs_manual_grade"]) == (2.5, False)
    assert found["score"] == pytest.approx(automatic["score"] + 2.5)
    browser.click(".next a")
    browser.wait(f"document.querySelector('.breadcrumb')?.innerText.includes({names[1]!r})")


def test_the_feedback_page_is_made_anew_with_the_comment_and_the_mark_is_exported(course, browser):
    (student,) = [f"s{number:03}" for number in range(SIZE) if "{1}, {0}".format(*name_of(number)) == in_order()[0]]
    pages = {path.parts[-3]: path for path in (course / "classroom" / "feedback").glob("*/tiny/tiny.html")}
    before = {name: path.stat().st_mtime_ns for name, path in pages.items()}
    assert len(before) == SIZE and "Well" not in pages[student].read_text()
    done = run(course, "-m", "autograder", "feedback", "tiny")
    assert done.stdout.startswith("tiny: 1 page made anew"), done.stdout + done.stderr
    assert {name for name, path in pages.items() if path.stat().st_mtime_ns != before[name]} == {student}
    page = pages[student].read_text()
    assert "Well <em>said</em>: <math" in page and "Marking scheme" not in page and "2.5 / 3" in page
    done = run(course, "-m", "autograder", "export", "tiny", "--to", "csv")
    assert done.returncode == 0, done.stdout + done.stderr
    with open(course / "classroom" / "grades.csv", encoding="utf-8-sig", newline="") as file:
        rows = {row["student_id"]: row for row in csv.DictReader(file)}
    automatic = json.loads((course / "classroom" / "verdicts" / "tiny" / f"{student}.json").read_text())["score"]
    assert len(rows) == SIZE and float(rows[student]["score"]) == automatic + 2.5


def test_nothing_was_asked_of_a_network_and_nothing_was_wrong(browser, address):
    browser.hear()
    assert {one for one in browser.requests if not one.startswith((address, "data:", "blob:"))} == set()
    assert (browser.complaints, browser.failures) == ([], [])
