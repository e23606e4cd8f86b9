"""Handing in: what is found, what is told, what the zip holds, and that the intake takes it."""

from __future__ import annotations

import hashlib
import io
import json
import os
import shutil
import sys
import zipfile
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace

import nbformat
import pytest

from autograder.intake import intake
from autograder.tests.intake.test_intake import answered, release
from toolbox.handin import copies
from toolbox.handin.inspect import expected
from toolbox.handin.submit import find_notebook, submit
from toolbox.notebook import ran
from toolbox.notebook.folders import notebook_in

INDEX = {
    "assignment": "flat",
    "modules": ["flat"],
    "checks": [
        {"id": f"test_{item}", "item": item, "says": item, "seed": item, "share": 1.0, "file": "all.py"}
        for item in ("predict", "toy")
    ],
}


@pytest.fixture
def house(tmp_path) -> Path:
    folder = tmp_path / "assignments" / "flat"
    folder.mkdir(parents=True)
    (folder / "flat.ipynb").write_text(nbformat.writes(answered()))
    (folder / "checks.json").write_text(json.dumps(INDEX))
    (folder / "checks").mkdir()
    package = tmp_path / "lib" / "backprop"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("")
    (package / "flat.py").write_text("def toy(x, y, z):\n    return 1, {}\n")
    return tmp_path


def notebook_of(house: Path) -> Path:
    return house / "assignments" / "flat" / "flat.ipynb"


def save(house: Path, notebook) -> None:
    notebook_of(house).write_text(json.dumps(notebook))


def found(hand_in, state: str) -> dict[str, str]:
    return {line.what: line.found for line in hand_in.lines if line.state == state}


def test_complete_work_is_written_with_a_manifest_that_holds(house, capsys):
    before = datetime.now(UTC).replace(microsecond=0)
    hand_in = submit("flat", folder=house)
    assert hand_in.complete and hand_in.path == house / "flat-hand-in.zip"
    with zipfile.ZipFile(hand_in.path) as archive:
        assert archive.namelist() == ["flat.ipynb", "lib/backprop/__init__.py", "lib/backprop/flat.py", "manifest.json"]
        manifest = json.loads(archive.read("manifest.json"))
        for entry in manifest["files"]:
            data = archive.read(entry["path"])
            assert (len(data), hashlib.sha256(data).hexdigest()) == (entry["size"], entry["sha256"])
    assert manifest["schema"] == 1 and manifest["assignment"] == "flat" and manifest["kit"]
    assert before <= datetime.fromisoformat(manifest["created"])
    shown = capsys.readouterr().out
    assert "complete" in shown and "flat-hand-in.zip" in shown.replace("\n", "")


def test_it_works_from_the_notebooks_folder_and_leaves_no_draft(house, monkeypatch):
    monkeypatch.chdir(house / "assignments" / "flat")
    assert submit().path == house / "flat-hand-in.zip"
    assert sorted(path.name for path in house.iterdir()) == ["assignments", "flat-hand-in.zip", "lib"]
    assert submit(out=house / "mine.zip").path == house / "mine.zip"
    assert submit(out=house / "lib").path == house / "lib" / "flat-hand-in.zip"


def test_untouched_work_is_told_place_by_place_and_still_written(house):
    save(house, release())
    (house / "lib" / "backprop" / "flat.py").write_text(
        "def toy(x, y, z):\n    # YOUR CODE HERE\n    return None, {}\n"
    )
    hand_in = submit("flat", folder=house)
    missing = found(hand_in, "missing")
    assert set(missing) == {"flat", "flat (answer 2)", "lib/backprop/flat.py"}  # by the heading above, no cell's id
    assert "empty" in missing["flat (answer 2)"] and missing["lib/backprop/flat.py"] == "not written yet: toy"
    assert hand_in.path.exists() and "3 still to do" in repr(hand_in)


def test_a_syntax_error_is_told_with_file_and_line_and_still_written(house):
    (house / "lib" / "backprop" / "flat.py").write_text("x = 1\ndef toy(:\n")
    problems = found(submit("flat", folder=house), "problem")
    assert "lib/backprop/flat.py:2:" in problems["lib/backprop/flat.py"]
    assert (house / "flat-hand-in.zip").exists()


def test_a_missing_module_is_told(house):
    (house / "lib" / "backprop" / "flat.py").unlink()
    assert "not there" in found(submit("flat", folder=house), "problem")["lib/backprop/flat.py"]


def test_doubled_and_missing_cells_are_told(house):
    notebook = answered()
    notebook.cells[3] = notebook.cells[2]
    save(house, notebook)
    problems = found(submit("flat", folder=house), "problem")
    assert "2 times" in problems['check("predict")'] and "gone" in problems['check("toy")']


def test_nothing_of_the_student_is_run(house):
    bait = f"open({str(house / 'ran')!r}, 'w')\n"
    (house / "lib" / "backprop" / "flat.py").write_text(bait)
    (house / "assignments" / "flat" / "checks" / "all.py").write_text(bait)
    submit("flat", folder=house)
    assert not (house / "ran").exists()


