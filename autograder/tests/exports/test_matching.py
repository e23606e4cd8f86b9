"""Whose row is it: keys before names, and nothing by a guess."""

from __future__ import annotations

import pytest

from autograder.exports.keys import attempt_keys, parse_origin
from autograder.roster.file import read_roster
from autograder.roster.matching import EMAIL, ID, Person, Theirs, match
from autograder.tables.problems import TableError


def ours(student: str, name: str = "", email: str = "", **keys: str) -> Person:
    names = frozenset(filter(None, [name]))
    return Person(student, names, email, {key: frozenset(value.split("|")) for key, value in keys.items()})


def row(record: int, name: str = "", number: str = "", login: str = "") -> Theirs:
    keys = (("ID", number, ("canvas_id",)), ("Login", login, ("login", EMAIL, ID)))
    return Theirs(record, keys, name, f"{name} ({number or login})")


def matched(rows: list[Theirs], *people: Person):
    return match(rows, {person.id: person for person in people})


def test_a_key_decides_whatever_the_name_says():
    found = matched([row(1, "Doe, Jane", "101")], ours("a", "Other Name", canvas_id="101"), ours("b", "Jane Doe"))
    assert found.pairs == {1: "a"} and [person.id for person in found.not_theirs] == ["b"]


@pytest.mark.parametrize(
    ("login", "person"),
    [
        ("AL123", ours("a", login="al123")), ("ada@Example.edu", ours("a", email="Ada@example.edu")), ("a", ours("a")),
        (" al123 ", ours("a", login="al123")),
    ],
)  # fmt: skip
def test_logins_addresses_and_ids_are_compared_without_case(login, person):
    assert matched([row(1, login=login)], person).pairs == {1: "a"}


def test_two_students_who_differ_in_case_alone_are_told_apart_by_it():
    found = matched([row(1, login="ada"), row(2, login="Ada")], ours("x", login="ada"), ours("y", login="Ada"))
    assert found.pairs == {1: "x", 2: "y"}
    assert (
        "x and y" in matched([row(1, login="ADA")], ours("x", login="ada"), ours("y", login="Ada")).doubtful[" (ADA)"]
    )


def test_the_kits_own_id_counts_only_where_no_platform_key_speaks():
    found = matched([row(1, number="101", login="7")], ours("a", canvas_id="101"), ours("7", canvas_id="102"))
    assert found.pairs == {1: "a"}


@pytest.mark.parametrize("name", ["Müller, Jörg", "Jörg Müller", "jo\u0308rg  MÜLLER"])
def test_a_name_that_is_there_once_on_both_sides_is_enough_and_is_told(name):
    found = matched([row(1, name, "101")], ours("a", "Jörg Müller"))
    assert found.pairs == {1: "a"} and found.by_name == {1}


def test_two_people_of_one_name_are_listed_and_not_guessed():
    twice = matched([row(1, "Doe, Jane", "101"), row(2, "Doe, Jane", "102")], ours("a", "Jane Doe"))
    assert not twice.pairs and len(twice.doubtful) == 2
    both = matched([row(1, "Doe, Jane", "101")], ours("a", "Jane Doe"), ours("b", "Jane Doe"))
    assert not both.pairs and "a, b" in both.doubtful["Doe, Jane (101)"]
    rest = matched(
        [row(1, "Doe, Jane", "101"), row(2, "Doe, Jane", "102")],
        ours("a", "Jane Doe", canvas_id="101"),
        ours("b", "Jane Doe"),
    )
    assert rest.pairs == {1: "a"} and list(rest.doubtful) == ["Doe, Jane (102)"]


def test_a_second_person_of_a_name_who_is_not_ours_is_not_ours():
    found = matched([row(1, "Doe, Jane", "101"), row(2, "Doe, Jane", "102")], ours("a", "Jane Doe", canvas_id="101"))
    assert found.pairs == {1: "a"} and [one.record for one in found.not_ours] == [2]


def test_a_name_does_not_win_against_a_key():
    found = matched([row(1, "Doe, Jane", "101")], ours("a", "Jane Doe", canvas_id="999"))
    assert not found.pairs and "999" in found.doubtful["Doe, Jane (101)"]


def test_keys_that_name_two_students_are_doubtful():
    found = matched([row(1, "", "101", "bob")], ours("a", canvas_id="101"), ours("b", login="bob"))
    assert not found.pairs and "two students" in found.doubtful[" (101)"]


def test_a_weaker_key_does_not_win_against_a_stronger_one():
    found = matched([row(1, "", "101", "ada@example.edu")], ours("a", email="ada@example.edu", canvas_id="999"))
    assert not found.pairs and "ID is 999 here and 101 there" in found.doubtful[" (101)"]


def test_one_student_in_two_rows_is_doubtful():
    found = matched([row(1, "", "101"), row(2, "", "", "al")], ours("a", canvas_id="101", login="al"))
    assert not found.pairs and len(found.doubtful) == 2


