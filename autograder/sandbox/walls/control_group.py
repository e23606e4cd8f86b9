"""A control group for the workers, where one can be had: limits on memory and processes of all of them together.

Never required: resource limits hold for each process, and seccomp allows no further one. The group also counts what
those do not: memory of tmpfs and of the kernel, and whatever a hole in them would let through.

Only control groups of version 2 that this user may change will do (systemd calls that delegation). Steps of `place`,
once, in the first process: find the group that we are in; where its controllers are not yet passed on, move ourselves
into a subgroup, for a group that passes controllers on may hold no processes, and pass them on. Then `Group` makes one
group for each zygote, beside it. All are removed when they are empty.
"""

from __future__ import annotations

import os
from pathlib import Path

ROOT = Path("/sys/fs/cgroup")
PROC = Path("/proc")
NEEDED = {"memory", "pids"}
GRADER, STUDENTS = "kit-grader", "kit-students"
THREADS = 512  # they count as processes


class Unavailable(Exception):
    """No control group can be had. The message says why."""


def place(root: Path = ROOT, proc: Path = PROC) -> Path:
    """The folder below which groups can be made. Raises Unavailable."""
    try:
        if not (root / "cgroup.controllers").is_file():
            raise Unavailable(f"no control groups of version 2 at {root}")
        lines = (proc / "self" / "cgroup").read_text().splitlines()
        own = root / next(line.removeprefix("0::/") for line in lines if line.startswith("0::/"))
        base = own.parent if own.name == GRADER else own
        if missing := NEEDED - _words(base / "cgroup.controllers"):
            raise Unavailable(f"no {' and '.join(sorted(missing))} controller in {base}")
        if not os.access(base, os.W_OK) or not os.access(base / "cgroup.procs", os.W_OK):
            raise Unavailable(f"{base} may not be changed by this user")
        if not NEEDED <= _words(base / "cgroup.subtree_control"):
            _pass_on(base, proc)
        return base
    except (OSError, StopIteration) as error:
        raise Unavailable(f"no control group: {str(error) or 'this process is in none'}") from None


def _pass_on(base: Path, proc: Path) -> None:
    inside = [int(word) for word in _words(base / "cgroup.procs")]
    if strangers := [pid for pid in inside if not _ours(pid, proc)]:
        raise Unavailable(f"{base} holds {len(strangers)} other processes")
    (base / GRADER).mkdir(exist_ok=True)
    for pid in inside:
        (base / GRADER / "cgroup.procs").write_text(str(pid))
    (base / "cgroup.subtree_control").write_text(" ".join(f"+{name}" for name in sorted(NEEDED)))


def _ours(pid: int, proc: Path) -> bool:
    """Whether a process is this one or stems from it."""
    while pid > 1 and pid != os.getpid():
        stat = (proc / str(pid) / "stat").read_text()
        pid = int(stat[stat.rindex(")") + 2 :].split()[1])
    return pid == os.getpid()


def _words(file: Path) -> set[str]:
    return set(file.read_text(encoding="utf-8").split())


class Group:
    """A group with limits of its own; raises Unavailable where none can be made.

    memory: bytes, for all of its processes together; swap is not given. processes: how many, threads included.
    """

    def __init__(self, memory: int, processes: int = THREADS, base: Path | None = None):
        base = place() if base is None else base
        for old in base.glob(f"{STUDENTS}-*"):  # of graders that were killed
            _remove(old)
        self.path = base / f"{STUDENTS}-{os.getpid()}"
        try:
            self.path.mkdir(exist_ok=True)
            self.allow(memory, processes)
        except OSError as error:
            _remove(self.path)
            raise Unavailable(f"{self.path} takes no limits: {error.strerror}") from None
        try:
            (self.path / "memory.swap.max").write_text("0")
        except OSError:  # a kernel that does not count swap
            pass

    def allow(self, memory: int, processes: int) -> None:
        """Set the limits anew; see the class."""
        (self.path / "memory.max").write_text(str(memory))
        (self.path / "pids.max").write_text(str(processes))

    def add(self, pid: int) -> None:
        """Put a process into the group, and with it all that it starts from now on."""
        try:
            (self.path / "cgroup.procs").write_text(str(pid))
        except OSError as error:
            raise Unavailable(f"{self.path} takes no process: {error.strerror}") from None

    def close(self) -> None:
        """End whatever is still in the group, and remove it."""
        try:
            (self.path / "cgroup.kill").write_text("1")
        except OSError:  # Linux before 5.14: the PID namespace has ended them
            pass
        _remove(self.path)


def _remove(path: Path) -> None:
    try:
        path.rmdir()
    except OSError:  # not empty yet: a later run removes it
        pass
