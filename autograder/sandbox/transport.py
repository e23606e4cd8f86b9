"""What `student` stands on in grading: workers that answer its calls, and fresh ones after a death.

`RemoteTransport` is what `student` stands on in grading. It answers every failure as a reply of the same form that the
worker itself would send, so that a death costs the call that caused it and nothing else. Whose fault a death is, is
found by trying again: a call that ends a worker which has done other things before (run cells, started threads) is made
once more in a fresh one, and only what ends a fresh one is to blame. Where no worker can be had, or where one is
starved by everything else that the machine does, nobody is to blame: NotJudged.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace

from autograder.sandbox.outputs import read_outputs
from autograder.sandbox.remote_worker import HandInLimits, Worker
from autograder.sandbox.visible import NOTHING, View
from toolbox.calling import calls
from toolbox.calling.callbacks import Answering, Desk
from toolbox.errors import Crashed, Malformed, StudentError, Timeout
from toolbox.notebook.cells import Cell

STRIKES = 2  # a function that ended so many fresh workers is not tried again; one that hung, not even once
RESTARTS = 150  # of workers, for one hand-in
LOAD = 1.0  # seconds that loading a module may always take: what hung before was a function of it
LEFT_OUT = 6  # statements of a module that end or hang the process which loads it, for one hand-in


@dataclass
class RemoteTransport:
    """Answers `student`'s calls from workers that hold `files`; runs the notebook's cells in one of them first.

    files: path -> content, e.g. lib/backprop/flat.py. cells: the code cells to run, check cells left out. modules: the
    names of those that were handed in, which are loaded before anything else. view: what the workers see of the course.
    allowed: how many backward passes of autograd each call may start; desk: where calls of given functions arrive;
    `Student` sets both. At first one worker does everything. After a death, modules and notebook are kept apart: calls
    of modules get one in which no cell has run. loaded: what was left out of the modules, as plain data. needs: see
    `allow`.
    """

    files: dict[str, bytes]
    cells: list[Cell]
    limits: HandInLimits = field(default_factory=HandInLimits)
    modules: tuple[str, ...] = ()
    view: View = NOTHING
    allowed: int = 0
    desk: Answering = field(default_factory=Desk)

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
                    self.desk.restart()
                    for steps in self._script[1]:  # what the objects of this script were made by
                        worker.ask(request, steps, self._calls.limit(self._own), desk=self.desk)
                answer = worker.ask(request, payload, self._calls.limit(self._own), desk=self.desk)
                in_time, self.need = True, max(self.need, worker.used)
                return calls.read_reply(answer)
            except (Timeout, Crashed, Malformed) as error:
                self._forget(worker)
                # Cells, threads and earlier calls may have done it: only what ends a fresh worker is to blame.
                if first:
                    strikes.append(_named(error, key))
            except BaseException:  # raised by a given function: the worker waits for it in vain
                self._forget(worker)
                raise
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
            notes = worker.ask(request, b"", self._calls.limit(LOAD), on_line=on_line)
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
