"""The intake on honest hand-ins: whose it is, when it came, what is repaired, what is told."""

from __future__ import annotations

import io
import json
import os
import zipfile
from datetime import UTC, datetime
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from autograder.intake import inspect, intake, read_receipt

MODULE = b"def toy(x, y, z):\n    return None, {}\n"


def settings(grade_id: str, *, points: int | None = None, solution: bool = False) -> dict:
    content = {
        "grade_id": grade_id,
        "schema_version": 3,
        "locked": not solution,
        "solution": solution,
        "task": False,
    }
    content["grade"] = points is not None
    if points is not None:
        content["points"] = points
    return {"nbgrader": content}


def release() -> nbformat.NotebookNode:
    """A small released notebook: two items and a written answer."""
    cells = [
        new_markdown_cell("# flat", id="title"),
        new_code_cell("# YOUR CODE HERE", id="s1", metadata=settings("solution_predict", solution=True)),
        new_code_cell('check("predict")', id="c1", metadata=settings("predict", points=2)),
        new_code_cell('check("toy")', id="c2", metadata=settings("toy", points=2)),
        new_markdown_cell("YOUR ANSWER HERE", id="w1", metadata=settings("why", points=3, solution=True)),
    ]
    return new_notebook(cells=cells, metadata={"kernelspec": {"name": "python3", "display_name": "Python 3"}})


def as_bytes(notebook: dict) -> bytes:
    return json.dumps(notebook).encode()


def make_zip(path: Path, files: dict[str, bytes | str], when: float | None = None) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    if when is not None:
        os.utime(path, (when, when))
    return path


def answered() -> nbformat.NotebookNode:
    notebook = release()
    notebook.cells[1].source = "predicted = {'f': 1}"
    notebook.cells[4].source = "Because."
    return notebook


def good(notebook: dict | None = None) -> dict[str, bytes | str]:
    return {
        "flat.ipynb": as_bytes(notebook or answered()),
        "lib/backprop/flat.py": MODULE,
        "lib/backprop/__init__.py": "",
    }


class Room:
    """A classroom in a temporary folder."""

    def __init__(self, root: Path):
        self.root, self.sent, self.submitted = root, root / "sent", root / "classroom" / "submitted"
        self.sent.mkdir()
        self.released = root / "flat.ipynb"
        self.released.write_text(nbformat.writes(release()))

    def run(self, source: Path | None = None, **options):
        found = intake(source or self.sent, self.submitted, "flat", self.released, **options)
        return {receipt.student: receipt for receipt in found}

    def notebook(self, student: str) -> nbformat.NotebookNode:
        path = self.submitted / student / "flat" / "flat.ipynb"
        notebook = nbformat.read(path, as_version=4)
        nbformat.validate(notebook)
        return notebook


@pytest.fixture
def room(tmp_path) -> Room:
    return Room(tmp_path)


def codes(receipt) -> set[str]:
    return {repair.code for repair in receipt.repairs}


def test_a_good_hand_in_is_accepted_and_unpacked(room):
    make_zip(room.sent / "ada.zip", good(), when=1_772_366_400)
    receipt = room.run()["ada"]
    assert (receipt.status, receipt.code, receipt.repairs) == ("accepted", None, [])
    folder = room.submitted / "ada" / "flat"
    found = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
    assert found == [
        "flat.ipynb",
        "intake.json",
        "lib/backprop/__init__.py",
        "lib/backprop/flat.py",
        "timestamp.txt",
    ]
    assert (folder / "timestamp.txt").read_text() == "2026-03-01 12:00:00 UTC\n"
    assert (folder / "lib/backprop/flat.py").read_bytes() == MODULE
    stored = json.loads((folder / "intake.json").read_text())
    assert (
        stored["schema"] == 1 and stored["status"] == "accepted" and stored["received"] == "2026-03-01T12:00:00+00:00"
    )
    assert len(stored["sha256"]) == 64
    assert read_receipt(folder).received == datetime(2026, 3, 1, 12, tzinfo=UTC)
    assert room.notebook("ada").cells[1].source == "predicted = {'f': 1}"


def test_nbgrader_reads_the_timestamp(room):
    from nbgrader.utils import parse_utc

    make_zip(room.sent / "ada.zip", good(), when=1_772_366_400)
    room.run()
    text = (room.submitted / "ada" / "flat" / "timestamp.txt").read_text().strip()
    assert parse_utc(text) == datetime(2026, 3, 1, 12)


