"""Tables beside a download: hand-ins of teams, Moodle's worksheet in any language, one person in all assignments."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from autograder.exports import PLATFORMS
from autograder.exports.keys import read_attempts
from autograder.exports.rows import GRADED, GradeRow
from autograder.roster.student import Student
from autograder.tests.exports.platforms import MOODLE_FRENCH, MOODLE_GERMAN, Pupil, lines, moodle_worksheet
from autograder.tests.intake import downloads
from autograder.tests.intake.downloads import WHEN, packed, work
from autograder.tests.intake.test_platforms import Office

PUPILS = [
    Pupil(1, "Ada", "Lovelace", "0011", "al"), Pupil(2, "Bo", "Ray", "0012", "br"),
    Pupil(3, "Cy", "Young", "0013", "cy"), Pupil(4, "Di", "Moor", "0014", "dm"),
]  # fmt: skip
TEAMS = {"s001": "Team A_1", "s002": "Team A_1"}


@pytest.fixture
def office(tmp_path) -> Office:
    return Office(tmp_path)


def of_teams() -> downloads.Files:
    """What two teams sent, one of which is that of whoever is in none."""
    return {
        "Team A 1_403_assignsubmission_file/work.zip": packed(work("team a")),
        "Default group_assignsubmission_file/work.zip": packed(work("the rest")),
    }


def test_what_a_team_sent_is_each_members_and_its_page_goes_to_each_by_name(office):
    """The group's number is that of another student's, too: Moodle counts them apart."""
    found = office.take({**of_teams(), "worksheet.csv": moodle_worksheet(PUPILS, groups=TEAMS)})
    assert found.is_clean and office.stands() == {"p1": "team a", "p2": "team a", "p3": "the rest", "p4": "the rest"}
    assert all((one.attempt.received, one.attempt.received_from) == (WHEN, "worksheet") for one in found.found)
    for pupil in PUPILS:
        keys = read_attempts(office.classroom, "flat")[f"p{pupil.number}"]
        row = GradeRow(
            f"p{pupil.number}", "flat", GRADED, 8.0, first_name=pupil.first, last_name=pupil.last, attempt=keys
        )
        place = PLATFORMS["moodle"].feedback_place(row, "flat")
        assert place == f"{pupil.name}_{pupil.participant}_assignsubmission_file/flat.html"


def test_a_team_of_which_nobody_tells_is_left_out_with_what_to_do(office):
    office.give_roster(*(Student(pupil.login, pupil.first, pupil.last) for pupil in PUPILS))
    found = office.take(of_teams())
    assert office.stands() == {} and list(found.strangers) == ["Team A 1 (403)"]
    assert "the worksheet, which says who is in it" in found.unnamed[0].message


@pytest.mark.parametrize(
    ("headings", "word", "sent"),
    [
        (MOODLE_GERMAN, "Teilnehmer/in ", "Sonntag, 1. März 2026, 13:00"),
        (MOODLE_FRENCH, "Participant ", "dimanche 1 mars 2026, 13:00"),
    ],
)
def test_a_worksheet_in_another_language_gives_times_names_and_addresses(office, headings, word, sent):
    sheet = moodle_worksheet(PUPILS, headings=headings, word=word, sent=sent)
    found = office.take({**downloads.moodle(PUPILS), "grades.csv": sheet}, zone=ZoneInfo("Europe/Berlin"))
    assert {one.attempt.received for one in found.found} == {WHEN} and not found.unread
    people = office.roster().values()
    assert {(student.name, student.email) for student in people} == {(one.name, one.email) for one in PUPILS}
    path = office.root / "grades.csv"
    path.write_bytes(sheet.replace(b"1 mars", b"2 avril").replace("1. März".encode(), b"2. April"))
    with pytest.raises(ValueError, match="line 2: .* is not a time"):  # a day of another name
        office.take(downloads.moodle(PUPILS), times=path)


def test_a_worksheet_joins_two_of_one_name_across_assignments(office):
    """Moodle numbers everybody anew in each assignment, and two have one name."""
    janes = [Pupil(1, "Jane", "Doe", "1", "jd1"), Pupil(2, "Jane", "Doe", "2", "jd2")]
    office.take({**downloads.moodle(janes), "w.csv": moodle_worksheet(janes)})
    assert office.stands() == {"p1": "s001", "p2": "s002"}
    later = [Pupil(8, "Jane", "Doe", "2", "jd2"), Pupil(9, "Jane", "Doe", "1", "jd1")]  # whose numbers are others now
    sheet = moodle_worksheet(later).replace(b"p8@", b"p2@").replace(b"p9@", b"p1@")
    files = {f"{one.moodle_origin}/work.zip": packed(work(one.sis, "layers")) for one in later}
    found = office.take({**files, "w.csv": sheet}, assignment="layers")
    assert found.is_clean and len(office.roster()) == 2
    assert {one.attempt.student: one.key for one in found.found} == {
        "p1": later[1].participant,
        "p2": later[0].participant,
    }


def canvas_groups(teams: dict[str, str]) -> bytes:
    """What Canvas gives out of a set of groups. teams: a student's login -> the name of the group."""
    rows = [["name", "canvas_user_id", "user_id", "login_id", "sections", "group_name", "canvas_group_id", "group_id"]]
    for one in PUPILS:
        rows.append([one.name, one.canvas, one.sis, one.login, "A", teams.get(one.login, ""), "7", ""])
    return lines(rows).encode()


