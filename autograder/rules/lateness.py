"""How late a hand-in is, and what that costs. Numbers in, numbers out."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta, tzinfo

from autograder.rules.model import Late


def seconds_late(received: datetime | None, deadline: datetime | None, late: Late, zone: tzinfo) -> int:
    """The whole seconds from the deadline to the hand-in, days off left out; 0 within the time of grace.

    Both with their zone; None: nobody wrote it down, and nothing is late. zone: the one in which days off begin and
    end. Whoever needs longer than the time of grace is late from the deadline on.
    """
    if received is None or deadline is None or received <= deadline:
        return 0
    received, deadline = received.astimezone(UTC), deadline.astimezone(UTC)  # in one zone Python forgets summer time
    counted = int((received - deadline).total_seconds()) - _off(deadline, received, late.days_off, zone)
    return counted if counted > late.grace else 0


def penalty(seconds: int, late: Late, points: float, score: float) -> float:
    """The points that lateness costs, to a hundredth. points: the most there are; score: the student's own."""
    if seconds <= 0 or late.each is None:
        return 0.0
    base = score if late.of_score else points
    units = -(-seconds // late.unit)
    taken = units * late.each.of(base)
    if late.cap is not None:
        taken = min(taken, late.cap.of(base))
    return round(max(0.0, min(taken, score)), 2)


def _off(start: datetime, end: datetime, days: frozenset[date], zone: tzinfo) -> int:
    """The seconds between two times that lie in days off."""
    total = 0.0
    for day in days:
        begins = datetime.combine(day, time(), zone).astimezone(UTC)
        ends = datetime.combine(day + timedelta(days=1), time(), zone).astimezone(UTC)
        total += max(0.0, (min(end, ends) - max(start, begins)).total_seconds())
    return int(total)
