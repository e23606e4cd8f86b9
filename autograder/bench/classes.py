"""For the measurements of grading: courses of their own, classes in which no two hand-ins are alike, and commands."""

from __future__ import annotations

import io
import json
import os
import shutil
import subprocess
import sys
import time
import zipfile
from itertools import cycle
from pathlib import Path

from autograder.bench.memory import Peak
from autograder.demo import make_class

ROOT = Path(__file__).resolve().parents[2]
# Students whose hand-ins run through: one that never ends would time its own limit, on both sides.
TYPICAL = ("s02", "s03", "s04", "s05", "s06", "s07", "s08", "s10", "s15", "s21")


def course(where: Path, stock: bool = False) -> Path:
    """A course of its own: the masters, built; with nbgrader's own preprocessors where `stock`."""
    for part in ("assignments", "lib", "data", "solutions", "autograder"):
        shutil.copytree(ROOT / part, where / part, ignore=shutil.ignore_patterns("__pycache__", "*.egg-info"))
    for part in ("nbgrader_config.py", "requirements.txt", "README.md", "pyproject.toml"):
        shutil.copy(ROOT / part, where / part)
    if stock:
        config = where / "nbgrader_config.py"
        lines = config.read_text()
        begin, end = lines.index("# The judge in the place"), lines.index("c.OverwriteCells")
        config.write_text(lines[:begin] + lines[end:])
    command(where, "autograder", "build")
    return where


def typical(kit: Path, scratch: Path) -> list[bytes]:
    """The zips of the demo class that run through."""
    return [hand_in.path.read_bytes() for hand_in in make_class(kit, scratch) if hand_in.student.startswith(TYPICAL)]


def write_class(kinds: list[bytes], count: int, out: Path) -> Path:
    """Write `count` hand-ins as zips into `out`, after the `kinds` in turn, each with words of its own in its answers
    and its code: in a real class, nothing that a student writes can be looked up in what another one wrote.
    """
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)
    for number, kind in zip(range(count), cycle(kinds), strict=False):
        student = f"student{number:04d}"
        (out / f"{student}.zip").write_bytes(in_own_words(kind, student))
    return out


def in_own_words(hand_in: bytes, student: str) -> bytes:
    """The same hand-in, as another student would have written it."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(hand_in)) as given, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as written:
        for name in given.namelist():
            content = given.read(name)
            if name.endswith(".ipynb"):
                notebook = json.loads(content)
                for cell in notebook["cells"]:
                    if cell["metadata"].get("nbgrader", {}).get("solution"):
                        own = f"# {student}" if cell["cell_type"] == "code" else f"So says {student}."
                        cell["source"] = "".join(cell["source"]) + f"\n\n{own}"
                content = json.dumps(notebook).encode()
            elif name.endswith(".py"):
                content += f"\n# {student}\n".encode()
            if name != "manifest.json":  # it would not fit any more, and nobody needs it
                written.writestr(name, content)
    return out.getvalue()


def start(where: Path, *words: str) -> subprocess.Popen:
    """Start `python -m …` in a course."""
    return subprocess.Popen(
        [sys.executable, "-m", *words],
        cwd=where,
        env=os.environ | {"PYTHONPATH": str(where / "lib")},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def end(process: subprocess.Popen) -> None:
    """Wait for it. Raises RuntimeError with what it printed where it failed."""
    said, _ = process.communicate()
    if process.returncode:
        raise RuntimeError(f"{process.args!r} failed:\n{said[-3000:]}")


def command(where: Path, *words: str, peak: Peak | None = None) -> float:
    """Run `python -m …` in a course; returns the seconds it took. peak: watches its memory."""
    begin = time.perf_counter()
    process = start(where, *words)
    if peak is None:
        end(process)
    else:
        with peak.watching(process.pid):
            end(process)
    return time.perf_counter() - begin