def test_a_key_that_two_of_ours_claim_is_doubtful():
    found = matched([row(1, "", "101")], ours("a", canvas_id="101"), ours("b", canvas_id="101"))
    assert not found.pairs and "a and b" in found.doubtful[" (101)"]


def test_leading_zeros_make_another_id():
    assert not matched([row(1, "", "123")], ours("a", canvas_id="00123")).pairs


@pytest.mark.parametrize(
    ("origin", "keys"),
    [
        ("lovelaceada_101_9001_work-1.zip", {"canvas_id": "101", "canvas_attachment": "9001"}),
        ("o_brienpat_LATE_101_9001_my_own_2_file.zip", {"canvas_id": "101", "canvas_attachment": "9001"}),
        ("LATE_anon_aB3xZ_9001_work.zip", {"canvas_anonymous": "aB3xZ", "canvas_attachment": "9001"}),
        ("_101_9001_work.zip", {"canvas_id": "101", "canvas_attachment": "9001"}),
        ("ada\u0663_\u0664_101_9001_work.zip", {"canvas_id": "101", "canvas_attachment": "9001"}),
        ("anon_aB3xZ_LATE_9001_work.zip", {}),
        ("anon_10123_9001_work.zip", {"canvas_id": "10123", "canvas_attachment": "9001"}),
        (
            "Ada Lovelace_201_assignsubmission_file_",
            {"moodle_folder": "Ada Lovelace_201_assignsubmission_file", "moodle_participant": "201"},
        ),
        (
            "Ada Lovelace_201_assignsubmission_file_work.zip",
            {"moodle_folder": "Ada Lovelace_201_assignsubmission_file", "moodle_participant": "201"},
        ),
        (
            "397063-2557369 - Mary-Ann Smith - Sep 24, 2024 926 PM",
            {
                "brightspace_folder": "397063-2557369 - Mary-Ann Smith - Sep 24, 2024 926 PM",
                "brightspace_user": "2557369",
            },
        ),
        ("Lovelace, Ada(al123)", {"sakai_folder": "Lovelace, Ada(al123)", "sakai": "al123"}),
        ("ada_flat-hand-in.zip", {}), ("flat_bob.zip", {}), ("ada.zip", {}), ("", {}),
    ],
)  # fmt: skip
def test_the_keys_in_the_names_of_downloads_are_found(origin, keys):
    assert parse_origin(origin) == keys


def test_a_receipt_that_names_its_keys_is_believed_before_its_file_name():
    receipt = {"origin": "lovelaceada_101_9001_work.zip", "canvas_id": 102, "moodle_participant": "7"}
    expected = {"canvas_id": "102", "canvas_attachment": "9001", "moodle_participant": "7"}
    assert attempt_keys(receipt) == expected
    told = {"canvas_id": "102", "moodle_participant": "7"}  # all that the intake has read of the name
    assert attempt_keys({"origin": receipt.pop("origin"), "keys": receipt}) == told


def test_keys_that_hold_in_one_assignment_are_read_from_the_roster(tmp_path):
    path = tmp_path / "roster.csv"
    path.write_text("id;name;moodle_participant;excused\na;Ada Lovelace;flat=201 layers=340;Flat\n")
    (ada,) = read_roster(path).values()
    assert ada.scoped == {"flat": {"moodle_participant": "201"}, "layers": {"moodle_participant": "340"}}


def test_a_roster_is_read_with_its_keys_as_they_are(tmp_path):
    path = tmp_path / "roster.csv"
    path.write_text(
        "\ufeffid;name;E-Mail;section;Canvas ID;SIS User ID;username;excused\r\n"
        "a;Lovelace, Ada;a@example.edu;A;00101;-7;+49;flat layers\r\nb;Jörg Müller;;;;;;\r\n".replace(";", ","),
        encoding="utf-8",
    )
    with pytest.raises(TableError, match="line 2: more cells than headings"):
        read_roster(path)
    path.write_text(path.read_text().replace("Lovelace, Ada", '"Lovelace, Ada"'))
    ada, joerg = read_roster(path).values()
    assert (ada.first_name, ada.last_name, ada.email, ada.section) == ("Ada", "Lovelace", "a@example.edu", "A")
    assert ada.keys == {"canvas_id": "00101", "sis_id": "-7", "login": "+49"}
    assert (joerg.first_name, joerg.last_name, joerg.keys) == ("Jörg", "Müller", {})


@pytest.mark.parametrize(("text", "words"), [("name\nAda\n", "column 'id'"), ("id\na\na\n", "twice")])
def test_a_roster_that_cannot_be_used_is_named(tmp_path, text, words):
    path = tmp_path / "roster.csv"
    path.write_text(text)
    with pytest.raises(TableError, match=words):
        read_roster(path)


def test_no_roster_is_an_empty_one(tmp_path):
    assert read_roster(tmp_path / "roster.csv") == {}
