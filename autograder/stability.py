"""Does luck decide? Every right answer must keep its marks, and every wrong one lose some, whatever the hidden seed.

Steps: fork a process a core; give each one seed and one number of threads at a time; run all answers of the assignment
under it; report who was misjudged. All answers of a seed go through one process, so that PyTorch's own results are
worked out once for all of them. A wrong answer is shown first to the test that caught it before: most seeds cost one
test. Under the audit's own seeds the whole table is made (`autograder.audit`); here only the verdict counts.
"""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
from rich.console import Console
from rich.progress import track

from autograder.audit import answering, loses_marks
from autograder.mutants import Answer, load
from toolbox.suite import Suite

ROOT = Path(__file__).resolve().parents[1]
Known = dict[tuple[str, str], str]  # (answer, item) -> the test that caught it last


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


@dataclass
class Stability:
    """What many seeds showed. right, wrong: how often such an answer was judged in an item."""

    seeds: int
    threads: list[int]
    right: int = 0
    wrong: int = 0
    slips: list[Slip] = field(default_factory=list)

    def to_dict(self) -> dict[str, Any]:
        """Plain data for the audit's JSON."""
        return asdict(self)

    def words(self) -> str:
        """One line for people."""
        where = f"{self.seeds} seeds, on {' and '.join(map(str, self.threads))} thread(s)"
        lost, kept = (sum(slip.right == right for slip in self.slips) for right in (True, False))
        told = [f"right answers judged {self.right:,} times, {lost} of them wrongly"]
        told += [f"wrong ones {self.wrong:,} times, {kept} of them wrongly"] if self.wrong else []
        return f"{where}: {'; '.join(told)}"


def stability(
    assignment: str,
    seeds: int,
    *,
    threads: Sequence[int] = (1,),
    items: Iterable[str] | None = None,
    right_only: bool = False,
    jobs: int | None = None,
    suite: Suite | None = None,
    console: Console | None = None,
) -> Stability:
    """Judge all answers of an assignment under `seeds` seeds on each number of threads. items: only these."""
    package = load(assignment)
    suite = suite or Suite(ROOT / "autograder" / "suites" / f"test_{assignment}.py")
    wanted = set(items or suite.items)
    answers = [(answer, True) for answer in package.RIGHT]
    answers += [] if right_only else [(answer, False) for answer in package.WRONG]
    answers = [(answer, right) for answer, right in answers if wanted & set(answer.items)]
    solution = (ROOT / "solutions" / "backprop" / f"{package.MODULE}.py").read_text()
    tasks = [(f"stability {n}", count) for n in range(seeds) for count in threads]
    found = Stability(seeds, list(threads))
    touched = [(right, sum(name in wanted for name in answer.items)) for answer, right in answers]
    found.right = len(tasks) * sum(count for right, count in touched if right)
    found.wrong = len(tasks) * sum(count for right, count in touched if not right)

    global _run  # the children find it there: suites and answers cannot be sent

    def _run(task: tuple[str, int]) -> list[Slip]:
        return _under(task, answers, package, solution, suite, wanted)

    before = torch.get_num_threads()
    torch.set_num_threads(1)  # a process that has used more cannot be forked safely
    try:
        with multiprocessing.get_context("fork").Pool(jobs or os.cpu_count()) as pool:
            done = pool.imap_unordered(_task, tasks)
            shown = track(done, f"stability {assignment}", len(tasks), console=console or Console(stderr=True))
            found.slips = sorted((slip for slips in shown for slip in slips), key=str)
    finally:
        torch.set_num_threads(before)
    return found


def _task(task: tuple[str, int]) -> list[Slip]:
    return _run(task)


_known: Known = {}  # of this process


def _under(
    task: tuple[str, int],
    answers: list[tuple[Answer, bool]],
    package: Any,
    solution: str,
    suite: Suite,
    wanted: set[str],
) -> list[Slip]:
    """Who was misjudged under one seed on one number of threads."""
    seed, threads = task
    torch.set_num_threads(threads)
    slips = []
    for answer, right in answers:
        for item in (name for name in answer.items if name in wanted):
            found = caught(suite, lambda answer=answer: answering(answer, package, solution), answer.name, item, seed)
            if bool(found) == right:
                slips.append(Slip(answer.name, right, item, seed, threads, tuple(found)))
    return slips


def caught(suite: Suite, student: Any, answer: str, item: str, seed: str) -> list[str]:
    """The tests of an item that cost an answer marks: the one that did so before, if it does so again; else all."""
    known = _known.get((answer, item))
    if known and any(map(loses_marks, suite.run(student(), items=[item], seed=seed, tests=[known]))):
        return [known]
    found = [result.name for result in suite.run(student(), items=[item], seed=seed) if loses_marks(result)]
    if found:
        _known[answer, item] = found[0]
    return found
