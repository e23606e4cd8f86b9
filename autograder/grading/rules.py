"""The rules of the course in a run: which of them it goes by, and what becomes of edits that come meanwhile."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from autograder.grading.change import changing
from autograder.history import undone
from autograder.history.undone import Undone
from autograder.rules.command import preview, run, sentences, to_follow
from autograder.rules.terms import Terms, in_force, pending, put_in_force
from toolbox.errors import KitError


class SwitchedOff(KitError):
    """The course's rules say that an assignment is not part of this class."""


def next_terms(root: Path, assignment: str) -> Terms:
    """The terms that a grading goes by: those that the files hold now, or where just these were undone, those in force.

    Raises SwitchedOff, CourseError, AllowanceError.
    """
    terms = pending(root)
    if undone.read(root / "classroom").rules == undone.digest(terms):
        terms = in_force(root)
    if not terms.rules(assignment).on:
        raise SwitchedOff(f"{assignment} is switched off in classroom/course.toml: on = true switches it on")
    return terms


def begin_by(root: Path, assignment: str, say: Callable[[str], None]) -> Terms:
    """Put the terms of a grading in force, and say whose grade changes by that."""
    terms = next_terms(root, assignment)
    as_written, classroom = pending(root) == terms, root / "classroom"
    if not as_written:
        say("the rules in course.toml were undone, and stay so: rules --apply puts them in force")
    changed = preview(root, terms)
    for line in [*sentences(changed), *to_follow(changed, apart=assignment)]:
        say(f"by the rules: {line}")
    put_in_force(classroom, terms)
    if as_written:
        undone.write(classroom, Undone("", undone.read(classroom).verdicts))
    return terms


def edited_meanwhile(root: Path, before: Terms) -> str:
    """What to say where course.toml or the roster has been edited since a run began; "" where neither has.

    before: what the files held then.
    """
    try:
        same = pending(root) == before
    except KitError as error:
        return f"course.toml or the roster was edited meanwhile, and is wrong now: {error}"
    return "" if same else (
        "course.toml or the roster was edited meanwhile: these grades are by the rules that the run began with. "
        "rules says what the edit changes"
    )  # fmt: skip


def apply_rules(root: Path, say: Callable[[str], None]) -> int:
    """`rules --apply`: put the rules in force, undone or not; the exit code."""
    classroom = root / "classroom"
    with changing(root, "rules --apply", say):
        code = run(root, apply=True)
        kept = undone.read(classroom)
        undone.write(classroom, Undone("", kept.verdicts))
    return code
