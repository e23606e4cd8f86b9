"""The trusted end of a worker: have it forked, ask it, give up on it in time, start a fresh one after a death.

`RemoteTransport` is what `student` stands on in grading. It answers every failure as a reply of the same form that the
worker itself would send, so that a death costs the call that caused it and nothing else. Whose fault a death is, is
found by trying again: a call that ends a worker which has done other things before (run cells, started threads) is made
once more in a fresh one, and only what ends a fresh one is to blame. Where no worker can be had, or where one is
starved by everything else that the machine does, nobody is to blame: NotJudged.
"""

from __future__ import annotations

import json
import marshal
import os
import select
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from autograder.sandbox.clock import ProcessClock
from autograder.sandbox.frames import Channel
from autograder.sandbox.launcher import warm
from autograder.sandbox.outputs import read_outputs
from autograder.sandbox.patience import Patience
from autograder.sandbox.visible import NOTHING, View
from autograder.sandbox.walls.scratch import Scratch
from toolbox import calls
from toolbox.cells import Cell
from toolbox.errors import Crashed, Malformed, NotJudged, StudentError, Timeout

STRIKES = 2  # a function that ended so many fresh workers is not tried again; one that hung, not even once
RESTARTS = 150  # of workers, for one hand-in
LEFT_OUT = 6  # statements of a module that end or hang the process which loads it, for one hand-in
FIRST_LOOK, LOOK = 0.1, 0.25  # seconds between two looks at a worker's clock
GRACE = 2.0  # seconds for a cell to end by itself once it has been interrupted
FAR = 40  # a wall-clock backstop, in units of a limit; it strikes a worker that gets a fortieth of a core
BUSY = "this machine was too busy: {}"
Answer = Callable[[bytes], bytes]


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
                self._handle = warm().fork(request, to_worker_read, from_worker_write)
            except OSError:
                self._handle = warm(fresh=True).fork(request, to_worker_read, from_worker_write)
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
            content = marshal.dumps([files, dict(view.modules), view.absent])
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
        call_back: Answer | None = None, on_line: Callable[[int], None] | None = None, interrupt: bool = False,
    ) -> bytes:  # fmt: skip
        """One request, one answer, within so many seconds of `autograder.sandbox.clock`.

        call_back: carries out what the worker calls back for meanwhile, at our own cost. on_line: is told which line
        of a module is about to be run. interrupt: when the time is up, interrupt the cell once before giving up.
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
                if header == {"callback": self._count} and call_back is not None:
                    begin = time.monotonic()
                    self._channel.send({"op": "result"}, call_back(answer), watch)
                    clock.skip(time.monotonic() - begin)
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


@dataclass
class RemoteTransport:
    """Answers `student`'s calls from workers that hold `files`; runs the notebook's cells in one of them first.

    files: path -> content, e.g. lib/backprop/flat.py. cells: the code cells to run, check cells left out. modules: the
    names of those that were handed in, which are loaded before anything else. view: what the workers see of the course.
    allowed: how many backward passes of autograd each call may start; `Student` sets it. At first one worker does
    everything. After a death, modules and notebook are kept apart: calls of modules get one in which no cell has run.
    loaded: what was left out of the modules, as plain data. needs: see `allow`.
    """

    files: dict[str, bytes]
    cells: list[Cell]
    limits: HandInLimits = field(default_factory=HandInLimits)
    modules: tuple[str, ...] = ()
    view: View = NOTHING
    allowed: int = 0
    call_back: Answer | None = None

    def __post_init__(self) -> None:
        self._workers: dict[bool, Worker] = {}  # of the notebook, and of the modules alone
        self._apart = False
        self._outputs: dict[int, list[dict]] | None = None
        self._deadly: dict[int, StudentError] = {}
        self._strikes: dict[tuple[str, str], list[StudentError]] = {}
        self._skipped_lines: dict[str, list[tuple[int, str]]] = {}
        self._script: tuple[int, list[bytes]] = (0, [])
        self._restarts = 0
        self._skip = any(cell.only_shows for cell in self.cells)
        accounts = self.limits.calls, self.limits.cells, self.limits.pictures
        self._calls, self._cells, self._pictures = (replace(patience) for patience in accounts)
        self._own: float | None = None
        self.loaded: dict[str, list[dict]] = {}
        self.need = 0.0

    def allow(self, seconds: float | None) -> None:
        """Calls may take so many seconds from now on, None: as many as any other. `need` is counted anew: the seconds
        of processor time that the longest call since then has taken."""
        self._own, self.need = seconds, 0.0

    # The notebook

    def run_notebook(self) -> dict[int, list[dict]]:
        """Run the cells, once; returns each one's outputs by the cell's index. A cell that hangs or ends its process
        costs itself."""
        if self._outputs is None:
            self._worker(notebook=True)
        return self._outputs or {}

    def _run_cells(self, worker: Worker) -> bool:
        """Run all cells but the deadly ones; whether the worker has outlived them."""
        outputs: dict[int, list[dict]] = {}
        room = self.limits.outputs
        for cell in self.cells:
            if cell.index in self._deadly or (self._skip and cell.only_shows):
                continue
            try:
                found = self._run_cell(worker, cell)
            except StudentError as error:
                self._deadly[cell.index] = error
                return False
            room -= len(json.dumps(found))
            outputs[cell.index] = found if room >= 0 else [TOO_MUCH]
            if self._skip and any(output.get("ename") == "NameError" for output in found):
                self._skip = False  # perhaps for want of a cell that was left out: begin again, with all of them
                return False
        outputs |= {index: [_error_output(error)] for index, error in self._deadly.items()}
        if self._outputs is None:
            self._outputs = outputs
        return True

    def _run_cell(self, worker: Worker, cell: Cell) -> list[dict]:
        patience = self._pictures if cell.only_shows else self._cells
        in_time = False
        try:
            answer = worker.ask({"op": "run"}, cell.source.encode("utf-8", "replace"), patience.limit(), interrupt=True)
            in_time = not worker.interrupted
            return read_outputs(answer)
        finally:
            patience.spend(worker.charged, in_time=in_time)

    # Calls

    def call(self, module: str, name: str, payload: bytes) -> bytes | dict:
        request = {"op": "call", "module": module, "name": name, "autograd": self.allowed}
        return self._ask(request, payload, (module, name), notebook=module == "notebook")

    def value(self, name: str) -> bytes | dict:
        return self._ask({"op": "value", "name": name}, b"", ("notebook", name), notebook=True)

    def script(self, number: int, payload: bytes) -> bytes | dict:
        if self._script[0] != number:
            self._script = number, []
        # The steps name the modules that they need; a word too many costs a run of the cells, no more.
        notebook = any(b"notebook" in steps for steps in (*self._script[1], payload))
        request = {"op": "script", "number": number, "autograd": self.allowed}
        reply = self._ask(request, payload, ("script", f"script {number}"), notebook)
        self._script[1].append(payload)
        return reply

    def _ask(self, request: dict, payload: bytes, key: tuple[str, str], notebook: bool) -> bytes | dict:
        strikes = self._strikes.setdefault(key, [])
        while not strikes or (len(strikes) < STRIKES and not isinstance(strikes[-1], Timeout)):
            worker = self._worker(notebook)
            first, in_time = worker.asked == 0, False
            try:
                if request["op"] == "script" and first:
                    for steps in self._script[1]:  # what the objects of this script were made by
                        worker.ask(request, steps, self._calls.limit(self._own), call_back=self.call_back)
                answer = worker.ask(request, payload, self._calls.limit(self._own), call_back=self.call_back)
                in_time, self.need = True, max(self.need, worker.used)
                return calls.read_reply(answer)
            except (Timeout, Crashed, Malformed) as error:
                self._forget(worker)
                # Cells, threads and earlier calls may have done it: only what ends a fresh worker is to blame.
                if first:
                    strikes.append(_named(error, key))
            finally:
                self._calls.spend(worker.charged, self._own, in_time=in_time)
        return calls.failure(strikes[-1].code, str(strikes[-1]))

    # Workers

    def _worker(self, notebook: bool) -> Worker:
        """A worker that has loaded the modules and, for the notebook, run its cells. Raises Crashed, NotJudged."""
        notebook = notebook or not self._apart
        while notebook not in self._workers:
            worker = self._start()
            if worker is None:
                continue
            if notebook and not self._run_cells(worker):
                self._apart = self._apart or bool(self._deadly)
                worker.kill()
                continue
            worker.asked = 0
            self._workers[notebook] = worker
        return self._workers[notebook]

    def _start(self) -> Worker | None:
        """A fresh worker with its modules loaded; None where loading ended it, and the statement is noted."""
        self._restarts += 1
        if self._restarts > RESTARTS:
            raise Crashed("not run: this hand-in has ended its process too often")
        worker = Worker(self.files, self.limits, self.view)
        for module in self.modules:
            if not self._load(worker, module):
                worker.kill()
                return None
        return worker

    def _load(self, worker: Worker, module: str) -> bool:
        skipped = self._skipped_lines.setdefault(module, [])
        if len(skipped) >= LEFT_OUT:
            return True
        line, in_time = 0, False

        def on_line(number: int) -> None:
            nonlocal line
            line = number

        try:
            request = {"op": "load", "module": module, "skip": skipped}
            notes = worker.ask(request, b"", self._calls.limit(), on_line=on_line)
            in_time = True
            self.loaded.setdefault(module, read_notes(notes, module))
            return True
        except (Timeout, Crashed, Malformed) as error:
            skipped.append((line, "timeout" if isinstance(error, Timeout) else "crashed"))
            return False
        finally:
            self._calls.spend(worker.charged, in_time=in_time)

    def _forget(self, worker: Worker) -> None:
        self._apart = True
        self._workers = {notebook: other for notebook, other in self._workers.items() if other is not worker}
        worker.kill()

    def close(self) -> None:
        """End the workers."""
        for worker in self._workers.values():
            worker.kill()
        self._workers.clear()


TOO_MUCH = {"output_type": "stream", "name": "stderr", "text": "(not shown: this notebook shows too much)\n"}


def read_notes(blob: bytes, module: str) -> list[dict]:
    """What a worker says it left out of a module: {"line", "statement", "code", "about", "message"} each, to be shown
    and not to be believed. Raises Malformed for anything else."""
    notes = calls.wire.unpack(blob)
    fields = {"line": int, "statement": str, "code": str, "about": str, "message": str}
    if type(notes) is not list or len(notes) > 1000:
        raise Malformed("what was left out of a module is not told in the promised form")
    for note in notes:
        if type(note) is not dict or {key: type(value) for key, value in note.items()} != fields:
            raise Malformed("what was left out of a module is not told in the promised form")
    return [
        {"module": module, "line": note["line"]} | {key: note[key][:300] for key in fields if key != "line"}
        for note in notes
    ]


def _named(error: StudentError, key: tuple[str, str]) -> StudentError:
    """The error with the name of what it happened in."""
    what = "this check" if key[0] == "script" else f"`{key[1]}`"
    if isinstance(error, Timeout):
        return Timeout(f"{what} gave {error}")
    if isinstance(error, Crashed):
        return Crashed(f"{what} ended the process that ran it")
    return error


def _error_output(error: StudentError) -> dict:
    text = {
        "timeout": "this cell ran too long and was stopped",
        "crashed": "this cell ended the process that ran it",
    }.get(error.code, str(error))
    return {"output_type": "error", "ename": error.code, "evalue": text, "traceback": [f"{error.code}: {text}"]}
