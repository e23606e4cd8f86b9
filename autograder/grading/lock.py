"""One writer at a time in a classroom: a second one says who is at work, and waits.

The lock is the operating system's: it ends with the process that holds it, however that ends. Readers (the report,
formgrader) need none; all files are put in place whole.
"""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from filelock import FileLock, Timeout

from autograder.files import write_atomically


@contextmanager
def only_writer(classroom: Path, doing: str, say: Callable[[str], None]) -> Iterator[None]:
    """Hold the classroom's lock. doing: what a second one is told; say: how to tell that one has to wait."""
    classroom.mkdir(parents=True, exist_ok=True)
    lock, note = FileLock(classroom / ".lock"), classroom / ".lock.json"
    try:
        lock.acquire(timeout=0)
    except Timeout:
        say(f"{_holder(note)} in this classroom: waiting until that is done (Ctrl-C gives up waiting).")
        lock.acquire()
    try:
        told = {
            "doing": doing,
            "process": os.getpid(),
            "host": socket.gethostname(),
            "since": f"{datetime.now():%H:%M}",
        }
        write_atomically(note, json.dumps(told).encode())
        yield
    finally:
        note.unlink(missing_ok=True)
        lock.release()


def _holder(note: Path) -> str:
    try:
        told = json.loads(note.read_bytes())
        return f"{told['doing']} (process {told['process']} on {told['host']}, since {told['since']}) is at work"
    except (OSError, ValueError, KeyError, TypeError):
        return "another command is at work"