@pytest.mark.parametrize(
    ("name", "student"),
    [
        ("ada.zip", "ada"),
        ("ADA.ZIP", "ADA"),
        ("ada-flat-hand-in.zip", "ada"),
        ("ada_flat-hand-in.zip", "ada"),
        ("ada_12345_67890_flat-hand-in.zip", "ada"),
        ("ada_LATE_12345_67890_flat-hand-in-2.zip", "ada"),
        ("flat_ada_attempt_2026-03-01-12-00-00_flat-hand-in.zip", "ada"),
        ("Ada L_12345_assignsubmission_file_/flat-hand-in.zip", "Ada-L"),
        ("../x y*?[z].zip".replace("../", ""), "x-y-z"),
        ("Zoë.zip", "Zoë"),
    ],
)
def test_the_student_is_read_from_the_name_as_the_lms_writes_it(room, name, student):
    path = room.sent / name
    path.parent.mkdir(exist_ok=True)
    make_zip(path, good())
    assert list(room.run()) == [student]
    assert room.run()[student].status == "accepted"


def kept(room, sent: Path) -> bool:
    """Whether the classroom keeps this file as it was sent, under any name."""
    stored = (room.root / "classroom" / "attempts" / "files").rglob("*")
    return any(path.is_file() and path.read_bytes() == sent.read_bytes() for path in stored)


def test_a_name_that_says_nobody_is_refused_without_a_folder(room):
    make_zip(room.sent / "flat-hand-in (1).zip", good())
    (receipt,) = room.run().values()
    assert (receipt.status, receipt.code) == ("refused", "no_student")
    assert list(room.submitted.iterdir()) == []
    assert kept(room, room.sent / "flat-hand-in (1).zip")


def test_two_students_of_one_name_stay_two(room):
    for number in (11, 22):
        make_zip(room.sent / f"ada_{number}_5_flat-hand-in.zip", good())
    make_zip(room.sent / "bo b.zip", good())
    make_zip(room.sent / "bo-b.zip", good())
    students = sorted(room.run())
    assert students[:2] == ["ada-11", "ada-22"] and len(students) == 4


def test_of_several_hand_ins_the_newest_counts(room):
    make_zip(room.sent / "ada_1_10_flat-hand-in.zip", good(), when=2000)
    newer = answered()
    newer.cells[1].source = "predicted = 'newer'"
    make_zip(room.sent / "ada_1_11_flat-hand-in-1.zip", good(newer), when=3000)
    receipts = room.run()
    assert list(receipts) == ["ada"] and "several_hand_ins" in codes(receipts["ada"])
    assert room.notebook("ada").cells[1].source == "predicted = 'newer'"


def test_a_folder_that_is_unpacked_already_is_taken(room):
    for name, data in good().items():
        path = room.sent / "ada" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data if isinstance(data, bytes) else data.encode())
    assert room.run()["ada"].status == "accepted"


def test_a_download_in_one_zip_is_taken_and_the_times_of_its_packing_are_no_times_of_arrival(room):
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w") as archive:
        for name, data in good().items():
            archive.writestr(name, data)
    with zipfile.ZipFile(room.root / "download.zip", "w") as archive:
        for student in ("ada", "bob"):
            info = zipfile.ZipInfo(
                f"{student}_1{len(student)}{student[0] == 'a':d}_7_flat-hand-in.zip", (2026, 3, 1, 9, 0, 0)
            )
            archive.writestr(info, inner.getvalue())
    receipts = room.run(room.root / "download.zip")
    assert sorted(receipts) == ["ada", "bob"]
    assert (receipts["ada"].received, receipts["ada"].received_from) == (None, "unknown")
    assert not (room.submitted / "ada" / "flat" / "timestamp.txt").exists()


def test_one_hand_in_given_by_itself_is_taken(room):
    make_zip(room.sent / "ada.zip", good())
    assert list(room.run(room.sent / "ada.zip")) == ["ada"]


def test_a_source_that_is_not_there_is_named(room):
    with pytest.raises(FileNotFoundError, match="nowhere"):
        room.run(room.root / "nowhere")


