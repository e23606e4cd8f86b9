"""Grades into the files of course platforms and out of them again: every format, filled in and made anew."""

from __future__ import annotations

import zipfile
from decimal import Decimal
from pathlib import Path

import pytest

from autograder.exports import FORMATS, ExportError, Options, export
from autograder.tests.exports import platforms
from autograder.tests.exports.graded_class import (
    MAX_SCORE,
    ada_and_others,
    make_class,
    page_of,
    put,
    put_paper,
    score_of,
    write_roster,
)
from autograder.tests.exports.platforms import Pupil

PUPILS = ada_and_others()
WANTED = {pupil.id: Decimal(str(score_of(pupil))) for pupil in PUPILS}


@pytest.fixture
def root(tmp_path) -> Path:
    return make_class(tmp_path, PUPILS)


def filled(root: Path, to: str, data: bytes, name: str = "theirs.csv", **options) -> tuple[bytes, object]:
    """What comes back of a platform's file, and the outcome."""
    theirs = put(root / "downloads" / name, data)
    outcome = export(root, "flat", to, file=theirs, options=Options(**options))
    assert theirs.read_bytes() == data and outcome.path.read_bytes() == outcome.data
    return outcome.data, outcome


def differing(before: bytes, after: bytes) -> int:
    """How many lines differ; there must be as many lines in both."""
    old, new = before.splitlines(), after.splitlines()
    assert len(old) == len(new)
    return sum(one != other for one, other in zip(old, new, strict=True))


def by(key: str, pupils: list[Pupil] = PUPILS) -> dict[str, Decimal]:
    return {getattr(pupil, key): WANTED[pupil.id] for pupil in pupils}


# Filled in


@pytest.mark.parametrize("delimiter", [",", ";"])
@pytest.mark.parametrize("mark", [False, True])
def test_canvas_gets_its_gradebook_back_with_the_scores_in_it(root, delimiter, mark):
    before = platforms.canvas_gradebook(PUPILS, {"s001": "7", "s002": "0"}, delimiter=delimiter, mark=mark)
    after, outcome = filled(root, "canvas", before)
    grades, points = platforms.canvas_import(after)
    assert {key: row["flat (5501)"] for key, row in grades.items() if "flat (5501)" in row} == by("canvas")
    assert {row["essay (5500)"] for key, row in grades.items() if key != "99999"} == {Decimal("7.25")}
    assert points["flat (5501)"] == 8 and differing(before, after) == len(PUPILS) == len(outcome.changes)
    assert after.startswith(b"\xef\xbb\xbf") is mark and (b"0,26" in after) is (delimiter == ";")


def test_canvas_may_write_last_and_first_name_in_two_columns(root):
    rows = [["LastName", "FirstName", "ID", "SIS Login ID", "Section", "flat (5501)"]]
    rows += [["    Points Possible", "", "", "", "", "8"]]
    rows += [[pupil.last, pupil.first, "", "", "A", ""] for pupil in PUPILS]
    (root / "classroom" / "receipts" / "flat" / "s001.json").unlink()
    data, outcome = filled(root, "canvas", platforms.lines(rows).encode())
    assert len(outcome.changes) == len(outcome.of("by name")) == len(PUPILS)
    assert b"Lovelace,Ada,,,A,0.26\n" in data


def test_moodle_without_names_is_filled_by_the_numbers(root):
    make_class(root, PUPILS, origin="moodle_origin", roster=False)
    (root / "classroom" / "roster.csv").unlink()
    rows = [["Identifier", "Status", "Group", "Marker", "Grade", "Maximum Grade", "Grade can be changed"]]
    rows[0] += ["Last modified (grade)"]
    rows += [[f"Participant {pupil.participant}", "", "G", "m", "", "8.00", "Yes", "-"] for pupil in PUPILS]
    data, outcome = filled(root, "moodle", platforms.lines(rows).encode())
    assert b"Participant 403,,G,m,0.26,8.00,Yes,-\n" in data and len(outcome.changes) == len(PUPILS)
    assert any("comments are left out" in note.text for note in outcome.of("file"))


def test_a_moodle_scale_takes_no_points(root):
    headings = [heading if heading != "Maximum grade" else "Scale" for heading in platforms.MOODLE]
    with pytest.raises(ExportError, match="scale"):
        filled(root, "moodle", platforms.moodle_worksheet(PUPILS, headings=headings, most="Pass, Fail"))


