"""`python -m autograder audit --mutate`: every mutant of every solution region, and what became of it.

Steps, for each assignment: read its modules; collect the suite once; try every mutant against the whole suite, public
and hidden tests, until a test fails; set aside those that are listed as equivalent; report the rest as survivors.
A listed equivalent that is killed, or that no longer exists, is an error too: the list must be true.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from rich.console import Console
from rich.progress import Progress

from autograder.audit.mutation.forked_trials import killer, trials
from autograder.audit.mutation.sites import Mutant, mutants
from autograder.course.rooms import Room, load
from autograder.course.students import namespace, notebook
from autograder.masters.sources import checks_of
from toolbox.calling.student import LocalTransport, Student
from toolbox.checks.suite import Suite

ROOT = Path(__file__).resolve().parents[3]
SECONDS = 60.0  # for one mutant; a right answer takes a twentieth of it
SEEDS = ("audit",)  # one: a mutant that survives under one seed by luck is a weak test as well


@dataclass
class Score:
    """What became of the mutants of one module. equivalent: name -> reason. untrue: what the list says wrongly."""

    module: str
    mutants: int = 0
    killed: int = 0
    equivalent: dict[str, str] = field(default_factory=dict)
    survived: list[str] = field(default_factory=list)
    untrue: list[str] = field(default_factory=list)
    killers: Counter = field(default_factory=Counter)

    @property
    def ok(self) -> bool:
        return not self.survived and not self.untrue

    def to_dict(self) -> dict[str, Any]:
        """Plain data for the audit's JSON."""
        return {
            "mutants": self.mutants, "killed": self.killed, "equivalent": self.equivalent, "survived": self.survived,
            "untrue": self.untrue, "timeout": self.killers["timeout"], "crashed": self.killers["crashed"],
        }  # fmt: skip


def mutate(
    assignment: str,
    *,
    suite: Suite | None = None,
    modules: Iterable[str] | None = None,
    functions: Collection[str] | None = None,
    jobs: int | None = None,
    seeds: Iterable[str] = SEEDS,
    console: Console | None = None,
) -> list[Score]:
    """Try the mutants of an assignment's modules. modules, functions: only these. jobs: processes; default: cores."""
    room = load(assignment)
    suite = suite or Suite(checks_of(ROOT, assignment))
    right = room.solutions
    wanted = [name for name in right if modules is None or name in set(modules)]
    found = [m for name in wanted for m in mutants(name, right[name], functions)]
    touched = touching(room)
    listed = room.equivalent
    scores = {name: Score(name) for name in wanted}

    def examine(mutant: Mutant) -> str | None:
        texts = right | {mutant.module: mutant.source}
        first = [item for item in touched.get(mutant.function, ()) if item in suite.items]
        order = list(dict.fromkeys([*first, *suite.items]))
        return killer(suite, lambda: student(texts, room), order, seeds)

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    warm(suite, lambda: student(right, room), seeds)
    try:
        with Progress(console=console or Console(stderr=True)) as bar:
            task = bar.add_task(f"mutate {assignment}", total=len(found))
            for mutant, how in trials(found, examine, jobs=jobs or os.cpu_count() or 1, seconds=SECONDS):
                _count(scores[mutant.module], mutant, how, listed)
                left = sum(len(score.survived) for score in scores.values())
                bar.update(task, advance=1, description=f"mutate {assignment}, {left} survived")
    finally:
        torch.set_num_threads(threads)
    if functions is None:
        there = {(m.module, m.before, m.after) for m in found}
        for (module, before, after), _ in listed.items():
            if module in scores and (module, before, after) not in there:
                scores[module].untrue.append(f"{module}.py has no such mutant any more: {before}  →  {after}")
    return list(scores.values())


def warm(suite: Suite, right: Callable[[], Student], seeds: Iterable[str]) -> None:
    """Do once what every child would do anew, and takes ten times as long as the mutant itself: torch's first backward
    pass, and the truths for these seeds. Raises ValueError where the right answer fails: its mutants tell nothing.
    """
    import torch.fx.experimental.symbolic_shapes  # noqa: F401  (0.4 s at the first .backward(), else)

    if failed := killer(suite, right, suite.items, seeds):
        raise ValueError(f"the right answer itself fails {failed}")


def _count(score: Score, mutant: Mutant, how: str, listed: dict) -> None:
    reason = listed.get((mutant.module, mutant.before, mutant.after))
    score.mutants += 1
    if how and reason:
        score.untrue.append(f"{mutant.name} is listed as equivalent, but is killed by {how}")
    elif how:
        score.killed += 1
        score.killers[how] += 1
    elif reason:
        score.equivalent[mutant.name] = reason
    else:
        score.survived.append(mutant.name)


def touching(room: Room) -> dict[str, list[str]]:
    """function -> the items that wrong answers in it are meant for: where a mutant most likely dies."""
    found: dict[str, list[str]] = {}
    for answer in room.wrong:
        for edit in answer.edits:
            found.setdefault(edit.function, []).extend(answer.items)
    return found


def student(texts: dict[str, str], room: Room) -> Student:
    """A student who hands in these modules, with the right notebook: what it holds of a module is the solution's."""
    modules = {name: namespace(text, name) for name, text in texts.items()}
    right = {name: namespace(text, name) for name, text in room.solutions.items()}
    return Student(LocalTransport(modules, notebook(room, room.notebook, right)))
