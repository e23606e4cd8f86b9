"""Does luck decide? The solution must keep its marks, and every wrong answer lose some, whatever the hidden seed.

Steps: start a process a core; give each one seed and one number of threads at a time; run all answers of the
assignment under it; report who was misjudged. All answers of a seed go through one process, so that PyTorch's own
results are worked out once for all of them. Right answers in other styles, which take as long as all the rest, are
judged under every tenth seed. A wrong answer is shown first to the test that caught it before: most seeds cost one
test. How near right answers came to their tolerance tells of the seeds that were not tried: what used a tenth of it
under one seed in a hundred may well need all of it under one in a thousand. Under the audit's own seeds the whole
table is made (`autograder.audit.suite_audit`); here only the verdict counts.
"""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import torch
from rich.console import Console
from rich.markup import escape
from rich.progress import track

from autograder.course.answers import Answer
from autograder.course.rooms import load
from autograder.course.students import prepared
from autograder.judging.marks import loses_marks
from autograder.masters.sources import checks_of
from toolbox.calling.student import Student
from toolbox.checks.compare import observed
from toolbox.checks.diagnose import verdicts_only
from toolbox.checks.suite import Suite

ROOT = Path(__file__).resolve().parents[2]
EVERY = 10  # of the seeds one is for right answers in other styles too
Misjudged = Iterator[tuple[str, tuple[str, ...]]]  # items, each with the tests that were failed


@dataclass(frozen=True)
class Slip:
    """One answer misjudged once. tests: those that a right answer failed; empty for a wrong one that kept its marks."""

    answer: str
    right: bool
    item: str
    seed: str
    threads: int
    tests: tuple[str, ...] = ()

    def __str__(self) -> str:
        failed = f"lost marks in {self.item} ({', '.join(self.tests)})"
        told = failed if self.right else f"kept full marks in {self.item}"
        return f"{self.answer} {told} under the seed '{self.seed}' on {self.threads} thread(s)"


@dataclass(frozen=True, order=True)
class Near:
    """How near a right answer came to losing marks. share: of its tolerance, used at most; 0 where it was exact."""

    share: float
    item: str
    answer: str
    seed: str

    def __str__(self) -> str:
        return f"{self.share:.0%} of its tolerance, in {self.item} ({self.answer}, seed '{self.seed}')"


@dataclass
class Tally:
    """How often right and wrong answers were judged in an item, and how often not as they should be."""

    right: int = 0
    wrong: int = 0
    right_misjudged: int = 0
    wrong_misjudged: int = 0


@dataclass
class Stability:
    """What many seeds showed. tallies: number of threads -> its counts. nearest: item -> the right answer nearest to
    losing its marks there."""

    seeds: int
    tallies: dict[int, Tally]
    slips: list[Slip] = field(default_factory=list)
    nearest: dict[str, Near] = field(default_factory=dict)

    def add(self, threads: int, right: int, wrong: int, slips: list[Slip], near: dict[str, Near]) -> None:
        """Count what one seed showed on a number of threads."""
        for item, found in near.items():
            self.nearest[item] = max(found, self.nearest.get(item, found))
        tally, lost = self.tallies[threads], sum(slip.right for slip in slips)
        tally.right, tally.wrong = tally.right + right, tally.wrong + wrong
        tally.right_misjudged += lost
        tally.wrong_misjudged += len(slips) - lost
        self.slips += slips

    def to_dict(self) -> dict[str, Any]:
        """Plain data for the audit's JSON."""
        return asdict(self)

    def words(self) -> list[str]:
        """A line for each number of threads, and one for the nearest miss, for people."""
        lines = [
            f"{self.seeds} seeds on {threads} thread{'s'[: threads > 1]}: right answers judged {tally.right:,} times, "
            f"{tally.right_misjudged} of them wrongly"
            + (f"; wrong ones {tally.wrong:,} times, {tally.wrong_misjudged} of them wrongly" if tally.wrong else "")
            for threads, tally in self.tallies.items()
        ]
        return [*lines, *(f"the nearest right answer used {near}" for near in sorted(self.nearest.values())[-1:])]


class Ready(NamedTuple):
    """An answer, ready to be judged. items: those wanted; make: what makes a student who hands it in."""

    name: str
    right: bool
    items: list[str]
    make: Callable[[], Student]


Counted = tuple[int, int, int, list[Slip], dict[str, Near]]


