"""The one place where a grade is made: a pure function of the verdict, the marks by hand and the terms.

Steps for a hand-in: each item's share of its points, from the checks or from the person who overruled them, times the
points that the rules give it; the written answers as a person marked them; dropped ones left out; what lateness costs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from autograder.records.marks import Mark
from autograder.rules.lateness import penalty, seconds_late
from autograder.rules.terms import Terms

# What became of a hand-in.
GRADED = "graded"
UNMARKED = "needs manual grading"  # the score is there, and a person has still to mark a written answer
NOT_JUDGED = "not judged"  # the machine's or the kit's fault; the score says nothing yet
MISSING = "missing"  # nothing was handed in
EXCUSED = "excused"
STATUSES = (GRADED, UNMARKED, NOT_JUDGED, MISSING, EXCUSED)


@dataclass(frozen=True)
class ItemGrade:
    """One item or written question that counts. score: None where it is not judged, or not marked yet; points on top
    are in it. status: the verdict's, or 'written'. by_hand: a person gave the score. judged_as: its id in the verdict.
    """

    id: str
    score: float | None
    max_score: float
    status: str
    written: bool = False
    by_hand: bool = False
    judged_as: str = ""


@dataclass(frozen=True)
class Points:
    """One student's points in one assignment.

    score: raw_score less the penalty, never below 0; None where there is none that counts (not judged, excused).
    auto_*: of the items, by checks; written_*: of the written questions, by a person. due, received: in UTC.
    """

    student: str
    assignment: str
    status: str
    max_score: float
    score: float | None = None
    raw_score: float | None = None
    penalty: float = 0.0
    auto_score: float | None = None
    max_auto_score: float | None = None
    written_score: float | None = None
    max_written_score: float | None = None
    due: datetime | None = None
    received: datetime | None = None


@dataclass(frozen=True)
class Grade(Points):
    """One student's grade in one assignment.

    deadline: the student's own, in UTC. waiting: a person has still to look at something. remarks: what a person wrote,
    by cell.
    """

    deadline: datetime | None = None
    late_seconds: int = 0
    waiting: bool = False
    items: tuple[ItemGrade, ...] = ()
    remarks: Mapping[str, str] | None = None

    def item(self, name: str) -> ItemGrade | None:
        return next((item for item in self.items if item.id == name), None)


def grade(verdict: dict, marks: Mapping[str, Mark], terms: Terms) -> Grade:
    """The grade of a hand-in. verdict: as plain data; marks: of this hand-in, by cell."""
    student, assignment = verdict["student"], verdict["assignment"]
    rules, allowance = terms.rules(assignment), terms.allowance(student)
    renamed = rules.renamed
    marks = {renamed.get(cell, cell): mark for cell, mark in marks.items()}
    refused = verdict["intake"].get("status") == "refused"
    judged = {renamed.get(item["id"], item["id"]): item for item in verdict["items"]}  # an item by its present name
    paper = terms.paper(assignment)
    points = paper.items
    if assignment not in terms.papers:  # nobody knows more than the verdict
        own = {name: rules.points.get(name, item["max_score"]) for name, item in judged.items()}
        points = {name: value for name, value in own.items() if name not in rules.drop}
    items = [_checked(name, value, judged.get(name), marks.get(name)) for name, value in points.items()]
    items += [_written(name, value, marks.get(name), refused) for name, value in paper.written.items()]
    deadline = allowance.deadline(assignment, rules.due, terms.course.zone)
    received = moment(verdict["hand_in"].get("received"))
    late = seconds_late(received, deadline, rules.late, terms.course.zone)
    auto, written = _sum(items, False), _sum(items, True)
    raw, most = round(auto + written, 2), round(sum(item.max_score for item in items), 2)
    taken = penalty(late, rules.late, most, raw)
    waiting = any(item.written and item.score is None for item in items) or any(
        mark.waiting for cell, mark in marks.items() if cell in {item.id for item in items}
    )
    status = UNMARKED if waiting else GRADED
    if verdict.get("status") == NOT_JUDGED or any(item.score is None and not item.written for item in items):
        status = NOT_JUDGED
    if allowance.is_excused(assignment):
        status = EXCUSED
    return Grade(
        student, assignment, status, most,
        score=None if status in (NOT_JUDGED, EXCUSED) else round(max(0.0, raw - taken), 2),
        raw_score=raw, penalty=taken, auto_score=auto, max_auto_score=_most(items, False),
        written_score=written if paper.written else None,
        max_written_score=_most(items, True) if paper.written else None,
        due=rules.due, deadline=deadline, received=received, late_seconds=late, waiting=waiting, items=tuple(items),
        remarks={cell: mark.comment for cell, mark in marks.items() if mark.comment},
    )  # fmt: skip


def missing(student: str, assignment: str, terms: Terms, most: float | None = None) -> Grade:
    """The grade of who has handed nothing in. most: the points there are, where the terms do not know."""
    paper, rules, allowance = terms.paper(assignment), terms.rules(assignment), terms.allowance(student)
    if most is None or assignment in terms.papers:
        most = round(sum(paper.items.values()) + sum(paper.written.values()), 2)
    status = EXCUSED if allowance.is_excused(assignment) else MISSING
    deadline = allowance.deadline(assignment, rules.due, terms.course.zone)
    return Grade(student, assignment, status, most, due=rules.due, deadline=deadline)


def items_of(verdict: dict, grade: Grade) -> list[dict]:
    """The verdict's items that count, with the names, scores and points of the grade; for whoever shows them."""
    judged = {item["id"]: item for item in verdict["items"]}
    found = []
    for own in grade.items:
        if own.judged_as in judged:
            item = judged[own.judged_as] | {"id": own.id, "score": own.score, "max_score": own.max_score}
            found.append(item | ({"message": "marked by hand"} if own.by_hand else {}))
    return found


