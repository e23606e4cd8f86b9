"""Lists of a class into the roster: every platform's own, one person each, shown first, and nothing by a guess."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from autograder.roster.command import run_import
from autograder.roster.file import read_roster
from autograder.roster.lists import read_list
from autograder.tables.problems import TableError
from autograder.tests.exports import platforms
from autograder.tests.exports.graded_class import ada_and_others
from autograder.tests.exports.platforms import Pupil

CLASS = [*ada_and_others(), *(Pupil(n, f"Fay{n}", f"Ray{n}", f"00{n}7", f"fr{n}") for n in range(5, 9))]


def plain(rows: list[list[str]], delimiter: str = ",") -> bytes:
    return platforms.lines(rows, delimiter).encode()


def gradescope(pupils: list[Pupil]) -> bytes:
    rows = [["First Name", "Last Name", "Email", "SID", "Role"], ["Tea", "Cher", "t@example.edu", "", "Instructor"]]
    return plain([*rows, *([pupil.first, pupil.last, pupil.email, pupil.sis, "Student"] for pupil in pupils)])


def github(pupils: list[Pupil]) -> bytes:
    rows = [["identifier", "github_username", "github_id", "name"]]
    return plain([*rows, *([pupil.sis, f"gh-{pupil.number}", str(pupil.number), ""] for pupil in pupils)])


LISTS = {
    "canvas": (platforms.canvas_gradebook, {"canvas_id": "canvas", "sis_id": "sis", "login": "login"}),
    "moodle": (platforms.moodle_worksheet, {}),
    "blackboard": (platforms.blackboard_grades, {"blackboard": "login", "sis_id": "sis"}),
    "brightspace": (platforms.brightspace_grades, {"brightspace_id": "sis", "brightspace_username": "login"}),
    "sakai": (platforms.sakai_grades, {"sakai": "login"}),
    "gradescope": (gradescope, {"gradescope_sid": "sis"}),
}


def words(name: str) -> tuple[str, ...]:
    """A name's words in no order: which part comes first cannot be told of a name with a comma in it."""
    return tuple(sorted(name.replace(",", " ").split()))


def run(root, data: bytes, **options):
    file = root / "list.csv"
    file.write_bytes(data)
    return run_import(root, file, console=Console(file=io.StringIO()), **({"apply": True} | options))


def roster_of(root):
    return read_roster(root / "classroom" / "roster.csv")


@pytest.mark.parametrize("name", LISTS)
def test_each_platforms_list_is_known_and_makes_a_roster(tmp_path, name):
    write, keys = LISTS[name]
    assert read_list(write(CLASS)).kind.name == name
    found = run(tmp_path, write(CLASS), assignment="flat")
    assert len(found.new) == len(CLASS) and not found.doubtful and not found.unread
    people = {words(student.name): student for student in roster_of(tmp_path).values()}
    for pupil in CLASS:
        student = people[words(pupil.name)]
        assert {key: student.keys[key] for key in keys} == {key: getattr(pupil, told) for key, told in keys.items()}
        assert not student.grown
    if name == "moodle":
        assert people[words("Ada Lovelace")].scoped == {"flat": {"moodle_participant": CLASS[0].participant}}


@pytest.mark.parametrize("first", LISTS)
def test_lists_of_all_platforms_join_into_one_person_each(tmp_path, first):
    ids = None
    for name in [first, *(other for other in LISTS if other != first)]:
        found = run(tmp_path, LISTS[name][0](CLASS), assignment="flat")
        assert not found.doubtful, name
        ids = ids or set(roster_of(tmp_path))
        assert set(roster_of(tmp_path)) == ids, name
    run(tmp_path, github(CLASS))
    people = roster_of(tmp_path)
    assert len(people) == len(CLASS)
    ada = next(student for student in people.values() if student.name == "Ada Lovelace")
    expected = {"canvas_id": CLASS[0].canvas, "sis_id": "00123", "login": "al123", "gradescope_sid": "00123"}
    assert expected.items() <= ada.keys.items() and ada.keys["github"] == "gh-1" and ada.email == "p1@example.edu"


def test_importing_the_same_list_again_changes_nothing(tmp_path):
    run(tmp_path, platforms.canvas_gradebook(CLASS))
    before = (tmp_path / "classroom" / "roster.csv").read_bytes()
    found = run(tmp_path, platforms.canvas_gradebook(CLASS))
    assert not found.new and not found.filled and (tmp_path / "classroom" / "roster.csv").read_bytes() == before


def test_it_is_shown_first_and_written_only_when_asked(tmp_path):
    out = io.StringIO()
    file = tmp_path / "list.csv"
    file.write_bytes(platforms.canvas_gradebook(CLASS[:1]))
    run_import(tmp_path, file, apply=False, console=Console(file=out))
    assert "Ada Lovelace" in out.getvalue() and "--apply" in out.getvalue()
    assert not (tmp_path / "classroom").exists()


