"""Every platform's download: whose each hand-in is, when it came, which attempt stands; every row of what once
failed.
"""

from __future__ import annotations

import io
import json
import os
import tarfile
from datetime import UTC, datetime
from pathlib import Path

import pytest

from autograder.intake import Choices, collect
from autograder.roster.file import Roster, read_roster
from autograder.roster.student import Student
from autograder.tests.exports.graded_class import ada_and_others
from autograder.tests.exports.platforms import Pupil, moodle_worksheet
from autograder.tests.intake import downloads
from autograder.tests.intake.downloads import PLATFORMS, TIMED, WHEN, packed, work, write
from autograder.tests.intake.test_intake import answered, as_bytes, release

CLASS = [Pupil(n, f"Fay{n}", f"Ray {n}", f"00{n}7", f"fr.{n}_x") for n in range(1, 4)]


class Office:
    """A classroom, and downloads taken into it."""

    def __init__(self, root: Path):
        self.root, self.classroom = root, root / "classroom"
        self.released = root / "flat.ipynb"
        self.released.write_bytes(as_bytes(release()))
        self.count = 0

    def take(self, files: downloads.Files | Path, assignment: str = "flat", dry_run: bool = False, **choices):
        """Collect a download, given as the path to bytes of its files."""
        if not isinstance(files, Path):
            self.count += 1
            files = write(self.root / f"download-{self.count}", files)
        return collect(files, self.classroom, assignment, self.released, Choices(**choices), dry_run=dry_run)

    def stands(self) -> dict[str, str]:
        """Student -> the mark in the module that lies under submitted/."""
        found = {}
        for path in sorted((self.classroom / "submitted").glob("*/flat/lib/backprop/flat.py")):
            found[path.parts[-5]] = path.read_text().partition("=")[2].strip().strip("'")
        return found

    def roster(self) -> dict[str, Student]:
        return read_roster(self.classroom / "roster.csv")

    def give_roster(self, *students: Student) -> None:
        made = Roster(self.classroom / "roster.csv")
        for student in students:
            made.add(student)
        made.save()


@pytest.fixture
def office(tmp_path) -> Office:
    return Office(tmp_path)


def full(pupils: list[Pupil]) -> list[Student]:
    """A roster with the keys of every platform."""
    return [
        Student(
            pupil.id, pupil.first, pupil.last, pupil.email,
            keys={
                "canvas_id": pupil.canvas, "sis_id": pupil.sis, "login": pupil.login, "github": f"gh{pupil.number}",
                "brightspace_user": str(2_500_000 + pupil.number),
            },
            scoped={"flat": {"moodle_participant": pupil.participant}},
        )
        for pupil in pupils
    ]  # fmt: skip


@pytest.mark.parametrize("how", ["folder", "zip", "zip in a folder", "tar"])
@pytest.mark.parametrize("name", PLATFORMS)
def test_each_platforms_download_finds_every_student_by_the_roster(office, name, how):
    pupils = [*CLASS, *ada_and_others()[:2]]
    pupils = [Pupil(n, p.first, p.last, p.sis, p.login) for n, p in enumerate(pupils, start=1)]
    office.give_roster(*full(pupils))
    files = PLATFORMS[name](pupils)
    source = write(office.root / "download", files)
    if how != "folder":
        source = office.root / "sent" / ("download.tar.gz" if how == "tar" else "download.zip")
        source.parent.mkdir()
        if how == "tar":
            with tarfile.open(source, "w:gz") as archive:
                for path, data in files.items():
                    info = tarfile.TarInfo(path)
                    info.size = len(data)
                    archive.addfile(info, io.BytesIO(data))
        else:
            source.write_bytes(packed(files))
        source = source.parent if how == "zip in a folder" else source
    found = office.take(source)
    assert found.is_clean, (found.doubtful, found.strangers, found.unnamed)
    assert office.stands() == {pupil.id: pupil.id for pupil in pupils}
    assert {one.attempt.platform for one in found.found} == {name}
    expected = WHEN if name in TIMED and name != "brightspace" else None
    if name in TIMED:
        assert all(one.attempt.received_from == "platform" for one in found.found)
    elif not (name == "folder" and how == "folder"):
        assert all(one.attempt.received_from == "unknown" for one in found.found)
    if expected:
        assert {one.attempt.received for one in found.found} == {expected}


