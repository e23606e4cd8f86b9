"""`collect`, and what `grade --from` shares with it: the course's rules for taking hand-ins in."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console

from autograder.grading.best import known_scores
from autograder.grading.change import changing
from autograder.intake import Choices, Outcome, collect, take_up
from autograder.intake.outcome import show
from autograder.intake.platforms import AUTO, PLATFORMS
from autograder.masters.catalogue import catalogue
from autograder.rules.attempts import rule_of
from autograder.rules.lateness import seconds_late
from autograder.rules.terms import in_force
from toolbox.checks.visible import visible
from toolbox.errors import UnknownName


def choices(
    root: Path, assignment: str, *, platform: str = AUTO, times: Path | None = None, add_new: bool = False,
    replace: Sequence[str] = (), ask: bool = False,
) -> Choices:  # fmt: skip
    """What the options of a command come to. Raises UnknownName for a platform that nobody knows."""
    if platform not in (AUTO, *PLATFORMS):
        raise UnknownName(f"there is no platform {platform!r}; there are: {', '.join((AUTO, *PLATFORMS))}")
    terms = in_force(root)
    rules, zone = terms.rules(assignment), terms.course.zone

    def lateness(student: str, received: datetime | None) -> int | None:
        deadline = terms.allowance(student).deadline(assignment, rules.due, zone)
        return None if deadline is None else seconds_late(received, deadline, rules.late, zone)

    rule = rule_of(rules, lateness, known_scores(root, terms))
    return Choices(
        platform, times or "file", zone or UTC, lateness, rule, add_new=add_new,
        replace=frozenset(replace), ask=_ask if ask and sys.stdin.isatty() else None,
    )  # fmt: skip


def run(
    root: Path, source: Path, assignment: str, chosen: Choices, *, dry_run: bool, json: Path | None, console: Console
) -> Outcome:
    """Take a download in, say what was found, and write it as JSON where that is asked for."""
    if assignment not in catalogue(root):
        raise UnknownName(f"there is no assignment {assignment!r}; there are: {', '.join(catalogue(root))}")
    if dry_run:
        found = take_in(root, source, assignment, chosen, console, dry_run=True)
    else:
        with changing(root, f"collect {assignment}", console.print):
            found = take_in(root, source, assignment, chosen, console)
    if json is not None:
        found.write(json)
    return found


def take_in(
    root: Path, source: Path, assignment: str, chosen: Choices | None, console: Console, *, dry_run: bool = False
) -> Outcome:
    """Take a download in and say what was found; the caller holds the classroom's lock."""
    released = root / "assignments" / assignment / f"{assignment}.ipynb"
    classroom = root / "classroom"
    if not dry_run:
        take_up(classroom / "submitted")
    found = collect(source, classroom, assignment, released, chosen, dry_run=dry_run)
    for receipt in found.receipts.values():
        if receipt.status == "repaired":
            console.print(visible(f"repaired {receipt.student}: {receipt.message}"), markup=False, highlight=False)
    show(found, console)
    return found


def _ask(label: str, why: str, could: Sequence[str]) -> str | None:
    """Ask at the terminal whose a hand-in is; an empty answer leaves it out."""
    there = f" ({', '.join(could)})" if could else ""
    print(visible(f"{label}: {why}"))
    return input(f"whose is it? id of the roster{there}, or nothing to leave it out: ").strip() or None
