"""Attempts to climb the walls: what a worker must not get away with, tried before a class is graded and by `doctor`.

Steps: lay a canary into the course and one into the temporary folder; let one worker try everything in one go; where it
does not live to tell, give each attempt a worker of its own. Only the kit's own code runs here, so what it reports can
be believed.
"""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from glob import escape, iglob
from itertools import islice
from pathlib import Path

from autograder.sandbox.launcher import ROOT
from autograder.sandbox.remote_worker import HandInLimits, Worker
from autograder.sandbox.walls import places
from toolbox.errors import StudentError

SECONDS = 20.0
SECRETS = (
    "autograder/judging/judge.py", "nbgrader_config.py", ".git/config", "classroom/gradebook.db", "solutions/*.py",
    "autograder/course/*/checks/*.py", "classroom/submitted/*/*/*.ipynb", "classroom/verdicts/*/*.json",
)  # fmt: skip
AT_HOME = (".ssh", ".netrc", ".gitconfig", ".bashrc", ".profile", ".bash_history", ".config", "Documents")


@dataclass(frozen=True)
class Probe:
    """what: names what a worker must not be able to do. wall: the one that should hold, as `doctor` calls it. code:
    does it; an exception means that it was stopped. Where it succeeds, it does no harm: modes are set to what they are.
    """

    what: str
    wall: str
    code: str


PROBES = (
    Probe("read the course: tests, solutions, hand-ins, grades", "namespaces",
          "each(secrets, lambda path: open(path, 'rb').read(1))"),
    Probe("list the course's folders", "namespaces", "each(courses, look_for_the_grader)"),
    Probe("read what lies at the grader's home", "namespaces", "each(at_home, look_into)"),
    Probe("read temporary files of others", "namespaces", "open(canaries[1]).read()"),
    Probe("look at other processes", "namespaces", "each(['/proc/1/stat', '/proc/self/stat'], look_into)"),
    Probe("write to files outside its folder", "namespaces", "each(canaries, lambda path: open(path, 'r+b'))"),
    Probe("make files outside its folder", "namespaces",
          "each(places, lambda path: os.open(path, os.O_CREAT | os.O_EXCL))"),
    Probe("cut files outside short", "namespaces",
          "each(canaries, lambda path: os.truncate(path, os.stat(path).st_size))"),
    Probe("change the mode of files outside", "seccomp",
          "each(canaries, lambda path: os.chmod(path, os.stat(path).st_mode & 0o7777))"),
    Probe("change the times of files outside", "seccomp", "each(canaries, os.utime)"),
    Probe("change attributes of files outside", "seccomp",
          "each(canaries, lambda path: os.setxattr(path, 'user.kit', b''))"),
    Probe("open sockets", "seccomp", "each(families, lambda family: socket.socket(family, socket.SOCK_DGRAM))"),
    Probe("signal everyone", "seccomp", "os.kill(-1, 0)"),
    Probe("make namespaces", "seccomp", "call('unshare', 0x10000000)"),
    Probe("trace a process", "seccomp", "call('ptrace', 0x4206, 1, 0, 0)"),
    Probe("take 100 GB", "limits", "bytearray(10**11)"),
    Probe("write a file of 1 GB", "limits", "open('big', 'wb').truncate(10**9)"),
    Probe("start threads without end", "threads", "threads()"),
    Probe("start a process", "seccomp", "child()"),
    Probe("start a program", "seccomp", "os.execv('/bin/true', ['true'])"),
)  # fmt: skip
PRELUDE = """
import ctypes, json, os, socket, threading

families = [socket.AF_INET, socket.AF_INET6, socket.AF_UNIX, socket.AF_NETLINK]

def each(targets, attempt):
    refused = FileNotFoundError('nothing of the kind is here')
    for target in targets:
        try:
            attempt(target)
        except OSError as error:
            refused = error
        else:
            return
    raise refused

def look_for_the_grader(course):
    if not {'autograder', 'solutions', 'classroom'} & set(os.listdir(course)):
        raise FileNotFoundError(f'only what is for students: {course}')

def look_into(path):
    os.listdir(path) if os.path.isdir(path) else open(path, 'rb').read(1)

def call(name, *arguments):
    libc = ctypes.CDLL(None, use_errno=True)
    if getattr(libc, name)(*arguments):
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))

def threads():
    gate = threading.Event()
    try:
        for _ in range(600):
            threading.Thread(target=gate.wait, daemon=True).start()
    finally:
        gate.set()

def child():
    if os.fork() == 0:
        os._exit(0)
"""
TRY = """
def attempt(code):
    try:
        exec(code, globals())
    except BaseException as error:
        return f"{type(error).__name__}: {error}"[:200]

print(json.dumps([attempt(code) for code in codes]))
"""


def climb() -> dict[str, str | None]:
    """Let a worker try each; returns what it got: the exception as text, None where it got away with it."""
    with _targets() as targets:
        given = PRELUDE + "".join(f"{name} = {value!r}\n" for name, value in targets.items())
        try:
            got = _ask(given, PROBES)
        except StudentError:
            got = [_alone(given, probe) for probe in PROBES]
    return {probe.what: error for probe, error in zip(PROBES, got, strict=True)}


def _ask(given: str, probes: tuple[Probe, ...]) -> list[str | None]:
    worker = Worker({}, HandInLimits())
    try:
        code = f"{given}codes = {[probe.code for probe in probes]!r}\n{TRY}"
        outputs = json.loads(worker.ask({"op": "run"}, code.encode(), SECONDS))
    finally:
        worker.kill()
    text = "".join(output.get("text", "") for output in outputs)
    try:
        return json.loads(text.splitlines()[-1])
    except (IndexError, ValueError):
        raise RuntimeError(f"the walls could not be tried: {outputs}") from None


def _alone(given: str, probe: Probe) -> str | None:
    """As `climb`, of one probe; who ends the worker has got away with something."""
    try:
        return _ask(given, (probe,))[0]
    except StudentError:
        return None


@contextmanager
def _targets() -> Iterator[dict[str, list[str]]]:
    """What there is to be read and changed, by the names that the probes use."""
    courses = [str(ROOT), *places.aliases(str(ROOT))]
    secrets = [path for top in courses for pattern in SECRETS for path in islice(iglob(f"{escape(top)}/{pattern}"), 1)]
    home, cache = Path.home(), ROOT / "classroom" / ".cache"
    with _canary(cache) as inside, _canary(Path(tempfile.gettempdir())) as other:
        outside = [f"{inside}-made", f"{other}-made", "/dev/shm/kit-canary", "/var/tmp/kit-canary"]
        try:
            yield {
                "courses": courses,
                "secrets": secrets,
                "canaries": [inside, other],
                "places": outside,
                "at_home": [str(home / name) for name in AT_HOME if (home / name).exists()],
            }
        finally:
            for path in outside:
                with suppress(OSError):
                    os.unlink(path)


@contextmanager
def _canary(folder: Path) -> Iterator[str]:
    """A file that anybody may read and change: what protects it must not be its own mode."""
    with tempfile.NamedTemporaryFile("w", encoding="utf-8", prefix="canary-", dir=folder) as file:
        file.write("seen")
        file.flush()
        os.chmod(file.name, 0o666)
        yield file.name
