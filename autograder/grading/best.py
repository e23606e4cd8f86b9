"""`stands = "best"`: every attempt of a student is judged, and the one with the highest grade stands.

The grade of an attempt is what its checks give less what its own lateness costs; among equals the last one stands.
Judgements of attempts are kept in `verdicts/<assignment>/attempts/<student>/<attempt>.json`, so that each is made once
for each version of the checks; that of the attempt that stands becomes the verdict.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from autograder.files import write_atomically
from autograder.grading.engines import Outcome as Judged
from autograder.intake.again import Again
from autograder.judging.key import key
from autograder.records.attempt import Attempt
from autograder.records.hand_in import HandIn
from autograder.records.verdict import Judgement, Verdict
from autograder.rules.attempts import best
from autograder.rules.grade import grade
from autograder.rules.model import BEST
from autograder.rules.terms import Terms
from toolbox.errors import NotJudged


@dataclass
class Best:
    """What came of choosing among the attempts of who has several. attempts: that stand; hand_ins: the same, to be
    judged; judged: what was found of them. lines: what there is to say. Each by student.
    """

    again: Again | None = None
    attempts: dict[str, Attempt] = field(default_factory=dict)
    hand_ins: dict[str, HandIn] = field(default_factory=dict)
    judged: dict[str, Judgement] = field(default_factory=dict)
    lines: list[str] = field(default_factory=list)

    def over(self, found: list[HandIn]) -> list[HandIn]:
        """These hand-ins with those that stand in their place."""
        return [self.hand_ins.get(one.student, one) for one in found]

    def put(self) -> None:
        """Put the attempts that stand in their places."""
        for attempt in self.attempts.values():
            if self.again:
                self.again.put(attempt)


def choose(
    root: Path, assignment: str, terms: Terms, seed: str, judge: Callable[[list[HandIn]], Iterable[Judged]], *,
    students: list[str] | None = None, pictures: bool = False, anew: bool = False,
) -> Best:  # fmt: skip
    """Have all attempts judged of which nothing is known, and choose. anew: all of them. Nothing under submitted/ is
    changed; where the rules of the assignment are others, nobody is chosen.
    """
    if terms.rules(assignment).attempt != BEST:
        return Best()
    classroom = root / "classroom"
    again = Again(classroom, assignment, root / "assignments" / assignment / f"{assignment}.ipynb")
    found, hand_ins = Best(again), {}
    for student in again.students:
        if students and student not in students:
            continue
        attempts = [one for one in again.attempts(student) if one.is_valid]
        if len(attempts) > 1 and again.is_by_hand(student):
            found.lines.append(f"{student}: the folder under submitted/ was changed by hand, and stands as it is")
        elif len(attempts) > 1:
            hand_ins[student] = [(one, again.hand_in(one)) for one in attempts]
    keys = {id(own): key(root, own, seed, pictures) for pairs in hand_ins.values() for _, own in pairs}
    attempt_of = {id(own): attempt for pairs in hand_ins.values() for attempt, own in pairs}
    known: dict[int, Judgement] = {}
    for number, attempt in attempt_of.items() if not anew else ():
        judgement = read(classroom, attempt)
        if judgement and judgement.verdict.key == keys[number] and not judgement.verdict.open_items:
            known[number] = judgement
    unknown = [own for pairs in hand_ins.values() for _, own in pairs if id(own) not in known]
    for own, result in judge(unknown) if unknown else ():
        if not isinstance(result, NotJudged):
            result.verdict.key = keys[id(own)]
            _write(classroom, attempt_of[id(own)], result)
            known[id(own)] = result
    for student, pairs in hand_ins.items():
        scores = [score_of(known[id(own)].verdict, terms) if id(own) in known else None for _, own in pairs]
        stands = best([attempt for attempt, _ in pairs], scores)
        found.attempts[student] = stands
        own = found.hand_ins[student] = next(own for attempt, own in pairs if attempt is stands)
        if id(own) in known:
            found.judged[student] = known[id(own)]
        told = ", ".join("not judged" if score is None else f"{score:g}" for score in scores)
        found.lines.append(f"{student}: of {len(pairs)} attempts ({told}) the best stands")
    return found


def score_of(verdict: Verdict, terms: Terms) -> float:
    """What an attempt's checks give, less what its lateness costs."""
    own = grade(verdict.as_dict(), {}, terms)
    return max(0.0, (own.raw_score or 0.0) - own.penalty)


def known_scores(root: Path, terms: Terms) -> Callable[[Attempt], float | None]:
    """The score of an attempt as it was judged last, None where it never was; for whoever chooses before judging."""

    def score(attempt: Attempt) -> float | None:
        judgement = read(root / "classroom", attempt)
        return score_of(judgement.verdict, terms) if judgement else None

    return score


def read(classroom: Path, attempt: Attempt) -> Judgement | None:
    """The judgement of an attempt, None where there is none of this schema."""
    try:
        content = json.loads(_path(classroom, attempt).read_bytes())
        return Judgement(Verdict.from_dict(content["verdict"]), content["cells"])
    except (OSError, ValueError, TypeError, KeyError):
        return None


def _write(classroom: Path, attempt: Attempt, judgement: Judgement) -> None:
    content = {"verdict": judgement.verdict.as_dict(), "cells": judgement.cells}
    write_atomically(_path(classroom, attempt), json.dumps(content).encode())


def _path(classroom: Path, attempt: Attempt) -> Path:
    return classroom / "verdicts" / attempt.assignment / "attempts" / attempt.student / f"{attempt.name}.json"
