"""The roster's file: a person's own, in which the kit fills empty cells and adds lines, and changes nothing else."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograder.roster.file import Roster, read_roster
from autograder.roster.names import fold, letters, name_forms, safe_id, split_name
from autograder.roster.student import Student
from autograder.tables.problems import TableError


def roster(tmp_path, text: str | bytes) -> Roster:
    path = tmp_path / "roster.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return Roster(path)


ADA = Student(
    "ada", "Ada", "Lovelace", "a@example.edu", "A", {"canvas_id": "101"}, {"flat": {"moodle_participant": "7"}}
)


def test_a_new_roster_reads_back_what_was_put_into_it(tmp_path):
    made = Roster(tmp_path / "classroom" / "roster.csv")
    assert made.people == {} and not made.given
    grown = Student("bob", also=("bobby", "Bob B."), grown=True)
    made.add(ADA)
    made.add(grown)
    made.save()
    assert read_roster(made.path) == {"ada": ADA, "bob": grown}
    head = made.path.read_text().splitlines()[0]
    assert head == "id,first_name,last_name,email,section,excused,extensions,also,grown,canvas_id,moodle_participant"


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_what_a_person_wrote_stays_to_the_byte(tmp_path, mark, end):
    lines = ['Notes;id;"name";extensions;Canvas', 'likes ;ada;"Lovelace, Ada";flat=2d;', "x;bob;Bob;;00102"]
    text = mark + end.join(lines).encode()
    found = roster(tmp_path, text)
    found.save()
    assert found.path.read_bytes() == text
    assert found.fill(ADA) == ["email", "section", "canvas_id", "moodle_participant"]
    found.add(Student("cy", "Cy", "O; Young"))
    found.save()
    first, second, third, last = found.path.read_bytes().removeprefix(mark).decode().split(end)[:4]
    assert first == lines[0] + ";email;section;moodle_participant;first_name;last_name"
    assert second == lines[1] + "101;a@example.edu;A;flat=7" and third == lines[2]
    assert last == ';cy;;;;;;;Cy;"O; Young"'
    assert read_roster(found.path)["cy"].name == "Cy O; Young"


def test_nothing_that_is_filled_already_is_changed(tmp_path):
    found = roster(tmp_path, "id,first_name,last_name,email,canvas_id\nada,Augusta,King,other@example.edu,55\n")
    assert found.fill(ADA) == ["section", "moodle_participant"]
    ada = found.people["ada"]
    assert (ada.name, ada.email, ada.keys) == ("Augusta King", "other@example.edu", {"canvas_id": "55"})


def test_keys_of_another_assignment_and_other_names_are_added_to_those_there(tmp_path):
    found = roster(tmp_path, "id,also,moodle_participant\nada,Countess,flat=7\n")
    found.fill(Student("ada", scoped={"layers": {"moodle_participant": "9"}, "flat": {"moodle_participant": "8"}}))
    found.fill(Student("ada", also=("Countess", "Ada K.")))
    found.save()
    assert found.path.read_text() == "id,also,moodle_participant\nada,Countess; Ada K.,flat=7 layers=9\n"


def test_a_name_that_its_encoding_lacks_turns_the_file_into_utf8(tmp_path):
    found = roster(tmp_path, "id,first_name,last_name\nj,Jörg,Müller\n".encode("cp1252"))
    found.add(Student("w", "Wałęsa"))
    found.save()
    assert found.path.read_bytes().startswith(b"\xef\xbb\xbf") and read_roster(found.path)["j"].name == "Jörg Müller"


def test_a_name_is_no_formula_in_a_spreadsheet_and_the_same_when_read(tmp_path):
    made = Roster(tmp_path / "roster.csv")
    made.add(Student("m", "=cmd|x", "@SUM(A1)", also=("+1",)))
    made.save()
    assert ",'=cmd|x,'@SUM(A1)," in made.path.read_text()
    assert read_roster(made.path)["m"].name == "=cmd|x @SUM(A1)" and read_roster(made.path)["m"].also == ("+1",)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("name\nAda\n", "column 'id'"),
        ("id\na\na\n", "twice"),
        ("id,name\na,Lovelace,Ada\n", "line 2: more cells"),
        (" \n", "id"),
    ],
)
def test_a_roster_that_cannot_be_used_is_named(tmp_path, text, words):
    with pytest.raises(TableError, match=words):
        roster(tmp_path, text)


def test_a_class_is_given_where_anybody_but_a_hand_in_told_of_it(tmp_path):
    assert not roster(tmp_path, "id,grown\nada,yes\n").given
    assert roster(tmp_path, "id,grown\nada,yes\nbob,\n").given


cells = st.text(st.one_of(st.sampled_from(",;\"'\n =-é"), st.characters(exclude_categories=["Cs"])), max_size=6)


@given(st.lists(st.tuples(cells, cells, cells), max_size=4))
def test_whatever_names_are_added_come_back(tmp_path_factory, people):
    path = tmp_path_factory.mktemp("r") / "roster.csv"
    made = Roster(path)
    for number, (first, last, section) in enumerate(people):
        made.add(Student(f"s{number}", first, last, section=section))
    made.save()
    found = read_roster(path)
    assert [student.id for student in found.values()] == [f"s{number}" for number in range(len(people))]
    for student, (first, last, section) in zip(found.values(), people, strict=True):
        assert student.section == section.strip()
        if first.strip() and last.strip() and not first.startswith("'") and not last.startswith("'"):
            assert student.name == " ".join(f"{first} {last}".replace("\0", "").split())


def test_two_spellings_of_a_name_are_one():
    assert fold("Ju\u0308rgen  MÜLLER") == fold("Jürgen Müller")
    assert name_forms("Lovelace, Ada") & name_forms("ada LOVELACE")
    assert letters("O'Brien-Smith, Pat_2") == "obriensmithpat2"
    assert split_name("Ada King Lovelace") == ("Ada King", "Lovelace") and split_name("Lovelace, Ada") == (
        "Ada",
        "Lovelace",
    )
    assert safe_id("Ju\u0308rgen Müller/..") == safe_id("Jürgen Müller")
