"""Tests of `build --check` and of writing: one changed character is found, a failed build changes nothing."""

from __future__ import annotations

import io
import os
from pathlib import Path

import pytest
from rich.console import Console

from autograder import build
from autograder.build import files, plan, show
from autograder.tests import build_course as course

MASTER_OF = {
    "assignments/tiny/tiny.ipynb": "solutions/tiny.py",
    "assignments/tiny/checks.json": "autograder/course/tiny/checks",
    "assignments/tiny/checks/tiny.py": "autograder/course/tiny/checks/tiny.py",
    "lib/backprop/__init__.py": "solutions/backprop/__init__.py",
    "lib/backprop/tiny.py": "solutions/backprop/tiny.py",
}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    course.write(tmp_path)
    build.build(tmp_path)
    return tmp_path


def output(root: Path, check: bool) -> tuple[int, str]:
    stream = io.StringIO()
    status = show.run(root, check, Console(file=stream, width=60))
    return status, stream.getvalue()


def test_a_fresh_build_is_what_the_masters_build(root):
    assert build.check(root) == []
    assert output(root, check=True)[0] == 0
    assert set(MASTER_OF) == set(course.BUILT)


def test_a_fresh_clone_without_the_ignored_files_is_sound(root):
    for path in course.IGNORED:
        (root / path).unlink()
    assert build.check(root) == []


