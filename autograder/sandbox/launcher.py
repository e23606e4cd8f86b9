"""The trusted end of the warm process (`autograder.sandbox.zygote`): start it, and have it fork workers.

Starting takes seconds, most of them for importing torch, so a command starts it first (`begin`) and goes on with its
own work until it needs it. One warm process serves all judges of a class: each has a line of its own to it, and when a
line closes, because its judge has ended or was killed, the workers that were forked on it are ended.

This module imports no torch, so that it can be asked first.
"""

from __future__ import annotations

import atexit
import json
import socket
import subprocess
import sys
from pathlib import Path

from autograder.sandbox import walls
from autograder.sandbox.walls import Walls, control_group
from toolbox.errors import KitError, NotJudged

ROOT = Path(__file__).resolve().parents[2]
# The finder first: from then on this process cannot import what no worker may have in memory.
SCRIPT = """
import pathlib, sys
root = pathlib.Path(sys.argv[1])
sys.path.insert(0, str(root))
from autograder.sandbox.modules_in_memory import narrow
finder = narrow(root / "lib")
from autograder.sandbox.zygote import main
sys.path.remove(str(root))
main(int(sys.argv[2]), sys.argv[3], finder)
"""
LIBRARIES = 2**30  # bytes: more than what the warm process itself takes
PATIENCE = 120  # seconds for the warm process to start, or to fork


class Unconfined(KitError, RuntimeError):
    """This machine cannot hold student code in. The message says what is missing and what to do."""


class Line:
    """A line to a warm process."""

    def __init__(self, end: socket.socket):
        self._end = end
        self._end.settimeout(PATIENCE)

    @property
    def alive(self) -> bool:
        """Whether it makes sense to ask; `fork` finds out."""
        return True

    def fork(self, request: dict, read_fd: int, write_fd: int) -> int:
        """A new worker on these pipes; returns a handle (pidfd) on its process. Raises OSError where there is none."""
        socket.send_fds(self._end, [json.dumps(request).encode()], [read_fd, write_fd])
        _, handles, _, _ = socket.recv_fds(self._end, 64, 1)
        if not handles:
            raise ConnectionError("the warm process has gone")
        return handles[0]

    def hang_up(self) -> None:
        """Close this process's end of the line."""
        self._end.close()

    close = hang_up


class Warm(Line):
    """A warm process, started here, and the first line to it. `group`: True where a control group holds it and its
    workers, else why not.

    trust: go on where a protection has no wall. Where not, asking for `walls`, for another line or for a worker raises
    Unconfined.
    """

    def __init__(self, trust: bool = False):
        cache = ROOT / "classroom" / ".cache"
        cache.mkdir(parents=True, exist_ok=True)
        course = [str(ROOT / "data")]
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        super().__init__(ours)
        words = [ROOT, theirs.fileno(), json.dumps({"course": course})]
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
        self._lines = 1
        self._group, self.group = _group(self._process.pid)
        atexit.register(self.close)
        self._trust = trust
        self._walls: Walls | None = None

    @property
    def walls(self) -> Walls:
        """What holds student code in here; waits until the process has started."""
        if self._walls is None:
            answer = self._end.recv(65536)
            if not answer:
                words = self._process.stderr.read().decode(errors="replace")[-2000:]
                raise NotJudged(f"the process that student code runs in did not start:\n{words}")
            self._process.stderr.close()
            self._walls = Walls(**json.loads(answer))
        if not self._trust and (gaps := self._walls.gaps()):
            self.close()
            listed = "".join(f"\n  {what}: {why}" for what, why in gaps.items())
            raise Unconfined(
                f"student code cannot be held in on this machine; nothing protects{listed}\n"
                "Run `python -m autograder doctor` for what would help. If you trust every student, --trust-students "
                "grades without it."
            )
        return self._walls

    @property
    def alive(self) -> bool:
        return self._process.poll() is None

    def trusting(self, trust: bool) -> Warm:
        """This one, for a judge who trusts the students, or not."""
        self._trust = trust
        return self

    def another_line(self) -> Line:
        """A line of its own for another judge."""
        _ = self.walls
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._lines += 1
        if self._group is not None:
            self._group.allow(*_share(self._lines))
        with theirs:
            socket.send_fds(self._end, [json.dumps({"line": True}).encode()], [theirs.fileno()])
        return Line(ours)

    def fork(self, request: dict, read_fd: int, write_fd: int) -> int:
        _ = self.walls
        return super().fork(request, read_fd, write_fd)

    def close(self) -> None:
        """End the warm process and, with it, every worker."""
        atexit.unregister(self.close)
        self.hang_up()
        self._process.kill()
        self._process.wait()
        if self._group is not None:
            self._group.close()


def _group(pid: int) -> tuple[control_group.Group | None, bool | str]:
    """A control group around a process that has just begun, and True; or None, and why there is none."""
    group = None
    try:
        group = control_group.Group(*_share(1))
        group.add(pid)
        return group, True
    except control_group.Unavailable as error:
        if group is not None:
            group.close()
        return None, str(error)


def _share(lines: int) -> tuple[int, int]:
    """(bytes, processes) for the warm process and a worker on each line, for every judge has one at a time."""
    limits = walls.Limits()
    return LIBRARIES + lines * (limits.memory + limits.scratch), lines * control_group.THREADS


_warm: Line | None = None
_trust = False


def begin(*, fresh: bool = False, trust: bool | None = None) -> Line:
    """The one warm process of this process, which may still be starting; trust: see Warm, None: as the last time."""
    global _warm, _trust
    _trust = _trust if trust is None else trust
    if _warm is not None and (fresh or not _warm.alive):
        _warm.close()
        _warm = None
    if _warm is None:
        _warm = Warm(trust=_trust)
    return _warm.trusting(_trust) if isinstance(_warm, Warm) else _warm


def warm(*, fresh: bool = False, trust: bool | None = None) -> Line:
    """As `begin`, once it has started. Raises Unconfined where this machine cannot hold student code in."""
    line = begin(fresh=fresh, trust=trust)
    if isinstance(line, Warm):
        _ = line.walls
    return line


def use(other: Line) -> None:
    """Fork workers on this line from now on."""
    global _warm
    _warm = other


def take_over(line: Line) -> None:
    """In a forked judge: fork workers on this line from now on, and let go of the one that came along."""
    if _warm is not None:
        _warm.hang_up()
    use(line)


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
