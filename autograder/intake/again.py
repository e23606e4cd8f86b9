"""Attempts that came earlier, looked at again: as hand-ins to be judged, and put back in their place."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from autograder.records.attempt import Attempt
from autograder.records.hand_in import HandIn
from autograder.records.receipt import Repair

from .archive import Limits
from .notebook import Released
from .place import known
from .standing import Desk
from .store import Store


class Again:
    """The attempts at one assignment that a classroom keeps. released: `assignments/<name>/<name>.ipynb`."""

    def __init__(self, classroom: Path, assignment: str, released: Path):
        self.assignment, self._submitted = assignment, classroom / "submitted"
        self._store, release = Store(classroom), Released.read(Path(released))
        self._desk = Desk(self._submitted, assignment, release, self._store, replace(Limits(), loose=release.modules))

    @property
    def students(self) -> list[str]:
        return self._store.students(self.assignment)

    def attempts(self, student: str) -> list[Attempt]:
        """A student's attempts in the order in which they arrived."""
        return sorted(self._store.attempts(self.assignment, student).values(), key=lambda attempt: attempt.order)

    def hand_in(self, attempt: Attempt) -> HandIn:
        """An attempt as it is judged when it stands."""
        receipt, contents = self._desk.compose(attempt)
        if len(self.attempts(attempt.student)) > 1:
            receipt.repairs.insert(0, Repair("several_hand_ins", "Other attempts of this student were set aside."))
        if receipt.status == "refused":
            return HandIn(attempt.student, self.assignment, receipt)
        folder = "lib/backprop/"
        modules = {
            path.removeprefix(folder).removesuffix(".py"): data
            for path, data in sorted(contents.items())
            if path.startswith(folder)
        }
        return HandIn(attempt.student, self.assignment, receipt, contents[f"{self.assignment}.ipynb"], modules)

    def is_by_hand(self, student: str) -> bool:
        """Whether a person has changed what lies in a student's place."""
        return self._desk.lies_there(student, self._store.attempts(self.assignment, student))[0] == ""

    def put(self, attempt: Attempt) -> str:
        """Put an attempt in its place; why that is left as it is, "" where the attempt lies there now."""
        attempts = {one.name: one for one in self.attempts(attempt.student)}
        return self._desk.put(attempt, attempts, None, replace_all=False)[1]

    def put_content(self, student: str, sha256: str) -> str:
        """Put the hand-in with this digest in its place again; why that cannot be done, "" where it lies there now."""
        receipt = known(self._submitted / student / self.assignment, self.assignment)
        if receipt and receipt.sha256 == sha256:
            return ""
        attempt = next((one for one in self.attempts(student) if one.sha256 == sha256), None)
        if attempt is None:
            return "the hand-in that was graded then is not kept under classroom/attempts/"
        return self.put(attempt)
