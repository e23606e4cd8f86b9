"""Confinement of student code, without root and without a daemon: how it works, in the order in which it happens.

1. The zygote (`sandbox.zygote`) imports the libraries and finds out what they need to be shown (`needs`); then it
   shuts itself in: fresh user, mount, network, IPC and host-name namespaces, and a root file system that shows the
   Python installation and the data, read-only (`root_folder`). No path of the grader's exists in there, `/proc` does
   not either, and the network is empty.
2. For each hand-in it forks a worker into a PID namespace of its own (`fork`): killing the worker kills all it started.
3. The worker, before it touches anything of the student's (`lock`): mounts a small folder in memory as its only
   writable place; becomes nobody, where it was root; gets threads of its own to spend (`threads`); gives up all
   capabilities; limits memory, processor time, file size, open files; Landlock, a second time, for files and TCP
   (`landlock`); seccomp, for sockets, processes and everything else it has no business with (`seccomp`).

Each protection has two walls where the kernel has both, so that one may be missing: `Walls` says which stand, `gaps`
which protections have none. Grading refuses to run with a gap unless told to trust the students. On macOS and Windows
none of the walls exist.
"""

from __future__ import annotations

import os
import resource
import socket
from dataclasses import asdict, dataclass

from autograder.sandbox.walls import asking, kernel, landlock, root_folder, seccomp, threads
from autograder.sandbox.walls.needs import Plan

NOBODY = 65534
KIND = "Linux only: there are no such walls on this system"


@dataclass
class Walls:
    """What stands. Each is True, or the reason why not, as text."""

    namespaces: bool | str = KIND  # user, mount, network, IPC; the room
    pids: bool | str = KIND
    landlock: bool | str = KIND
    seccomp: bool | str = KIND
    threads: bool | str = KIND

    def as_dict(self) -> dict:
        return asdict(self)

    def gaps(self) -> dict[str, str]:
        """The protections that nothing enforces: name -> what is missing."""
        ways = {
            "files": ("namespaces", "landlock"),
            "modes and times of files": ("namespaces", "seccomp"),
            "network": ("namespaces", "seccomp"),
            "processes": ("pids", "seccomp"),
            "system calls": ("seccomp",),
            "the machine from threads without end": ("threads",),
        }
        return {
            what: "; ".join(f"{wall}: {getattr(self, wall)}" for wall in walls)
            for what, walls in ways.items()
            if not any(getattr(self, wall) is True for wall in walls)
        }


@dataclass
class Limits:
    """What a worker may use. Bytes and seconds; memory is counted beyond what the libraries take."""

    memory: int = 4 * 2**30
    processor: int = 300
    file: int = 64 * 2**20
    scratch: int = 128 * 2**20
    open_files: int = 256
    threads: int = threads.LIMIT