def test_the_manifest_is_not_believed_about_the_time(room):
    manifest = json.dumps({"created": "2020-01-01T00:00:00+00:00"})
    make_zip(room.sent / "ada.zip", {**good(), "manifest.json": manifest}, when=1_772_366_400)
    receipt = room.run()["ada"]
    assert receipt.received == datetime(2026, 3, 1, 12, tzinfo=UTC)
    assert receipt.claimed == "2020-01-01T00:00:00+00:00"
    believed = room.run(times="manifest")["ada"]
    assert believed.received == datetime(2020, 1, 1, tzinfo=UTC)


def test_a_manifest_from_the_future_does_not_move_the_time(room):
    manifest = json.dumps({"created": "2999-01-01T00:00:00+00:00"})
    make_zip(room.sent / "ada.zip", {**good(), "manifest.json": manifest}, when=1_772_366_400)
    assert room.run(times="manifest")["ada"].received == datetime(2026, 3, 1, 12, tzinfo=UTC)


def test_the_csv_of_the_lms_gives_the_time(room):
    make_zip(room.sent / "ada.zip", good(), when=1_772_366_400)
    make_zip(room.sent / "bob.zip", good(), when=1_772_366_400)
    times = room.root / "times.csv"
    times.write_text("Student,Received\nada,2026-02-28T22:00:00+02:00\n")
    receipts = room.run(times=times)
    assert receipts["ada"].received == datetime(2026, 2, 28, 20, tzinfo=UTC)
    assert receipts["bob"].received == datetime(2026, 3, 1, 12, tzinfo=UTC)


def test_a_csv_that_cannot_be_read_is_refused_with_its_line(room):
    make_zip(room.sent / "ada.zip", good())
    times = room.root / "times.csv"
    times.write_text("student,received\nada,next tuesday-ish\n")
    with pytest.raises(ValueError, match="line 2"):
        room.run(times=times)
    times.write_text("who,what\nada,1\n")
    with pytest.raises(ValueError, match="student"):
        room.run(times=times)


def test_running_it_again_changes_nothing(room):
    make_zip(room.sent / "ada.zip", good())
    make_zip(room.sent / "bob.zip", {"flat.ipynb": b"{"})
    room.run()

    def picture():
        return {
            path: (path.read_bytes(), path.stat().st_mtime_ns) for path in room.submitted.rglob("*") if path.is_file()
        }

    before = picture()
    room.run()
    assert picture() == before
    assert not any((room.root / "classroom" / ".intake").iterdir())


def test_a_second_hand_in_replaces_the_first_whole(room):
    make_zip(room.sent / "ada.zip", {**good(), "lib/backprop/extra.py": "x = 1\n"})
    room.run()
    make_zip(room.sent / "ada.zip", good())
    room.run()
    assert not (room.submitted / "ada" / "flat" / "lib" / "backprop" / "extra.py").exists()


def test_a_renamed_notebook_is_known_by_its_cells(room):
    files = good()
    files["my homework.ipynb"] = files.pop("flat.ipynb")
    make_zip(room.sent / "ada.zip", files)
    receipt = room.run()["ada"]
    assert receipt.status == "repaired" and "renamed_notebook" in codes(receipt)
    assert room.notebook("ada").cells[1].source == "predicted = {'f': 1}"


def test_a_scratch_notebook_beside_it_does_no_harm(room):
    scratch = new_notebook(cells=[new_code_cell("1 + 1")])
    make_zip(room.sent / "ada.zip", {**good(), "scratch.ipynb": as_bytes(scratch)})
    assert room.run()["ada"].code is None
    files = good()
    files["renamed.ipynb"] = files.pop("flat.ipynb")
    make_zip(room.sent / "ada.zip", {**files, "scratch.ipynb": as_bytes(scratch)})
    assert "renamed_notebook" in codes(room.run()["ada"])


def test_of_several_notebooks_the_one_at_its_place_in_the_course_counts(room):
    """As `submit` chooses: a stray copy above it, a backup and the originals of the release do not count."""
    files = {f"kit/{name}": data for name, data in good().items() if name != "flat.ipynb"}
    files["kit/assignments/flat/flat.ipynb"] = as_bytes(answered())
    for stray in ("flat.ipynb", "a/flat.ipynb", ".release/assignments/flat/flat.ipynb", "backups/x/flat.ipynb"):
        files[f"kit/{stray}"] = as_bytes(release())
    files["kit/.release/lib/backprop/flat.py"] = b"wrong = 1\n"
    make_zip(room.sent / "ada.zip", files)
    receipt = room.run()["ada"]
    assert receipt.code is None, receipt.message
    assert room.notebook("ada").cells[1].source == "predicted = {'f': 1}"
    assert (room.submitted / "ada" / "flat" / "lib" / "backprop" / "flat.py").read_bytes() == MODULE


