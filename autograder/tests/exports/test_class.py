"""A class of 300 through every platform and back: each grade and each feedback page ends with its owner."""

from __future__ import annotations

import csv
import io
import re
import zipfile
from decimal import Decimal
from itertools import product
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from autograder.exports import PLATFORMS, Options, export, pages
from autograder.exports.fill import fill
from autograder.exports.keys import parse_origin
from autograder.exports.outcome import Outcome
from autograder.exports.rows import GRADED, GradeRow
from autograder.roster import importing
from autograder.roster.file import Roster
from autograder.roster.lists import read_list
from autograder.tests.exports import platforms
from autograder.tests.exports.graded_class import page_of, put, put_graded, score_of
from autograder.tests.exports.platforms import Pupil
from autograder.tests.exports.test_platforms import pages_by_owner
from autograder.tests.intake import downloads
from autograder.tests.intake.test_platforms import Office, full
from autograder.tests.roster.test_import import gradescope

FIRSTS = (
    "Ada", "Jörg", "Jo\u0308rg", "Mary-Ann", "O'Neil", "=1+1", "+49", "-2", "@SUM(A1)", 'Jane "JJ"', "Li, Jr.", "李",
    "Ωmega", "Ali_2_3", "Zoë  ", "I\u0307pek", "de la", "\u202eRtl", "Nul", "x" * 60,
)  # fmt: skip
LASTS = (
    "Doe", "Müller", "Strasse", "Straße", "O_Brien", "al-Ḥasan", "12 34", "Smith; PhD", "Ng", "van\tTab", "𝔘nicode",
    "anon", "LATE", "|calc", "Doe ",
)  # fmt: skip
SIS = ("00{:03}", "-{:03}", "+49{:03}", "000000000000000000{:03}", "u{:03}", "12345678901234567{:03}")
LISTS = {
    "canvas": platforms.canvas_gradebook, "moodle": platforms.moodle_worksheet, "gradescope": gradescope,
    "blackboard": platforms.blackboard_grades, "sakai": platforms.sakai_grades,
}  # fmt: skip
TO = ("canvas", "moodle", "blackboard", "brightspace", "sakai")


def class_of(firsts, lasts) -> list[Pupil]:
    pairs = enumerate(product(firsts, lasts))
    return [
        Pupil(number, first, last, SIS[number % len(SIS)].format(number), f"{'-+.'[number % 3]}login{number}")
        for number, (first, last) in pairs
    ]


def theirs(to: str, pupils: list[Pupil]) -> bytes:
    build = {
        "canvas": platforms.canvas_gradebook, "moodle": platforms.moodle_worksheet,
        "blackboard": platforms.blackboard_grades, "brightspace": platforms.brightspace_grades,
        "sakai": platforms.sakai_grades,
    }  # fmt: skip
    return build[to](pupils, {pupil.id: "1" for pupil in pupils[::3]})


def grades_by_owner(to: str, data: bytes, pupils: list[Pupil]) -> dict[str, Decimal]:
    """Student -> grade, as the platform would read it."""
    if to == "canvas":
        found = {key: row.get("flat (5501)") for key, row in platforms.canvas_import(data)[0].items() if key != "99999"}
        return {pupil.id: found[pupil.canvas] for pupil in pupils}
    key, read = {
        "moodle": ("participant", lambda: platforms.moodle_import(data)[0]),
        "blackboard": ("login", lambda: platforms.blackboard_import(data)[0]),
        "brightspace": ("sis", lambda: platforms.brightspace_import(data)),
        "sakai": ("login", lambda: platforms.sakai_import(data)[1]),
    }[to]
    found = read()
    return {pupil.id: found[getattr(pupil, key)] for pupil in pupils}


