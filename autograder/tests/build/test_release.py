"""Tests of the students' bundle: what is in it, what never is, and that the same content makes the same bytes."""

from __future__ import annotations

import json
import os
import subprocess
import zipfile
from pathlib import Path

import pytest

from autograder import build
from autograder.build import Refused, unpacked
from autograder.build.release import release
from autograder.tests import build_course as course
from toolbox.seat.doctor import is_work
from toolbox.seat.update import read


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(unpacked, "problems", lambda content: [])  # its toolbox is none
    root = course.write(tmp_path / "course")
    build.build(root)
    for path, text in {
        "README.md": "# Kit\n\nFor everybody: masters.\n",
        "lib/README.md": "# Course\n\nOpen the notebook.\n",
        "requirements.txt": "torch\n",
        "requirements.lock": "apple==1.0\n",
        "lib/install.py": "print('ready')\n",
        "pyproject.toml": "[project]\n",
        "lib/toolbox/check.py": "def check(): ...\n",
        "lib/toolbox/__pycache__/check.cpython-311.pyc": "x",
        "data/digits.npz": "numbers",
        "classroom/gradebook.db": "grades",
        "assignments/tiny/tiny-hand-in.zip": "mine",
    }.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)
    return root


def names(bundle: Path) -> list[str]:
    with zipfile.ZipFile(bundle) as file:
        assert file.testzip() is None
        return file.namelist()


def test_the_bundle_holds_the_students_side_and_nothing_else(root, tmp_path):
    bundle = release(root, tmp_path / "out")
    assert bundle.name.startswith("backprop-kit-") and bundle.suffix == ".zip"
    assert names(bundle) == [
        f"backprop-kit/{path}"
        for path in sorted(
            [
                *course.BUILT,
                "README.md",
                "requirements.txt",
                "requirements.lock",
                "lib/install.py",
                "pyproject.toml",
                "lib/toolbox/check.py",
                "data/digits.npz",
                ".release/release.json",
                *(f".release/{path}" for path in course.BUILT if is_work(path)),
            ]
        )
    ]
    assert os.listdir(tmp_path / "out") == [bundle.name]


def test_the_bundle_holds_the_files_as_they_are_and_a_readme_for_students(root, tmp_path):
    with zipfile.ZipFile(release(root, tmp_path / "out")) as bundle:
        for path in [*course.BUILT, "data/digits.npz"]:
            assert bundle.read(f"backprop-kit/{path}") == (root / path).read_bytes()
        assert bundle.read("backprop-kit/README.md") == (root / "lib/README.md").read_bytes()


def test_a_release_is_what_update_brings_into_a_folder_with_work(root, tmp_path):
    archive = release(root, tmp_path / "out")
    content = read(archive)  # all sums hold
    assert json.loads(content[".release/release.json"])["release"] == archive.stem.removeprefix("backprop-kit-")
    assert content[".release/lib/backprop/tiny.py"] == content["lib/backprop/tiny.py"]


def test_an_assignment_that_the_class_switches_off_is_not_released(root, tmp_path):
    there = [path for path in names(release(root, tmp_path / "on")) if "assignments/tiny/" in path]
    (root / "classroom" / "course.toml").write_text("[assignments.tiny]\non = false\n")
    off = names(release(root, tmp_path / "off"))
    assert there and not [path for path in off if "assignments/" in path] and "backprop-kit/lib/backprop/tiny.py" in off


def test_the_same_content_makes_the_same_bytes_whenever_and_wherever(root, tmp_path):
    first = release(root, tmp_path / "a")
    whole = first.read_bytes()
    for file in root.rglob("*"):
        os.utime(file, (1e9, 1e9))
    (root / "data/digits.npz").chmod(0o600)
    second = release(root, tmp_path / "b")
    assert (second.name, second.read_bytes()) == (first.name, whole)
    (root / "data/digits.npz").write_text("other numbers")
    assert release(root, tmp_path / "b").name != first.name


@pytest.mark.parametrize("path", course.BUILT)
def test_a_stale_file_is_not_released(root, tmp_path, path):
    (root / path).write_text((root / path).read_text() + "\n")
    with pytest.raises(Refused, match=path):
        release(root, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_an_orphan_is_not_released(root, tmp_path):
    (root / "lib/backprop/answers.py").write_text("x")
    with pytest.raises(Refused, match="lib/backprop/answers.py"):
        release(root, tmp_path / "out")


def test_a_file_that_names_a_hidden_test_is_not_released(root, tmp_path):
    (root / "lib/toolbox/check.py").write_text("# as in test_the_slope_doubles_every_input\n")
    with pytest.raises(Refused, match="lib/toolbox/check.py: leak"):
        release(root, tmp_path / "out")


def test_a_link_is_not_released(root, tmp_path):
    (root / "data/answers.py").symlink_to(root / "solutions/tiny.py")
    with pytest.raises(Refused, match="data/answers.py: is a link"):
        release(root, tmp_path / "out")


@pytest.mark.parametrize(
    "path", ["requirements.txt", "lib/README.md", "pyproject.toml", "data/digits.npz", "lib/toolbox/check.py"]
)
def test_a_missing_place_is_refused_by_name(root, tmp_path, path):
    (root / path).unlink()
    with pytest.raises(Refused, match=path.rpartition("/")[0] or path):
        release(root, tmp_path / "out")


def test_what_git_ignores_stays_out(root, tmp_path):
    subprocess.run(["git", "init", "-q"], cwd=root, check=True)
    (root / ".gitignore").write_text("/data/large/\n")
    (root / "data/large").mkdir()
    (root / "data/large/images.bin").write_text("much")
    found = names(release(root, tmp_path / "out"))
    assert "backprop-kit/data/digits.npz" in found
    assert not any("large" in name for name in found)
