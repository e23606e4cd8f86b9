"""Which of a student's attempts stands, by the rules of the course."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from autograder.records.attempt import Attempt, Rule
from autograder.rules.model import FIRST, LAST_IN_TIME, AssignmentRules


def rule_of(rules: AssignmentRules, lateness: Callable[[str, datetime | None], int | None]) -> Rule:
    """The rule as the intake asks for it. lateness: of a student's hand-in, in seconds; None where nobody knows."""

    def choose(attempts: Sequence[Attempt]) -> Attempt:
        if rules.attempt == FIRST:
            return attempts[0]
        if rules.attempt == LAST_IN_TIME:
            in_time = [attempt for attempt in attempts if not lateness(attempt.student, attempt.received)]
            attempts = in_time or attempts
        return attempts[-1]

    return choose
