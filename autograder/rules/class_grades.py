"""The grades of a class: verdicts, marks by hand and the terms in force, put together for whoever shows them."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable
from functools import cached_property
from pathlib import Path

from autograder.records import marks as kept
from autograder.records.marks import Marks
from autograder.roster.file import read_roster
from autograder.rules.grade import Grade, grade, missing
from autograder.rules.terms import Terms, in_force


class ClassGrades:
    """Grades by the terms in force, or by other ones, as a preview asks for. Nothing is written."""

    def __init__(self, root: Path, terms: Terms | None = None):
        self.root, self.classroom = Path(root), Path(root) / "classroom"
        self.terms = in_force(self.root) if terms is None else terms
        self._marks: dict[str, Marks] = {}

    def marks(self, assignment: str) -> Marks:
        """What people gave, by student and cell: as the gradebook says now, or where there is none, as it last did."""
        if assignment not in self._marks:
            self._marks[assignment] = self._read_marks(assignment)
        return self._marks[assignment]

    def _read_marks(self, assignment: str) -> Marks:
        if not self._has_a_gradebook:
            return kept.read(self.classroom, assignment)
        from autograder.gradebook import marks  # nbgrader takes a second to import

        return marks.look(self.root, assignment, self.terms.rules(assignment).renamed)

    @property
    def _has_a_gradebook(self) -> bool:
        """Whether there may be one; one on a server is known by nbgrader's settings alone."""
        return (self.classroom / "gradebook.db").is_file() or (self.root / "nbgrader_config.py").is_file()

    def of(self, verdict: dict) -> Grade:
        """The grade of one hand-in. verdict: as plain data."""
        return grade(verdict, self.marks(verdict["assignment"]).get(verdict["student"], {}), self.terms)

    def all_of(self, assignment: str, students: Iterable[str] = (), verdicts: list[dict] | None = None) -> list[Grade]:
        """The grades of an assignment, by student. students: who belong to the class whether they handed in or not.
        verdicts: None to read them.
        """
        verdicts = read_verdicts(self.classroom, assignment) if verdicts is None else verdicts
        found = {verdict["student"]: self.of(verdict) for verdict in verdicts}
        most = max((own.max_score for own in found.values()), default=0.0)
        for student in students:
            if student not in found:
                found[student] = missing(student, assignment, self.terms, most)
        return [found[student] for student in sorted(found)]

    @cached_property
    def names(self) -> dict[str, tuple[str, str, str]]:
        """The students of the gradebook: id -> first name, last name, e-mail; none where there is no gradebook."""
        if not self._has_a_gradebook:
            return {}
        from autograder.gradebook import marks

        return marks.names(self.root)

    @property
    def students(self) -> list[str]:
        """Who belongs to the class: the roster and the gradebook."""
        return sorted({*read_roster(self.classroom / "roster.csv"), *self.names})

    @property
    def assignments(self) -> list[str]:
        """The assignments of which anything has been graded, without those that are switched off."""
        folders = sorted((self.classroom / "verdicts").glob("[!.]*/"))
        names = [folder.name for folder in folders if any(folder.glob("[!.]*.json"))]
        return [name for name in names if self.terms.rules(name).on]


def read_verdicts(classroom: Path, assignment: str, students: Collection[str] | None = None) -> list[dict]:
    """The verdicts of an assignment as plain data, sorted by student, whatever their schema."""
    folder = classroom / "verdicts" / assignment
    found = [path for path in sorted(folder.glob("[!.]*.json")) if students is None or path.stem in students]
    return [json.loads(path.read_bytes()) for path in found]
