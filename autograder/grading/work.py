"""The hand-ins of a plan on their way: judged on an engine, and each entered as soon as its judgement arrives."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path

from rich.console import Console

from autograder import machine_faults
from autograder.gradebook import marks
from autograder.gradebook.book import Book
from autograder.gradebook.enter import ClassEntry
from autograder.grading.engines import Engine
from autograder.grading.engines import Outcome as Judged
from autograder.grading.engines.local import LocalEngine, Settings
from autograder.grading.plan import Entries, Plan
from autograder.grading.progress import ClassProgress
from autograder.grading.results import Results
from autograder.grading.seed_check import SMALL, SeedCheck
from autograder.records.hand_in import HandIn
from autograder.records.verdict import Judgement, Verdict
from toolbox.checks.visible import visible
from toolbox.errors import NotJudged


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


def judged(
    settings: Settings, jobs: int | None, todo: list[HandIn], known: Mapping[str, Judgement], check: SeedCheck,
    outcome: Outcome,
) -> Callable[[ExitStack], Iterator[Judged]]:  # fmt: skip
    """What has these hand-ins judged, and the solution with them where the seed has still to be tried. It ends with the
    last hand-in of a small class; what the seed does to the solution is then found out by a later run.

    known: judgements that there are already, by student.
    """
    ready = [(one, known[one.student]) for one in todo if one.student in known]
    hand_ins = [one for one in todo if one.student not in known]

    def start(stack: ExitStack) -> Iterator[Judged]:
        if not hand_ins:
            return iter(ready)
        engine = stack.enter_context(closing(LocalEngine(settings, jobs)))
        for hand_in in hand_ins:
            engine.submit(hand_in)
        if check.hand_in is not None:
            engine.submit(check.hand_in)
        engine.start()
        return chain(ready, outcomes(engine))

    def outcomes(engine: Engine) -> Iterator[Judged]:
        left = len(hand_ins)
        for hand_in, found in engine.outcomes():
            if hand_in is check.hand_in:
                outcome.doubtful = check.failed(found)
            else:
                yield hand_in, found
                left -= 1
            if not left and len(hand_ins) < SMALL:
                return  # the seed's check may still be under way

    return start


def judge_all(settings: Settings, jobs: int | None, hand_ins: list[HandIn]) -> Iterator[Judged]:
    """Each of these hand-ins with what was found, whatever student it is of."""
    with closing(LocalEngine(settings, jobs)) as engine:
        for hand_in in hand_ins:
            engine.submit(hand_in)
        yield from engine.outcomes()


class Work:
    """Takes the hand-ins of one plan to their end."""

    def __init__(self, book: Book, assignment: str, todo: Plan, entries: Entries, console: Console, outcome: Outcome):
        self._book, self._assignment, self._todo, self._entries = book, assignment, todo, entries
        self._console, self._outcome = console, outcome
        self._keys = {hand_in.student: key for hand_in, key in todo.to_judge + todo.to_enter}

    def go(self, start: Callable[[ExitStack], Iterator[Judged]]) -> None:
        """start: begins with the judging, before there is any thread, as it forks."""
        classroom: Path = self._book.root / "classroom"
        with ExitStack() as stack:
            arriving = start(stack)
            entry = stack.enter_context(ClassEntry(self._book))
            self._results = Results(classroom, self._assignment, entry, self._entries.feedback)
            total = len(self._todo.to_judge) + len(self._todo.to_enter)
            self._bar = stack.enter_context(ClassProgress(self._console, total))
            for hand_in, _ in self._todo.to_enter:
                self._enter(hand_in, None)
            for hand_in, found in arriving:
                self._take(hand_in, found)
        marks.harvest(self._book.root, self._assignment, self._entries.renamed)  # what asks for a person now is known
        tell_doubt(self._console, self._outcome)

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


def tell_doubt(console: Console, outcome: Outcome) -> None:
    """Say in which items the seed fails the solution itself."""
    if outcome.doubtful:
        console.print(
            f"Under this class's seed the solution itself loses marks in {', '.join(outcome.doubtful)}: what "
            "students got there says nothing about them. Set another c.JudgeCells.seed in nbgrader_config.py, and "
            "grade again.",
            style="red",
        )