@pytest.mark.parametrize("name", PLATFORMS)
def test_without_a_roster_it_grows_and_the_second_time_nothing_changes(office, name):
    first = office.take(PLATFORMS[name](CLASS))
    assert len(first.new) == len(CLASS) and sorted(office.stands().values()) == [pupil.id for pupil in CLASS]
    before = {path: path.read_bytes() for path in office.classroom.rglob("*") if path.is_file()}
    again = office.take(office.root / "download-1")
    assert not again.new and {path: path.read_bytes() for path in before} == before
    assert {path for path in office.classroom.rglob("*") if path.is_file()} == set(before)
    assert all(one.attempts == 1 and one.stands for one in again.found)


def test_the_platforms_times_are_told_with_their_source(office):
    found = office.take(downloads.brightspace(CLASS[:1]))
    assert found.found[0].attempt.received == datetime(2026, 9, 2, 21, 26, tzinfo=UTC)
    from zoneinfo import ZoneInfo

    found = office.take(downloads.brightspace(CLASS[1:2]), zone=ZoneInfo("America/Detroit"))
    assert found.found[0].attempt.received == datetime(2026, 9, 4, 1, 26, tzinfo=UTC)


def test_moodles_worksheet_beside_the_folders_gives_the_times(office):
    files = downloads.moodle(CLASS)
    (one, *_) = office.take({**files, "worksheet.csv": moodle_worksheet(CLASS)}).found
    assert (one.attempt.received, one.attempt.received_from) == (WHEN, "worksheet")


def test_canvas_says_late_and_not_how_late(office):
    found = office.take(downloads.canvas(CLASS), lateness=lambda student, received: 7)
    assert [one.attempt.late for one in found.found] == [False, False, True]
    assert all(one.late_seconds is None and one.attempt.received is None for one in found.found)


# What once failed, a test each.


def canvas_file(name: str, user: int, attachment: int, file: str = "work.zip") -> str:
    return f"{name}_{user}_{attachment}_{file}"


def test_a_broken_upload_never_replaces_a_good_one_and_is_kept_and_told(office):
    good, broken = packed(work("good")), packed(work("good"))[:150]
    office.take({canvas_file("doejane", 11, 1): good})
    found = office.take({canvas_file("doejane", 11, 2, "work-1.zip"): broken})
    assert office.stands() == {"doejane": "good"}
    assert [(one.number, one.stands, one.attempt.code) for one in found.found] == [
        (1, True, None),
        (2, False, "not_a_zip"),
    ]
    kept = [path for path in (office.classroom / "attempts" / "files").rglob("*") if path.is_file()]
    assert broken in [path.read_bytes() for path in kept]


def test_a_broken_zip_beside_a_good_one_in_one_folder_does_not_stand(office):
    office.take({"ada.zip": packed(work("good")), "ada_flat-hand-in (1).zip": b"PK\x03\x04 cut off"})
    assert office.stands() == {"ada": "good"}


def test_the_older_download_never_replaces_the_newer(office):
    old, new = (
        {canvas_file("doejane", 11, 1): packed(work("old"))},
        {canvas_file("doejane", 11, 2): packed(work("new"))},
    )
    office.take(new)
    office.take(old)
    assert office.stands() == {"doejane": "new"}


def test_a_second_jane_doe_in_a_later_download_is_another_person(office):
    moodle = "{}_assignsubmission_file/work.zip"
    office.take({moodle.format("Jane Doe_123456"): packed(work("first"))})
    second = {
        moodle.format("Jane Doe_123456"): packed(work("first")),
        moodle.format("Jane Doe_654321"): packed(work("second")),
    }
    found = office.take(second)
    assert sorted(office.stands().values()) == ["first", "second"] and len(office.roster()) == 2 and not found.doubtful
    office.take({moodle.format("Jane Doe_654321"): packed(work("second"))})
    assert len(office.roster()) == 2


