"""`python -m toolbox update RELEASE.zip`: work is kept, corrections arrive, a kill loses nothing."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import stat
import zipfile
from pathlib import Path

import pytest

from toolbox.seat import update as updating
from toolbox.seat.update import NoRelease, update

OLD = {
    "README.md": b"# Course\n",
    "requirements.txt": b"torch\n",
    "lib/install.py": b"print('ready')\n",
    "lib/backprop/flat.py": b"def f(x):\n    # YOUR CODE HERE\n    return None\n\n\ndef g(x):\n    return x\n",
    "lib/backprop/graph.py": b"def order():\n    return None\n",
    "lib/toolbox/check.py": b"GIVEN = 1\n",
    "lib/toolbox/gone.py": b"OLD = 1\n",
    "assignments/flat/checks.json": b"{}\n",
    "assignments/flat/flat.ipynb": json.dumps({
        "cells": [
            {"id": "a", "cell_type": "markdown", "metadata": {}, "source": "# Titel"},
            {"id": "b", "cell_type": "markdown", "metadata": {"nbgrader": {"grade_id": "why", "solution": True}},
             "source": "*here*"},
        ], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}).encode(),
}  # fmt: skip
NEW = {path: data for path, data in OLD.items() if "gone" not in path} | {
    "lib/backprop/flat.py": OLD["lib/backprop/flat.py"].replace(b"return x\n", b"return +x\n"),
    "lib/backprop/graph.py": b"def order():\n    return []\n",
    "lib/toolbox/check.py": b"GIVEN = 2\n",
    "lib/toolbox/fresh.py": b"NEW = 1\n",
    "assignments/flat/flat.ipynb": OLD["assignments/flat/flat.ipynb"].replace(b"# Titel", b"# Title"),
}
MINE = OLD["lib/backprop/flat.py"].replace(b"# YOUR CODE HERE\n    return None", b"return 2 * x")


def released(content: dict[str, bytes], name: str) -> dict[str, bytes]:
    """A release's files, with the originals and the sums of `autograder release`."""
    sums = {path: hashlib.sha256(data).hexdigest() for path, data in content.items()}
    originals = {f".release/{path}": data for path, data in content.items() if updating.is_work(path)}
    return content | originals | {".release/release.json": json.dumps({"release": name, "files": sums}).encode()}