@pytest.mark.parametrize("path", course.BUILT)
def test_one_changed_character_of_a_built_file_is_found_and_its_master_named(root, path):
    whole = (root / path).read_bytes()
    places = {0, len(whole) // 3, len(whole) // 2, len(whole) - 2, len(whole) - 1}
    for place in sorted(places):
        other = b"#" if whole[place : place + 1] != b"#" else b"!"
        (root / path).write_bytes(whole[:place] + other + whole[place + 1 :])
        (problem,) = build.check(root)
        assert problem.path == path
        assert MASTER_OF[path] in problem.message and "python -m autograder build" in problem.message
        assert problem.diff.startswith(f"--- {path}")
    for changed in (whole + b"\n", whole[:-1], whole + b" ", whole.replace(b"\n", b"\r\n")):
        (root / path).write_bytes(changed)
        assert [problem.path for problem in build.check(root)] == [path]
    assert build.build(root) == [root / path]
    assert (root / path).read_bytes() == whole


def test_the_message_names_file_master_and_command_and_shows_the_difference(root):
    file = root / "lib/backprop/tiny.py"
    file.write_text(file.read_text().replace("Slopes of", "Steps of"))
    status, text = output(root, check=True)
    assert status == 1
    assert (
        "lib/backprop/tiny.py: is not what solutions/backprop/tiny.py builds: "
        "edit solutions/backprop/tiny.py and run python -m autograder build\n"
    ) in text
    assert '-"""Steps of simple functions."""' in text
    assert '+"""Slopes of simple functions."""' in text


@pytest.mark.parametrize("kind", course.MASTERS)
def test_an_edited_master_makes_its_built_files_stale(root, kind):
    old, new = {"notebook": ("By hand", "By eye"), "module": ("Slopes of", "The slopes of"), "suite": ("1e-9", "1e-8")}[
        kind
    ]
    path = course.edit(root, kind, old, new)
    stale = build.check(root)
    assert [problem.path for problem in stale] == [built for built, master in MASTER_OF.items() if master == path]
    assert path in stale[0].message


def test_an_edited_answer_leaves_the_release_as_it_is(root):
    course.edit(root, "module", "answer = 2 * x", "answer = x + x")
    assert build.check(root) == []


@pytest.mark.parametrize("path", course.BUILT)
def test_a_missing_file_is_found_and_its_master_named(root, path):
    (root / path).unlink()
    (problem,) = build.check(root)
    assert problem.path == path
    assert "is missing" in problem.message and MASTER_OF[path] in problem.message


@pytest.mark.parametrize(
    ("path", "master"),
    [
        ("assignments/tiny/notes.md", "solutions/tiny.py"),
        ("assignments/old/old.ipynb", "solutions/old.py"),
        ("assignments/old/checks/old.py", "autograder/course/old/checks/old.py"),
        ("assignments/README.md", "solutions/README.md.py"),
        ("lib/backprop/old.py", "solutions/backprop/old.py"),
    ],
)
def test_a_file_of_no_master_is_found(root, path, master):
    (root / path).parent.mkdir(parents=True, exist_ok=True)
    (root / path).write_text("x")
    (problem,) = build.check(root)
    assert problem.path == path
    assert "is built by no master" in problem.message and master in problem.message
    status, text = output(root, check=False)
    assert status == 1 and path in text, "a build passed over an orphan in silence"


@pytest.mark.parametrize(
    "path",
    ["lib/backprop/__pycache__/tiny.cpython-311.pyc", "assignments/tiny/.ipynb_checkpoints/tiny-checkpoint.ipynb",
     "assignments/tiny/tiny-hand-in.zip", "lib/toolbox/check.py"],
)  # fmt: skip
def test_what_tools_leave_behind_is_no_orphan(root, path):
    (root / path).parent.mkdir(parents=True, exist_ok=True)
    (root / path).write_text("x")
    assert build.check(root) == []


def test_a_malformed_master_fails_the_comparison_too(root):
    course.edit(root, "notebook", "points=2", "points=0")
    status, text = output(root, check=True)
    assert status == 1
    assert f"solutions/tiny.py:{course.line_of(root, 'notebook', 'points=0')}: " in text


def test_a_refused_build_changes_nothing_and_says_so(root):
    course.edit(root, "module", "Slopes of", "The slopes of")
    course.edit(root, "notebook", "points=2", "points=0")
    before = course.tree(root)
    status, text = output(root, check=False)
    assert status == 1 and "nothing was built" in text
    assert course.tree(root) == before


def test_a_leaking_build_changes_nothing(root, monkeypatch):
    course.edit(root, "module", "Slopes of", "The slopes of")
    before = course.tree(root)
    strip = plan._stripped
    keep = lambda path, lines, found: strip(path, lines, found if path.startswith("autograder/") else [])  # noqa: E731
    monkeypatch.setattr(plan, "_stripped", keep)
    with pytest.raises(build.Refused, match="leak"):
        build.build(root)
    assert course.tree(root) == before


def test_a_build_that_cannot_write_puts_back_what_it_wrote(root, monkeypatch):
    course.edit(root, "module", "Slopes of", "The slopes of")
    course.edit(root, "suite", "1e-9", "1e-8")
    (root / "assignments/tiny/tiny.ipynb").unlink()
    before = course.tree(root)
    moves = []

    def replace(source, target):
        moves.append(target)
        if len(moves) == 3:
            raise OSError("no space left")
        os.rename(source, target)

    monkeypatch.setattr(files.os, "replace", replace)
    with pytest.raises(OSError, match="no space"):
        build.build(root)
    assert len(moves) == 3
    assert course.tree(root) == before


def test_a_linked_folder_never_gets_the_masters_overwritten(root):
    for file in (root / "lib/backprop").iterdir():
        file.unlink()
    (root / "lib/backprop").rmdir()
    (root / "lib/backprop").symlink_to(root / "solutions/backprop")
    before = (root / "solutions/backprop/tiny.py").read_text()
    with pytest.raises(build.Refused, match="symbolic link"):
        build.build(root)
    assert (root / "solutions/backprop/tiny.py").read_text() == before
    assert build.check(root), "a link to the solved modules passed for the skeleton"


def test_a_build_tells_what_it_wrote_and_then_that_nothing_changed(root):
    course.edit(root, "suite", "1e-9", "1e-8")
    status, text = output(root, check=False)
    assert status == 0
    assert "built assignments/tiny/checks/tiny.py" in text and "2 files built" in text
    assert output(root, check=False) == (0, "everything was up to date\n")
    assert build.run(root, check=True) == 0
