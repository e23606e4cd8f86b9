"""The trusted end of a worker: start it, ask it, give up on it in time, start a fresh one after a death.

`RemoteTransport` is what `student` stands on in grading. It answers every failure as a reply of the same form that the
worker itself would send, so that a death costs the call that caused it and nothing else.
"""

from __future__ import annotations

import atexit
import json
import os
import select
import signal
import socket
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

from autograder import confine
from autograder.confine import Walls, cgroup
from autograder.frames import Channel
from autograder.outputs import read_outputs
from toolbox import calls
from toolbox.cells import Cell
from toolbox.errors import Crashed, Malformed, StudentError, Timeout

ROOT = Path(__file__).resolve().parent.parent
SCRIPT = "import sys; sys.path[:0] = sys.argv[1:3]; from autograder.warm import main; del sys.path[1]; "
SCRIPT += "main(int(sys.argv[3]), sys.argv[4])"
LIBRARIES = 2**30  # bytes: more than what the warm process itself takes
STRIKES = 2  # a function that hung or died so often is not tried again


class Unconfined(RuntimeError):
    """This machine cannot hold student code in. The message says what is missing and what to do."""


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


class Warm:
    """The warm process of this judge, started when first needed. `walls`: what holds student code in here; `group`:
    True where a control group holds it, too, else why not.

    trust: go on where a protection has no wall. Raises Unconfined otherwise.
    """

    def __init__(self, trust: bool = False):
        cache = ROOT / "classroom" / ".cache"
        cache.mkdir(parents=True, exist_ok=True)
        course = [str(ROOT / "lib"), str(ROOT / "data")]
        self._line, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        words = [ROOT / "lib", ROOT, theirs.fileno(), json.dumps({"course": course})]
        self._process = subprocess.Popen(
            [sys.executable, "-s", "-P", "-c", SCRIPT, *map(str, words)],
            pass_fds=(theirs.fileno(),),
            env=environment(cache),
            cwd="/",
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
        theirs.close()
        self._group, self.group = _group(self._process.pid)
        atexit.register(self.close)
        self._line.settimeout(120)
        answer = self._line.recv(65536)
        if not answer:
            words = self._process.stderr.read().decode(errors="replace")[-2000:]
            raise RuntimeError(f"the warm process did not start:\n{words}")
        self._process.stderr.close()
        self.walls = Walls(**json.loads(answer))
        gaps = self.walls.gaps()
        if gaps and not trust:
            self.close()
            listed = "".join(f"\n  {what}: {why}" for what, why in gaps.items())
            raise Unconfined(
                f"student code cannot be held in on this machine; nothing protects{listed}\n"
                "Run `python -m autograder doctor` for what would help. If you trust every student, --trust-students "
                "grades without it."
            )

    def fork(self, request: dict, read_fd: int, write_fd: int) -> int:
        """A new worker on these pipes; returns a handle (pidfd) on its process."""
        socket.send_fds(self._line, [json.dumps(request).encode()], [read_fd, write_fd])
        message, handles, _, _ = socket.recv_fds(self._line, 64, 1)
        if not handles:
            raise ConnectionError("the warm process has gone")
        return handles[0]

    def close(self) -> None:
        """End the warm process and, with it, every worker."""
        atexit.unregister(self.close)
        self._line.close()
        self._process.kill()
        self._process.wait()
        if self._group is not None:
            self._group.close()


def _group(pid: int) -> tuple[cgroup.Group | None, bool | str]:
    """A control group around a process that has just begun, and True; or None, and why there is none."""
    limits, group = confine.Limits(), None
    try:
        group = cgroup.Group(limits.memory + limits.scratch + LIBRARIES)
        group.add(pid)
        return group, True
    except cgroup.Unavailable as error:
        if group is not None:
            group.close()
        return None, str(error)


_warm: Warm | None = None


def warm(*, fresh: bool = False, trust: bool | None = None) -> Warm:
    """The one warm process of this process; trust: see Warm, None: as the last time."""
    global _warm, _trust
    _trust = _trust if trust is None else trust
    if _warm is not None and (fresh or _warm._process.poll() is not None):
        _warm.close()
        _warm = None
    if _warm is None:
        _warm = Warm(trust=_trust)
    return _warm


_trust = False


def use(other: Warm) -> None:
    """Fork workers from this warm process from now on."""
    global _warm
    _warm = other


class Worker:
    """One worker process, which holds the given files: path -> content."""

    def __init__(self, files: dict[str, bytes], limits: Limits):
        to_worker_read, to_worker_write = os.pipe()
        from_worker_read, from_worker_write = os.pipe()
        self._scratch = tempfile.TemporaryDirectory(prefix="hand-in-")  # used where the worker has no room of its own
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


def environment(home: Path) -> dict[str, str]:
    """The environment of student code: nothing of the grader's."""
    return {
        "PATH": "/usr/bin:/bin",
        "HOME": str(home),
        "TMPDIR": str(home),
        "LANG": "C.UTF-8",
        "MPLBACKEND": "module://matplotlib_inline.backend_inline",
        "MPLCONFIGDIR": str(home),
        "IPYTHONDIR": str(home),
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
        "PYTHONHASHSEED": "0",
        "PYTHONDONTWRITEBYTECODE": "1",
    }


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
            answer = self._alive().ask(request, payload, min(self.limits.call, self._left()))
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
