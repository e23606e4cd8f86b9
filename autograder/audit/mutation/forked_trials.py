"""One mutant against the hidden suite, in a process of its own: a mutant may loop for ever or ask for all memory.

Steps, in the forked child: limit its memory and its time; load the modules of the right answer with the mutant in the
place of its own; run the items one by one, those that its function is known to touch first; stop at the first item
that loses marks; write what killed it into a pipe. The parent waits, and ends a child that is past its time.
"""

from __future__ import annotations

import multiprocessing
import resource
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from multiprocessing.connection import Connection, wait
from typing import Any

import torch

from autograder.audit.mutation.sites import Mutant
from autograder.judging.marks import loses_marks

MEMORY = 4 << 30  # bytes beyond what the process has already: as in grading
Examine = Callable[[Mutant], str | None]


def trials(mutants: Sequence[Mutant], examine: Examine, *, jobs: int, seconds: float) -> Iterator[tuple[Mutant, str]]:
    """(mutant, what killed it), in the order in which they end; "" where it survived.

    examine: runs in the child; returns the test that a mutant fails, None where it passes all. seconds: of wall time a
    mutant may take; one that takes longer is killed by "timeout", one whose process dies by "crashed", as in grading.
    """
    if torch.get_num_threads() != 1:
        raise RuntimeError("set torch to one thread first: a process that has used more cannot be forked safely")
    context = multiprocessing.get_context("fork")
    waiting = list(reversed(mutants))
    running: dict[Any, tuple[Mutant, Any, float]] = {}
    try:
        while waiting or running:
            while waiting and len(running) < jobs:
                mutant = waiting.pop()
                mine, theirs = context.Pipe(duplex=False)
                child = context.Process(target=_child, args=(theirs, mutant, examine), daemon=True)
                child.start()
                theirs.close()
                running[mine] = mutant, child, time.monotonic() + seconds
            patience = max(0.0, min(end for *_, end in running.values()) - time.monotonic())
            done: list[Any] = wait(list(running), patience)
            done = done or [pipe for pipe, (*_, end) in running.items() if end <= time.monotonic()]
            for pipe in done:
                mutant, child, _ = running.pop(pipe)
                yield mutant, _end(pipe, child)
    finally:
        for pipe, (_, child, _) in running.items():
            _end(pipe, child)


def _end(pipe: Connection, child: Any) -> str:
    """What the child said; it is gone afterwards."""
    try:
        said = pipe.recv() if pipe.poll() else "timeout"
    except EOFError:
        said = "crashed"
    pipe.close()
    child.kill()
    child.join()
    return said


def _child(pipe: Connection, mutant: Mutant, examine: Examine) -> None:
    with open("/proc/self/statm", encoding="utf-8") as file:
        present = int(file.read().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (present + MEMORY, present + MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    pipe.send(examine(mutant) or "")


def killer(suite: Any, student: Callable[[], Any], items: Iterable[str], seeds: Iterable[str]) -> str | None:
    """The first test with a share of the marks that fails, as "item: test"; None where all pass under every seed."""
    for seed in seeds:
        for item in items:
            for result in suite.run(student(), items=[item], seed=seed):
                if loses_marks(result):
                    return f"{item}: {result.name}"
    return None
