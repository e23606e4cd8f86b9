"""A student's seat, tried for real: install, check, hand in; then move the course's folder, and all of it again.

    python .ci/seat.py [--environment PYTHON] [--any-torch] [--only flat]

The course stands in a folder with blanks and umlauts, with solved modules in it, so that whatever a check calls wrong
is a fault of the seat. --environment: a Python that has the packages, in place of a new one that lib/install.py makes.
Nothing but the standard library is needed.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
WINDOWS = os.name == "nt"
NAMES = ("scalar", "flat", "tensors", "layers", "training", "beyond")
WRONG = ("  ✗ ", "  x ")  # the second on a console without the sign


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--environment", type=Path)
    parser.add_argument("--any-torch", action="store_true", help="on Linux: PyTorch as pip chooses it")
    parser.add_argument("--only", default=" ".join(NAMES), help="assignments")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="seat") as above:
        course = Path(above) / "Übung 1 – Ärger"
        copy(course)
        for turn in range(2):
            for again in range(2 if chosen.environment is None else 0):
                words = ["--cpu"] if sys.platform == "linux" and not chosen.any_torch else []
                said = run(course, sys.executable, os.path.join("lib", "install.py"), *words)
                assert "Ready. Next:" in said and (not turn and not again or "Everything else is there" in said), said
            sit(course, chosen.environment, chosen.only.split())
            if not turn:
                course = course.rename(Path(above) / "verschoben é")
    print("The seat works.")
    return 0


def copy(course: Path) -> None:
    """What a release holds, with solved modules."""
    skip = shutil.ignore_patterns("__pycache__", "local")
    for name in ("assignments", "data", "lib"):
        shutil.copytree(ROOT / name, course / name, ignore=skip)
    for name in ("requirements.txt", "requirements.lock", "pyproject.toml"):
        shutil.copy(ROOT / name, course)
    shutil.copytree(ROOT / "solutions" / "backprop", course / "lib" / "backprop", ignore=skip, dirs_exist_ok=True)


def sit(course: Path, environment: Path | None, names: list[str]) -> None:
    """Everything that a student types, from a folder that is not the course's root."""
    python = str(environment or course / ".venv" / ("Scripts/python.exe" if WINDOWS else "bin/python"))
    here = course / "data"
    said = run(here, python, "-m", "toolbox", "doctor")
    assert "This seat is ready." in said, said
    for name in names:
        said = run(
            here, python, "-m", "toolbox", "test", name, fails=True
        )  # what stands in the notebook is not written
        assert "items are right." in said and not any(wrong in said for wrong in WRONG), said
        print(name, said.splitlines()[-1], flush=True)
    run(here, python, "-m", "toolbox", "check", "hinge_loss")
    said = run(here, python, "-m", "toolbox", "submit", "flat")
    assert "flat-hand-in.zip" in said.replace("\n", ""), said
    with zipfile.ZipFile(course / "flat-hand-in.zip") as archive:
        assert {"flat.ipynb", "lib/backprop/flat.py", "manifest.json"} <= set(archive.namelist())


def run(folder: Path, *words: str, fails: bool = False) -> str:
    """What a command says; it must end well, unless it may fail."""
    clean = {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")}
    if "--environment" in sys.argv:
        clean["PYTHONPATH"] = str(next(one for one in folder.parents if (one / "lib").is_dir()) / "lib")
    done = subprocess.run([str(word) for word in words], cwd=folder, env=clean, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT)  # fmt: skip
    said = done.stdout.decode("utf-8", "replace")
    assert fails or done.returncode == 0, said
    return said


if __name__ == "__main__":
    sys.exit(main())
