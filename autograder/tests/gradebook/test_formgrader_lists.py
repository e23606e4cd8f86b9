"""What formgrader lists: which assignments, which names, in which order."""

from __future__ import annotations

import csv
from types import SimpleNamespace

import pytest
from nbgrader.api import Gradebook
from nbgrader.coursedir import CourseDirectory
from traitlets.config import Application, Config

from autograder.gradebook import formgrader
from autograder.gradebook.students import follow_roster

pytestmark = pytest.mark.filterwarnings("ignore::sqlalchemy.exc.SAWarning")  # nbgrader's, as `book.inside` says
PEOPLE = {
    "s1": ("Zoë", "Abel"),
    "s2": ("Ada", "Ölmez"),
    "s3": ("Ben", "Olsen"),
    "s4": ("Ada", "olsen"),
    "s5": (None, None),
}
PEOPLE["m9"] = ("Chen", "李")  # no letter of it is ASCII


@pytest.fixture
def api(tmp_path):
    url = f"sqlite:///{tmp_path / 'gradebook.db'}"
    for place in ("solutions/tiny/tiny.ipynb", "solutions/backprop/tiny.py", "solutions/tiny.py"):
        (tmp_path / place).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / place).touch()
    with Gradebook(url) as gradebook:
        gradebook.add_assignment("tiny")
        gradebook.add_notebook("tiny", "tiny")
        for name, kind in {"slope": "code", "why": "markdown"}.items():
            gradebook.add_grade_cell(name, "tiny", "tiny", max_score=1, cell_type=kind)
        for student, (first, last) in PEOPLE.items():
            gradebook.add_student(student, first_name=first, last_name=last)
            gradebook.add_submission("tiny", student)
            folder = tmp_path / "autograded" / student / "tiny"
            folder.mkdir(parents=True)
            (folder / "tiny.ipynb").touch()
    settings = {"root": str(tmp_path), "db_url": url, "source_directory": "solutions", "course_id": "tiny"}
    application = Application(config=Config({"CourseDirectory": settings}))
    made = formgrader.KitAPI(CourseDirectory(parent=application), parent=application)
    made.course_id = ""  # the one that the rows above belong to
    return made


def test_an_assignment_is_a_folder_with_a_notebook(api):
    assert [found["name"] for found in api.get_assignments()] == ["tiny"]


def test_an_assignment_that_is_switched_off_is_not_there(api, tmp_path):
    (tmp_path / "classroom").mkdir()
    (tmp_path / "classroom" / "course.toml").write_text("[assignments.tiny]\non = false\n")
    assert api.get_assignments() == []


def test_without_an_exchange_nothing_is_missing_and_nothing_can_be_released(api):
    assert not api.exchange_missing and not api.exchange_is_functional
    assert [found["releaseable"] for found in api.get_assignments()] == [False]


def test_hand_ins_stand_in_the_order_of_names_whatever_their_letters(api, monkeypatch):
    monkeypatch.delenv(formgrader.BLIND, raising=False)
    found = [one["student"] for one in api.get_notebook_submissions("tiny", "tiny")]
    assert found == ["s1", "s2", "s4", "s3", "s5", "m9"]
    places = api.get_notebook_submission_indices("tiny", "tiny")
    assert list(places.values()) == list(range(len(PEOPLE)))


def test_blind_marking_has_another_order_that_is_always_the_same(api, monkeypatch):
    monkeypatch.setenv(formgrader.BLIND, "1")
    found = [one["id"] for one in api.get_notebook_submissions("tiny", "tiny")]
    assert found == sorted(found) == list(api.get_notebook_submission_indices("tiny", "tiny"))


def test_whoever_has_no_name_is_called_by_their_id(api):
    shown = {one["id"]: f"{one['last_name']}, {one['first_name']}" for one in api.get_students()}
    assert shown["s5"] == "s5, (no name in the roster)" and shown["s1"] == "Abel, Zoë"


def test_students_follow_the_roster_and_what_it_leaves_out_stays(tmp_path):
    (tmp_path / "classroom").mkdir()
    url = f"sqlite:///{tmp_path / 'gradebook.db'}"
    coursedir = SimpleNamespace(course_id="default_course")
    book = SimpleNamespace(root=tmp_path, db_url=url, api=SimpleNamespace(coursedir=coursedir))
    roster = tmp_path / "classroom" / "roster.csv"
    assert follow_roster(book) == 0
    with Gradebook(url) as gradebook:
        gradebook.add_student("s1", email="own@example.edu")
        gradebook.add_student("s9", last_name="Left")
    rows = [["id", "name", "email"], ["s1", "Lovelace, Ada", ""], ["s2", "Ben Chen", "ben@example.edu"]]
    with open(roster, "w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(rows)
    assert (follow_roster(book), follow_roster(book)) == (2, 0)
    with Gradebook(url) as gradebook:
        people = {one.id: (one.first_name, one.last_name, one.email) for one in gradebook.students}
    assert people.pop("s9") == (None, "Left", None)
    assert people == {"s1": ("Ada", "Lovelace", "own@example.edu"), "s2": ("Ben", "Chen", "ben@example.edu")}