def test_a_worksheet_whose_columns_cannot_be_told_asks_for_the_grade(root):
    make_class(root, PUPILS, origin="moodle_origin")
    headings = ["ID", "Nom", "Courriel", "Statut", "Note", "Max", "Modifiable", "Remise", "Modif", "Avis"]
    words = {"headings": headings, "word": "Participant ", "most": "8,00"}
    twice = platforms.moodle_worksheet(PUPILS, **words).replace(b",Yes,", b",3,")  # a second number for all
    with pytest.raises(ExportError, match="--column HEADING. There are: 'ID', 'Nom'"):
        filled(root, "moodle", twice)
    data, outcome = filled(root, "moodle", twice, columns={"": "Note"})
    assert b'"0,26"' in data and len(outcome.changes) == 2 * len(PUPILS)  # comments stand behind the grade's time


def test_moodle_gets_its_worksheet_back_with_grades_and_comments(root):
    make_class(root, PUPILS, origin="moodle_origin")
    before = platforms.moodle_worksheet(PUPILS)
    after, outcome = filled(root, "moodle", before)
    grades, comments = platforms.moodle_import(after)
    assert grades == by("participant")
    assert (
        comments["403"] == "<p>Graded work, flat: 0.26 of 8 points.<br>toy: 0.26 of 8. off by &lt;2&gt; &amp; more</p>"
    )
    assert b"Sunday, 1 March 2026, 12:00 PM" in after and not outcome.of("doubtful")
    without, _ = filled(root, "moodle", before, "other.csv", comments=False)
    assert set(platforms.moodle_import(without)[1].values()) == {""}


def test_moodle_in_german_has_its_columns_found_and_its_decimal_comma_kept(root):
    make_class(root, PUPILS, origin="moodle_origin")
    words = {"headings": platforms.MOODLE_GERMAN, "word": "Teilnehmer/in "}
    before = platforms.moodle_worksheet(PUPILS, {"s001": "3,50"}, most="8,00", **words)
    after, outcome = filled(root, "moodle", before)
    grades, comments = platforms.moodle_import(after, comma=True, **words)
    assert grades == by("participant") and all(comments.values())
    assert any("'Bewertung' is the grade" in note.text for note in outcome.of("file"))


@pytest.mark.parametrize("tabs", [True, False])
@pytest.mark.parametrize("form", ["SMART_TEXT", "HTML", ""])
def test_blackboard_gets_its_file_back_in_its_encoding_with_feedback(root, tabs, form):
    before = platforms.blackboard_grades(PUPILS, tabs=tabs, form=form)
    after, _ = filled(root, "blackboard", before, "gc_course.xls" if tabs else "gc_course.csv")
    grades, feedback = platforms.blackboard_import(after)
    assert grades == by("login") and len(feedback) == len(PUPILS)
    assert {written for _, written in feedback.values()} == {form or "HTML"}
    assert all(("&lt;2&gt;" in text) is (form != "SMART_TEXT") for text, _ in feedback.values())
    assert after.startswith(b"\xff\xfe" if tabs else b"\xef\xbb\xbf")


@pytest.mark.parametrize("comma", [True, False])
def test_brightspace_gets_its_file_back_with_end_of_line_marks_and_hashes(root, comma):
    before = platforms.brightspace_grades(PUPILS, {"s002": "1,5" if comma else "1.5"}, comma=comma)
    after, _ = filled(root, "brightspace", before)
    assert platforms.brightspace_import(after, comma=comma) == by("sis")
    assert b"#000000000000000000042" in after and differing(before, after) == len(PUPILS)


def test_sakai_gets_its_grades_back(root):
    before = platforms.sakai_grades(PUPILS)
    after, _ = filled(root, "sakai", before, "grades.csv")
    assert platforms.sakai_import(after) == ("Homework 2", by("login"))
    assert b"Mar 1, 2026 12:00 pm" in after and differing(before, after) == len(PUPILS)


def test_sakais_zip_may_be_given_as_it_came(root):
    archive = root / "bulk_download.zip"
    with zipfile.ZipFile(archive, "w") as made:
        made.writestr("Homework 2/grades.csv", platforms.sakai_grades(PUPILS))
    outcome = export(root, "flat", "sakai", file=archive)
    assert outcome.path.name == "grades.csv"
    assert platforms.sakai_import(outcome.data)[1] == by("login")


