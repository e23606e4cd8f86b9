"""Judge many hand-ins on several processes of this machine; the verdicts are the same whatever their number.

Steps: collect the suite; fork the judges, which so have it, and torch, at once; give each a line of its own to the
zygote; hand out hand-ins, one ahead, so that no judge waits for the writer; pass judgements on in the order in which
they are finished. A hand-in that cannot be judged, because the machine is too busy or its judge has died (out of
memory, say), is tried again when all others have been; after TRIES times it is passed on as not judged.
"""

from __future__ import annotations

import multiprocessing
import os
import threading
import traceback
from collections import Counter, deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import TYPE_CHECKING, Any

from autograder.grading.engines import Outcome
from autograder.records.hand_in import HandIn
from autograder.records.verdict import Judgement
from autograder.sandbox import launcher
from autograder.sandbox.walls import kernel
from toolbox.errors import NotJudged

if TYPE_CHECKING:
    from autograder.judging.judge import Judge

TRIES = 3


@dataclass(frozen=True)
class Settings:
    """What every judge of a class has in common; see `judging.judge.Judge` and `sandbox.launcher`."""

    root: Path
    assignment: str
    seed: str
    pictures: bool = False
    trust: bool = False

    def judge(self) -> Judge:
        from autograder.judging.judge import Judge  # and torch with it: only where something is judged

        return Judge(self.root, self.assignment, seed=self.seed, pictures=self.pictures)


@dataclass(eq=False)
class _Slot:
    """A judge's process, and the hand-ins that it has been given and not answered."""

    process: BaseProcess
    pipe: Connection
    given: deque[HandIn] = field(default_factory=deque)


class LocalEngine:
    """An engine of `jobs` processes; with one job, of this process alone.

    The judges begin with the first call of `outcomes`, or with `start`: no thread may run before, as they are forked.
    Raises launcher.Unconfined where this machine cannot hold student code in.
    """

    def __init__(self, settings: Settings, jobs: int | None = None):
        launcher.begin(trust=settings.trust)
        self._settings = settings
        self._jobs = jobs or os.cpu_count() or 1
        self._waiting: deque[HandIn] = deque()
        self._again: deque[HandIn] = deque()
        self._failures: Counter[str] = Counter()
        self._slots: list[_Slot] = []
        self._started = False
        self._judge = settings.judge()
        launcher.zygote()

    def submit(self, hand_in: HandIn) -> None:
        self._waiting.append(hand_in)

    def start(self) -> None:
        """Have the judges begin with what has been submitted."""
        if not self._started:
            self._started = True
            jobs = min(self._jobs, len(self._waiting))
            # A fork takes only the thread that asked for it along: what another one holds stays locked in the child.
            quick = kernel.LINUX and threading.active_count() == 1
            self._slots = [self._begin(fork=quick) for _ in range(jobs)] if jobs > 1 else []
        for _ in range(2):
            for slot in self._slots:
                self._give(slot)

    def outcomes(self) -> Iterator[Outcome]:
        self.start()
        return self._from_slots() if self._slots else self._alone()

    def _alone(self) -> Iterator[Outcome]:
        while (hand_in := self._next()) is not None:
            outcome = self._settled(hand_in, _guarded(self._judge, hand_in))
            if outcome:
                yield outcome

    def _from_slots(self) -> Iterator[Outcome]:
        found: Judgement | NotJudged
        while any(slot.given for slot in self._slots):
            for pipe in wait([slot.pipe for slot in self._slots if slot.given]):
                slot = next(slot for slot in self._slots if slot.pipe is pipe)
                try:
                    found = slot.pipe.recv()
                except (EOFError, OSError):
                    hand_in, found = self._replace(slot)
                else:
                    hand_in = slot.given.popleft()
                outcome = self._settled(hand_in, found)
                for other in list(self._slots):
                    self._give(other)
                if outcome:
                    yield outcome

    def _settled(self, hand_in: HandIn, found: Judgement | NotJudged) -> Outcome | None:
        """What is passed on: nothing yet, where it is worth another try."""
        if isinstance(found, NotJudged) and found.again:
            self._failures[hand_in.student] += 1
            if self._failures[hand_in.student] < TRIES:
                self._again.append(hand_in)
                return None
        return hand_in, found

    def _next(self) -> HandIn | None:
        queue = self._waiting or self._again
        return queue.popleft() if queue else None

    def _give(self, slot: _Slot) -> None:
        if slot.given and len(self._waiting) + len(self._again) < len(self._slots):
            return  # the last ones go to whoever is idle
        if len(slot.given) < 2 and (hand_in := self._next()) is not None:
            slot.given.append(hand_in)
            try:
                slot.pipe.send(hand_in)
            except OSError:
                pass  # it has died: its pipe says so when it is read

    def _begin(self, fork: bool) -> _Slot:
        context: Any = multiprocessing.get_context("fork" if fork else "spawn")
        ours, theirs = context.Pipe()
        line = launcher.zygote().another_line() if fork else None
        words = (theirs, self._settings, self._judge if fork else None, line)
        process = context.Process(target=_serve, args=words, daemon=True)
        process.start()
        theirs.close()
        if line is not None:
            line.close()
        return _Slot(process, ours)

    def _replace(self, slot: _Slot) -> tuple[HandIn, NotJudged]:
        """Put a fresh judge in the place of one that died; returns the hand-in that it was at, and what happened."""
        slot.process.join()
        hand_in = slot.given.popleft()
        self._waiting.extendleft(reversed(slot.given))
        slot.pipe.close()
        self._slots.remove(slot)
        self._slots.append(self._begin(fork=False))
        words = f"the judge died at this hand-in (it ended with {slot.process.exitcode})"
        return hand_in, NotJudged(words, again=True)

    def close(self) -> None:
        self._judge.close()
        for slot in self._slots:
            slot.pipe.close()
            slot.process.kill()
            slot.process.join()


def _serve(pipe: Connection, settings: Settings, judge: Judge | None, line: launcher.Line | None) -> None:
    """The life of a judge's process: hand-ins come, judgements go, until the pipe closes or the grader ends."""
    if kernel.LINUX:
        kernel.die_with_parent()  # a grader that is killed must not leave its judges behind
        parent = multiprocessing.parent_process()
        if parent is not None and not parent.is_alive():  # killed while this process was importing
            os._exit(1)
    if line is None:
        launcher.zygote(trust=settings.trust)
    else:
        launcher.take_over(line)
    judge = judge or settings.judge()
    while True:
        try:
            hand_in = pipe.recv()
        except EOFError:
            return
        try:
            pipe.send(_guarded(judge, hand_in))
        except OSError:
            return


def _guarded(judge: Judge, hand_in: HandIn) -> Judgement | NotJudged:
    """The judgement; whatever goes wrong in judging is not the student's fault, and does not stop the class."""
    try:
        return judge.judge(hand_in)
    except NotJudged as error:
        return NotJudged(*error.args)  # without its cause, which may not travel
    except Exception as error:
        where = traceback.extract_tb(error.__traceback__)[-1]
        place = f"{Path(where.filename).name}, line {where.lineno}"
        return NotJudged(f"the grader itself has a fault here ({place}: {type(error).__name__}: {error})"[:2000])
