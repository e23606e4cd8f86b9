"""One worker process, seen from the trusted end: have it forked, ask it, give up on it in time, end it."""

from __future__ import annotations

import marshal
import os
import select
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from autograder.sandbox.clock import ProcessClock
from autograder.sandbox.frames import Channel
from autograder.sandbox.launcher import zygote
from autograder.sandbox.patience import Patience
from autograder.sandbox.visible import NOTHING, View
from autograder.sandbox.walls.scratch import Scratch
from toolbox.calling.callbacks import Answering
from toolbox.errors import Crashed, Malformed, NotJudged, StudentError, Timeout

FIRST_LOOK, LOOK = 0.1, 0.25  # seconds between two looks at a worker's clock
GRACE = 2.0  # seconds for a cell to end by itself once it has been interrupted
FAR = 40  # a wall-clock backstop, in units of a limit; it strikes a worker that gets a fortieth of a core
BUSY = "this machine was too busy: {}"
CALL = 5e-5  # seconds that a worker is charged for calling a function of a check's, however long that takes us


@dataclass(frozen=True)
class HandInLimits:
    """What one hand-in may use: of time, see `Patience`; bytes of memory beyond what the libraries take, and of all
    outputs together; start: seconds of wall time in which a worker must be ready.
    """

    start: float = 120.0
    calls: Patience = field(default_factory=Patience)
    cells: Patience = field(default_factory=Patience)
    pictures: Patience = field(default_factory=lambda: Patience(full=8.0, spare=6.0, prompt=1.0, many=1))
    outputs: int = 48 * 2**20
    memory: int = 4 * 2**30


class Worker:
    """One worker process, which holds the given files: path -> content, and sees of the course what `view` says.

    asked: how many requests it has served. used: seconds of processor time that the last one took.
    Raises NotJudged where it does not start.
    """

    def __init__(self, files: dict[str, bytes], limits: HandInLimits, view: View = NOTHING):
        to_worker_read, to_worker_write = os.pipe()
        from_worker_read, from_worker_write = os.pipe()
        self._scratch = Scratch()  # used where the worker has no room of its own
        request = {"scratch": self._scratch.name, "limits": {"memory": limits.memory}}
        try:
            try:
                self._handle = zygote().fork(request, to_worker_read, from_worker_write)
            except OSError:
                self._handle = zygote(fresh=True).fork(request, to_worker_read, from_worker_write)
        except OSError as error:
            os.close(to_worker_write)
            os.close(from_worker_read)
            self._scratch.cleanup()
            raise NotJudged(f"no process could be started for this hand-in: {error}", again=True) from error
        finally:
            os.close(to_worker_read)
            os.close(from_worker_write)
        self._channel = Channel(from_worker_read, to_worker_write)
        self._clock = ProcessClock(self._handle)
        self._count, self.asked, self.used = 0, 0, 0.0
        try:
            content = marshal.dumps([files, dict(view.modules), view.absent, dict(view.scripts)])
            patient = _within(limits.start, time.monotonic())
            self._channel.send({"op": "files"}, content, patient)
            header, _ = self._channel.receive(patient)
            if header != {"ready": True}:
                raise Crashed(str(header.get("failed", header)))
        except (StudentError, NotJudged) as error:
            self.kill()
            raise NotJudged(f"the worker process did not start: {error}", again=True) from error

    def ask(
        self, request: dict, payload: bytes, seconds: float, *,
        desk: Answering | None = None, on_line: Callable[[int], None] | None = None, interrupt: bool = False,
    ) -> bytes:  # fmt: skip
        """One request, one answer, within so many seconds of `autograder.sandbox.clock`.

        desk: carries out the worker's calls of given functions meanwhile. on_line: is told which line of a module is
        about to be run. interrupt: when the time is up, interrupt the cell once before giving up.
        Raises Timeout, Crashed, Malformed or NotJudged; the worker is useless after any of them.
        """
        self._count += 1
        clock, watch = self._clock, _Watch(self, seconds, interrupt)
        clock.begin()
        try:
            if self._channel.has_unread:
                raise Malformed("an answer came before its question")
            self._channel.send(request | {"id": self._count}, payload, watch)
            while True:
                header, answer = self._channel.receive(watch)
                if header == {"callback": self._count} and desk is not None:
                    begin = time.monotonic()
                    self._channel.send({"op": "result"}, desk.answer(answer), watch)
                    clock.skip(time.monotonic() - begin - CALL)
                elif set(header) == {"line"} and type(header["line"]) is int and on_line is not None:
                    on_line(header["line"])
                elif header == {"id": self._count}:
                    return answer
                else:
                    raise Malformed("the answer belongs to no question")
        finally:
            self.asked += 1
            self.used = clock.processor()
            self.charged = clock.charged if watch.looked else self.used
            self.interrupted = watch.interrupted

    def interrupt(self) -> None:
        signal.pidfd_send_signal(self._handle, signal.SIGALRM)

    def kill(self) -> None:
        """End the process and, with its PID namespace, everything that it started."""
        signal.pidfd_send_signal(self._handle, signal.SIGKILL)
        select.select([self._handle], [], [], 10)
        self._clock.close()
        os.close(self._handle)
        self._channel.close()
        self._scratch.cleanup()


class _Watch:
    """How long to wait for a worker's answer; see `frames.Patient`. The clock is not looked at for quick answers."""

    def __init__(self, worker: Worker, seconds: float, interrupt: bool):
        self._worker, self._seconds, self._may_interrupt = worker, seconds, interrupt
        self._next = time.monotonic() + FIRST_LOOK
        self.looked = self.interrupted = False

    def __call__(self) -> float:
        wait = self._next - time.monotonic()
        if wait > 0:
            return wait
        clock, grace = self._worker._clock, min(GRACE, self._seconds)
        limit = self._seconds + (grace if self.interrupted else 0.0)
        self.looked = True
        left = limit - clock.read()
        if left <= 0 and self._may_interrupt and not self.interrupted:
            self._worker.interrupt()
            self.interrupted, left = True, grace
        if left <= 0:
            raise Timeout("no answer in time")
        if clock.wall > FAR * max(limit, 1.0):
            raise NotJudged(BUSY.format(f"in {clock.wall:.0f} s a process got {clock.charged:.1f} s of it"), again=True)
        wait = max(0.005, min(LOOK, left))
        self._next = time.monotonic() + wait
        return wait


def _within(seconds: float, begin: float) -> Callable[[], float]:
    """The patience for a process that runs only the kit's own code."""

    def patient() -> float:
        left = begin + seconds - time.monotonic()
        if left <= 0:
            raise NotJudged(BUSY.format(f"a process was not ready after {seconds:g} s"), again=True)
        return left

    return patient
