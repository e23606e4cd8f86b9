"""Where the time of grading goes: a few hand-ins through one process, each step timed."""

from __future__ import annotations

import shutil
import time
from collections import defaultdict
from pathlib import Path
from typing import Any
from unittest import mock

from autograder import intake
from autograder.bench.classes import write_class
from autograder.gradebook.book import Book
from autograder.gradebook.enter import ClassEntry
from autograder.judging.judge import Judge
from autograder.records import verdict as verdicts
from autograder.records.hand_in import read_hand_in
from autograder.sandbox import remote_worker, transport
from toolbox.checks.suite import Suite

WARM_UP, MEASURED = 5, 15


def steps(kit: Path, kinds: list[bytes]) -> str:
    """Milliseconds a hand-in of each step, as words. What a worker does is seen as waiting for it."""
    source = write_class(kinds, WARM_UP + MEASURED, kit / "incoming")
    shutil.rmtree(kit / "classroom" / "submitted", ignore_errors=True)
    seconds: defaultdict[str, float] = defaultdict(float)

    def timed(what: str, holder: Any, name: str) -> Any:
        function = getattr(holder, name)

        def wrapper(*args: Any, **named: Any) -> Any:
            begin = time.perf_counter()
            try:
                return function(*args, **named)
            finally:
                seconds[what] += time.perf_counter() - begin

        return mock.patch.object(holder, name, wrapper)

    begin = time.perf_counter()
    released = kit / "assignments" / "flat" / "flat.ipynb"
    intake.intake(source, kit / "classroom" / "submitted", "flat", released)
    taken_in = (time.perf_counter() - begin) / (WARM_UP + MEASURED)
    folders = sorted((kit / "classroom" / "submitted").glob("*/flat"))
    book, judge = Book(kit), Judge(kit, "flat", seed="bench")
    with (
        ClassEntry(book) as entry,
        timed("a fresh worker", remote_worker.Worker, "__init__"),
        timed("waiting for the worker", remote_worker.Worker, "ask"),
        timed("ending the worker", remote_worker.Worker, "kill"),
        timed("cells", transport.RemoteTransport, "run_notebook"),
        timed("suite", Suite, "run"),
        timed("judging", judge, "judge"),
        timed("gradebook", entry, "enter"),
        timed("feedback page", entry, "feedback"),
    ):
        for number, folder in enumerate(folders):
            if number == WARM_UP:
                seconds.clear()
            student = folder.parent.name
            receipt = intake.inspect(folder, "flat", released)
            verdicts.write(judge.judge(read_hand_in(folder, receipt)), kit / "classroom")
            entry.enter("flat", student)
            entry.feedback("flat", student)
    judge.close()
    each = {what: 1000 * spent / MEASURED for what, spent in seconds.items()}
    order = ("judging", "a fresh worker", "cells", "suite", "waiting for the worker", "ending the worker")
    parts = ", ".join(f"{what} {each[what]:.0f}" for what in order[1:])
    rest = ", ".join(f"{what} {each[what]:.0f}" for what in ("gradebook", "feedback page"))
    return f"ms a hand-in in one process: intake {1000 * taken_in:.0f}, judging {each['judging']:.0f} ({parts}), {rest}"