def earned(item: dict, points: float) -> float | None:
    """What an item of a verdict earns where it counts `points`: by its tests, as the judge reckons."""
    if item["score"] is None or item["status"] == NOT_JUDGED:
        return None
    if points == item["max_score"]:
        return item["score"]
    total = sum(test["share"] for test in item["tests"])
    if any(test["status"] == "forbidden" for test in item["tests"]):
        return 0.0
    if total <= 0:  # refused, or a verdict without tests
        return round(item["score"] / item["max_score"] * points, 2) if item["max_score"] else 0.0
    share = sum(test["share"] for test in item["tests"] if test["status"] == "passed" or test["follows"])
    return round(points * share / total, 2)


def moment(text: str | None) -> datetime | None:
    """An ISO 8601 time in UTC; UTC where it names no zone."""
    if not text:
        return None
    found = datetime.fromisoformat(text)
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)


def _checked(name: str, points: float, item: dict | None, mark: Mark | None) -> ItemGrade:
    score, status = (earned(item, points), item["status"]) if item else (None, NOT_JUDGED)
    own = mark.scaled(points) if mark else None
    if own is not None:
        score = own
    if mark and mark.extra:
        score = round((score or 0.0) + mark.extra, 2)
    return ItemGrade(name, score, points, status, by_hand=own is not None, judged_as=item["id"] if item else "")


def _written(name: str, points: float, mark: Mark | None, refused: bool) -> ItemGrade:
    score = mark.scaled(points) if mark else None
    by_hand = score is not None
    if score is None and (refused or (mark and mark.blank)):
        score = 0.0
    if mark and mark.extra:
        score = round((score or 0.0) + mark.extra, 2)
    return ItemGrade(name, score, points, "written", written=True, by_hand=by_hand)


def _sum(items: list[ItemGrade], written: bool) -> float:
    return round(sum(item.score or 0.0 for item in items if item.written == written), 2)


def _most(items: list[ItemGrade], written: bool) -> float:
    return round(sum(item.max_score for item in items if item.written == written), 2)
