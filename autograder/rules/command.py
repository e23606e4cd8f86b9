"""The command `rules`: say what course.toml and the roster come to and whose grade changes by it, put it in force, or
write a commented file to begin with.
"""

from __future__ import annotations

from pathlib import Path

from autograder.files import write_atomically
from autograder.rules import course_file
from autograder.rules.paper import papers
from autograder.rules.preview import preview, sentences
from autograder.rules.template import template as written
from autograder.rules.terms import Terms, pending, put_in_force
from toolbox.checks.visible import visible
from toolbox.errors import KitError


class IsThere(KitError, FileExistsError):
    """A file would be replaced that a person has written."""


def run(root: Path, *, template: bool = False, apply: bool = False) -> int:
    """Say what the rules are and whose grade changes by them; returns the exit code. template: write a file where there
    is none. apply: put them in force, once it is said. Raises KitError.
    """
    path = root / "classroom" / course_file.NAME
    if template:
        if path.exists():
            raise IsThere(f"{path} is there already, and stays as it is: move it away for a new one")
        write_atomically(path, written(papers(root), _order(root)).encode())
        print(f"wrote {path}")
        return 0
    terms = pending(root)
    changed = preview(root, terms)
    for line in [*told(terms), *sentences(changed)]:
        print(visible(line, one_line=True))
    if apply:
        put_in_force(root / "classroom", terms)
        print("in force")
    elif changed:
        print("nothing is written: rules --apply puts it in force")
    return 0


def told(terms: Terms) -> list[str]:
    """The rules in words, a line for each assignment and each student who is allowed anything."""
    lines = []
    for assignment in terms.papers:
        rules, paper = terms.rules(assignment), terms.paper(assignment)
        points = sum(paper.items.values()) + sum(paper.written.values())
        due = f"due {rules.due.astimezone(terms.course.zone):%Y-%m-%d %H:%M:%S %Z}" if rules.due else "never late"
        parts = [f"{points:g} points", due]
        if rules.late.each is not None:
            parts.append(f"each {'hour' if rules.late.unit == 3600 else 'day'} late costs {rules.late.each}")
        if rules.drop:
            parts.append(f"dropped: {', '.join(sorted(rules.drop))}")
        lines.append(f"{assignment}: {'; '.join(parts) if rules.on else 'switched off'}")
    for student, own in sorted(terms.people.items()):
        words = [f"excused from {name}" for name in sorted(own.excused)]
        words += [f"{name} extended by or until {text}" for name, text in sorted(own.extensions.items())]
        lines.append(f"{student}: {', '.join(words)}")
    return lines


def _order(root: Path) -> tuple[str, ...]:
    from autograder.masters.catalogue import catalogue  # it reads the masters, which takes half a second

    return tuple(catalogue(root))