def test_gradescope_is_compared_and_never_written(root):
    theirs = put(root / "scores.csv", platforms.gradescope_grades(PUPILS, {"s001": "0.26", "s002": "3.0"}))
    outcome = export(root, "flat", "gradescope", file=theirs)
    assert outcome.path is None and outcome.data is None and outcome.unchanged == 1
    assert {change.student: (change.old, change.new) for change in outcome.changes}["s002"] == ("3.0", "0.52")
    with pytest.raises(ExportError, match="by hand"):
        export(root, "flat", "gradescope")


def test_the_gradebook_of_a_gradescope_course_is_compared_in_every_assignment(root):
    scores = {"Problem 1": {"s001": "1.0"}, "flat": {"s001": "0.26", "s002": "3.0"}}
    sheet = platforms.gradescope_course(PUPILS, scores, {"Problem 1": "8.0", "flat": "8.0"})
    outcome = export(root, None, "gradescope", file=put(root / "course.csv", sheet))
    assert outcome.data is None and outcome.unchanged == 1
    assert {change.heading for change in outcome.changes} == {"flat"}
    assert {change.student: (change.old, change.new) for change in outcome.changes}["s002"] == ("3.0", "0.52")
    with pytest.raises(ExportError, match="is certainly that of"):  # one column, and another assignment's
        only = platforms.gradescope_course(PUPILS, {"Problem 1": {}}, {"Problem 1": "8.0"})
        export(root, "flat", "gradescope", file=put(root / "other.csv", only))


# Made anew


def test_a_new_canvas_file_has_the_header_that_canvas_asks_for(root):
    outcome = export(root, "flat", "canvas", options=Options(columns={"": "flat (5501)"}))
    grades, points = platforms.canvas_import(outcome.data)
    assert {key: row["flat (5501)"] for key, row in grades.items()} == by("canvas") and points == {"flat (5501)": 8}
    assert b",-77,+49123," in outcome.data and b",x4,-user," in outcome.data
    assert b"'@SUM(A1), =1+1" in outcome.data.replace(b'"', b"")


def test_a_new_moodle_worksheet_has_identifiers(root):
    make_class(root, PUPILS, origin="moodle_origin")
    outcome = export(root, "flat", "moodle")
    grades, comments = platforms.moodle_import(outcome.data)
    assert grades == by("participant") and all(comments.values())
    assert any("more recently" in note.text for note in outcome.of("file"))


def test_a_new_brightspace_file_ends_every_line_with_its_mark(root):
    assert platforms.brightspace_import(export(root, "flat", "brightspace").data) == by("sis")


def test_a_new_sakai_file_has_its_three_lines_of_heading(root):
    assert platforms.sakai_import(export(root, "flat", "sakai").data) == ("flat", by("login"))


def test_a_new_blackboard_file_needs_the_id_of_its_column(root):
    heading = "flat [Total Pts: 8 Score] |1281892"
    outcome = export(root, "flat", "blackboard", options=Options(columns={"flat": heading}))
    assert platforms.blackboard_import(outcome.data)[0] == by("login") and not outcome.of("file")
    outcome = export(root, "flat", "blackboard", force=True)
    assert any("text column of 0 points" in note.text for note in outcome.of("file"))


def test_a_canvas_column_that_canvas_takes_for_a_total_is_refused(root):
    with pytest.raises(ExportError, match="total"):
        export(root, "flat", "canvas", options=Options(columns={"": "flat Final Score (7)"}))


def test_who_has_no_key_of_the_platform_is_left_out_and_named(tmp_path):
    root = make_class(tmp_path, PUPILS)
    write_roster(root / "classroom" / "roster.csv", PUPILS[:3])
    outcome = export(root, "flat", "brightspace")
    assert [note.about for note in outcome.of("no key")] == ["s004"]
    assert platforms.brightspace_import(outcome.data) == by("sis", PUPILS[:3])
    (root / "classroom" / "roster.csv").unlink()
    with pytest.raises(ExportError, match="no student has a key of Brightspace"):
        export(root, "flat", "brightspace", force=True)


# What is not simply a score