def test_two_renamed_notebooks_are_refused_because_either_could_be_meant(room):
    files = good()
    files["one.ipynb"] = files["two.ipynb"] = files.pop("flat.ipynb")
    make_zip(room.sent / "ada.zip", files)
    assert room.run()["ada"].code == "two_notebooks"


def test_a_folder_around_the_files_is_looked_through(room):
    make_zip(room.sent / "ada.zip", {f"flat-hand-in/{name}": data for name, data in good().items()})
    make_zip(
        room.sent / "bob.zip",
        {
            "kit/assignments/flat/flat.ipynb": as_bytes(answered()),
            "kit/lib/backprop/flat.py": MODULE,
            "old/lib/backprop/flat.py": b"wrong = 1\n",
            "kit/.ipynb_checkpoints/flat.ipynb": b"{}",
            "__MACOSX/kit/._flat.ipynb": b"\0",
        },
    )
    receipts = room.run()
    assert "moved" in codes(receipts["ada"]) and receipts["ada"].status == "repaired"
    assert receipts["bob"].status == "repaired"
    assert (room.submitted / "bob" / "flat" / "lib" / "backprop" / "flat.py").read_bytes() == MODULE


def test_a_zip_in_a_zip_and_backslashes_are_repaired(room):
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w") as archive:
        for name, data in good().items():
            archive.writestr(name, data)
    make_zip(room.sent / "ada.zip", {"flat-hand-in.zip": inner.getvalue()})
    with zipfile.ZipFile(room.sent / "bob.zip", "w") as archive:
        for name, data in good().items():
            archive.writestr(name.replace("/", "\\"), data)
    receipts = room.run()
    assert "nested_zip" in codes(receipts["ada"]) and receipts["ada"].status == "repaired"
    assert "backslash_paths" in codes(receipts["bob"]) and receipts["bob"].status == "repaired"


def test_a_duplicated_check_cell_keeps_its_settings_once(room):
    notebook = answered()
    notebook.cells.insert(3, json.loads(json.dumps(notebook.cells[2])))
    make_zip(room.sent / "ada.zip", good(notebook))
    receipt = room.run()["ada"]
    assert receipt.status == "repaired" and codes(receipt) == {"duplicated_cell", "cell_ids"}
    graded = [cell.metadata.nbgrader.grade_id for cell in room.notebook("ada").cells if "nbgrader" in cell.metadata]
    assert graded == ["solution_predict", "predict", "toy", "why"]
    assert len(room.notebook("ada").cells) == 6
    assert "nbgrader" in room.notebook("ada").cells[2].metadata


def test_of_a_duplicated_written_answer_the_answered_one_counts(room):
    notebook = answered()
    notebook.cells.insert(4, json.loads(json.dumps(release().cells[4])))
    make_zip(room.sent / "ada.zip", good(notebook))
    room.run()
    (kept,) = [c for c in room.notebook("ada").cells if c.metadata.get("nbgrader", {}).get("grade_id") == "why"]
    assert kept.source == "Because."


def test_deleted_graded_cells_are_put_back_where_they_were(room):
    notebook = answered()
    notebook.cells = [cell for cell in notebook.cells if cell.id not in ("c1", "w1")]
    make_zip(room.sent / "ada.zip", good(notebook))
    receipt = room.run()["ada"]
    assert receipt.status == "repaired" and codes(receipt) == {"missing_cell"}
    assert [cell.id for cell in room.notebook("ada").cells] == ["title", "s1", "c1", "c2", "w1"]


def test_a_notebook_with_every_graded_cell_deleted_still_gets_them_back(room):
    notebook = answered()
    notebook.cells = notebook.cells[:1]
    make_zip(room.sent / "ada.zip", good(notebook))
    assert room.run()["ada"].status == "repaired"
    graded = [c.metadata.nbgrader.grade_id for c in room.notebook("ada").cells if "nbgrader" in c.metadata]
    assert graded == ["predict", "toy", "why"]


def test_an_answer_cell_that_is_missing_is_told_and_not_put_back_over_the_answer(room):
    notebook = answered()
    del notebook.cells[1]
    make_zip(room.sent / "ada.zip", good(notebook))
    receipt = room.run()["ada"]
    assert "solution_predict" in receipt.message
    assert "# YOUR CODE HERE" not in [cell.source for cell in room.notebook("ada").cells]


