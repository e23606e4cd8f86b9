"""For tests that grade: a copy of this repository as a course of its own, and what its gradebook holds."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from importlib.util import cache_from_source
from pathlib import Path

from nbgrader.api import Gradebook

from autograder import build, intake
from autograder.records.hand_in import HandIn, read_hand_in

ROOT = Path(__file__).resolve().parents[2]


def copy_of_the_repository(where: Path) -> Path:
    """What git tracks or would track; modules with what Python has compiled of them, so that it need not once more."""
    names = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=True,
    ).stdout.decode()
    for name in filter(None, names.split("\0")):
        if (ROOT / name).is_file():
            (where / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, where / name)
            compiled = Path(cache_from_source(name)) if name.endswith(".py") else None
            if compiled and (ROOT / compiled).is_file():
                (where / compiled).parent.mkdir(exist_ok=True)
                shutil.copy2(ROOT / compiled, where / compiled)
    return where


def built() -> Path:
    """This repository, with what is built for nbgrader: `make test` builds it first, which takes seconds."""
    if not any(ROOT.glob("solutions/*/*.ipynb")):
        build.build(ROOT)
    return ROOT


def built_course(where: Path) -> Path:
    """A copy of it."""
    copy_of_the_repository(where)
    built()
    passed = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "solutions", where / "solutions", ignore=passed, dirs_exist_ok=True)
    return where


def command(course: Path, *words: str, **environment: str) -> subprocess.CompletedProcess:
    """`python -m …` in a course."""
    return subprocess.run(
        [sys.executable, "-m", *words],
        cwd=course,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        timeout=900,
    )


# Each command's output goes to a file of its own, its exit status to the pipe.
COMMANDS = """
import json, os, sys
from autograder.cli import app
codes = os.fdopen(os.dup(1), "w")
for line in sys.stdin:
    words, output = json.loads(line)
    file = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(file, 1), os.dup2(file, 2), os.close(file)
    try:
        code = app(words)
    except SystemExit as end:
        code = end.code
    sys.stdout.flush(), sys.stderr.flush()
    print(code or 0, file=codes, flush=True)
"""


class Commands:
    """Commands of the kit in a course, one after another in one process: what takes seconds to load is loaded once."""

    def __init__(self, course: Path):
        self._output = course.parent / f"{course.name}-output.txt"
        self._process = subprocess.Popen(
            [sys.executable, "-c", COMMANDS], cwd=course, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            env=os.environ | {"PYTHONPATH": f"{course}{os.pathsep}{course / 'lib'}", "OMP_NUM_THREADS": "1"},
        )  # fmt: skip

    def start(self, *words: str) -> None:
        self._process.stdin.write(json.dumps([words, str(self._output)]) + "\n")
        self._process.stdin.flush()

    def end(self) -> tuple[int, str]:
        """The exit status of the one that was started, and what it printed."""
        code = self._process.stdout.readline()
        return int(code or self._process.wait()), self._output.read_text(encoding="utf-8")

    def __call__(self, *words: str) -> tuple[int, str]:
        self.start(*words)
        return self.end()

    def close(self) -> None:
        self._process.stdin.close()
        self._process.wait()
        self._process.stdout.close()


def hand_in_at(folder: Path, course: Path = ROOT) -> HandIn:
    """The hand-in at …/submitted/<student>/<assignment>, inspected."""
    name = folder.name
    return read_hand_in(folder, intake.inspect(folder, name, course / "assignments" / name / f"{name}.ipynb"))


def scores_in(course: Path) -> dict[str, dict[str, float | None]]:
    """The automatic score of every graded cell in the gradebook, by student."""
    with Gradebook(f"sqlite:///{course / 'classroom' / 'gradebook.db'}") as gradebook:
        return {
            submission.student.id: {
                grade.cell.name: grade.auto_score for notebook in submission.notebooks for grade in notebook.grades
            }
            for submission in gradebook.assignment_submissions("flat")
        }
