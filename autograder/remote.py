"""The trusted end of a worker: start it, ask it, give up on it in time, start a fresh one after a death.

`RemoteTransport` is what `student` stands on in grading. It answers every failure as a reply of the same form that the
worker itself would send, so that a death costs the call that caused it and nothing else.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

from autograder.frames import Channel
from toolbox import calls
from toolbox.cells import Cell
from toolbox.errors import Crashed, Malformed, StudentError, Timeout

ROOT = Path(__file__).resolve().parent.parent
SCRIPT = "import sys; sys.path[:0] = sys.argv[1:3]; from autograder.worker import serve; del sys.path[1]; "
SCRIPT += "serve(sys.argv[3], *map(int, sys.argv[4:7]))"
STRIKES = 2  # a function that hung or died so often is not tried again


@dataclass(frozen=True)
class Limits:
    """What one hand-in may use. Seconds of wall time; bytes beyond what the libraries take."""

    start: float = 60.0
    call: float = 5.0
    cell: float = 20.0
    notebook: float = 120.0
    memory: int = 4 * 2**30
    restarts: int = 12


class Worker:
    """One worker process."""

    def __init__(self, folder: Path, limits: Limits):
        to_worker_read, to_worker_write = os.pipe()
        from_worker_read, from_worker_write = os.pipe()
        arguments = [ROOT / "lib", ROOT, folder, to_worker_read, from_worker_write, limits.memory]
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-I", "-c", SCRIPT, *map(str, arguments)],
                pass_fds=(to_worker_read, from_worker_write),
                env=environment(folder),
                cwd=folder,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )
        finally:
            os.close(to_worker_read)
            os.close(from_worker_write)
        self._channel = Channel(from_worker_read, to_worker_write)
        self._count = 0
        try:
            self._channel.receive(limits.start)
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
        """End the process and everything in its process group."""
        try:
            os.killpg(self._process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self._process.wait()
        self._channel.close()


def environment(scratch: Path) -> dict[str, str]:
    """The environment of a worker: nothing of the grader's."""
    return {
        "PATH": "/usr/bin:/bin",
        "HOME": str(scratch),
        "TMPDIR": str(scratch),
        "LANG": "C.UTF-8",
        "MPLBACKEND": "module://matplotlib_inline.backend_inline",
        "MPLCONFIGDIR": str(scratch / ".config"),
        "IPYTHONDIR": str(scratch / ".config"),
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
        "PYTHONHASHSEED": "0",
    }


@dataclass
class RemoteTransport:
    """Answers `student`'s calls from a worker that serves `folder`; runs the notebook's cells in it first.

    cells: the code cells to run, check cells left out. After a death the fresh worker runs them again, without the
    ones that killed, as soon as a test asks for something of the notebook.
    """

    folder: Path
    cells: list[Cell]
    limits: Limits = field(default_factory=Limits)

    def __post_init__(self) -> None:
        self._worker: Worker | None = None
        self._ran = False
        self._deadly: dict[int, StudentError] = {}
        self._strikes: dict[tuple[str, str], list[StudentError]] = {}
        self._restarts = 0

    def run_notebook(self) -> dict[int, list[dict]]:
        """Run the cells; returns each one's outputs by the cell's index. A cell that hangs or kills costs itself."""
        outputs: dict[int, list[dict]] = {}
        left = self.limits.notebook
        while not self._ran:
            self._ran = True
            for cell in self.cells:
                if cell.index in self._deadly:
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
                outputs.setdefault(cell.index, found)
        return outputs

    def _run_cell(self, cell: Cell, seconds: float) -> list[dict]:
        # Python code that runs too long is interrupted from inside; the margin is for code that cannot be.
        answer = self._alive().ask({"op": "run", "seconds": seconds}, cell.source.encode(), seconds + 3)
        return read_outputs(answer)

    def call(self, module: str, name: str, payload: bytes) -> bytes:
        if module == "notebook":
            self.run_notebook()
        return self._ask({"op": "call", "module": module, "name": name}, payload, (module, name))

    def value(self, name: str) -> bytes:
        self.run_notebook()
        return self._ask({"op": "value", "name": name}, b"", ("notebook", name))

    def script(self, number: int, payload: bytes) -> bytes:
        return self._ask({"op": "script", "number": number}, payload, ("script", f"script {number}"))

    def _ask(self, request: dict, payload: bytes, key: tuple[str, str]) -> bytes:
        strikes = self._strikes.setdefault(key, [])
        if len(strikes) >= STRIKES:
            return calls.failure(strikes[-1].code, str(strikes[-1]))
        try:
            answer = self._alive().ask(request, payload, self.limits.call)
            calls.read_reply(answer)
            return answer
        except (Timeout, Crashed, Malformed) as error:
            strikes.append(error)
            self._forget()
            what = "this check" if key[0] == "script" else f"`{key[1]}`"
            if isinstance(error, Timeout):
                return calls.failure("timeout", f"{what} got no answer within {self.limits.call:g} s")
            if isinstance(error, Crashed):
                return calls.failure("crashed", f"{what} ended the process that ran it")
            return calls.failure(error.code, str(error))

    def _alive(self) -> Worker:
        if self._worker is None:
            self._restarts += 1
            if self._restarts > self.limits.restarts:
                raise Crashed("not run: this hand-in has ended its process too often")
            self._worker = Worker(self.folder, self.limits)
        return self._worker

    def _forget(self) -> None:
        self.close()
        self._ran = False

    def close(self) -> None:
        """End the worker, if there is one."""
        if self._worker is not None:
            self._worker.kill()
            self._worker = None


def read_outputs(blob: bytes) -> list[dict]:
    """Decode and check the outputs of a cell. Raises Malformed for anything that is no list of nbformat outputs."""
    import nbformat
    from nbformat.v4 import new_code_cell, new_notebook

    try:
        outputs = json.loads(blob)
        nbformat.validate(new_notebook(cells=[new_code_cell(outputs=nbformat.from_dict(outputs))]))
    except (ValueError, RecursionError, TypeError, AttributeError, nbformat.ValidationError) as error:
        raise Malformed(f"the cell's outputs are not in notebook format ({type(error).__name__})") from None
    return outputs


def _error_output(error: StudentError) -> dict:
    text = {
        "timeout": "this cell ran too long and was stopped",
        "crashed": "this cell ended the process that ran it",
    }.get(error.code, str(error))
    return {"output_type": "error", "ename": error.code, "evalue": text, "traceback": [f"{error.code}: {text}"]}