@pytest.mark.parametrize("text", ["", "{", "[]", '{"nbformat": 3, "worksheets": []}', "[" * 100_000])
def test_a_file_that_is_no_notebook_is_not_handed_in_and_says_what_to_do(house, text):
    notebook_of(house).write_text(text)
    with pytest.raises(ValueError, match="Nothing was handed in"):
        submit("flat", folder=house)
    assert not (house / "flat-hand-in.zip").exists()


def test_a_missing_notebook_says_where_it_was_sought_and_what_there_is(house):
    with pytest.raises(FileNotFoundError, match=r"no scalar\.ipynb.*Assignments here: flat"):
        submit("scalar", folder=house)


def test_without_a_house_it_says_so(tmp_path):
    with pytest.raises(FileNotFoundError, match="lib/"):
        submit("flat", folder=tmp_path)


def test_a_failed_write_leaves_the_earlier_zip_whole(house, monkeypatch):
    submit("flat", folder=house)
    before = (house / "flat-hand-in.zip").read_bytes()
    monkeypatch.setattr(zipfile.ZipFile, "writestr", lambda *_: (_ for _ in ()).throw(OSError("disk full")))
    with pytest.raises(OSError, match="disk full"):
        submit("flat", folder=house)
    assert (house / "flat-hand-in.zip").read_bytes() == before
    assert not list(house.glob(".hand-in-*"))


def test_names_in_the_table_are_escaped(house):
    notebook = release()
    notebook.cells[0].source = "## Task <script>"
    save(house, notebook)
    html = submit("flat", folder=house)._repr_html_()
    assert "<script>" not in html and "&lt;script&gt;" in html


def test_items_and_modules_are_read_from_the_first_index_there_is(house):
    here = house / "assignments" / "flat"
    assert expected([house, here]) == (["predict", "toy"], ["flat"])
    assert expected([house]) == ([], [])


def test_a_module_that_the_notebook_names_and_no_test_calls_is_missed(house):
    notebook = json.loads(notebook_of(house).read_text())
    notebook["metadata"]["backprop_kit"] = {"assignment": "flat", "modules": ["flat", "losses"]}
    save(house, notebook)
    assert found(submit("flat", folder=house), "problem").keys() == {"lib/backprop/losses.py"}
    for broken in (None, [], {"modules": "flat"}, {"modules": [3]}):
        notebook["metadata"]["backprop_kit"] = broken
        save(house, notebook)
        assert submit("flat", folder=house).complete


@pytest.mark.parametrize("text", ["def (", "[]", "{}", '{"assignment": "flat", "modules": 3, "checks": [{}]}'])
def test_an_index_that_was_edited_does_not_keep_work_from_being_handed_in(house, text):
    (house / "assignments" / "flat" / "checks.json").write_text(text)
    assert submit("flat", folder=house).path.exists()


def test_the_intake_takes_what_submit_writes(house, tmp_path):
    hand_in = submit("flat", folder=house)
    sent = tmp_path / "sent"
    sent.mkdir()
    hand_in.path.rename(sent / "ada.zip")
    released = tmp_path / "released.ipynb"
    released.write_text(nbformat.writes(release()))
    (receipt,) = intake(sent, tmp_path / "classroom" / "submitted", "flat", released)
    assert (receipt.student, receipt.status, receipt.repairs) == ("ada", "accepted", [])
    assert receipt.claimed


def test_a_placeholder_left_beside_an_answer_is_no_missing_answer(house):
    notebook = answered()
    notebook.cells[4].source = "Because.\n\nYOUR ANSWER HERE\n"
    save(house, notebook)
    package = house / "lib" / "backprop"
    text = "def toy(x, y, z):\n    f = x * y\n    # YOUR CODE HERE\n    return f, {}\n\n\nclass A:\n    def b(self):\n"
    (package / "flat.py").write_text(f"{text}        # YOUR CODE HERE\n        return None\n")
    assert found(submit("flat", folder=house), "missing") == {"lib/backprop/flat.py": "not written yet: A.b"}
    originals = house / ".release" / "lib" / "backprop"
    originals.mkdir(parents=True)
    shutil.copy(package / "flat.py", originals)  # what was given did compute something
    missing = found(submit("flat", folder=house), "missing")
    assert missing == {"lib/backprop/flat.py": "not written yet: toy, A.b"}


def test_what_was_given_is_known_by_the_release_where_there_is_one(house):
    given = house / ".release" / "assignments" / "flat"
    given.mkdir(parents=True)
    (given / "flat.ipynb").write_text(nbformat.writes(release()))
    notebook = answered()
    notebook.cells[1].source = "predicted = {}\n# YOUR CODE HERE"
    notebook.cells[4].source = "  YOUR ANSWER HERE\n"
    save(house, notebook)
    assert set(found(submit("flat", folder=house), "missing")) == {"flat (answer 2)"}