def test_two_of_one_name_without_a_key_that_tells_are_listed_and_left_out(office):
    office.give_roster(Student("j1", "Jane", "Doe"), Student("j2", "Jane", "Doe"))
    found = office.take({"Jane Doe_7_assignsubmission_file/work.zip": packed(work("x"))})
    assert office.stands() == {} and "j1, j2" in next(iter(found.doubtful.values())) and not found.is_clean
    answers = []
    found = office.take(
        {"Jane Doe_7_assignsubmission_file/work.zip": packed(work("x"))},
        ask=lambda label, why, could: answers.append(could) or "j2",
    )
    assert answers == [["j1", "j2"]] and office.stands() == {"j2": "x"}
    assert office.roster()["j2"].scoped == {"flat": {"moodle_participant": "7"}}


def test_moodles_numbers_of_two_assignments_are_one_person(office):
    office.take({"Ada L_12_assignsubmission_file/work.zip": packed(work("x"))})
    office.take({"Ada L_99_assignsubmission_file/work.zip": packed(work("x", "layers"))}, assignment="layers")
    (ada,) = office.roster().values()
    assert {name: keys["moodle_participant"] for name, keys in ada.scoped.items()} == {"flat": "12", "layers": "99"}


def test_a_zip_by_mail_after_canvas_is_the_same_person(office):
    office.give_roster(Student("jd", "Jane", "Doe", keys={"canvas_id": "11"}))
    office.take({canvas_file("doejane", 11, 1): packed(work("x"))})
    for name in ("doejane.zip", "Jane Doe.zip", "Doe, Jane.zip", "jd_flat.zip", "DOEJANE_flat (2).zip"):
        found = office.take({name: packed(work("x"))})
        assert found.is_clean and list(office.stands()) == ["jd"], name


@pytest.mark.parametrize(
    ("name", "student"),
    [
        ("ada_flat-hand-in (1).zip", "ada"), ("ada_flat.zip", "ada"), ("flat_bob.zip", "bob"),
        ("dora_flat_hand_in.zip", "dora"), ("cleo-flat-hand-in-2.zip", "cleo"), ("ada - Copy.zip", "ada"),
        ("student-2.zip", "student-2"),
    ],
)  # fmt: skip
def test_what_browsers_and_submit_add_to_a_name_is_taken_off(office, name, student):
    office.take({name: packed(work("x"))})
    assert office.stands() == {student: "x"}


def test_two_spellings_are_one_person(office):
    office.take({"Ju\u0308rgen Mu\u0308ller.zip": packed(work("x")), "Ada.zip": packed(work("y"))})
    office.take({"Jürgen Müller.zip": packed(work("x")), "ada.zip": packed(work("y"))})
    assert list(office.stands()) == ["Ada", "Jürgen-Müller"]


def test_moodles_online_text_beside_the_files_is_not_read(office):
    text = "Ada L_12_assignsubmission_onlinetext/onlinetext.html"
    found = office.take({"Ada L_12_assignsubmission_file/work.zip": packed(work("x")), text: b"<p>hello</p>"})
    assert office.stands() == {"Ada-L": "x"} and [one.path for one in found.unread] == [text]


def test_of_the_zips_of_two_assignments_the_right_one_stands(office):
    here = "Ada L_12_assignsubmission_file/"
    other = {"layers.ipynb": as_bytes({**answered(), "cells": answered().cells[:1]}), "lib/backprop/layers.py": b""}
    found = office.take({f"{here}flat.zip": packed(work("x")), f"{here}layers.zip": packed(other)})
    assert office.stands() == {"Ada-L": "x"} and len(found.found) == 1 and len(found.unread) == 1


def test_notebook_and_module_as_loose_files_of_one_user_are_put_together(office):
    name = canvas_file("doejane", 11, 1, "flat.ipynb"), canvas_file("doejane", 11, 2, "flat.py")
    office.take({name[0]: as_bytes(answered()), name[1]: b"mark = 'loose'\n"})
    assert office.stands() == {"doejane": "loose"}


@pytest.mark.parametrize("prefix", ["anon_aB3xZ_9005", "LATE_anon_aB3xZ_9005"])
def test_canvas_anonymous_is_found_by_its_id(office, prefix):
    office.give_roster(Student("ada", "Ada", "L", scoped={"flat": {"canvas_anonymous": "aB3xZ"}}))
    found = office.take({f"{prefix}_work.zip": packed(work("x"))})
    assert office.stands() == {"ada": "x"} and found.found[0].attempt.late == prefix.startswith("LATE")


