"""What has been graded already, so that a run that was killed is taken up where it stopped.

After the verdict, the gradebook's commit and the feedback page, and not before, a small file says for which hand-in,
suite and settings they were made. A second run passes over whoever has such a file with the same key and is in the
gradebook; a hand-in, a suite or a setting that has changed since is graded anew. Nothing is lost by deleting it.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

from autograder import whole
from autograder.pool import Settings


def key(settings: Settings, folder: Path, *more: object) -> str:
    """A digest of all that a grade depends on: the hand-in, the suite, the release, the reference, the settings, and
    whatever `more` is given (the deadline, say).
    """
    root, name = settings.root, settings.assignment
    digest = hashlib.sha256(f"{settings.seed}|{settings.pictures}|{more}".encode())
    depends = [
        root / "autograder" / "suites" / f"test_{name}.py",
        *sorted((root / "solutions" / "backprop").glob("*.py")),
    ]
    depends += sorted((root / "assignments" / name).glob("*.*")) + sorted(folder.rglob("*.*"))
    for path in depends:
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
    whole.write(path_of(classroom, assignment, student), value.encode())


def forget(classroom: Path, assignment: str, student: str) -> None:
    """Before a hand-in is graded anew: until that is done, it is not."""
    path_of(classroom, assignment, student).unlink(missing_ok=True)


def path_of(classroom: Path, assignment: str, student: str) -> Path:
    return classroom / "ledger" / assignment / student