def test_copies_are_named_and_asked_about_and_the_layout_says_which_one_counts(house):
    folder, package = house / "assignments" / "flat", house / "lib" / "backprop"
    (house / "flat.ipynb").write_text(nbformat.writes(release()))  # sorts before the right one, and lies above it
    (folder / "flat-Copy1.ipynb").write_text("mine")
    for name in ("flat (1).py", "flat_final.py", "flatten.py", "flat_two.py"):
        (package / name).write_text("x = 1\n")
    (house / "backups" / "x").mkdir(parents=True)
    (house / "backups" / "x" / "flat.ipynb").write_text("{}")
    for path in (house / "flat.ipynb", package / "flat (1).py", package / "flat_final.py"):
        os.utime(path, (1e9, 1e9))
    os.utime(folder / "flat-Copy1.ipynb", (4e9, 4e9))
    hand_in = submit("flat", folder=house)
    asked, problems = found(hand_in, "ask"), found(hand_in, "problem")
    assert set(asked) == {"flat.ipynb", "lib/backprop/flat (1).py", "lib/backprop/flat_final.py"}
    assert "assignments/flat/flat.ipynb is. Is your work in this copy?" in asked["flat.ipynb"]
    assert set(problems) == {"assignments/flat/flat-Copy1.ipynb"}
    assert "was saved later than the one that counts" in problems["assignments/flat/flat-Copy1.ipynb"]
    with zipfile.ZipFile(hand_in.path) as archive:
        assert archive.read("flat.ipynb") == notebook_of(house).read_bytes()
        assert {"lib/backprop/flatten.py", "lib/backprop/flat_two.py"} < set(archive.namelist())
        assert "lib/backprop/flat (1).py" not in archive.namelist()


def test_a_notebook_outside_the_course_counts_where_it_is_run(house, tmp_path, monkeypatch):
    """As on Colab: the course lies in a Drive, with an untouched notebook in it."""
    elsewhere = tmp_path / "content"
    elsewhere.mkdir()
    course = tmp_path / "drive"
    course.mkdir()
    for name in ("assignments", "lib"):
        (house / name).rename(course / name)
    (elsewhere / "flat.ipynb").write_text(nbformat.writes(answered()))
    assert find_notebook("flat", elsewhere, course) == elsewhere / "flat.ipynb"
    assert find_notebook("flat", course, course) == course / "assignments" / "flat" / "flat.ipynb"


def test_cells_that_ran_and_were_never_saved_are_told(house, monkeypatch):
    monkeypatch.setattr(ran, "RAN", {})
    saved = notebook_of(house).stat().st_mtime
    ran.RAN["s1"] = ("predicted = {'f': 1}", saved + 9)  # as it is in the file
    ran.RAN["c1"] = ("check('predict')", saved - 9)  # edited and saved since
    ran.RAN["x"] = ("submit('flat')", saved + 9)
    assert submit("flat", folder=house).complete
    ran.note(SimpleNamespace(cell_id="s1", raw_cell="predicted = {'f': 2}  # better"))
    ran.note(SimpleNamespace(cell_id=None, raw_cell="anything"))
    problem = found(submit("flat", folder=house), "problem")["flat.ipynb"]
    assert "is not saved: 1 cell(s)" in problem and "`predicted = {'f': 2}  # better`" in problem
    notebook = answered()
    notebook.cells[1].source = "predicted = {'f': 2}  # better"
    save(house, notebook)
    assert submit("flat", folder=house).complete


def test_a_module_of_another_case_is_told_as_python_would_not_find_it(house):
    package = house / "lib" / "backprop"
    (package / "flat.py").rename(package / "Flat.py")
    problems = found(submit("flat", folder=house), "problem")
    assert problems["lib/backprop/flat.py"] == "is called Flat.py: rename it"


def test_a_file_system_without_case_has_no_copies_that_are_the_file_itself(house, monkeypatch):
    package = house / "lib" / "backprop"
    os.link(package / "flat.py", package / "FLAT.py")  # two names, one file
    assert copies.strays(house, "flat", ".py", package / "flat.py") == []


def test_a_console_of_any_code_page_is_written_to(house, monkeypatch):
    for encoding in ("cp1252", "cp437", "ascii", "shift_jis"):
        raw = io.BytesIO()
        monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(raw, encoding=encoding))
        submit("flat", folder=house)
        print("✓ ✗ ○ σ")
        sys.stdout.flush()
        text = raw.getvalue().decode(encoding)
        assert "complete" in text and (text.split()[-4:] == ["+", "x", "o", "?"] or encoding in ("shift_jis", "cp437"))


@pytest.mark.parametrize("names", [["flat.ipynb", "flat-anna.ipynb"], ["flat-anna.ipynb"]])
def test_a_terminal_check_runs_the_notebook_that_is_called_as_its_folder(tmp_path, names):
    folder = tmp_path / "flat"
    folder.mkdir()
    for name in names:
        (folder / name).touch()
    assert notebook_in(folder).name == names[0]


def test_a_terminal_check_guesses_no_notebook(tmp_path):
    for name in ("a.ipynb", "b.ipynb"):
        (tmp_path / name).touch()
    with pytest.raises(FileNotFoundError, match="a.ipynb and b.ipynb"):
        notebook_in(tmp_path)