def test_excused_is_said_as_canvas_says_it_and_by_hand_elsewhere(tmp_path):
    root = make_class(tmp_path, PUPILS, excused=("s001", "s002"))
    data, outcome = filled(root, "canvas", platforms.canvas_gradebook(PUPILS, {"s001": "3", "s002": "EX"}))
    grades, _ = platforms.canvas_import(data)
    assert grades["70001"]["flat (5501)"] == grades["70002"]["flat (5501)"] == "EX" and outcome.unchanged == 1
    data, outcome = filled(root, "sakai", platforms.sakai_grades(PUPILS, {"s001": "3"}), "grades.csv")
    assert platforms.sakai_import(data)[1]["al123"] == 3
    assert {note.about: note.text for note in outcome.of("excused")}["s001"].endswith("keeps 3")


def test_a_student_whom_canvas_excuses_is_not_silently_graded(root):
    data, outcome = filled(root, "canvas", platforms.canvas_gradebook(PUPILS, {"s001": "EX"}))
    assert platforms.canvas_import(data)[0]["70001"]["flat (5501)"] == "EX"
    assert [note.about for note in outcome.of("not taken")] == ["s001"]


def test_who_handed_nothing_in_keeps_the_cell_unless_zero_is_asked_for(tmp_path):
    root = make_class(tmp_path, PUPILS, missing=("s003",))
    before = platforms.canvas_gradebook(PUPILS, {"s003": "5"})
    data, outcome = filled(root, "canvas", before)
    assert platforms.canvas_import(data)[0]["70003"]["flat (5501)"] == 5
    assert [(note.about, note.text) for note in outcome.of("missing")] == [("s003", "Canvas keeps 5")]
    data, _ = filled(root, "canvas", before, "again.csv", zero_for_missing=True)
    assert platforms.canvas_import(data)[0]["70003"]["flat (5501)"] == 0


def test_what_could_not_be_judged_is_left_out_and_named(tmp_path):
    root = make_class(tmp_path, PUPILS, status={"s001": "not judged"})
    data, outcome = filled(root, "canvas", platforms.canvas_gradebook(PUPILS, {"s001": "5"}))
    assert platforms.canvas_import(data)[0]["70001"]["flat (5501)"] == 5
    assert [note.about for note in outcome.of("not judged")] == ["s001"]


def test_scores_that_wait_for_a_person_are_entered_and_told_or_left_out(root):
    put_paper(root, "flat", {"toy": MAX_SCORE}, {"why": 2})
    before = platforms.canvas_gradebook(PUPILS, points="10")
    data, outcome = filled(root, "canvas", before)
    assert len(outcome.of("provisional")) == len(outcome.changes) == len(PUPILS)
    data, outcome = filled(root, "canvas", before, "again.csv", only_final=True)
    assert data == before and len(outcome.of("not taken")) == len(PUPILS)


def test_moodle_is_not_given_what_it_would_skip(tmp_path):
    root = make_class(tmp_path, PUPILS, origin="moodle_origin", scores={"s001": 9.0})
    before = platforms.moodle_worksheet(PUPILS, {"s002": "1.00"}, locked=("s002",))
    data, outcome = filled(root, "moodle", before)
    grades, comments = platforms.moodle_import(data)
    assert set(grades) == {"409", "412"} and not comments["403"] and not comments["406"]
    told = {note.about: note.text for note in outcome.of("not taken")}
    assert "maximum of 8" in told["s001"] and "locked" in told["s002"]


def test_a_comment_that_a_person_wrote_stays_and_our_own_is_renewed(root):
    make_class(root, PUPILS, origin="moodle_origin")
    old = "<div>Graded work, flat: 1 of 8 points.</div>"
    data, outcome = filled(
        root, "moodle", platforms.moodle_worksheet(PUPILS, comments={"s001": "Well done", "s002": old})
    )
    comments = platforms.moodle_import(data)[1]
    assert comments["403"] == "Well done" and "0.52 of 8" in comments["406"]
    assert [note.about for note in outcome.of("not taken")] == ["s001"]


def test_a_score_that_stands_there_already_keeps_its_bytes(root):
    before = platforms.canvas_gradebook(PUPILS[:1], {"s001": "0.260"})
    data, outcome = filled(root, "canvas", before)
    assert data == before and outcome.unchanged == 1 and not outcome.changes


def test_a_student_to_whom_canvas_has_not_assigned_it_is_reported(root):
    data, outcome = filled(root, "canvas", platforms.canvas_gradebook(PUPILS, {"s001": "N/A"}))
    assert b"N/A" in data and "N/A" in outcome.of("not taken")[0].text


