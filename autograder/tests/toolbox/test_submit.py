"""Handing in: what is found, what is told, what the zip holds, and that the intake takes it."""

from __future__ import annotations

import hashlib
import json
import zipfile
from datetime import UTC, datetime
from pathlib import Path

import nbformat
import pytest

from autograder.intake import intake
from autograder.tests.intake.test_intake import answered, release
from toolbox.handin.inspect import expected
from toolbox.handin.submit import submit

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
    assert set(missing) == {"solution_predict", "why", "lib/backprop/flat.py"}
    assert "empty" in missing["why"] and "1 place" in missing["lib/backprop/flat.py"]
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
    assert "2 times" in problems["predict"] and "gone" in problems["toy"]


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
    notebook.cells[1].metadata.nbgrader.grade_id = "<script>"
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
