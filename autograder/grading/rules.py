"""The rules of the course in a run: which of them it goes by, and what becomes of edits that come meanwhile."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from autograder.grading.change import changing
from autograder.grading.follow import follow
from autograder.history import undone
from autograder.history.undone import Undone
from autograder.rules.command import run
from autograder.rules.preview import preview, sentences
from autograder.rules.terms import Terms, in_force, pending, put_in_force
from toolbox.errors import KitError


def next_terms(root: Path, assignment: str) -> Terms:
    """The terms that a grading goes by: those that the files hold now, or where just these were undone, those in force.

    Raises SwitchedOff, CourseError, AllowanceError.
    """
    terms = pending(root)
    if undone.read(root / "classroom").rules == undone.digest(terms):
        terms = in_force(root)
    terms.ask_for(assignment)
    return terms


def begin_by(root: Path, assignment: str, say: Callable[[str], None]) -> Terms:
    """Put the terms of a grading in force, say whose grade changes by that, and bring the other assignments along."""
    terms = next_terms(root, assignment)
    as_written, classroom = pending(root) == terms, root / "classroom"
    if not as_written:
        say("the rules in course.toml were undone, and stay so: rules --apply puts them in force")
    for line in sentences(preview(root, terms)):
        say(f"by the rules: {line}")
    before = in_force(root)
    put_in_force(classroom, terms)
    if as_written:
        undone.write(classroom, Undone("", undone.read(classroom).verdicts))
    if before != terms:
        follow(root, say, apart=assignment)
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
    """`rules --apply`: put the rules in force, undone or not, and bring all grades along; the exit code."""
    classroom = root / "classroom"
    with changing(root, "rules --apply", say):
        code = run(root, apply=True)
        done = follow(root, say)
        kept = undone.read(classroom)
        undone.write(classroom, Undone("", kept.verdicts))
    return 1 if done.failed else code
