"""The installer, on real environments, with packages made here: no network is asked."""

from __future__ import annotations

import base64
import hashlib
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from autograder.tests.checkout import ROOT


def wheel(folder: Path, name: str, version: str, module: str = "") -> str:
    """Write a package's file; returns the line of a lock for it."""
    info = f"{name}-{version}.dist-info"
    files = {
        f"{name}.py": module,
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: x\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = ""
    for path, text in files.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()
        record += f"{path},sha256={digest},{len(text.encode())}\n"
    path = folder / f"{name}-{version}-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for inner, text in (files | {f"{info}/RECORD": record}).items():
            archive.writestr(inner, text)
    return f"{name}=={version} \\\n    --hash=sha256:{hashlib.sha256(path.read_bytes()).hexdigest()}\n"


@pytest.fixture
def seat(tmp_path):
    """A course in a folder with blanks and umlauts, two packages and a torch to install, and nothing else in reach."""
    files = tmp_path / "files"
    files.mkdir()
    course = tmp_path / "Übung 1 – Ärger"
    (course / "lib" / "toolbox").mkdir(parents=True)
    shutil.copy(ROOT / "lib" / "install.py", course / "lib")
    (course / "lib" / "toolbox" / "__init__.py").write_text("print('the toolbox of', __file__)\n")
    wheel(files, "torch", "2.13.0")
    lock = wheel(files, "apple", "1.0") + wheel(files, "pear", "2.0")
    (course / "requirements.lock").write_text(lock + "never==1 ; sys_platform == 'vms' \\\n    --hash=sha256:00\n")
    (course / "requirements.txt").write_text("apple>=1,<2  # one\njupyterlab>=4,<5\n-e .\n")
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("PIP_", "PYTHON"))}
    environment |= {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(files), "PIP_CONFIG_FILE": os.devnull}

    def install(*words: str, python: str = sys.executable, at: Path = course) -> subprocess.CompletedProcess:
        return subprocess.run([python, "lib/install.py", *words], cwd=at, env=environment, capture_output=True,
                              text=True, encoding="utf-8")  # fmt: skip

    return course, install, files


def test_one_command_makes_a_seat_that_may_be_repeated_and_moved(seat, tmp_path):
    course, install, files = seat
    planned = install("--plan")
    assert "2 packages" in planned.stdout and "PyTorch" in planned.stdout and not (course / ".venv").exists()
    (course / ".venv" / "bin").mkdir(parents=True)
    (course / ".venv" / "bin" / "python").symlink_to("/nowhere/python3")  # the Python that it was made from is gone

    lock = (course / "requirements.lock").read_text()
    (course / "requirements.lock").write_text(lock.replace("pear==2.0", "plum==2.0"))
    lost = install()
    assert lost.returncode == 1 and "could not be installed" in lost.stderr and "Traceback" not in lost.stderr
    assert "does not start any more" in lost.stdout
    (course / "requirements.lock").write_text(lock)
    pear = files / "pear-2.0-py3-none-any.whl"
    good = pear.read_bytes()
    pear.write_bytes((files / "apple-1.0-py3-none-any.whl").read_bytes())
    assert "HASH" in install().stderr.upper()  # a file that was changed on the way is not installed
    pear.write_bytes(good)

    done = install()
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.splitlines()[-1] == "Ready. Next: .venv/bin/python -m toolbox start scalar"
    again = install()
    assert again.returncode == 0 and "Everything else is there, too." in again.stdout
    assert "download" not in again.stdout and again.stdout.splitlines()[-1].startswith("Ready.")

    moved = tmp_path / "elsewhere"
    course.rename(moved)
    told = subprocess.run(
        [moved / ".venv/bin/python", "-c", "import apple, pear, torch, toolbox"],
        cwd=tmp_path, capture_output=True, text=True,
    )  # fmt: skip
    assert told.returncode == 0 and f"the toolbox of {moved}" in told.stdout, told.stderr
    assert install(at=moved).returncode == 0
    (moved / "requirements.lock").unlink()
    assert "unpack the course's zip anew" in install(at=moved).stderr


def test_here_adds_what_is_missing_and_replaces_nothing(seat, tmp_path):
    course, install, files = seat
    subprocess.run([sys.executable, "-m", "venv", tmp_path / "hub"], check=True)
    python = str(tmp_path / "hub" / "bin" / "python")
    wheel(files, "apple", "0.5")
    offline = ["-m", "pip", "install", "--quiet", "--no-index", "--find-links", str(files)]
    subprocess.run([python, *offline, "apple==0.5", "torch"], check=True)
    done = install("--here", python=python)
    assert done.returncode == 0 and "PyTorch 2.13.0 is there." in done.stdout, done.stdout + done.stderr
    code = "import importlib.metadata as m, toolbox; print(m.version('apple'), len(list(m.distributions(name='pear'))))"
    told = subprocess.run([python, "-c", code], capture_output=True, text=True, cwd=tmp_path)
    assert told.stdout.splitlines()[-1] == "0.5 0", told.stderr
    assert not (course / ".venv").exists()
