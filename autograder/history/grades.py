"""The grades of a state that is past, and whose grade differs between two states. Nothing is written."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import cached_property
from pathlib import Path

from autograder.history.states import IN_FORCE, State
from autograder.history.store import Store
from autograder.records import marks as kept
from autograder.records.marks import Marks
from autograder.rules.causes import causes
from autograder.rules.changes import Change, changes, shown
from autograder.rules.class_grades import ClassGrades
from autograder.rules.grade import Grade
from autograder.rules.terms import Terms, pending


class StateGrades(ClassGrades):
    """The grades of a state: by its verdicts, its marks by hand and its rules."""

    def __init__(self, root: Path, store: Store, state: State):
        self._store, self.state = store, state
        super().__init__(root, self._terms(root))

    def _terms(self, root: Path) -> Terms:
        digest = self.state.files.get(IN_FORCE)
        return Terms.from_dict(json.loads(self._store.get(digest))) if digest else pending(root)

    def _read_marks(self, assignment: str) -> Marks:
        digest = self.state.files.get(f"marks/{assignment}.json")
        return kept.parse(self._store.get(digest)) if digest else {}

    def verdict(self, assignment: str, student: str) -> dict | None:
        """A verdict of this state as plain data, None where it has none."""
        digest = self.state.verdicts.get(assignment, {}).get(student)
        return json.loads(self._store.get(digest)) if digest else None

    def grade(self, verdict: dict | None) -> Grade | None:
        """The grade of a verdict; None where there is none, or the assignment is switched off."""
        return None if verdict is None or not self.terms.rules(verdict["assignment"]).on else self.of(verdict)

    @cached_property
    def graded(self) -> list[str]:
        """The assignments that have verdicts."""
        return sorted(self.state.verdicts)


def differences(before: StateGrades, after: StateGrades) -> list[Change]:
    """Whose grade is another one in the second state than in the first, and why."""
    old, new = before.state, after.state
    found = []
    for assignment in sorted({*before.graded, *after.graded}):
        paths = [IN_FORCE, f"marks/{assignment}.json"]
        ours, theirs = old.verdicts.get(assignment, {}), new.verdicts.get(assignment, {})
        students = ours.keys() | theirs.keys()
        if all(old.files.get(path) == new.files.get(path) for path in paths):
            students = {student for student in students if ours.get(student) != theirs.get(student)}
        for student in sorted(students):
            judged = before.verdict(assignment, student), after.verdict(assignment, student)
            found += compared(before.grade(judged[0]), after.grade(judged[1]), *judged, after.terms)
    return found


def compared(
    before: Grade | None, after: Grade | None, judged_before: dict | None, judged_after: dict | None, terms: Terms
) -> list[Change]:
    """One student's change, with what lies behind it; nothing where the grade is the same."""
    pair = ([own] if own else [] for own in (before, after))
    found = []
    for change in changes(*pair):
        behind = causes(judged_before, judged_after, terms.rules(change.assignment).renamed)
        found.append(replace(change, reasons=(*behind[:1], *change.reasons, *behind[1:])))
    return found


def as_data(change: Change) -> dict:
    """A change as the log keeps it."""
    return {
        "assignment": change.assignment, "student": change.student, "before": shown(change.before),
        "after": shown(change.after), "why": list(change.reasons),
    }  # fmt: skip