def test_names_with_underscores_and_a_blackboard_column_with_them(office):
    stem = "Homework 2 flat_al_123_attempt_2026-03-01-12-00-00"
    told = b"Name: Ada Lovelace (al_123)\nAssignment: Homework 2 flat\n"
    office.take({f"{stem}_work.zip": packed(work("x")), f"{stem}.txt": told})
    assert office.stands() == {"al_123": "x"} and office.roster()["al_123"].name == "Ada Lovelace"
    office.take({"o_brienpat_LATE_77_8_my_work_2.zip": packed(work("y"))})
    assert office.stands()["o_brienpat"] == "y"


def test_of_several_blackboard_attempts_the_newest_stands(office):
    name = "hw_al_attempt_2026-03-0{}-12-00-00_work.zip"
    office.take({name.format(day): packed(work(str(day))) for day in (1, 3, 2)})
    assert list(office.stands().values()) == ["3"]


def test_gradescopes_group_is_each_of_its_members_and_nobody_is_told(office):
    yaml = (
        "submission_1:\n  :submitters:\n  - :name: Ada L\n    :sid: 12\n  - :name: Bo M\n    :email: bo@example.edu\n"
        "  :created_at: 2026-03-01 12:00:00 Z\nsubmission_2:\n  :submitters: []\n"
    )
    files = {"submission_metadata.yml": yaml.encode()}
    for number in (1, 2):
        files |= {f"submission_{number}/{name}": data for name, data in work(str(number)).items()}
    found = office.take(files)
    assert office.stands() == {"Ada-L": "1", "bo": "1"} and [one.code for one in found.unnamed] == ["no_student"]


def test_what_a_person_corrected_is_kept_and_told(office):
    download = write(office.root / "sent", {"ada.zip": b"broken", "bob.zip": packed(work("bob"))})
    office.take(download)
    folder = office.classroom / "submitted" / "ada" / "flat"
    (folder / "flat.ipynb").write_bytes(as_bytes(answered()))
    (folder / "lib" / "backprop").mkdir(parents=True)
    (folder / "lib" / "backprop" / "flat.py").write_text("mark = 'corrected'\n")
    found = office.take(download)
    assert office.stands() == {"ada": "corrected", "bob": "bob"} and list(found.by_hand) == ["ada"]
    office.take({"ada.zip": packed(work("new"))})
    assert office.stands()["ada"] == "corrected"
    office.take({"ada.zip": packed(work("new"))}, replace=frozenset({"ada"}))
    assert office.stands()["ada"] == "new"
    assert list((office.classroom / "refused" / "ada").rglob("flat.py"))


def test_a_time_that_a_person_wrote_is_the_attempts_from_then_on(office):
    download = write(office.root / "sent", {"ada.zip": packed(work("first"))})
    office.take(download)
    stamp = office.classroom / "submitted" / "ada" / "flat" / "timestamp.txt"
    stamp.write_text("2026-01-01 08:00:00 UTC\n")
    found = office.take(download)
    assert stamp.read_text().startswith("2026-01-01 08:00:00")
    assert (found.found[0].attempt.received_from, found.found[0].attempt.received.year) == ("by hand", 2026)


def test_other_kinds_of_file_are_named_and_what_is_no_hand_in_is_listed(office):
    files = {
        "ada.7z": b"7z\xbc\xaf\x27\x1c....", "bob.rar": b"Rar!\x1a\x07\x00..", "cy.zip": b"<!DOCTYPE html><html>log in",
        "essay.docx": b"PK\x03\x04", "helper.py": b"x = 1\n", "zoe.zip": packed(work("zoe")),
    }  # fmt: skip
    found = office.take(files)
    told = {one.attempt.student: one.attempt.message for one in found.found}
    assert "7-Zip" in told["ada"] and "RAR" in told["bob"] and "web page" in told["cy"]
    assert [one.path for one in found.unread] == ["essay.docx", "helper.py"] and office.stands() == {"zoe": "zoe"}


