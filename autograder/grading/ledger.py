"""What has been entered already, so that a run that was killed is taken up where it stopped.

After the verdict, the gradebook's commit and the feedback page, and not before, a small file holds the key of what they
were made from. A second run passes over whoever has such a file with the same key and is in the gradebook. Feedback
pages have a file of their own (`assignment` is then `pages(assignment)`), as marks by hand change them later. Nothing
is lost by deleting any of it.
"""

from __future__ import annotations

from pathlib import Path

from autograder.files import write_atomically


def is_done(classroom: Path, assignment: str, student: str, expected: str) -> bool:
    """Whether this very verdict has been entered to the end."""
    try:
        return path_of(classroom, assignment, student).read_text() == expected
    except OSError:
        return False


def mark(classroom: Path, assignment: str, student: str, value: str) -> None:
    """Say that it is done; the file is whole or not there."""
    write_atomically(path_of(classroom, assignment, student), value.encode())


def forget(classroom: Path, assignment: str, student: str) -> None:
    """Before a verdict is entered anew: until that is done, it is not."""
    path_of(classroom, assignment, student).unlink(missing_ok=True)


def pages(assignment: str) -> str:
    """The name under which the feedback pages of an assignment are noted."""
    return f"{assignment}/.pages"


def path_of(classroom: Path, assignment: str, student: str) -> Path:
    return classroom / "ledger" / assignment / student