def test_check_cells_that_lost_their_settings_are_known_by_their_text(room):
    notebook = answered()
    for cell in notebook.cells[1:4]:
        cell.metadata = {}
    make_zip(room.sent / "ada.zip", good(notebook))
    receipt = room.run()["ada"]
    assert "adopted_cell" in codes(receipt)
    sources = [c.source for c in room.notebook("ada").cells]
    assert sources.count('check("predict")') == 1


def test_edited_check_cells_points_and_types_are_put_back(room):
    notebook = answered()
    notebook.cells[2].source = "print('full marks')"
    notebook.cells[2].metadata.nbgrader.points = 1000
    notebook.cells[3] = {
        "cell_type": "markdown",
        "id": "c2",
        "source": 'check("toy")',
        "metadata": notebook.cells[3].metadata,
    }
    notebook.cells[4].metadata.nbgrader.schema_version = 99
    make_zip(room.sent / "ada.zip", good(notebook))
    receipt = room.run()["ada"]
    assert {"edited_cell", "edited_metadata", "cell_type"} <= codes(receipt)
    clean = room.notebook("ada")
    assert [cell.metadata for cell in clean.cells] == [cell.metadata for cell in release().cells]
    assert clean.cells[2].source == 'check("predict")' and clean.cells[3].cell_type == "code"


def test_outputs_and_foreign_settings_do_not_come_along(room):
    notebook = answered()
    notebook.cells[1].outputs = [nbformat.v4.new_output("display_data", {"text/html": "<script>alert(1)</script>"})]
    notebook.cells[1].metadata.tags = ["remove-cell"]
    notebook.metadata.kernelspec.name = "no-such-kernel"
    make_zip(room.sent / "ada.zip", good(notebook))
    assert room.run()["ada"].code is None
    text = (room.submitted / "ada" / "flat" / "flat.ipynb").read_text()
    assert "script" not in text and "remove-cell" not in text and "no-such-kernel" not in text


def test_a_picture_pasted_into_a_written_answer_is_kept(room):
    notebook = answered()
    notebook.cells[4].attachments = {
        "graph.png": {"image/png": "aGk="},
        "evil.svg": {"image/svg+xml": "<svg/>"},
    }
    make_zip(room.sent / "ada.zip", good(notebook))
    room.run()
    assert room.notebook("ada").cells[4].attachments == {"graph.png": {"image/png": "aGk="}}


def test_cell_ids_of_an_older_jupyter_are_given_quietly(room):
    notebook = answered()
    notebook["nbformat_minor"] = 4
    for cell in notebook.cells:
        del cell["id"]
    make_zip(room.sent / "ada.zip", good(notebook))
    assert room.run()["ada"].status == "accepted"
    first = (room.submitted / "ada" / "flat" / "flat.ipynb").read_bytes()
    room.run()
    assert (room.submitted / "ada" / "flat" / "flat.ipynb").read_bytes() == first


def test_a_module_with_a_syntax_error_is_accepted_as_it_is(room):
    make_zip(room.sent / "ada.zip", {**good(), "lib/backprop/flat.py": b"def toy(:\n\x00\xff"})
    assert room.run()["ada"].status == "accepted"
    assert (room.submitted / "ada" / "flat" / "lib/backprop/flat.py").read_bytes() == b"def toy(:\n\x00\xff"


def test_a_hand_in_without_lib_is_refused_and_keeps_its_notebook(room):
    make_zip(room.sent / "ada.zip", {"flat.ipynb": as_bytes(answered()), "other.py": MODULE})
    receipt = room.run()["ada"]
    assert (receipt.status, receipt.code) == ("refused", "no_lib")
    assert "lib/backprop" in receipt.message
    assert room.notebook("ada").cells[1].source == "predicted = {'f': 1}"
    assert not (room.submitted / "ada" / "flat" / "lib").exists()


def test_a_notebook_that_is_not_json_is_refused_and_replaced_by_the_release(room):
    broken = as_bytes(answered())[:-30]
    sent = make_zip(room.sent / "ada.zip", {**good(), "flat.ipynb": broken})
    receipt = room.run()["ada"]
    assert (receipt.status, receipt.code) == ("refused", "notebook_not_json")
    assert (room.submitted / "ada" / "flat" / "flat.ipynb").read_bytes() == room.released.read_bytes()
    assert kept(room, sent)


