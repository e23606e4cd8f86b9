"""The first cell of every notebook: it finds the course, or fetches it, and says what it did. No cell is shorter."""

from __future__ import annotations

import http.server
import json
import os
import shutil
import subprocess
import sys
import threading
from functools import partial
from pathlib import Path

import pytest

from autograder.course.rooms import names
from autograder.tests.checkout import ROOT


def first_cell(name: str) -> str:
    notebook = json.loads((ROOT / "assignments" / name / f"{name}.ipynb").read_text(encoding="utf-8"))
    return "".join(next(cell["source"] for cell in notebook["cells"] if cell["cell_type"] == "code"))


@pytest.fixture(scope="module")
def bundle(tmp_path_factory) -> Path:
    """The course as a zip, as far as the cell needs it; its name is that of a release."""
    folder = tmp_path_factory.mktemp("release")
    for part in ("toolbox", "backprop"):
        skip = shutil.ignore_patterns("__pycache__", "misconceptions", "truths")
        shutil.copytree(ROOT / "lib" / part, folder / "backprop-kit" / "lib" / part, ignore=skip)
    return Path(shutil.make_archive(str(folder / "backprop-kit-0123456789ab"), "zip", folder, "backprop-kit"))


def run(folder: Path, **environment: str) -> subprocess.CompletedProcess:
    """The cell in a fresh Python that knows neither toolbox nor backprop."""
    told = first_cell("flat") + "\nimport backprop\nprint('backprop of', Path(backprop.__file__).parents[2])"
    clean = {key: value for key, value in os.environ.items() if key not in ("PYTHONPATH", "BACKPROP_KIT")}
    return subprocess.run([sys.executable, "-c", told], cwd=folder, env=clean | environment, capture_output=True,
                          text=True, encoding="utf-8", timeout=60)  # fmt: skip


def test_all_notebooks_begin_alike():
    assert {first_cell(name) for name in names()} == {first_cell("flat")}


def test_inside_the_course_it_says_nothing(bundle, tmp_path):
    shutil.unpack_archive(bundle, tmp_path)
    inner = tmp_path / "backprop-kit" / "assignments" / "flat"
    inner.mkdir(parents=True)
    done = run(inner)
    assert done.stdout == f"backprop of {tmp_path / 'backprop-kit'}\n", done.stderr


def test_a_notebook_beside_the_course_or_beside_its_zip_finds_it_and_says_where(bundle, tmp_path):
    here = tmp_path / "Übung 1"
    here.mkdir()
    shutil.copy(bundle, here)
    for _ in range(2):  # unpacked, then found
        done = run(here)
        assert f"uses the course in {here / 'backprop-kit'}" in done.stdout, done.stderr
        assert f"backprop of {here / 'backprop-kit'}" in done.stdout


def test_work_in_a_drive_is_found_again_and_never_unpacked_over(bundle, tmp_path):
    """As on Colab: the notebook's folder is empty each time, and the zip lies on a drive."""
    drive = tmp_path / "drive"
    drive.mkdir()
    zipped = shutil.copy(bundle, drive)
    for session in range(2):
        empty = tmp_path / f"session{session}"
        empty.mkdir()
        done = run(empty, BACKPROP_KIT=str(zipped))
        assert f"backprop of {drive / 'backprop-kit'}" in done.stdout, done.stderr
        module = drive / "backprop-kit" / "lib" / "backprop" / "flat.py"
        assert session == 0 or module.read_text() == "my work"
        module.write_text("my work")
    assert f"backprop of {drive / 'backprop-kit'}" in run(empty, BACKPROP_KIT=str(drive / "backprop-kit")).stdout


def test_a_link_is_fetched(bundle, tmp_path):
    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *words: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(bundle.parent)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        done = run(tmp_path, BACKPROP_KIT=f"http://127.0.0.1:{server.server_port}/{bundle.name}")
    finally:
        server.shutdown()
        server.server_close()
    assert f"uses the course in {tmp_path / 'backprop-kit'}" in done.stdout, done.stderr


def test_where_there_is_no_course_it_says_what_to_do(tmp_path):
    done = run(tmp_path)
    assert done.returncode == 1 and "open this notebook in its folder, or set `release`" in done.stderr
    assert "StopIteration" not in done.stderr
