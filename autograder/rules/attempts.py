"""Which of a student's attempts stands, by the rules of the course."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from autograder.records.attempt import Attempt, Rule
from autograder.rules.model import BEST, FIRST, LAST_IN_TIME, AssignmentRules

Scores = Callable[[Attempt], float | None]


def rule_of(
    rules: AssignmentRules, lateness: Callable[[str, datetime | None], int | None], score: Scores = lambda attempt: None
) -> Rule:
    """The rule as the intake asks for it. lateness: of a student's hand-in, in seconds; None where nobody knows. score:
    of an attempt, None where it is not judged. While one is not, the last in time stands for the best.
    """

    def choose(attempts: Sequence[Attempt]) -> Attempt:
        if rules.attempt == FIRST:
            return attempts[0]
        scores = [score(attempt) for attempt in attempts] if rules.attempt == BEST else [None]
        if None not in scores:
            return best(attempts, scores)
        if rules.attempt in (LAST_IN_TIME, BEST):
            in_time = [attempt for attempt in attempts if not lateness(attempt.student, attempt.received)]
            attempts = in_time or attempts
        return attempts[-1]

    return choose


def best(attempts: Sequence[Attempt], scores: Sequence[float | None]) -> Attempt:
    """The attempt with the highest score, the last of several; one without a score comes after all that have one."""
    order = range(len(attempts))
    known = [-1.0 if score is None else score for score in scores]
    return attempts[max(order, key=lambda number: (known[number], number))]