def test_a_group_on_canvas_is_sent_by_one_and_graded_for_each(office):
    """One is in no group; a group has another student's name. Each member's page finds its way."""
    office.give_roster(*(Student(one.login, one.first, one.last, keys={"canvas_id": one.canvas}) for one in PUPILS))
    _, bo, cy, di = PUPILS
    files = {
        f"team1_{bo.canvas}_501_work.zip": packed(work("team")),
        f"{cy.canvas_origin}": packed(work("cy")),
        f"cyyoung_LATE_{di.canvas}_503_work.zip": packed(work("di")),
    }
    found = office.take({**files, "groups.csv": canvas_groups({"al": "Team 1", "br": "Team 1", "dm": "Cy Young"})})
    assert found.is_clean and office.stands() == {"al": "team", "br": "team", "cy": "cy", "dm": "di"}
    keys = read_attempts(office.classroom, "flat")
    assert {keys[student]["canvas_attachment"] for student in ("al", "br")} == {"501"}  # as in Canvas's submissions


def test_a_group_on_canvas_without_a_list_stays_its_senders(office):
    office.give_roster(*(Student(one.login, one.first, one.last, keys={"canvas_id": one.canvas}) for one in PUPILS))
    office.take({f"team1_{PUPILS[1].canvas}_501_work.zip": packed(work("team"))})
    assert office.stands() == {"br": "team"}


def test_a_team_on_github_is_known_by_the_grades_of_classroom(office):
    office.give_roster(*(Student(pupil.login, keys={"sis_id": pupil.sis}) for pupil in PUPILS))
    rows = [["github_username", "roster_identifier", "student_repository_name", "submission_timestamp", "group_name"]]
    rows += [[f"gh{one.number}", one.sis, "flat-the-team", "2026-03-01T12:00:00Z", "the team"] for one in PUPILS[:2]]
    rows += [["gh3", "0013", "flat-gh3", "2026-03-02T12:00:00Z", ""]]
    files = {f"flat-submissions/flat-the-team/{name}": data for name, data in work("team").items()}
    files |= {f"flat-submissions/flat-gh3/{name}": data for name, data in work("alone").items()}
    found = office.take({**files, "grades.csv": lines(rows).encode()})
    assert found.is_clean and office.stands() == {"al": "team", "br": "team", "cy": "alone"}
    assert {one.attempt.student: one.attempt.received for one in found.found} == {
        "al": WHEN, "br": WHEN, "cy": datetime(2026, 3, 2, 12, tzinfo=UTC),
    }  # fmt: skip
    assert office.roster()["cy"].keys["github"] == "gh3"
