"""`python -m toolbox doctor`: each thing that can be wrong with a seat is made wrong, and told in words."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from autograder.tests.checkout import ROOT
from toolbox.seat import doctor


@pytest.fixture
def course(tmp_path, monkeypatch) -> Path:
    """A released course in which the running toolbox seems to lie, with a lock that this Python fulfils."""
    root = tmp_path / "Übung 1"
    for name in ("assignments/flat", "lib/backprop"):
        shutil.copytree(ROOT / name, root / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "lib" / "install.py", root / "lib")
    (root / "lib" / "toolbox" / "seat").mkdir(parents=True)
    (root / "lib" / "toolbox" / "check.py").write_text("given\n", encoding="utf-8")
    for name in ("requirements.txt", "requirements.lock"):
        (root / name).write_text("torch>=2.13,<2.15\nnumpy>=2,<3\n" if "txt" in name else "", encoding="utf-8")
    files = {
        path.relative_to(root).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in root.rglob("*") if path.is_file()
    }  # fmt: skip
    (root / ".release").mkdir()
    (root / ".release" / "release.json").write_text(
        json.dumps({"release": "0123456789ab", "files": files}), encoding="utf-8"
    )
    monkeypatch.setattr(doctor, "__file__", str(root / "lib" / "toolbox" / "seat" / "doctor.py"))
    monkeypatch.setattr(doctor.importlib.util, "find_spec", lambda name: None)
    monkeypatch.setenv("HOME", str(tmp_path))
    return root


def told(root: Path, *checks) -> str:
    return "\n".join(str(finding) for check in checks for finding in check(root))


def test_a_good_seat_is_ready(course):
    found = doctor.look(course)
    assert [finding for finding in found if finding.state != "fine"] == []
    assert {"release 0123456789ab", "notebooks run with this Python"} <= {finding.what for finding in found}


def test_a_python_that_is_too_old_or_too_new_is_named(course, monkeypatch):
    monkeypatch.setattr(sys, "version_info", (3, 10, 1))
    assert "✗ Python 3.10.1" in (text := told(course, doctor.python)) and "Install a newer one" in text
    monkeypatch.setattr(sys, "version_info", (3, 15, 0))
    assert told(course, doctor.python).startswith("! Python 3.15.0")


def test_another_toolbox_or_another_backprop_is_named(course, monkeypatch, tmp_path):
    other = tmp_path / "old" / "lib" / "toolbox" / "seat" / "doctor.py"
    monkeypatch.setattr(doctor, "__file__", str(other))
    assert f"the toolbox in use is that of {tmp_path / 'old'}" in told(course, doctor.place)
    foreign = type("Spec", (), {"origin": str(tmp_path / "backprop.py")})
    monkeypatch.setattr(doctor.importlib.util, "find_spec", lambda name: foreign)
    assert "which is not the course's" in told(course, doctor.place)


def test_a_moved_environment_is_told_and_the_commands_that_still_work(course, monkeypatch):
    folder = course / ".venv"
    folder.mkdir()
    config = folder / "pyvenv.cfg"
    monkeypatch.setattr(sys, "prefix", str(folder))
    config.write_text(f"home = /usr/bin\ncommand = /usr/bin/python3 -m venv --clear {folder}\n", encoding="utf-8")
    assert told(course, doctor.environment) == ""
    config.write_text("home = /usr/bin\ncommand = /usr/bin/python3 -m venv --clear /old/.venv\n", encoding="utf-8")
    assert "has been moved" in (text := told(course, doctor.environment)) and "delete the folder .venv" in text
    monkeypatch.setattr(sys, "prefix", "/usr")
    assert "this Python is not the one of" in told(course, doctor.environment)


def test_packages_that_are_missing_or_of_another_version_are_named(course, monkeypatch):
    class Setup:
        found = {"lacking": ["rich==14.0"], "missing": ["rich==14.0", "numpy==2.4.1"], "torch": "2.9.1+cpu"}

        def probe(self, python, wanted):
            return self.found

    monkeypatch.setattr(doctor, "installer", lambda root: Setup())
    text = told(course, doctor.packages)
    assert "✗ not installed: rich==14.0" in text and "PyTorch 2.9.1+cpu is older than 2.13" in text
    assert "numpy" not in text and "--here" in text  # a Python of one's own: ranges count, not the lock
    monkeypatch.setattr(sys, "prefix", str(course / ".venv"))
    assert "! in another version than the release was tried with: numpy==2.4.1" in told(course, doctor.packages)
    Setup.found = {"lacking": [], "missing": [], "torch": None}
    assert "✗ PyTorch is not installed" in told(course, doctor.packages)


def test_a_kernel_of_another_python_is_named(course, monkeypatch, tmp_path):
    kernels = tmp_path / "jupyter" / "kernels" / "python3"
    kernels.mkdir(parents=True)
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path / "jupyter"))
    for command, state in (("/old/bin/python3", "✗"), (sys.executable, "✓"), ("python", "✓")):
        spec = {"argv": [command, "-m", "ipykernel_launcher"], "display_name": "x", "language": "python"}
        (kernels / "kernel.json").write_text(json.dumps(spec), encoding="utf-8")
        assert told(course, doctor.kernel).startswith(state), command


def test_paths_too_long_for_windows_are_told_there_alone(course, monkeypatch, tmp_path):
    deep = tmp_path / ("x" * 100) / ("y" * 100)
    assert told(deep, doctor.long_paths) == ""
    assert list(doctor.long_paths(tmp_path / "short", windows=True)) == []
    (finding,) = doctor.long_paths(deep, windows=True)
    assert finding.state == "wrong" and r"C:\course" in finding.do
    monkeypatch.setattr(doctor, "_long_paths_allowed", lambda: True)
    assert list(doctor.long_paths(deep, windows=True)) == []


def test_a_release_that_was_changed_or_is_not_the_only_one_is_told(course, tmp_path):
    (course / "lib" / "toolbox" / "check.py").write_text("mine\n", encoding="utf-8")
    (course / "lib" / "backprop" / "flat.py").write_text("my work\n", encoding="utf-8")
    (course / "assignments" / "flat" / "checks.json").unlink()
    (tmp_path / "Downloads").mkdir()
    (tmp_path / "Downloads" / "backprop-kit-0123456789ab.zip").touch()  # this one
    other = tmp_path / "Downloads" / "backprop-kit-ba9876543210.zip"
    other.touch()
    text = told(course, doctor.release)
    assert "changed here: lib/toolbox/check.py" in text and "flat.py" not in text
    assert "✗ missing: assignments/flat/checks.json" in text
    assert f'python -m toolbox update "{other}"' in text and text.count("another release") == 1


def test_stray_copies_are_told(course):
    shutil.copy(course / "assignments" / "flat" / "flat.ipynb", course / "assignments" / "flat" / "flat-Copy1.ipynb")
    (course / "lib" / "backprop" / "flat (1).py").touch()
    text = told(course, doctor.stray_copies)
    assert "copies of assignments/flat/flat.ipynb: assignments/flat/flat-Copy1.ipynb" in text
    assert "copies of lib/backprop/flat.py: lib/backprop/flat (1).py" in text


def test_what_cannot_be_looked_at_does_not_end_the_others(course, monkeypatch):
    (course / "lib" / "install.py").write_text("1 / 0", encoding="utf-8")
    found = [str(finding) for finding in doctor.look(course)]
    assert sum("cannot be looked at (division by zero)" in line for line in found) == 2
    assert any(line.startswith("✓ the course: ") for line in found)


def test_it_runs_where_no_package_is_installed(tmp_path):
    """Without site-packages, from a foreign folder; any other command says how to ask the doctor."""
    words = [sys.executable, "-S", "-m", "toolbox"]
    environment = {"PYTHONPATH": str(ROOT / "lib"), "PATH": os.environ["PATH"], "PYTHONIOENCODING": "cp1252"}
    done = subprocess.run([*words, "doctor"], cwd=tmp_path, env=environment, capture_output=True)
    assert b"Traceback" not in done.stderr and done.stdout.startswith(b"+ Python 3."), done
    done = subprocess.run([*words, "check", "toy"], cwd=tmp_path, env=environment, capture_output=True)
    assert done.returncode == 1 and b"python -m toolbox doctor" in done.stderr and b"Traceback" not in done.stderr