def test_brightspaces_cap_is_told_and_points_that_differ_too(tmp_path):
    root = make_class(tmp_path, PUPILS, scores={"s001": 9.5})
    _, outcome = filled(root, "brightspace", platforms.brightspace_grades(PUPILS))
    assert any("caps it at 8" in note.text for note in outcome.of("file"))
    _, outcome = filled(root, "canvas", platforms.canvas_gradebook(PUPILS, points="100"))
    assert any("100 points" in note.text for note in outcome.of("file"))


# Columns


@pytest.mark.parametrize("heading", ["Flat (5501)", "Homework 2: flat (5501)", "HW-2_FLAT (5501)"])
def test_the_column_is_found_by_its_title(root, heading):
    data, outcome = filled(root, "canvas", platforms.canvas_gradebook(PUPILS, heading=heading))
    assert len(outcome.changes) == len(PUPILS)


@pytest.mark.parametrize(
    ("heading", "points"),
    [
        ("flattening (5501)", "8"),
        ("Quiz on flat (5501)", "3"),
        ("Homework 2 (5501)", "8"),
        ("flat and layers (5501)", "8"),
    ],
)
def test_a_column_that_may_be_another_one_is_asked_for(root, heading, points):
    make_class(root, PUPILS, assignment="layers")
    theirs = platforms.canvas_gradebook(PUPILS, heading=heading, points=points)
    with pytest.raises(ExportError, match="--column HEADING"):
        filled(root, "canvas", theirs)
    _, outcome = filled(root, "canvas", theirs, columns={"": heading})
    assert len(outcome.changes) == len(PUPILS)


def test_all_assignments_go_into_one_gradebook_and_what_has_no_column_is_named(root):
    make_class(root, PUPILS, assignment="layers")
    theirs = put(root / "theirs.csv", platforms.canvas_gradebook(PUPILS))
    outcome = export(root, None, "canvas", file=theirs)
    assert any("layers: the file has no column" in note.text for note in outcome.of("file"))
    with pytest.raises(ExportError, match="export NAME"):
        export(root, None, "moodle")
    with pytest.raises(ExportError, match="about 'layers'"):
        filled(root, "sakai", platforms.sakai_grades(PUPILS, title="layers"))


# Feedback pages


@pytest.mark.parametrize("to", ["canvas", "moodle", "brightspace", "sakai"])
def test_every_page_finds_its_owner(tmp_path, to):
    root = make_class(tmp_path, PUPILS, origin=f"{to}_origin")
    outcome = export(root, "flat", to, pages=True)
    owners = pages_by_owner(outcome.pages, to)
    assert owners == {pupil.id: page_of(pupil) for pupil in PUPILS}


def pages_by_owner(path: Path, to: str, pupils: list[Pupil] = PUPILS) -> dict[str, bytes]:
    """Student -> page, as the platform would match them."""
    with zipfile.ZipFile(path) as archive:
        if to == "canvas":
            found = platforms.canvas_feedback(archive)
            keys = {(pupil.canvas, pupil.attachment): pupil.id for pupil in pupils}
        elif to == "moodle":
            found, keys = platforms.moodle_feedback(archive), {pupil.participant: pupil.id for pupil in pupils}
        elif to == "brightspace":
            found = platforms.tree_feedback(archive, 0)
            keys = {pupil.brightspace_origin: pupil.id for pupil in pupils}
        else:
            found = platforms.tree_feedback(archive, 1, "Feedback Attachment(s)")
            keys = {pupil.sakai_origin: pupil.id for pupil in pupils}
    return {keys[key]: content for key, content in found.items()}


def test_sakais_zip_of_pages_is_the_tree_that_it_takes_back(tmp_path):
    root = make_class(tmp_path, PUPILS, origin="sakai_origin")
    theirs = put(root / "grades.csv", platforms.sakai_grades(PUPILS))
    outcome = export(root, "flat", "sakai", file=theirs, pages=True)
    with zipfile.ZipFile(outcome.pages) as archive:
        assert archive.read("Homework 2/grades.csv") == outcome.data
        assert b"0.26 of 8" in archive.read("Homework 2/Lovelace, Ada(al123)/feedbackText.html")


