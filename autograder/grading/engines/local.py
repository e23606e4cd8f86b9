"""Judge many hand-ins on several processes of this machine; the verdicts are the same whatever their number.

Steps: collect the suite; fork the judges, which so have it, and torch, at once; give each a line of its own to the
warm process; hand out hand-ins, one ahead, so that no judge waits for the writer; pass judgements on in the order in
which they are finished. A judge that dies (out of memory, say) is replaced by a fresh one, which tries that hand-in
once more; if it dies of it again, that hand-in is named, and the rest goes on.
"""

from __future__ import annotations

import multiprocessing
import os
import threading
from collections import Counter, deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from pathlib import Path

from autograder.judging.judge import Judge, Judgement
from autograder.sandbox import launcher
from autograder.sandbox.walls import kernel

TRIES = 2  # a hand-in of which a judge died so often is given up


@dataclass(frozen=True)
class Settings:
    """What every judge of a class has in common; see `judge.Judge` and `forks.Warm`."""

    root: Path
    assignment: str
    seed: str = ""
    pictures: bool = False
    trust: bool = False

    def judge(self) -> Judge:
        return Judge(self.root, self.assignment, seed=self.seed, pictures=self.pictures)


Outcome = tuple[Path, Judgement | Exception]


def judge_all(settings: Settings, folders: list[Path], jobs: int | None = None) -> Iterator[Outcome]:
    """Judge every folder; yields (folder, judgement), or (folder, exception) where the judge itself failed.

    jobs: processes; None: as many as there are cores; 1: this process. The judges begin at once, before the first
    judgement is asked for. Raises launcher.Unconfined where this machine cannot hold student code in.
    """
    jobs = min(jobs or os.cpu_count() or 1, len(folders))
    if not folders:
        return (outcome for outcome in ())
    launcher.begin(trust=settings.trust)
    judge = settings.judge()
    launcher.warm()
    return _alone(judge, folders) if jobs == 1 else _Judges(settings, judge, folders, jobs).outcomes()


def _alone(judge: Judge, folders: list[Path]) -> Iterator[Outcome]:
    try:
        for folder in folders:
            yield folder, _guarded(judge, folder)
    finally:
        judge.close()


@dataclass(eq=False)
class _Place:
    """A judge's process, and the hand-ins that it has been given and not answered."""

    process: BaseProcess
    pipe: Connection
    given: deque[Path] = field(default_factory=deque)


class _Judges:
    """The judges of a class."""

    def __init__(self, settings: Settings, judge: Judge, folders: list[Path], jobs: int):
        self._settings, self._judge = settings, judge
        self._left, self._deaths = deque(folders), Counter()
        # A fork takes only the thread that asked for it along: what another one holds would stay locked in the child.
        quick = kernel.LINUX and threading.active_count() == 1
        self._places = [self._start(fork=quick) for _ in range(jobs)]
        for _ in range(2):
            for place in self._places:
                self._give(place)

    def _start(self, fork: bool) -> _Place:
        context = multiprocessing.get_context("fork" if fork else "spawn")
        ours, theirs = context.Pipe()
        line = launcher.warm().another_line() if fork else None
        words = (theirs, self._settings, self._judge if fork else None, line)
        process = context.Process(target=_serve, args=words, daemon=True)
        process.start()
        theirs.close()
        if line is not None:
            line.close()
        return _Place(process, ours)

    def _give(self, place: _Place) -> None:
        if self._left and (not place.given or len(self._left) >= len(self._places)):
            place.given.append(self._left.popleft())
            try:
                place.pipe.send(place.given[-1])
            except OSError:
                pass  # it has died: its pipe says so when it is read

    def outcomes(self) -> Iterator[Outcome]:
        try:
            while any(place.given for place in self._places):
                for pipe in wait([place.pipe for place in self._places if place.given]):
                    place = next(place for place in self._places if place.pipe is pipe)
                    try:
                        outcome = pipe.recv()
                    except (EOFError, OSError):
                        outcome = self._replace(place)
                        if outcome is None:
                            continue
                    else:
                        outcome = place.given.popleft(), outcome
                        self._give(place)
                    yield outcome
        finally:
            self._judge.close()
            for place in self._places:
                place.pipe.close()
                place.process.kill()
                place.process.join()

    def _replace(self, place: _Place) -> Outcome | None:
        """Put a fresh judge in the place of one that has died; returns what came of its hand-in, if that is over."""
        place.process.join()
        folder, outcome = place.given.popleft(), None
        self._deaths[folder] += 1
        self._left.extendleft(reversed(place.given))
        if self._deaths[folder] < TRIES:
            self._left.appendleft(folder)
        else:
            code = place.process.exitcode
            outcome = folder, RuntimeError(f"the judge died at this hand-in (it ended with {code})")
        place.pipe.close()
        self._places.remove(place)
        if self._left:
            self._places.append(self._start(fork=False))
            self._give(self._places[-1])
        return outcome


def _serve(pipe: Connection, settings: Settings, judge: Judge | None, line: launcher.Line | None) -> None:
    """The life of a judge's process: hand-ins come, judgements go, until the pipe closes or the grader ends."""
    if kernel.LINUX:
        kernel.die_with_parent()  # a grader that is killed must not leave its judges behind
        if not multiprocessing.parent_process().is_alive():  # killed while this process was importing
            os._exit(1)
    if line is None:
        launcher.warm(trust=settings.trust)
    else:
        launcher.take_over(line)
    judge = judge or settings.judge()
    while True:
        try:
            folder = pipe.recv()
        except EOFError:
            return
        outcome = _guarded(judge, folder)
        try:
            pipe.send(outcome)
        except OSError:
            return
        except Exception as error:  # an exception that cannot be sent as it is
            pipe.send(RuntimeError(f"{type(error).__name__}: {error}; {outcome}"))


def _guarded(judge: Judge, folder: Path) -> Judgement | Exception:
    try:
        return judge.grade(folder)
    except Exception as error:  # the kit's own fault: say so for this hand-in and go on with the class
        return error
