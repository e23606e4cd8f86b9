"""Judge many hand-ins on several processes of this machine; the verdicts are the same whatever their number.

Each process collects the suite once and then judges one hand-in after another. Judgements come back in the order in
which they are finished. A judge that dies (out of memory, say) costs the hand-in it was at: that one is named, and
the rest goes on in fresh processes.
"""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from pathlib import Path

from autograder import remote
from autograder.confine import kernel
from autograder.judge import Judge, Judgement

_judge: Judge | None = None


@dataclass(frozen=True)
class Settings:
    """What every judge of a class has in common; see `judge.Judge` and `remote.Warm`."""

    root: Path
    assignment: str
    seed: str = ""
    pictures: bool = False
    trust: bool = False

    def judge(self) -> Judge:
        return Judge(self.root, self.assignment, seed=self.seed, pictures=self.pictures)


def judge_all(
    settings: Settings, folders: list[Path], jobs: int | None = None
) -> Iterator[tuple[Path, Judgement | Exception]]:
    """Judge every folder; yields (folder, judgement), or (folder, exception) where the judge itself failed.

    jobs: processes; None: as many as there are cores; 1: this process.
    """
    jobs = min(jobs or os.cpu_count() or 1, len(folders)) or 1
    if not folders:
        return
    remote.warm(trust=settings.trust)  # here, so that a machine that cannot hold students in is told once and at once
    if jobs == 1:
        judge = settings.judge()
        try:
            for folder in folders:
                yield folder, _guarded(judge, folder)
        finally:
            judge.close()
        return
    left = list(folders)
    while left:
        for folder, outcome in _one_pool(settings, left, jobs):
            left.remove(folder)
            yield folder, outcome


def _one_pool(settings: Settings, folders: list[Path], jobs: int) -> Iterator:
    """Judge until done or until a process dies; the hand-ins that were being judged then are tried alone."""
    context = multiprocessing.get_context("spawn")  # torch and pytest in threads and forks do not go together
    suspects: list[Path] = []
    with ProcessPoolExecutor(jobs, context, _start, (settings,)) as pool:
        futures = {pool.submit(_work, folder): folder for folder in folders}
        try:
            for future in as_completed(futures):
                try:
                    yield futures[future], future.result()
                except BrokenProcessPool:
                    suspects.append(futures[future])
        finally:  # where the run is stopped, nobody waits for the rest of the class
            pool.shutdown(wait=False, cancel_futures=True)
    if suspects:
        with ProcessPoolExecutor(1, context, _start, (settings,)) as pool:
            try:
                yield suspects[0], pool.submit(_work, suspects[0]).result()
            except BrokenProcessPool as error:
                yield suspects[0], RuntimeError(f"the judge died at this hand-in: {error}")


def _start(settings: Settings) -> None:
    global _judge
    if kernel.LINUX:
        kernel.die_with_parent()  # a grader that is killed must not leave its judges behind
        if not multiprocessing.parent_process().is_alive():  # killed while this process was importing
            os._exit(1)
    remote.warm(trust=settings.trust)
    _judge = settings.judge()


def _work(folder: Path) -> Judgement | Exception:
    return _guarded(_judge, folder)


def _guarded(judge: Judge, folder: Path) -> Judgement | Exception:
    try:
        return judge.grade(folder)
    except Exception as error:  # the kit's own fault: say so for this hand-in and go on with the class
        return error
