"""What a change of the rules comes to before it is in force: whose grade changes, in words, and what must follow."""

from __future__ import annotations

from pathlib import Path

from autograder.rules.changes import Change, changes, shown
from autograder.rules.class_grades import ClassGrades
from autograder.rules.terms import Terms


def preview(root: Path, terms: Terms) -> list[Change]:
    """Whose grade would differ if `terms` came into force, in every assignment that has been graded. Writes nothing."""
    now, then = ClassGrades(root), ClassGrades(root, terms)
    if now.terms.as_dict() == terms.as_dict():
        return []
    found: list[Change] = []
    for assignment in sorted({*now.assignments, *then.assignments}):
        before, after = (
            own.all_of(assignment, own.students) if own.terms.rules(assignment).on else [] for own in (now, then)
        )
        found += changes(before, after)
    return found


def sentences(changed: list[Change]) -> list[str]:
    """A line for each grade that changes: from what, to what, and why."""
    return [
        f"{own.assignment}, {own.student}: {shown(own.before)} → {shown(own.after)} ({'; '.join(own.reasons)})"
        for own in changed
    ]
