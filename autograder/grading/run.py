"""Grade a class: hand-ins in, verdicts, gradebook, feedback pages and report out.

Steps: take the hand-ins in; make sure that nbgrader knows the assignment; plan; judge on an engine; as each judgement
arrives, write the verdict and have it entered (`grading.results`), in this process, so that the gradebook has one
writer. One hand-in that fails does not stop the class: it is named at once and at the end.
"""

from __future__ import annotations

from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from pathlib import Path

from rich.console import Console

from autograder import intake, machine_faults
from autograder.gradebook import marks
from autograder.gradebook.book import Book
from autograder.gradebook.enter import ClassEntry
from autograder.gradebook.students import follow_roster
from autograder.grading.collecting import take_in
from autograder.grading.engines.local import LocalEngine, Settings
from autograder.grading.feedback import renew_pages
from autograder.grading.lock import only_writer
from autograder.grading.plan import Entries, Plan, build_if_stale, hand_ins, plan
from autograder.grading.progress import ClassProgress
from autograder.grading.results import Results
from autograder.grading.seed_check import SMALL, SeedCheck
from autograder.judging.judge import find
from autograder.masters.catalogue import catalogue
from autograder.records.hand_in import HandIn
from autograder.records.seed import class_seed
from autograder.records.verdict import Judgement, Verdict
from autograder.rules.preview import preview, sentences, to_follow
from autograder.rules.terms import Terms, pending, put_in_force
from autograder.sandbox import launcher
from toolbox.errors import KitError, NotJudged
from toolbox.visible import visible


class SwitchedOff(KitError):
    """The course's rules say that an assignment is not part of this class."""


@dataclass
class Outcome:
    """What grading a class came to: students. open: those not judged, or with items not judged, and why. doubtful:
    items in which the solution itself loses marks under the class's seed.
    """

    graded: list[str] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)
    open: dict[str, str] = field(default_factory=dict)
    doubtful: list[str] = field(default_factory=list)

    @property
    def exit_status(self) -> int:
        """0 where everybody is graded, 1 where somebody is not, 3 where that is nobody's fault but ours."""
        return 1 if self.failed else NotJudged.exit_status if self.open else 0


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
    known = find(catalogue(root), assignment)
    with only_writer(root / "classroom", f"grading {assignment}", console.print):
        if hand_ins_from is not None:
            take_in(root, hand_ins_from, assignment, choices, console)
        found = hand_ins(root, assignment, students)
        build_if_stale(root, assignment)
        book = Book(root)
        terms = _rules(root, assignment, console)
        book.register(assignment, terms)
        follow_roster(book)
        seed = class_seed(root / "classroom", book.seed)
        entries = Entries(assignment, terms, feedback)
        todo = plan(root, found, book, seed, pictures, again=again, entries=entries)
        if todo.skipped:
            console.print(f"{len(todo.skipped)} graded already and unchanged (--again grades them anew).")
        outcome = Outcome(skipped=todo.skipped)
        if todo.to_judge or todo.to_enter:
            settings = Settings(root, assignment, seed, pictures, trust)
            check = SeedCheck(root, known, seed)
            _Run(book, settings, todo, check, entries, jobs, console, outcome).go()
        if feedback and (renewed := renew_pages(book, assignment)):
            console.print(f"{len(renewed)} made anew: feedback pages on which marks or comments have changed.")
        return outcome


def _rules(root: Path, assignment: str, console: Console) -> Terms:
    """Put the rules in force that the files hold now, and say whose grade changes by that."""
    terms = pending(root)
    if not terms.rules(assignment).on:
        raise SwitchedOff(f"{assignment} is switched off in classroom/course.toml: on = true switches it on")
    changed = preview(root, terms)
    for line in [*sentences(changed), *to_follow(changed, apart=assignment)]:
        console.print(visible(f"by the rules: {line}"), markup=False, highlight=False)
    put_in_force(root / "classroom", terms)
    return terms


class _Run:
    """The hand-ins of a plan on their way."""

    def __init__(
        self, book, settings: Settings, todo: Plan, check: SeedCheck, entries: Entries, jobs, console, outcome
    ):
        self._book, self._settings, self._todo, self._check = book, settings, todo, check
        self._entries, self._jobs = entries, jobs
        self._console, self._outcome = console, outcome
        self._keys = {hand_in.student: key for hand_in, key in todo.to_judge + todo.to_enter}

    def go(self) -> None:
        classroom, name = self._settings.root / "classroom", self._settings.assignment
        with ExitStack() as stack:
            engine = self._engine(stack)  # before there is any thread: it forks
            entry = stack.enter_context(ClassEntry(self._book))
            self._results = Results(classroom, name, entry, self._entries.feedback)
            left = len(self._todo.to_judge)
            self._bar = stack.enter_context(ClassProgress(self._console, left + len(self._todo.to_enter)))
            for hand_in, _ in self._todo.to_enter:
                self._enter(hand_in, None)
            for hand_in, found in engine.outcomes() if engine else ():
                if hand_in is self._check.hand_in:
                    self._outcome.doubtful = self._check.failed(found)
                else:
                    self._take(hand_in, found)
                    left -= 1
                if not left and len(self._todo.to_judge) < SMALL:
                    break  # the seed's check may still be under way
        marks.harvest(self._settings.root, name, self._entries.renamed)  # what asks for a person now is known
        self._tell()

    def _engine(self, stack: ExitStack) -> LocalEngine | None:
        if not self._todo.to_judge:
            return None
        engine = stack.enter_context(closing(LocalEngine(self._settings, self._jobs)))
        for hand_in, _ in self._todo.to_judge:
            engine.submit(hand_in)
        if self._check.hand_in is not None:
            engine.submit(self._check.hand_in)
        engine.start()
        return engine

    def _take(self, hand_in: HandIn, found: Judgement | NotJudged) -> None:
        if isinstance(found, NotJudged):
            self._results.leave_open(hand_in, found)
            self._outcome.open[hand_in.student] = str(found)
            self._console.print(visible(f"{hand_in.student} is not judged: {found}"), markup=False, style="red")
            self._bar.done(hand_in.student, None)
            return
        self._results.write(hand_in, self._keys[hand_in.student], found)
        self._enter(hand_in, found.verdict)
        if found.verdict.open_items:
            self._outcome.open[hand_in.student] = f"not judged: {', '.join(found.verdict.open_items)}"

    def _enter(self, hand_in: HandIn, verdict: Verdict | None) -> None:
        student = hand_in.student
        try:
            self._results.enter(student, self._entries.key(student, self._keys[student]))
        except Exception as error:  # the class goes on; who could not be entered is named here and at the end
            if machine_faults.classify(error):  # but the machine's faults are everybody's
                raise
            self._outcome.failed[student] = str(error)
            self._console.print(visible(f"{student} could not be graded: {error}"), markup=False, style="red")
        else:
            self._outcome.graded.append(student)
        self._bar.done(student, verdict)

    def _tell(self) -> None:
        if self._outcome.doubtful:
            self._console.print(
                f"Under this class's seed the solution itself loses marks in {', '.join(self._outcome.doubtful)}: what "
                "students got there says nothing about them. Set another c.JudgeCells.seed in nbgrader_config.py, and "
                "grade again.",
                style="red",
            )