def test_two_people_of_one_name_stay_two_and_get_ids_of_their_own(tmp_path):
    janes = [Pupil(1, "Jane", "Doe", "1", ""), Pupil(2, "Jane", "Doe", "2", "")]
    found = run(tmp_path, platforms.moodle_worksheet(janes), assignment="flat")
    assert [student.id for student in found.new] == ["p1", "p2"]
    rows = [["name", "sis_id"], ["Jane Doe", "1"], ["Jane Doe", "2"]]
    found = run(tmp_path, plain(rows))
    assert len(found.doubtful) == 2 and len(roster_of(tmp_path)) == 2
    assert all("only a key can tell" in why for why in found.doubtful.values())


def test_what_a_person_wrote_is_kept_and_the_difference_told(tmp_path):
    run(tmp_path, platforms.canvas_gradebook(CLASS[:1]))
    path = tmp_path / "classroom" / "roster.csv"
    path.write_text(path.read_text().replace("Ada,Lovelace", "Augusta Ada,King"))
    found = run(tmp_path, platforms.canvas_gradebook(CLASS[:1]))
    assert ("al123", "name", "Augusta Ada King", "Ada Lovelace") in found.differs
    assert roster_of(tmp_path)["al123"].name == "Augusta Ada King"


def test_a_list_that_says_otherwise_of_a_key_is_doubtful_and_left_out(tmp_path):
    run(tmp_path, plain([["id", "name", "canvas_id"], ["ada", "Ada Lovelace", "999"]]))
    found = run(tmp_path, platforms.canvas_gradebook(CLASS[:1]))
    assert "whose ID is 999 here" in next(iter(found.doubtful.values())) and len(roster_of(tmp_path)) == 1


def test_spellings_in_other_case_and_normal_form_are_one_person(tmp_path):
    run(tmp_path, plain([["id", "name"], ["jm", "Ju\u0308rgen Müller"], ["ada", "ADA LOVELACE"]]))
    found = run(
        tmp_path, plain([["name", "email"], ["Jürgen MÜLLER", "j@example.edu"], ["Lovelace, Ada", "a@example.edu"]])
    )
    assert not found.new and {"jm", "ada"} == set(found.by_name)


def test_who_has_only_handed_in_so_far_is_in_the_class_once_a_list_says_so(tmp_path):
    path = tmp_path / "classroom" / "roster.csv"
    path.parent.mkdir()
    path.write_text(f"id,name,canvas_id,grown\nlovelaceada,,{CLASS[0].canvas},yes\n")
    found = run(tmp_path, platforms.canvas_gradebook(CLASS[:2]))
    assert [student.id for student in found.new] == ["joerg.m"]
    ada = roster_of(tmp_path)["lovelaceada"]
    assert ada.name == "Ada Lovelace" and not ada.grown


def test_a_list_in_plain_columns_keeps_its_ids_and_names_lines_without_anybody(tmp_path):
    rows = [["Student", "Username", "Section"], ["Lovelace, Ada", "al", "A"], ["", "", "B"]]
    found = run(tmp_path, plain(rows, ";"))
    assert [student.id for student in found.new] == ["al"] and found.unread == [3]
    found = run(tmp_path, plain([["id", "email"], ["u1", "u@example.edu"]]))
    assert roster_of(tmp_path)["u1"].email == "u@example.edu"


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"<!DOCTYPE html><html>", "web page"), (b"PK\x03\x04....", "Excel"), (b"", "nothing"),
        (b"a,b\n1,2\n", "no list of a class"),
        (b"Student,ID,SIS Login ID,Section\n    Points Possible,,,\n", "names no student"),
    ],
)  # fmt: skip
def test_a_file_that_is_no_list_is_named(tmp_path, data, words):
    with pytest.raises(TableError, match=words):
        run(tmp_path, data)


def test_a_german_worksheet_is_known_by_what_it_holds(tmp_path):
    data = platforms.moodle_worksheet(CLASS, headings=platforms.MOODLE_GERMAN, word="Teilnehmer/in ")
    found = read_list(data, assignment="flat")
    assert found.kind.name == "moodle"
    assert found.rows[0].student.scoped == {"flat": {"moodle_participant": CLASS[0].participant}}


def test_the_command_ends_with_one_where_somebody_is_left_out(tmp_path, monkeypatch):
    from typer.testing import CliRunner

    from autograder import cli

    monkeypatch.setattr(cli.base, "ROOT", tmp_path)
    file = tmp_path / "list.csv"
    file.write_bytes(plain([["id", "name"], ["a", "Jane Doe"], ["b", "Jane Doe"]]))
    command = ["roster", "import", str(file)]
    assert CliRunner().invoke(cli.app, [*command, "--apply"]).exit_code == 0
    file.write_bytes(plain([["name", "email"], ["Jane Doe", "x@example.edu"]]))
    result = CliRunner().invoke(cli.app, command)
    assert result.exit_code == 1 and "doubtful" in result.output
    assert len(roster_of(tmp_path)) == 2