class Judging:
    """Judges the answers of an assignment under one seed: what a process makes once and uses for every seed."""

    def __init__(self, assignment: str, items: Iterable[str] | None, right_only: bool):
        self.room = load(assignment)
        self.suite = Suite(checks_of(ROOT, assignment))
        self.wanted = set(items or self.suite.items)
        self.always = self._ready([Answer("the solution", tuple(self.suite.items))], True)
        self.always += [] if right_only else self._ready(self.room.wrong, False)
        self.sometimes = self._ready(self.room.right, True)

    def _ready(self, answers: Iterable[Answer], right: bool) -> list[Ready]:
        """The answers that touch a wanted item."""
        told = [(answer, [name for name in answer.items if name in self.wanted]) for answer in answers]
        return [Ready(answer.name, right, items, prepared(answer, self.room))
                for answer, items in told if items]  # fmt: skip

    def __call__(self, task: tuple[int, int]) -> Counted:
        """(number of the seed, threads) -> what `Stability.add` takes."""
        number, threads = task
        torch.set_num_threads(threads)
        answers = self.always + (self.sometimes if number % EVERY == 0 else [])
        seed, slips = f"stability {number}", []
        near: dict[str, Near] = {}
        with verdicts_only():
            for answer in answers:
                misjudged = partial(_right, near) if answer.right else _wrong
                for item, tests in misjudged(self.suite, answer, seed):
                    slips.append(Slip(answer.name, answer.right, item, seed, threads, tests))
        right, wrong = (sum(len(answer.items) for answer in answers if answer.right == kind) for kind in (True, False))
        return threads, right, wrong, slips, near


def stability(
    assignment: str,
    seeds: int,
    *,
    threads: Sequence[int] = (1,),
    items: Iterable[str] | None = None,
    right_only: bool = False,
    jobs: int | None = None,
    console: Console | None = None,
) -> Stability:
    """Judge an assignment's answers under `seeds` seeds on each number of threads. items: only these.

    jobs: processes; default: one a core; 0: this one. They are started afresh, for a process that has run torch on
    several threads cannot be forked: its child waits for ever for threads that it does not have.
    """
    tasks = [(n, count) for n in range(seeds) for count in threads]
    told = (assignment, None if items is None else list(items), right_only)
    found = Stability(seeds, {count: Tally() for count in threads})
    with ExitStack() as stack:
        if jobs == 0:
            stack.callback(torch.set_num_threads, torch.get_num_threads())
            done: Iterable[Counted] = map(Judging(*told), tasks)
        else:
            context = multiprocessing.get_context("spawn")
            pool = stack.enter_context(context.Pool(jobs or os.cpu_count(), _begin, told))
            done = pool.imap_unordered(_task, tasks)
        told_to = console or Console(stderr=True)
        for counted in track(done, f"stability {assignment}", len(tasks), console=told_to):
            found.add(*counted)
            for slip in counted[3]:  # at once: a long run that is stopped has told what it saw
                told_to.print(f"[red]{escape(str(slip))}", soft_wrap=True)
    found.slips.sort(key=str)
    return found


_judging: Judging  # of a process of the pool


def _begin(*told: Any) -> None:
    global _judging
    _judging = Judging(*told)


def _task(task: tuple[int, int]) -> Counted:
    return _judging(task)


def _right(near: dict[str, Near], suite: Suite, answer: Ready, seed: str) -> Misjudged:
    """The items in which a right answer lost marks, each with the tests that it failed. near: kept up to date."""
    for item in answer.items:
        shares = [0.0]
        with observed(shares.append):
            results = suite.run(answer.make(), items=[item], seed=seed)
        found = Near(max(shares), item, answer.name, seed)
        near[item] = max(found, near.get(item, found))
        if lost := tuple(result.name for result in results if loses_marks(result)):
            yield item, lost


_known: dict[tuple[str, str], str] = {}  # (answer, item) -> the test that caught it last, in this process


def _wrong(suite: Suite, answer: Ready, seed: str) -> Misjudged:
    """The items in which a wrong answer kept its marks. The test that caught it before is tried first."""
    for item in answer.items:
        known = _known.get((answer.name, item))
        if known and any(map(loses_marks, suite.run(answer.make(), items=[item], seed=seed, tests=[known]))):
            continue
        caught = [result.name for result in suite.run(answer.make(), items=[item], seed=seed) if loses_marks(result)]
        if not caught:
            yield item, ()
        else:
            _known[answer.name, item] = caught[0]
