"""What has been graded already, so that a run that was killed is taken up where it stopped.

After the verdict, the gradebook's commit and the feedback page, and not before, a small file says for which hand-in,
suite and settings they were made. A second run passes over whoever has such a file with the same key and is in the
gradebook; a hand-in, a suite or a setting that has changed since is graded anew. Nothing is lost by deleting it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path

from autograder.files import write_atomically
from autograder.grading.engines.local import Settings


def key(settings: Settings, folder: Path, *more: object) -> str:
    """A digest of all that a grade depends on: the hand-in, the suite, the release, the reference, the settings, and
    whatever `more` is given (the deadline, say).
    """
    root, name = settings.root, settings.assignment
    given = sorted((root / "assignments" / name).glob("*.*")) + sorted(folder.rglob("*.*"))
    return digest(f"{settings.seed}|{settings.pictures}|{more}", [*judging(root, name), *given])


def judging(root: Path, assignment: str) -> list[Path]:
    """The files that an assignment is judged by: its suite, and the solutions."""
    suite = root / "autograder" / "suites" / f"test_{assignment}.py"
    return [suite, *sorted((root / "solutions" / "backprop").glob("*.py"))]


def digest(told: str, paths: Iterable[Path]) -> str:
    """A digest of some words and of the contents of files; what is no plain file does not count."""
    digest = hashlib.sha256(told.encode())
    for path in paths:
        if path.is_file() and not path.is_symlink():
            digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def is_done(classroom: Path, assignment: str, student: str, expected: str) -> bool:
    """Whether this very hand-in has been graded to the end."""
    try:
        return path_of(classroom, assignment, student).read_text() == expected
    except OSError:
        return False


def mark(classroom: Path, assignment: str, student: str, value: str) -> None:
    """Say that it is done; the file is whole or not there."""
    write_atomically(path_of(classroom, assignment, student), value.encode())


def forget(classroom: Path, assignment: str, student: str) -> None:
    """Before a hand-in is graded anew: until that is done, it is not."""
    path_of(classroom, assignment, student).unlink(missing_ok=True)


def path_of(classroom: Path, assignment: str, student: str) -> Path:
    return classroom / "ledger" / assignment / student
