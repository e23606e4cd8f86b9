"""The trusted end of the zygote (`autograder.sandbox.zygote`): start it, and have it fork workers.

Starting takes seconds, most of them for importing torch, so a command starts it first (`begin`) and goes on with its
own work until it needs it. One zygote serves all judges of a class: each has a line of its own to it, and when a
line closes, because its judge has ended or was killed, the workers that were forked on it are ended.

This module imports no torch, so that it can be asked first.
"""

from __future__ import annotations

import atexit
import json
import os
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

from autograder.sandbox import walls
from autograder.sandbox.walls import Walls, control_group
from toolbox.errors import KitError, NotJudged

ROOT = Path(__file__).resolve().parents[2]
# The finder first: from then on this process cannot import what no worker may have in memory.
SCRIPT = """
import json, pathlib, sys
settings = json.loads(sys.argv[2])
sys.path[:] = settings["path"] + [entry for entry in sys.path if entry not in settings["path"]]
sys.path.insert(0, settings["course"])
from autograder.sandbox.modules_in_memory import narrow
finder = narrow(pathlib.Path(settings["course"], "lib"))
from autograder.sandbox.zygote import main
sys.path.remove(settings["course"])
main(int(sys.argv[1]), settings, finder)
"""
FOR_STUDENTS = ("data",)
LIBRARIES = 2**30  # bytes: more than what the zygote itself takes
PATIENCE = 120  # seconds for the zygote to start, or to fork


class Unconfined(KitError, RuntimeError):
    """This machine cannot hold student code in. The message says what is missing and what to do."""


class Line:
    """A line to a zygote."""

    def __init__(self, end: socket.socket):
        self._end = end
        self._end.settimeout(PATIENCE)

    def another_line(self) -> Line:
        """A second line to the same zygote, for another process. The lines of a judge lead to no further ones."""
        raise OSError("only the process that started a zygote opens lines to it")

    @property
    def alive(self) -> bool:
        """Whether it makes sense to ask; `fork` finds out."""
        return True

    def fork(self, request: dict, read_fd: int, write_fd: int) -> int:
        """A new worker on these pipes; returns a handle (pidfd) on its process. Raises OSError where there is none."""
        socket.send_fds(self._end, [json.dumps(request).encode()], [read_fd, write_fd])
        _, handles, _, _ = socket.recv_fds(self._end, 64, 1)
        if not handles:
            raise ConnectionError("the zygote has gone")
        return handles[0]

    def hang_up(self) -> None:
        """Close this process's end of the line."""
        self._end.close()

    close = hang_up