@pytest.mark.parametrize("place", ["flat.py", "backprop/flat.py", "work/flat.py"])
def test_a_module_of_the_right_name_beside_the_notebook_is_the_module(room, place):
    notebook = "work/flat.ipynb" if place.startswith("work/") else "flat.ipynb"
    make_zip(room.sent / "ada.zip", {notebook: as_bytes(answered()), place: MODULE, "deep/er/flat.py": "wrong = 1\n"})
    receipt = room.run()["ada"]
    assert receipt.status == "repaired" and "loose_modules" in codes(receipt)
    assert (room.submitted / "ada" / "flat" / "lib" / "backprop" / "flat.py").read_bytes() == MODULE


def test_one_bad_hand_in_does_not_stop_the_class_and_each_is_reported(room):
    make_zip(room.sent / "ada.zip", good())
    (room.sent / "bob.zip").write_bytes(b"not a zip")
    make_zip(room.sent / "cyd.zip", good())
    seen = []
    receipts = room.run(on_receipt=lambda receipt: seen.append(receipt.student))
    assert [receipts[name].status for name in ("ada", "bob", "cyd")] == ["accepted", "refused", "accepted"]
    assert seen == ["ada", "bob", "cyd"]


def put_by_hand(room, files: dict, student: str = "ada") -> Path:
    folder = room.submitted / student / "flat"
    for name, data in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data if isinstance(data, bytes) else data.encode())
    return folder


def test_a_folder_put_there_by_hand_is_checked_and_repaired_in_place(room):
    notebook = answered()
    del notebook.cells[2]
    folder = put_by_hand(
        room, {**good(notebook), "timestamp.txt": "2026-03-01 12:00:00.000000 UTC", "notes.txt": "mine"}
    )
    receipt = inspect(folder, "flat", room.released)
    assert receipt.status == "repaired" and receipt.received == datetime(2026, 3, 1, 12, tzinfo=UTC)
    assert len(room.notebook("ada").cells) == 5
    (kept,) = (room.root / "classroom" / "refused" / "ada").iterdir()
    assert (kept / "notes.txt").read_text() == "mine"
    assert inspect(folder, "flat", room.released).to_dict() == receipt.to_dict()


def test_a_forged_receipt_is_not_believed(room):
    forged = {
        "schema": 1,
        "student": "ada",
        "assignment": "flat",
        "status": "accepted",
        "code": None,
        "message": "",
        "repairs": [],
        "sha256": "0" * 64,
        "received": None,
        "claimed": None,
        "origin": "",
    }
    folder = put_by_hand(room, {"flat.ipynb": b"{", "intake.json": json.dumps(forged)})
    receipt = inspect(folder, "flat", room.released)
    assert (receipt.status, receipt.code) == ("refused", "notebook_not_json")
    assert read_receipt(folder).status == "refused"
    make_zip(
        room.sent / "bob.zip",
        {**good(), "intake.json": json.dumps(forged), "timestamp.txt": "1999-01-01 00:00:00"},
    )
    room.run()
    assert read_receipt(room.submitted / "bob" / "flat").student == "bob"
    assert "1999" not in (room.submitted / "bob" / "flat" / "timestamp.txt").read_text()


def test_what_the_intake_wrote_keeps_its_receipt_until_someone_changes_it(room):
    files = good()
    files["other.ipynb"] = files.pop("flat.ipynb")
    make_zip(room.sent / "ada.zip", files)
    make_zip(room.sent / "bob.zip", {"flat.ipynb": b"{"})
    taken = room.run()
    for student in ("ada", "bob"):
        folder = room.submitted / student / "flat"
        assert inspect(folder, "flat", room.released).to_dict() == taken[student].to_dict()
    folder = room.submitted / "ada" / "flat"
    (folder / "timestamp.txt").write_text("2026-01-01 00:00:00 UTC\n")
    assert inspect(folder, "flat", room.released).received == datetime(2026, 1, 1, tzinfo=UTC)
    (folder / "lib" / "backprop" / "flat.py").write_text("changed = 1\n")
    receipt = inspect(folder, "flat", room.released)
    assert receipt.status == "accepted" and (folder / "lib" / "backprop" / "flat.py").read_text() == "changed = 1\n"