@pytest.mark.parametrize("name", downloads.PLATFORMS)
def test_a_class_of_300_goes_in_and_its_grades_and_pages_come_out_with_their_owners(tmp_path, name):
    """The roster from the platform's own list, the download of a class, verdicts and pages by hand, and back."""
    office, pupils = Office(tmp_path), class_of(FIRSTS, LASTS)
    assert len(pupils) == 300
    if name in LISTS:
        roster = Roster(office.classroom / "roster.csv")
        assert not importing.plan(roster, read_list(LISTS[name](pupils), assignment="flat"), "flat").doubtful
        roster.save()
    else:  # its download names students otherwise than its list of grades, or it has none
        office.give_roster(*full(pupils))
    source = put(tmp_path / "download.zip", downloads.packed(downloads.PLATFORMS[name](pupils)))
    found = office.take(source)
    assert found.is_clean and not found.missing
    by_mark = {pupil.id: pupil for pupil in pupils}  # the hand-in itself says whose it is
    owners = {student: by_mark[mark] for student, mark in office.stands().items()}
    assert len(owners) == len({pupil.id for pupil in owners.values()}) == 300
    for student, pupil in owners.items():
        put_graded(office.classroom, student, score_of(pupil), "flat", "partial", page_of(pupil))
    if name not in (*TO, "gradescope"):
        rows = csv.DictReader(io.StringIO(export(tmp_path, "flat").data.decode("utf-8-sig"), newline=""))
        assert {row["student_id"]: row["score"] for row in rows} == {
            student: f"{score_of(pupil):g}" for student, pupil in owners.items()
        }
        return
    there = {pupil.id: str(score_of(pupil)) for pupil in pupils} | {"s007": "7.99"}
    sheet = platforms.gradescope_grades(pupils, there) if name == "gradescope" else theirs(name, pupils)
    file = put(tmp_path / "theirs.csv", sheet)
    has_pages = name not in ("blackboard", "gradescope")
    outcome = export(tmp_path, "flat", name, file=file, pages=has_pages)
    assert not [note for note in outcome.notes if note.kind != "file"]
    if name == "gradescope":
        assert (outcome.unchanged, [change.old for change in outcome.changes]) == (299, ["7.99"])
        return
    assert grades_by_owner(name, outcome.data, pupils) == wanted(pupils)
    assert len(outcome.data.splitlines()) == len(file.read_bytes().splitlines())
    if has_pages:
        assert pages_by_owner(outcome.pages, name, pupils) == {pupil.id: page_of(pupil) for pupil in pupils}


def wanted(pupils: list[Pupil]) -> dict[str, Decimal]:
    return {pupil.id: Decimal(str(score_of(pupil))) for pupil in pupils}


def not_like_an_id(name: str) -> str:
    """A name that Canvas can tell from the ids behind it: one that ends in _ and digits it reads as an id itself."""
    return f"{name}a" if re.search(r"[0-9]$", re.sub(r"\W", "", name)) else name


NAMES = (
    st.text(
        st.one_of(st.sampled_from("=+-@|%'\"_,;\t ."), st.characters(exclude_categories=["Cs", "Cc"])),
        min_size=1,
        max_size=12,
    )
    .filter(str.strip)
    .map(not_like_an_id)
)


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(firsts=st.lists(NAMES, min_size=20, max_size=20), lasts=st.lists(NAMES, min_size=15, max_size=15))
@pytest.mark.parametrize("to", TO)
def test_whatever_the_names_every_grade_and_page_has_its_owner(tmp_path, to, firsts, lasts):
    pupils = class_of(firsts, lasts)
    rows = [row_of(pupil, to, tmp_path) for pupil in pupils]
    outcome = fill(PLATFORMS[to], theirs(to, pupils), rows, ["flat"], Options())
    assert grades_by_owner(to, outcome.data, pupils) == wanted(pupils)
    new = Outcome(to)
    heading = "flat [Total Pts: 8 Score] |1281892" if to == "blackboard" else "flat (5501)" if to == "canvas" else ""
    made = PLATFORMS[to].create(rows, ["flat"], Options(columns={"flat": heading}), new)
    if to == "brightspace":
        assert platforms.brightspace_import(made) == {pupil.sis: wanted([pupil])[pupil.id] for pupil in pupils}
    else:
        assert grades_by_owner(to, made, pupils) == wanted(pupils)
    if to != "blackboard":
        place = pages.write(tmp_path / "pages.zip", pages.plan(PLATFORMS[to], rows, new), {})
        assert pages_by_owner(place, to, pupils) == {pupil.id: page_of(pupil) for pupil in pupils}


def row_of(pupil: Pupil, to: str, folder: Path) -> GradeRow:
    page = folder / f"{pupil.id}.html"
    if not page.exists():
        page.write_bytes(page_of(pupil))
    origin = getattr(pupil, f"{to}_origin", pupil.canvas_origin)
    keys = {"canvas_id": pupil.canvas, "sis_id": pupil.sis, "login": pupil.login}
    return GradeRow(
        pupil.id, "flat", GRADED, 8.0, score=score_of(pupil), first_name=pupil.first, last_name=pupil.last,
        email=pupil.email, keys=keys, attempt=parse_origin(origin), page=page, comment="Graded work, flat: …",
    )  # fmt: skip


def test_the_zip_of_pages_is_the_same_twice(tmp_path):
    pupils = class_of(FIRSTS[:2], LASTS[:2])
    rows = [row_of(pupil, "canvas", tmp_path) for pupil in pupils]
    written = [
        pages.write(tmp_path / name, pages.plan(PLATFORMS["canvas"], rows, Outcome("")), {}).read_bytes()
        for name in ("one.zip", "two.zip")
    ]
    assert written[0] == written[1] and zipfile.is_zipfile(tmp_path / "one.zip")
