"""A class of made-up students to try the grading on: what real students send, each with what must come of it.

`material` takes the solution, the release and the right alternatives apart; `students` lists who did what; here the
hand-ins are written as zips, like a download from an LMS. Everything is made from the masters at the moment, so that
the class follows every change of the assignment, and the same masters give the same bytes.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from autograder.demo.material import Material
from autograder.demo.pack import pack
from autograder.demo.students import CLASS, DUE, Expectation

__all__ = ["DUE", "Expectation", "HandIn", "make_class"]


@dataclass(frozen=True)
class HandIn:
    """One made-up student: the id, what they did, what grading must say, and the zip."""

    student: str
    description: str
    expectation: Expectation
    path: Path


def make_class(root: Path, out: Path) -> list[HandIn]:
    """Write the demo class of `flat` as zips into `out`; returns who is who, sorted by student.

    root: the repository. The files' times tell who was late against DUE; for a hand-in that is named as Canvas names
    it, whose file only tells when it was downloaded, `times.csv` beside them does. Raises ValueError where an edit no
    longer fits the solution, naming the function and the text it looked for.
    """
    material = Material.read(Path(root))
    out = Path(out)
    out.mkdir(parents=True, exist_ok=True)
    hand_ins = []
    for person in CLASS:
        received = person.received.timestamp()
        path = out / person.file
        path.write_bytes(pack(person.files(material), person.received))
        os.utime(path, (received, received))
        hand_ins.append(HandIn(person.student, person.description, person.expectation, path))
    lines = [f"{person.student},{person.received.isoformat()}\n" for person in CLASS if "_LATE_" in person.file]
    (out / "times.csv").write_text("student,received\n" + "".join(lines), encoding="utf-8")
    return hand_ins