def zipped(path: Path, content: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w") as file:
        for inner, data in content.items():
            file.writestr(f"backprop-kit/{inner}", data)
    return path


@pytest.fixture
def course(tmp_path) -> Path:
    """A course with work in it."""
    root = tmp_path / "Übung 1"
    for path, data in released(OLD, "old").items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(data)
    (root / "lib/backprop/flat.py").write_bytes(MINE)
    (root / "lib/backprop/mine.py").write_bytes(b"MY = 1\n")
    (root / "lib/toolbox/check.py").write_bytes(b"GIVEN = 1  # looked at\n")
    notebook = json.loads(OLD["assignments/flat/flat.ipynb"])
    notebook["cells"][1]["source"] = "Because."
    (root / "assignments/flat/flat.ipynb").write_text(json.dumps(notebook), encoding="utf-8")
    (root / "notes.txt").write_text("notes", encoding="utf-8")
    return root


@pytest.fixture
def archive(tmp_path) -> Path:
    return zipped(tmp_path / "backprop-kit-new.zip", released(NEW, "new"))


def files(root: Path) -> dict[str, bytes]:
    return {
        path.relative_to(root).as_posix(): path.read_bytes()
        for path in root.rglob("*") if path.is_file() and "backups" not in path.parts
    }  # fmt: skip


def sources(root: Path) -> list[str]:
    text = (root / "assignments/flat/flat.ipynb").read_text(encoding="utf-8")
    return [cell["source"] for cell in json.loads(text)["cells"]]


def test_work_is_kept_corrections_arrive_changes_are_shown_and_a_backup_stays(course, archive):
    before = files(course)
    told = update(archive, course)
    after = files(course)
    assert after["lib/backprop/flat.py"] == MINE.replace(b"return x\n", b"return +x\n")
    assert after["lib/backprop/graph.py"] == NEW["lib/backprop/graph.py"]  # nobody had written in it
    assert sources(course) == ["# Title", "Because."]
    assert after["lib/toolbox/check.py"] == b"GIVEN = 2\n" and "lib/toolbox/gone.py" not in after
    assert after["notes.txt"] == b"notes" and after["lib/backprop/mine.py"] == b"MY = 1\n"
    text = str(told)
    for line in (
        "Release new:", "lib/backprop/flat.py: corrected, your work is kept", "new: lib/toolbox/fresh.py",
        "lib/toolbox/check.py: you had changed it; yours is in the backup", "removed: lib/toolbox/gone.py",
        "assignments/flat/flat.ipynb: corrected, your work is kept", "corrected: Title", str(told.backup),
    ):  # fmt: skip
        assert line in text, line
    for path in ("lib/backprop/flat.py", "lib/toolbox/check.py", "lib/toolbox/gone.py", "assignments/flat/flat.ipynb"):
        assert (told.backup / path).read_bytes() == before[path]
    assert str(update(archive, course)) == "Nothing to do: the course is at release new."
    assert files(course) == after and len(list((course / "backups").iterdir())) == 1


def test_dry_changes_nothing(course, archive):
    before = files(course)
    assert "your work is kept" in str(update(archive, course, dry=True))
    assert files(course) == before and not (course / "backups").exists()


def test_killed_at_any_moment_nothing_is_lost_and_the_same_command_ends_it(course, archive, tmp_path, monkeypatch):
    whole = tmp_path / "whole"
    shutil.copytree(course, whole)
    update(archive, whole)
    want, before = files(whole), files(course)
    steps = ("write_bytes", "replace", "unlink", "copy2", "rename")
    real = {"write_bytes": Path.write_bytes, "replace": os.replace, "unlink": Path.unlink, "copy2": shutil.copy2,
            "rename": Path.rename}  # fmt: skip
    moment = 0
    while True:
        left, killed = [moment], []

        def counted(name: str, left=left, killed=killed):
            def step(*words, **named):
                if left[0] == 0:
                    killed.append(name)
                    raise KeyboardInterrupt
                left[0] -= 1
                return real[name](*words, **named)

            return step

        for name, owner in zip(steps, (Path, os, Path, shutil, Path), strict=True):
            monkeypatch.setattr(owner, name, counted(name))
        here = tmp_path / "again"
        with monkeypatch.context() as patch:
            patch.setattr(shutil, "copy2", real["copy2"])
            shutil.rmtree(here, ignore_errors=True)
            shutil.copytree(course, here)
        try:
            update(archive, here)
        except KeyboardInterrupt:
            pass
        monkeypatch.undo()
        now = files(here)
        for path in ("lib/backprop/flat.py", "assignments/flat/flat.ipynb", "lib/backprop/mine.py", "notes.txt"):
            assert now[path] in (before[path], want[path]), (moment, path)
        if not killed:
            break
        update(archive, here)
        assert files(here) == want, (moment, killed)
        moment += 2
    assert moment > 15


def test_where_no_original_is_known_all_that_stands_there_is_the_students(course, archive):
    shutil.rmtree(course / ".release")
    (course / "lib/backprop/graph.py").write_bytes(b"def order():\n    return 'mine'\n")
    update(archive, course)
    assert (course / "lib/backprop/flat.py").read_bytes() == MINE
    assert b"mine" in (course / "lib/backprop/graph.py").read_bytes()
    assert sources(course)[1] == "Because." and (course / "lib/toolbox/check.py").read_bytes() == b"GIVEN = 2\n"


def test_what_does_not_go_together_or_cannot_be_read_stays_the_students(course, tmp_path):
    new = dict(NEW)
    new["lib/backprop/flat.py"] = (
        b"def f(x, y):\n    # YOUR CODE HERE\n    return None\n\n\ndef g(x):\n    return (\n        x)\n"
    )
    (course / "assignments/flat/flat.ipynb").write_text("{ cut off", encoding="utf-8")
    told = str(update(zipped(tmp_path / "new.zip", released(new, "new")), course))
    assert b"return 2 * x" in (course / "lib/backprop/flat.py").read_bytes()
    compile((course / "lib/backprop/flat.py").read_bytes(), "flat.py", "exec")
    assert (course / "assignments/flat/flat.ipynb").read_text(encoding="utf-8") == "{ cut off"
    assert "flat.ipynb: yours stays as it is: it cannot be read" in told


def link(file: zipfile.ZipFile) -> None:
    entry = zipfile.ZipInfo("backprop-kit/lib/toolbox/link.py")
    entry.create_system, entry.external_attr = 3, (stat.S_IFLNK | 0o777) << 16
    file.writestr(entry, "/etc/passwd")


@pytest.mark.parametrize("name", [
    "backprop-kit/../evil.py", "/etc/evil.py", "backprop-kit/lib/toolbox/../../../evil.py", "other/lib/toolbox/a.py",
    "backprop-kit/lib\\toolbox\\..\\..\\evil.py", "backprop-kit/C:/evil.py", "backprop-kit/lib/toolbox/nul.py",
    "backprop-kit/.venv/bin/python", "backprop-kit/lib/toolbox/a.py:stream", "backprop-kit/lib/toolbox/CHECK.PY",
    "backprop-kit/lib/toolbox/a.py.", "backprop-kit/backups/a.py",
])  # fmt: skip
def test_a_zip_with_a_foreign_name_is_refused_and_nothing_is_written(course, archive, tmp_path, name):
    before = files(tmp_path)
    with zipfile.ZipFile(archive, "a") as file:
        file.writestr(name, b"evil")
    before["backprop-kit-new.zip"] = archive.read_bytes()
    with pytest.raises(NoRelease):
        update(archive, course)
    assert files(tmp_path) == before


def test_other_zips_are_refused_in_words(course, archive, tmp_path, monkeypatch):
    before = files(course)
    changed = released(NEW, "new") | {"lib/toolbox/check.py": b"evil = 1\n"}
    added = released(NEW, "new") | {"lib/toolbox/more.py": b"evil = 1\n"}
    originals = released(NEW, "new") | {".release/lib/backprop/flat.py": b"evil = 1\n"}
    for content in (changed, added, originals):
        with pytest.raises(NoRelease, match="was changed, at "):
            update(zipped(tmp_path / "x.zip", content), course)
    with pytest.raises(NoRelease, match="no release of this course"):
        update(zipped(tmp_path / "x.zip", NEW), course)
    (tmp_path / "x.zip").write_bytes(archive.read_bytes()[:-40])
    with pytest.raises(NoRelease, match="cannot be read as a zip"):
        update(tmp_path / "x.zip", course)
    with zipfile.ZipFile(archive, "a") as file:
        link(file)
    with pytest.raises(NoRelease, match="no plain file"):
        update(archive, course)
    monkeypatch.setattr(updating, "BYTES_AT_MOST", 100)
    with pytest.raises(NoRelease, match="larger than any release"):
        update(zipped(tmp_path / "x.zip", released(NEW, "new")), course)
    with pytest.raises(FileNotFoundError):
        update(tmp_path / "no.zip", course)
    assert files(course) == before


def test_a_folder_that_leads_out_of_the_course_is_not_written_through(course, archive, tmp_path):
    outside = tmp_path / "outside"
    shutil.move(course / "lib" / "toolbox", outside)
    (course / "lib" / "toolbox").symlink_to(outside)
    before = files(outside)
    with pytest.raises(NoRelease, match="out of the course"):
        update(archive, course)
    assert files(outside) == before
