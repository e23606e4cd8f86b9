"""What people gave: marks and comments by hand, kept as plain data beside the verdicts.

`classroom/marks/<assignment>.json` holds them by student and cell, as they were when a command last looked into the
gradebook. A mark says out of how many points it was given, so that it keeps its share when the points change.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from autograder.files import write_atomically

SCHEMA = 1


@dataclass(frozen=True)
class Mark:
    """What is known of one graded cell, or of a cell with a comment, beside what the checks found.

    score: what a person gave; None where nobody has marked it. blank: nothing was answered, which needs no mark.
    out_of: the points of the cell at that time, 0 where it has none. extra: points on top. waiting: a person has still
    to look. comment: what a person wrote. answer: a digest of the answer that was looked at, "" where nobody knows.
    """

    score: float | None = None
    blank: bool = False
    out_of: float = 0.0
    extra: float = 0.0
    waiting: bool = False
    comment: str = ""
    answer: str = ""

    def scaled(self, points: float) -> float | None:
        """The score where the cell counts `points`; None where there is none."""
        if self.score is None:
            return None
        return self.score if self.out_of in (0.0, points) else round(self.score / self.out_of * points, 2)


Marks = Mapping[str, Mapping[str, Mark]]  # student -> cell -> mark


def path_of(classroom: Path, assignment: str) -> Path:
    return classroom / "marks" / f"{assignment}.json"


def read(classroom: Path, assignment: str) -> dict[str, dict[str, Mark]]:
    """The marks of an assignment as they were last seen; none where nobody has looked yet."""
    try:
        return parse(path_of(classroom, assignment).read_bytes())
    except FileNotFoundError:
        return {}


def parse(data: bytes) -> dict[str, dict[str, Mark]]:
    """The marks in the bytes of such a file."""
    content = json.loads(data)
    return {
        student: {cell: Mark(**mark) for cell, mark in cells.items()} for student, cells in content["students"].items()
    }


def write(classroom: Path, assignment: str, marks: Marks) -> bool:
    """Write the marks, a line for each, whole or not at all; returns whether they differ from those that were there."""
    students = {student: _cells(marks[student]) for student in sorted(marks) if marks[student]}
    lines = ",\n".join(f" {json.dumps(student)}: {cells}" for student, cells in students.items())
    data = f'{{"schema": {SCHEMA}, "students": {{\n{lines}\n}}}}\n'.encode()
    path = path_of(classroom, assignment)
    if (path.read_bytes() == data) if path.is_file() else not students:
        return False
    write_atomically(path, data)
    return True


def _cells(cells: Mapping[str, Mark]) -> str:
    lines = [f"  {json.dumps(name)}: {json.dumps(vars(mark))}" for name, mark in sorted(cells.items())]
    return "{\n" + ",\n".join(lines) + "}"