class Zygote(Line):
    """A zygote, started here, and the first line to it. `group`: True where a control group holds it and its
    workers, else why not; `shown`: what student code can see of this machine, once it has started.

    trust: go on where a protection has no wall. Where not, asking for `walls`, for another line or for a worker raises
    Unconfined.
    """

    def __init__(self, trust: bool = False):
        cache = ROOT / "classroom" / ".cache"
        cache.mkdir(parents=True, exist_ok=True)
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        super().__init__(ours)
        self._process = subprocess.Popen(
            [sys.executable, "-s", "-P", "-c", SCRIPT, str(theirs.fileno()), json.dumps(settings())],
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
        self._tried = False
        self.shown: list[str] = []

    @property
    def walls(self) -> Walls:
        """What holds student code in here; waits until the process has started."""
        if self._walls is None:
            answer = self._end.recv(2**20)
            if not answer:
                assert self._process.stderr is not None  # it is a pipe
                words = self._process.stderr.read().decode(errors="replace")[-2000:]
                raise NotJudged(f"the process that student code runs in did not start:\n{words}")
            if self._process.stderr is not None:
                self._process.stderr.close()
            started = json.loads(answer)
            self._walls, self.shown = Walls(**started["walls"]), started["shown"]
        if not self._trust and (gaps := self._walls.gaps()):
            self._refuse("nothing protects", [f"{what}: {why}" for what, why in gaps.items()])
        return self._walls

    def try_the_walls(self) -> None:
        """Have a worker try to climb them, once. Raises Unconfined where it gets away with anything."""
        if self._trust or self._tried:
            return
        self._tried = True
        from autograder.sandbox.probes import climb

        if away := [what for what, error in climb().items() if error is None]:
            self._refuse("when a worker tried, it could", away)

    def _refuse(self, how: str, what: list[str]) -> None:
        self.close()
        listed = "".join(f"\n  {line}" for line in what)
        raise Unconfined(
            f"student code cannot be held in on this machine; {how}{listed}\n"
            "Run `python -m autograder doctor` for what would help. If you trust every student, --trust-students "
            "grades without it."
        )

    @property
    def alive(self) -> bool:
        return self._process.poll() is None

    def trusting(self, trust: bool) -> Zygote:
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
        """End the zygote and, with it, every worker."""
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
    """(bytes, processes) for the zygote and a worker on each line, for every judge has one at a time."""
    limits = walls.Limits()
    return LIBRARIES + lines * (limits.memory + limits.scratch), lines * control_group.THREADS


_zygote: Line | None = None
_trust = False


def begin(*, fresh: bool = False, trust: bool | None = None) -> Line:
    """The line to this process's zygote, which may still be starting; trust: see Zygote, None: leave it as it is."""
    global _zygote, _trust
    _trust = _trust if trust is None else trust
    if _zygote is not None and (fresh or not _zygote.alive):
        _zygote.close()
        _zygote = None
    if _zygote is None:
        _zygote = Zygote(trust=_trust)
    return _zygote.trusting(trust) if isinstance(_zygote, Zygote) and trust is not None else _zygote


def zygote(*, fresh: bool = False, trust: bool | None = None) -> Line:
    """As `begin`, once it has started and been tried. Raises Unconfined where this machine cannot hold student code
    in.
    """
    line = begin(fresh=fresh, trust=trust)
    if isinstance(line, Zygote):
        _ = line.walls
        line.try_the_walls()
    return line


def use(other: Line) -> None:
    """Fork workers on this line from now on."""
    global _zygote
    _zygote = other


def take_over(line: Line) -> None:
    """In a forked judge: fork workers on this line from now on, and let go of the one that came along."""
    if _zygote is not None:
        _zygote.hang_up()
    use(line)


def settings() -> dict[str, str | list[str]]:
    """What the zygote must be told: the course, what of it is for students, what else is nobody's business, and
    where this process finds its packages.
    """
    return {
        "course": str(ROOT),
        "given": [str(ROOT / name) for name in FOR_STUDENTS],
        "private": [os.path.expanduser("~"), tempfile.gettempdir()],
        "path": search_path(),
    }


def search_path() -> list[str]:
    """Where packages are found: this process's own sys.path, by whatever way it came about (PYTHONPATH, a module
    system, user packages), without the folder that it was started in and what lies in the course.
    """
    asked_for = {os.path.abspath(entry) for entry in os.environ.get("PYTHONPATH", "").split(os.pathsep) if entry}
    found = []
    for entry in sys.path:
        real = Path(entry).resolve()
        in_course = real == ROOT or ROOT in real.parents
        here = entry == os.getcwd() and entry not in asked_for
        if os.path.isabs(entry) and real.exists() and not here and (not in_course or real.name == "site-packages"):
            found.append(entry)
    return found


def environment(home: Path) -> dict[str, str]:
    """The environment of student code: nothing of the grader's but where Python and its shared libraries lie."""
    libraries = os.environ.get("LD_LIBRARY_PATH", "").split(":")
    where = {"LD_LIBRARY_PATH": ":".join(path for path in libraries if os.path.isabs(path) and os.path.isdir(path))}
    where["PYTHONHOME"] = os.environ.get("PYTHONHOME", "")
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
    } | {name: value for name, value in where.items() if value}