def test_pages_without_a_certain_place_are_left_out_and_named(root):
    receipts = root / "classroom" / "receipts" / "flat"
    receipt = (receipts / "s002.json").read_bytes()
    (receipts / "s001.json").unlink()
    outcome = export(root, "flat", "canvas", pages=True)
    assert {note.about: note.text for note in outcome.of("no page")}.keys() == {"s001"}
    put(receipts / "s001.json", receipt)
    outcome = export(root, "flat", "canvas", pages=True, force=True)
    assert "canvas_id is 70002, and in the roster 70001" in outcome.of("no page")[0].text
    (root / "classroom" / "roster.csv").unlink()
    outcome = export(root, "flat", "canvas", pages=True, force=True)
    assert {note.about for note in outcome.of("no page")} == {"s001", "s002"}
    assert set(pages_by_owner(outcome.pages, "canvas")) == {"s003", "s004"}


def test_an_upload_whose_name_may_be_read_in_two_ways_is_not_guessed(tmp_path):
    odd = Pupil(5, "007", "Bond_", "b5", "bond")  # the upload is bond_007_70005_9000035_work.zip
    root = make_class(tmp_path, [*PUPILS, odd])
    outcome = export(root, "flat", "canvas", pages=True)
    assert [note.about for note in outcome.of("no page")] == ["s005"]
    assert "70005" in platforms.canvas_import(outcome.data)[0]


def test_a_platform_that_takes_no_pages_says_so(root):
    with pytest.raises(ExportError, match="no zip of feedback"):
        export(root, "flat", "blackboard", pages=True)


# What is written, and when


def test_a_dry_run_writes_nothing_and_tells_every_change(root):
    before = sorted(path for path in root.rglob("*"))
    theirs = put(root / "theirs.csv", platforms.canvas_gradebook(PUPILS, {"s001": "7"}))
    outcome = export(root, "flat", "canvas", file=theirs, pages=True, dry_run=True)
    assert sorted(path for path in root.rglob("*") if path != theirs) == before and outcome.path is None
    assert ("s001", "7", "0.26") in {(change.student, change.old, change.new) for change in outcome.changes}
    assert set(outcome.page_names) == set(WANTED)


def test_no_file_is_replaced_without_being_told(root):
    theirs = put(root / "theirs.csv", platforms.canvas_gradebook(PUPILS))
    out = put(root / "mine.csv", b"precious")
    with pytest.raises(FileExistsError, match="--force"):
        export(root, "flat", "canvas", file=theirs, out=out)
    assert out.read_bytes() == b"precious"
    assert export(root, "flat", "canvas", file=theirs, out=out, force=True).path == out
    export(root, "flat", "canvas", file=theirs, out=out)  # the same bytes: nothing is lost


def test_a_file_that_cannot_be_written_whole_is_not_written(root, monkeypatch):
    theirs = put(root / "theirs.csv", platforms.canvas_gradebook(PUPILS))
    monkeypatch.setattr("os.replace", lambda *_: (_ for _ in ()).throw(OSError(28, "No space left on device")))
    with pytest.raises(OSError):
        export(root, "flat", "canvas", file=theirs, pages=True)
    assert not [path for path in (root / "classroom" / "exports").rglob("*") if path.is_file()]


@pytest.mark.parametrize("to", [name for name in FORMATS if name != "csv"])
def test_a_file_of_another_platform_is_refused_with_what_it_holds(root, to):
    with pytest.raises(ExportError, match="not|named"):
        filled(root, to, b"Ada,Lovelace,3\nJoerg,Mueller,4\n")


def test_a_class_that_nobody_knows_is_refused(root):
    others = [Pupil(90, "Zoe", "Zimmer", "zz", "zz")]
    with pytest.raises(ExportError, match="none of the 1 students.*roster"):
        filled(root, "canvas", platforms.canvas_gradebook(others))


def test_what_cannot_be_done_is_said(root, tmp_path):
    with pytest.raises(ExportError, match="cannot export to 'xlsx'; there are: csv, canvas"):
        export(root, "flat", "xlsx")
    with pytest.raises(ExportError, match="there are: flat"):
        export(root, "tensors")
    with pytest.raises(FileNotFoundError, match="grade"):
        export(tmp_path / "empty", "flat")
    with pytest.raises(FileNotFoundError, match="downloaded"):
        export(root, "flat", "canvas", file=tmp_path / "none.csv")
    with pytest.raises(ExportError, match="platform"):
        export(root, "flat", pages=True)
