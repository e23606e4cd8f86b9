"""The trusted end of a worker: have it forked, ask it, give up on it in time, start a fresh one after a death.

`RemoteTransport` is what `student` stands on in grading. It answers every failure as a reply of the same form that the
worker itself would send, so that a death costs the call that caused it and nothing else.
"""

from __future__ import annotations

import json
import os
import select
import signal
import time
from dataclasses import dataclass, field

from autograder.sandbox.frames import Channel
from autograder.sandbox.launcher import warm
from autograder.sandbox.outputs import read_outputs
from autograder.sandbox.walls.scratch import Scratch
from toolbox import calls
from toolbox.cells import Cell
from toolbox.errors import Crashed, Malformed, StudentError, Timeout

STRIKES = 2  # a function that hung or died so often is not tried again


@dataclass(frozen=True)
class Limits:
    """What one hand-in may use. Seconds of wall time; bytes beyond what the libraries take; worker processes.

    hand_in: seconds for everything together, outputs: bytes that all cells together may show.
    """

    start: float = 60.0
    call: float = 5.0
    cell: float = 20.0
    notebook: float = 120.0
    hand_in: float = 600.0
    outputs: int = 48 * 2**20
    memory: int = 4 * 2**30
    restarts: int = 12


class Worker:
    """One worker process, which holds the given files: path -> content."""

    def __init__(self, files: dict[str, bytes], limits: Limits):
        to_worker_read, to_worker_write = os.pipe()
        from_worker_read, from_worker_write = os.pipe()
        self._scratch = Scratch()  # used where the worker has no room of its own
        request = {"scratch": self._scratch.name, "limits": {"memory": limits.memory}}
        try:
            try:
                self._handle = warm().fork(request, to_worker_read, from_worker_write)
            except OSError:
                self._handle = warm(fresh=True).fork(request, to_worker_read, from_worker_write)
        finally:
            os.close(to_worker_read)
            os.close(from_worker_write)
        self._channel = Channel(from_worker_read, to_worker_write)
        self._count = 0
        try:
            content = {path: data.decode("latin-1") for path, data in files.items()}
            self._channel.send({"op": "files"}, json.dumps(content).encode(), limits.start)
            header, _ = self._channel.receive(limits.start)
            if header != {"ready": True}:
                raise Crashed(str(header.get("failed", header)))
        except StudentError as error:
            self.kill()
            raise RuntimeError(f"the worker process did not start: {error}") from error

    def ask(self, request: dict, payload: bytes, seconds: float) -> bytes:
        """One request, one answer. Raises Timeout, Crashed or Malformed; the worker is useless after any of them."""
        self._count += 1
        self._channel.send(request | {"id": self._count}, payload, seconds)
        header, answer = self._channel.receive(seconds)
        if header != {"id": self._count}:
            raise Malformed("the answer belongs to no question")
        return answer

    def kill(self) -> None:
        """End the process and, with its PID namespace, everything that it started."""
        signal.pidfd_send_signal(self._handle, signal.SIGKILL)
        select.select([self._handle], [], [], 10)
        os.close(self._handle)
        self._channel.close()
        self._scratch.cleanup()