def enter(plan: Plan) -> Walls:
    """Shut the zygote in, as far as this machine allows; plan: what to show inside."""
    global _PROC
    walls = Walls()
    if not kernel.LINUX:
        return walls
    walls.landlock = landlock.version() >= 1 or "this kernel has no Landlock (Linux 5.13 and newer do)"
    walls.seccomp = seccomp.available() or f"no filter for this machine ({kernel.MACHINE})"
    try:
        _PROC = os.open("/proc", os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
        _fresh_namespaces()
        root_folder.build(plan)
        walls.namespaces = walls.pids = True
    except OSError as error:
        walls.namespaces = f"{error.strerror or error} (user namespaces may be switched off on this machine)"
        walls.pids = walls.namespaces
    _try(walls)
    if walls.seccomp is True:  # once for all workers: in namespaces of their own they are all process 1
        seccomp.build(kernel.MACHINE, 1, walls.namespaces is True, landlock.version())
    return walls


_REAL_ROOT = False  # whether there are other users to become: a user namespace of one's own knows only oneself
_OWN_PIDS = -1  # the zygote's own PID namespace, opened while /proc could still be seen
_PROC = -1  # /proc, where workers must ask for threads


def _fresh_namespaces() -> None:
    global _OWN_PIDS, _REAL_ROOT
    kinds = kernel.CLONE_NEWNS | kernel.CLONE_NEWNET | kernel.CLONE_NEWIPC | kernel.CLONE_NEWUTS
    _REAL_ROOT = os.geteuid() == 0  # also where a container allows no namespaces: student code is nobody's even there
    if _REAL_ROOT:
        try:
            kernel.unshare(kinds)
            _OWN_PIDS = os.open("/proc/self/ns/pid", os.O_RDONLY | os.O_CLOEXEC)
            return
        except OSError:  # root of a container that may not: try as its own namespace's owner
            pass
    user, group = os.geteuid(), os.getegid()
    kernel.unshare(kernel.CLONE_NEWUSER | kernel.CLONE_NEWPID | kinds)
    _REAL_ROOT = False
    for name, text in (("setgroups", "deny"), ("uid_map", f"{user} {user} 1"), ("gid_map", f"{group} {group} 1")):
        with open(f"/proc/self/{name}", "w", encoding="utf-8") as file:
            file.write(text)
    _go_on_as_child()
    _OWN_PIDS = os.open("/proc/self/ns/pid", os.O_RDONLY | os.O_CLOEXEC)


def _go_on_as_child() -> None:
    """Go on in a child, the first process of a PID namespace that belongs to our own user namespace.

    An ordinary user may come back (`fork`) only into a PID namespace of their own, and only a child is ever inside one.
    """
    child = os.fork()
    if child:
        _, status = os.waitpid(child, 0)
        os._exit(os.waitstatus_to_exitcode(status) & 0xFF)
    kernel.die_with_parent()


def _try(walls: Walls) -> None:
    """Try the walls that only a forked process meets: PID namespaces, and limits on threads."""
    global _PROC
    try:
        pid = fork(walls)
    except OSError as error:
        walls.pids = error.strerror or str(error)
        pid = fork(walls)
    if pid == 0:
        code = 0
        try:
            code = int(os.getpid() == 1)
            _become_nobody()
            threads.limit(3)
            code += 2 * threads.are_limited(3)
        finally:
            os._exit(code)
    found = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    if walls.pids is True and not found & 1:
        walls.pids = "a forked process did not become the first of its namespace"
    if found & 2 and walls.namespaces is True:
        os.close(_PROC)
        _PROC = -1
        walls.threads = True
    elif _PROC < 0:
        walls.threads = "no /proc to count them by"
    else:
        walls.threads = asking.is_possible() or "neither user namespaces (Linux 5.14) nor filters that ask (Linux 5.5)"


def fork(walls: Walls) -> int:
    """Fork a worker, into a PID namespace of its own where that wall stands. As os.fork."""
    if walls.pids is not True:
        return os.fork()
    kernel.unshare(kernel.CLONE_NEWPID)
    pid = -1
    try:
        pid = os.fork()
    finally:
        if pid != 0:  # only the zygote goes back; the child stays in its new namespace
            kernel.setns(_OWN_PIDS, kernel.CLONE_NEWPID)
        else:
            os.close(_OWN_PIDS)
    return pid


def must_ask() -> bool:
    """Whether a worker must ask for its threads: then `lock` needs a line for it, see `asking`."""
    return _PROC >= 0


def lock(walls: Walls, limits: Limits, present: int, scratch: str, readable: list[str], line: socket.socket | None):
    """Lock the worker up, for good. Raises OSError.

    present: bytes of address space that the libraries take; scratch: its folder where there is no room; readable: the
    folders it may read where there is no room; line: to the zygote, where it must ask.
    """
    if not kernel.LINUX:
        limit(limits, present)
        return
    in_room, asks = walls.namespaces is True, must_ask() and walls.threads is True
    counts = os.open("self/stat", os.O_RDONLY | os.O_CLOEXEC, dir_fd=_PROC) if asks else -1
    if _REAL_ROOT and not in_room:
        os.chown(scratch, NOBODY, NOBODY)
    _become_nobody()
    if must_ask():
        os.close(_PROC)
    elif walls.threads is True:
        threads.limit(limits.threads)
    kernel.die_with_parent()
    kernel.drop_privileges()
    kernel.prctl(kernel.PR_SET_DUMPABLE, 0)
    limit(limits, present)
    if walls.landlock is True and not (in_room and landlock.version() < 2):  # which forbids to move files at all
        landlock.restrict(["/"] if in_room else readable, [scratch, "/dev/null"])
    if asks and line is not None:
        asking.begin(not in_room, counts, line)
    if walls.seccomp is True:
        seccomp.restrict(in_room, landlock.version())


def _become_nobody() -> None:
    if _REAL_ROOT:
        os.setgroups([])
        os.setresgid(NOBODY, NOBODY, NOBODY)
        os.setresuid(NOBODY, NOBODY, NOBODY)


def limit(limits: Limits, present: int) -> None:
    """Resource limits, hard ones."""
    for kind, value in (
        (resource.RLIMIT_AS, present + limits.memory),
        (resource.RLIMIT_CPU, limits.processor),
        (resource.RLIMIT_FSIZE, limits.file),
        (resource.RLIMIT_NOFILE, limits.open_files),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(kind, (value, value))
