"""What an undo took back, so that the next grading does not put the same in force again: `classroom/undone.json`.

A hand-in whose last verdict was undone keeps the verdict of then while the grader is the one that was undone. Rules
that were undone are left out while course.toml and the roster say the same. Once anything has changed, or somebody asks
for it (`grade --again`, `rules --apply`), this no longer holds. It is a part of every state, and comes back with one.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from autograder.files import write_atomically
from autograder.history.states import UNDONE
from autograder.rules.terms import Terms


@dataclass(frozen=True)
class Undone:
    """rules: the digest of terms, "" for none. verdicts: assignment -> student -> digest of the grader."""

    rules: str = ""
    verdicts: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    def grader(self, assignment: str, student: str) -> str:
        """The digest of the grader whose verdict was undone, "" where none was."""
        return self.verdicts.get(assignment, {}).get(student, "")

    def without(self, assignment: str, students: Iterable[str]) -> Undone:
        """What is left once these students are judged anew."""
        students = set(students)
        own = {name: grader for name, grader in self.verdicts.get(assignment, {}).items() if name not in students}
        return Undone(self.rules, {**self.verdicts, assignment: own})


def read(classroom: Path) -> Undone:
    try:
        return parse((classroom / UNDONE).read_bytes())
    except FileNotFoundError:
        return Undone()


def parse(data: bytes) -> Undone:
    return Undone(**json.loads(data))


def write(classroom: Path, undone: Undone) -> None:
    """Write it where it says anything new."""
    kept = {assignment: dict(own) for assignment, own in sorted(undone.verdicts.items()) if own}
    undone = Undone(undone.rules, kept)
    path = classroom / UNDONE
    if undone == Undone():
        path.unlink(missing_ok=True)
    elif read(classroom) != undone:
        content = {"rules": undone.rules, "verdicts": kept}
        write_atomically(path, (json.dumps(content, indent=1, sort_keys=True) + "\n").encode())


def digest(terms: Terms) -> str:
    """A name for terms, the same in every process."""
    return hashlib.sha256(json.dumps(terms.as_dict(), sort_keys=True).encode()).hexdigest()