def test_who_is_not_in_a_roster_that_was_given_is_listed_and_taken_in_when_asked(office):
    office.give_roster(Student("al", "Ada", "Lovelace"), Student("bm", "Bo", "Miller"))
    found = office.take({"Ada Lovelac.zip": packed(work("x")), "bm.zip": packed(work("y"))})
    assert office.stands() == {"bm": "y"} and "al (Ada Lovelace)" in found.strangers["Ada Lovelac"]
    assert found.missing == ["al"]
    office.take({"Cy New.zip": packed(work("z"))}, add_new=True)
    assert office.stands() == {"bm": "y", "Cy-New": "z"}


def test_a_dry_run_tells_all_and_writes_nothing(office):
    office.give_roster(*full(CLASS[:2]))
    before = {path: path.read_bytes() for path in office.classroom.rglob("*") if path.is_file()}
    found = office.take(downloads.canvas(CLASS), dry_run=True)
    assert [one.attempt.student for one in found.found if one.stands] == [pupil.id for pupil in CLASS[:2]]
    assert len(found.strangers) == 1
    assert {path: path.read_bytes() for path in office.classroom.rglob("*") if path.is_file()} == before


def test_the_json_has_an_entry_for_each_attempt_and_for_whoever_has_none(office, tmp_path):
    office.give_roster(*full(CLASS), Student("out", "No", "Show"))
    office.take(downloads.gradescope(CLASS)).write(tmp_path / "found.json")
    told = json.loads((tmp_path / "found.json").read_text())
    fields = {"student", "platform_key", "platform", "received", "received_from", "late_seconds", "attempt", "attempts"}
    fields |= {"stands", "code", "message", "files"}
    assert all(fields <= set(entry) for entry in told)
    assert [entry["platform_key"] for entry in told if entry["stands"]] == [pupil.sis for pupil in CLASS]
    assert told[0]["files"] == ["flat.ipynb", "lib/backprop/flat.py"] and told[0]["received"] == WHEN.isoformat()
    assert [(entry["student"], entry["code"]) for entry in told if not entry["stands"]] == [("out", "missing")]


def test_a_student_cannot_hand_in_for_others_by_names_inside_a_zip(office):
    forged = packed({canvas_file("doejane", 11, 9): packed(work("forged")), "x_1_2_y.zip": packed(work("forged"))})
    office.take({"mal.zip": forged, "zoe.zip": packed(work("zoe"))})
    assert office.stands() == {"zoe": "zoe"} and "doejane" not in office.roster()
    office.take({canvas_file("mal", 66, 5): forged})
    assert office.stands() == {"zoe": "zoe"}


@pytest.mark.parametrize("how", ["a folder", "a zip", "a zip in a folder"])
def test_what_is_named_after_a_student_is_theirs_whatever_the_names_in_it_say(office, how):
    office.give_roster(Student("mal", "Mal", "M"), Student("jd", "Jane", "Doe", keys={"canvas_id": "11"}))
    forged = {canvas_file("doejane", 11, 9): packed(work("forged")), "b_1_2_c.zip": packed(work("forged"))}
    if how == "a folder":
        source = write(office.root / "sent", {f"mal/{name}": data for name, data in forged.items()})
    else:
        source = write(office.root / "sent", {"mal_flat.zip": packed(forged)})
        source = source / "mal_flat.zip" if how == "a zip" else source
    found = office.take(source)
    assert "jd" not in office.stands() and {one.attempt.student for one in found.found} == {"mal"}


def test_gradescopes_harness_is_given_one_hand_in_whatever_the_student_calls_the_files(office):
    files = {f"submission/{name}": data for name, data in work("x").items()}
    files |= {"submission/doejane_11_9_work.zip": packed(work("y")), "submission/b_1_2_c.zip": b""}
    office.take(files, platform="folder")
    assert office.stands() == {"submission": "x"}


def test_a_single_file_is_taken_without_a_look_at_what_lies_beside_it(office):
    sent = write(office.root / "sent", {"ada.zip": packed(work("x")), **{f"{n}.zip": b"" for n in range(3)}})
    assert office.take(sent / "ada.zip").platforms == {"folder": 1} and office.stands() == {"ada": "x"}


def test_a_file_time_is_the_files_own_where_no_platform_tells(office):
    download = write(office.root / "sent", {"ada.zip": packed(work("x"))})
    os.utime(download / "ada.zip", (1_772_366_400, 1_772_366_400))
    (one,) = office.take(download).found
    assert (one.attempt.received, one.attempt.received_from) == (WHEN, "file")
