"""The terms on which grades are given: the course's rules, each student's allowances, the points of each assignment.

They are in force once they have been applied, and not when a file is saved: `classroom/in_force.json` holds those that
every grade there is was made by. `pending` are those that the files say now.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import cached_property, lru_cache
from pathlib import Path

from autograder.files import write_atomically
from autograder.rules import course_file, people
from autograder.rules.course_file import CourseError
from autograder.rules.lines import line_of
from autograder.rules.model import AssignmentRules, Course
from autograder.rules.paper import Paper, papers
from autograder.rules.people import Allowance
from toolbox.errors import KitError

SCHEMA = 1
IN_FORCE = "in_force.json"


class SwitchedOff(KitError):
    """The course's rules say that an assignment is not part of this class."""


@dataclass(frozen=True)
class Terms:
    """text: of course.toml, "" where there is none. people: the students who are allowed anything."""

    text: str = ""
    people: Mapping[str, Allowance] = field(default_factory=dict)
    papers: Mapping[str, Paper] = field(default_factory=dict)

    @cached_property
    def course(self) -> Course:
        return course_file.parse(self.text)

    def rules(self, assignment: str) -> AssignmentRules:
        return self.course.of(assignment)

    def ask_for(self, assignment: str) -> None:
        """Raise SwitchedOff where an assignment is not part of the class."""
        if not self.rules(assignment).on:
            raise SwitchedOff(f"{assignment} is switched off in classroom/course.toml: on = true switches it on")

    def only(self, assignment: str) -> Terms:
        """What of these terms concerns one assignment."""
        papers = {name: paper for name, paper in self.papers.items() if name == assignment}
        return Terms(self.text, self.people, papers)

    def allowance(self, student: str) -> Allowance:
        return self.people.get(student, Allowance())

    def paper(self, assignment: str) -> Paper:
        """The items and written questions that count, with the points that the rules give them."""
        paper, rules = self.papers.get(assignment, Paper()), self.rules(assignment)

        def counted(points: Mapping[str, float]) -> dict[str, float]:
            return {name: rules.points.get(name, own) for name, own in points.items() if name not in rules.drop}

        return Paper(counted(paper.items), counted(paper.written))

    def as_dict(self) -> dict:
        return {
            "schema": SCHEMA,
            "course": self.text,
            "people": {student: own.as_dict() for student, own in sorted(self.people.items())},
            "papers": {name: paper.as_dict() for name, paper in sorted(self.papers.items())},
        }

    @classmethod
    def from_dict(cls, content: dict) -> Terms:
        """The inverse of `as_dict`. Raises ValueError for another schema."""
        if content["schema"] != SCHEMA:
            raise ValueError(f"terms of schema {content['schema']!r}; this kit reads {SCHEMA}")
        allowed = {student: Allowance.from_dict(own) for student, own in content["people"].items()}
        return cls(content["course"], allowed, {name: Paper.from_dict(own) for name, own in content["papers"].items()})


def pending(root: Path) -> Terms:
    """What course.toml, the roster and the released notebooks say now, checked. Raises CourseError, AllowanceError."""
    path = root / "classroom" / course_file.NAME
    course_file.read(path)  # raises with the file's whole name
    text = path.read_text(encoding="utf-8-sig") if path.is_file() else ""
    terms = Terms(text, people.read_people(root / "classroom" / "roster.csv"), papers(root))
    if wrong := check(terms, str(path)):
        raise CourseError("\n".join(wrong))
    return terms


def in_force(root: Path) -> Terms:
    """The terms that the grades are made by; where none have been applied yet, what the files say."""
    path = root / "classroom" / IN_FORCE
    try:
        stamp = path.stat()
    except FileNotFoundError:
        return pending(root)
    return _read(path, stamp.st_mtime_ns, stamp.st_ino)


@lru_cache(maxsize=4)
def _read(path: Path, *stamp: int) -> Terms:
    return Terms.from_dict(json.loads(path.read_bytes()))


def put_in_force(classroom: Path, terms: Terms) -> Path:
    data = json.dumps(terms.as_dict(), indent=1, ensure_ascii=False) + "\n"
    return write_atomically(classroom / IN_FORCE, data.encode("utf-8", "surrogatepass"))


def check(terms: Terms, name: str) -> list[str]:
    """Names in the rules and allowances that nothing has, in words. name: of the file of rules."""
    if not terms.papers:
        return []
    wrong = []

    def miss(at: tuple[str, ...], known: list[str]) -> None:
        line, near = line_of(terms.text, at), get_close_matches(at[-1], known, 1, 0.5)
        hint = f"did you mean {near[0]}?" if near else f"there are: {', '.join(known)}"
        wrong.append(f"{name}{f', line {line}' if line else ''}: {'.'.join(at[:-1])}: no {at[-1]!r}: {hint}")

    for assignment, rules in terms.course.assignments.items():
        if assignment not in terms.papers:
            miss(("assignments", assignment), list(terms.papers))
            continue
        known = terms.papers[assignment].names
        for key, items in (("drop", rules.drop), ("points", rules.points), ("renamed", rules.renamed.values())):
            for item in sorted({*items} - {*known, ""}):
                miss(("assignments", assignment, key, item), known)
    return wrong + people.check(terms.people, terms.papers)
