"""One student's own path through the course: every assignment graded so far, item by item, as one HTML page.

Steps: put the student's verdicts in the order of the course; draw each assignment's items as a row of signs; say what
was not right by its cause, so that a mistake made six times is explained once; name the misconceptions that come again
in a later assignment. No other student is in it, so it can be given to the one whom it is about.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from autograder.report.summary import Row, first_guesses, row_of
from autograder.report.templates import environment, write_page
from autograder.rules.class_grades import ClassGrades
from autograder.rules.grade import Grade
from toolbox.checks.misconceptions import CATALOGUE

LONGEST = 150  # characters of a file's name


@dataclass
class Cause:
    """One misconception in one assignment, and the verdict's items that it cost marks in, in their order."""

    name: str
    hint: str
    worked: str
    section: str
    items: list[dict]


@dataclass
class Leg:
    """One assignment on the path. others: items with marks lost whose cause has no name."""

    assignment: str
    row: Row
    causes: list[Cause]
    others: list[dict]


def path_of(verdicts: list[dict], order: tuple[str, ...], grades: ClassGrades | None = None) -> list[Leg]:
    """The verdicts of one student as a path, assignments in the order of the course; without those switched off."""
    if grades is not None:
        verdicts = [verdict for verdict in verdicts if grades.terms.rules(verdict["assignment"]).on]
    known = {name: place for place, name in enumerate(order)}
    ordered = sorted(verdicts, key=lambda v: (known.get(v["assignment"], len(known)), v["assignment"]))
    return [_leg(verdict, grades.of(verdict) if grades else None) for verdict in ordered]


def recurring(path: list[Leg]) -> list[tuple[str, list[str]]]:
    """(name of the misconception, assignments) for each that came in more than one assignment."""
    seen: dict[str, list[str]] = {}
    for leg in path:
        for cause in leg.causes:
            seen.setdefault(cause.name, []).append(leg.assignment)
    return [(name, where) for name, where in seen.items() if len(where) > 1]


def write_student(
    student: str, verdicts: list[dict], order: tuple[str, ...], folder: Path, grades: ClassGrades | None = None
) -> Path:
    """Write the page of one student into `folder` and return its path. grades: None to go by the verdicts alone."""
    path = path_of(verdicts, order, grades)
    folder.mkdir(parents=True, exist_ok=True)
    page = folder / file_of(student)
    text = environment().get_template("student.html").render(student=student, path=path, recurring=recurring(path))
    return write_page(page, text)


def file_of(student: str) -> str:
    """The name of a student's page: characters that a file could trip over are written in per cent, and a name that is
    too long for a file ends in its digest, so that no two students share a page.
    """
    raw = student.encode("utf-8", "surrogatepass")  # a folder's name need not be Unicode
    name = quote(raw, safe="")
    if len(name) > LONGEST:
        name = f"{name[:LONGEST]}-{hashlib.sha256(raw).hexdigest()[:16]}"
    return f"{name}.html"


def _leg(verdict: dict, grade: Grade | None) -> Leg:
    causes: dict[str, Cause] = {}
    others = []
    row = row_of(verdict, grade)
    for item in row.items.values():
        named = first_guesses(item)
        for name in named:
            known = CATALOGUE.get(name)
            words = (known.name, known.hint, known.worked, known.reread) if known else (name, "", "", "")
            causes.setdefault(name, Cause(*words, [])).items.append(item)
        if item["status"] != "passed" and not named:
            others.append(item)
    return Leg(verdict["assignment"], row, list(causes.values()), others)
