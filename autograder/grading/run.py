"""Grade a class: hand-ins in, verdicts, gradebook, feedback pages and report out.

Steps: take the hand-ins in; make sure that nbgrader knows the assignment; plan; judge on an engine; as each judgement
arrives, write the verdict and have it entered (`grading.work`), in this process, so that the gradebook has one
writer. One hand-in that fails does not stop the class: it is named at once and at the end.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from autograder import intake
from autograder.gradebook.book import Book
from autograder.gradebook.students import follow_roster
from autograder.grading import best
from autograder.grading.change import changing
from autograder.grading.collecting import take_in
from autograder.grading.engines.local import Settings
from autograder.grading.feedback import renew_pages
from autograder.grading.follow import stand
from autograder.grading.plan import Entries, Plan, build_if_stale, hand_ins, plan
from autograder.grading.rules import begin_by, edited_meanwhile
from autograder.grading.seed_check import SeedCheck
from autograder.grading.work import Outcome, Work, judge_all, judged
from autograder.history import undone
from autograder.masters.catalogue import Assignment, catalogue, find
from autograder.records.seed import class_seed
from autograder.rules.terms import in_force, pending
from autograder.sandbox import launcher
from toolbox.checks.visible import visible


def grade(
    root: Path, assignment: str, *, hand_ins_from: Path | None = None, choices: intake.Choices | None = None,
    students: list[str] | None = None, feedback: bool = True, jobs: int | None = None, pictures: bool = False,
    trust: bool = False, again: bool = False, console: Console | None = None,
) -> Outcome:  # fmt: skip
    """Grade the hand-ins of one assignment.

    hand_ins_from: a folder of zips or an LMS download to take in first, by `choices`; else what lies under
    classroom/submitted/. students: only these. jobs: processes that judge, as many as cores by default. pictures: run
    also the given cells that only show something. trust: run student code even where this machine cannot hold it in.
    again: grade anew what has been graded already and has not changed.
    Raises launcher.Unconfined where it cannot, UnknownName for an unknown assignment, NotThere where there is nothing
    to grade, Stopped where the disk is full or the gradebook does not answer.
    """
    console = console or Console()
    launcher.begin(trust=trust)  # it starts while this process gets ready
    asked = _Asked(
        root, assignment, find(catalogue(root), assignment), students, feedback, jobs, pictures, trust, again
    )

    def say(line: str) -> None:
        console.print(visible(line), markup=False, highlight=False, soft_wrap=True)

    with changing(root, asked.words(hand_ins_from), say) as history:
        if hand_ins_from is not None:
            take_in(root, hand_ins_from, assignment, choices, console)
        outcome = _grade(asked, console, say)
    if history.added and (changed := history.added.regraded):
        say(f"{changed} graded before have another grade now: python -m autograder history {assignment} "
            f"{history.added.number} says who and why")  # fmt: skip
    return outcome


@dataclass(frozen=True)
class _Asked:
    """What `grade` was asked to do."""

    root: Path
    assignment: str
    known: Assignment
    students: list[str] | None
    feedback: bool
    jobs: int | None
    pictures: bool
    trust: bool
    again: bool

    def words(self, hand_ins_from: Path | None) -> str:
        """The command, as the history tells it."""
        words = ["grade", self.assignment, *(["--again"] * self.again)]
        words += [f"--student {own}" for own in self.students or ()]
        return " ".join(words if hand_ins_from is None else [*words, f"--from {hand_ins_from.name}"])


def _grade(asked: _Asked, console: Console, say: Callable[[str], None]) -> Outcome:
    """Judge and enter what has been taken in, under the rules that the files hold now."""
    root, assignment, students = asked.root, asked.assignment, asked.students
    found = hand_ins(root, assignment, students)
    build_if_stale(root, assignment)
    book, files_say = Book(root), pending(root)
    before, terms = in_force(root), begin_by(root, assignment, say)
    if before != terms and stand(root, assignment):  # other rules may choose other attempts
        found = hand_ins(root, assignment, students)
    book.register(assignment, terms)
    follow_roster(book)
    seed = class_seed(root / "classroom", book.seed)
    entries = Entries(assignment, terms, asked.feedback)
    settings = Settings(root, assignment, seed, asked.pictures, asked.trust)
    stands = best.choose(
        root, assignment, terms, seed, lambda some: judge_all(settings, asked.jobs, some), students=students,
        pictures=asked.pictures, anew=asked.again,
    )  # fmt: skip
    if stands.attempts:
        stands.put()
        found = hand_ins(root, assignment, students)
    for line in stands.lines:
        say(line)
    todo = plan(root, found, book.entered(assignment), seed, asked.pictures, again=asked.again, entries=entries)
    if todo.skipped:
        say(f"{len(todo.skipped)} graded already and unchanged (--again grades them anew).")
    outcome = Outcome(skipped=todo.skipped)
    _carry_out(asked, todo, book, entries, settings, stands, outcome, console)
    if asked.feedback and (renewed := renew_pages(book, assignment, students or None)):
        say(f"{len(renewed)} made anew: feedback pages on which marks or comments have changed.")
    if told := edited_meanwhile(root, files_say):
        console.print(visible(told), markup=False, style="red")
    return outcome


def _carry_out(
    asked: _Asked, todo: Plan, book: Book, entries: Entries, settings: Settings, stands: best.Best, outcome: Outcome,
    console: Console,
) -> None:  # fmt: skip
    anew = [hand_in for hand_in, _ in todo.to_judge]
    classroom = asked.root / "classroom"
    undone.write(classroom, undone.read(classroom).without(asked.assignment, (one.student for one in anew)))
    if todo.to_judge or todo.to_enter:
        check = SeedCheck(asked.root, asked.known, settings.seed)
        start = judged(settings, asked.jobs, anew, stands.judged, check, outcome)
        Work(book, asked.assignment, todo, entries, console, outcome).go(start)