@dataclass
class RemoteTransport:
    """Answers `student`'s calls from a worker that holds `files`; runs the notebook's cells in it first.

    files: path -> content, e.g. lib/backprop/flat.py. cells: the code cells to run, check cells left out. After a
    death the fresh worker runs them again, without the ones that killed, as soon as a test asks for something of the
    notebook.
    """

    files: dict[str, bytes]
    cells: list[Cell]
    limits: Limits = field(default_factory=Limits)

    def __post_init__(self) -> None:
        self._worker: Worker | None = None
        self._ran = False
        self._deadly: dict[int, StudentError] = {}
        self._strikes: dict[tuple[str, str], list[StudentError]] = {}
        self._restarts = 0
        self._deadline = time.monotonic() + self.limits.hand_in
        self._skip = any(cell.only_shows for cell in self.cells)

    def run_notebook(self) -> dict[int, list[dict]]:
        """Run the cells; returns each one's outputs by the cell's index. A cell that hangs or kills costs itself."""
        outputs: dict[int, list[dict]] = {}
        left, room = self.limits.notebook, self.limits.outputs
        while not self._ran:
            self._ran = True
            for cell in self.cells:
                if cell.index in self._deadly or (self._skip and cell.only_shows):
                    continue
                begin = time.monotonic()
                try:
                    if left <= 0:
                        raise Timeout("not run: the notebook as a whole took too long")
                    found = self._run_cell(cell, min(self.limits.cell, left))
                except StudentError as error:
                    self._deadly[cell.index] = error
                    outputs[cell.index] = [_error_output(error)]
                    self._forget()
                    break
                finally:
                    left -= time.monotonic() - begin
                room -= len(json.dumps(found))
                outputs.setdefault(cell.index, found if room >= 0 else [TOO_MUCH])
                if self._skip and any(output["output_type"] == "error" for output in found):
                    # Perhaps for want of a cell that was left out: begin again, with all of them.
                    self._skip = False
                    outputs.clear()
                    self._forget()
                    break
        return outputs

    def _run_cell(self, cell: Cell, seconds: float) -> list[dict]:
        # Python code that runs too long is interrupted from inside; the margin is for code that cannot be.
        seconds = min(seconds, self._left())
        answer = self._alive().ask({"op": "run", "seconds": seconds}, cell.source.encode(), seconds + 3)
        return read_outputs(answer)

    def call(self, module: str, name: str, payload: bytes) -> bytes | dict:
        if module == "notebook":
            self.run_notebook()
        return self._ask({"op": "call", "module": module, "name": name}, payload, (module, name))

    def value(self, name: str) -> bytes | dict:
        self.run_notebook()
        return self._ask({"op": "value", "name": name}, b"", ("notebook", name))

    def script(self, number: int, payload: bytes) -> bytes | dict:
        return self._ask({"op": "script", "number": number}, payload, ("script", f"script {number}"))

    def _ask(self, request: dict, payload: bytes, key: tuple[str, str]) -> bytes | dict:
        strikes = self._strikes.setdefault(key, [])
        if len(strikes) >= STRIKES:
            return calls.failure(strikes[-1].code, str(strikes[-1]))
        try:
            answer = self._alive().ask(request, payload, min(self.limits.call, self._left()))
            return calls.read_reply(answer)
        except (Timeout, Crashed, Malformed) as error:
            strikes.append(error)
            self._forget()
            what = "this check" if key[0] == "script" else f"`{key[1]}`"
            if isinstance(error, Timeout):
                return calls.failure("timeout", f"{what} got no answer within {self.limits.call:g} s")
            if isinstance(error, Crashed):
                return calls.failure("crashed", f"{what} ended the process that ran it")
            return calls.failure(error.code, str(error))

    def _left(self) -> float:
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise Timeout("not run: this hand-in as a whole took too long")
        return left

    def _alive(self) -> Worker:
        if self._worker is None:
            self._restarts += 1
            if self._restarts > self.limits.restarts:
                raise Crashed("not run: this hand-in has ended its process too often")
            self._worker = Worker(self.files, self.limits)
        return self._worker

    def _forget(self) -> None:
        self.close()
        self._ran = False

    def close(self) -> None:
        """End the worker, if there is one."""
        if self._worker is not None:
            self._worker.kill()
            self._worker = None


TOO_MUCH = {"output_type": "stream", "name": "stderr", "text": "(not shown: this notebook shows too much)\n"}


def _error_output(error: StudentError) -> dict:
    text = {
        "timeout": "this cell ran too long and was stopped",
        "crashed": "this cell ended the process that ran it",
    }.get(error.code, str(error))
    return {"output_type": "error", "ename": error.code, "evalue": text, "traceback": [f"{error.code}: {text}"]}
