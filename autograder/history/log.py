"""Who changed what, and when: `classroom/log.jsonl`, a line for each change, to which lines are only added.

A line that a killed run left unfinished is no line: the next one takes its place.
"""

from __future__ import annotations

import getpass
import json
import os
import socket
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path

NAME = "log.jsonl"
BY_HAND = "changed by hand"
NONE = "–"  # in the place of a grade that is not there


@dataclass(frozen=True)
class Entry:
    """One change. number: of the state that it led to, from 1; state: its name in the history. at: ISO 8601, UTC. did:
    the command, or BY_HAND. changed: whose grade, from what to what, and why, as plain data. about: what else changed.
    """

    number: int
    state: str
    at: str
    who: str
    host: str
    did: str
    changed: list[dict] = field(default_factory=list)
    about: list[str] = field(default_factory=list)

    @property
    def assignments(self) -> set[str]:
        """The assignments in which a grade changed."""
        return {one["assignment"] for one in self.changed}

    @property
    def regraded(self) -> int:
        """How many grades changed that were there before."""
        return sum(one["before"] != NONE for one in self.changed)


def entry(number: int, state: str, did: str, changed: list[dict], about: list[str]) -> Entry:
    """An entry of now, by whoever runs this."""
    now = datetime.now(UTC).isoformat(timespec="seconds")
    return Entry(number, state, now, user(), socket.gethostname(), did, changed, about)


def user() -> str:
    """The name of the system's user, or the number where it has no name."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return str(os.getuid()) if hasattr(os, "getuid") else "?"


def read(classroom: Path) -> list[Entry]:
    """All changes, the oldest first."""
    try:
        lines = (classroom / NAME).read_bytes().split(b"\n")[:-1]  # what no newline ends was never finished
    except FileNotFoundError:
        return []
    return [Entry(**json.loads(line)) for line in lines if line.strip()]


def append(classroom: Path, entry: Entry) -> None:
    """Add a line. Only for who holds the classroom's lock."""
    path = classroom / NAME
    with open(path, "ab+") as file:
        file.seek(0)
        whole = file.read().rfind(b"\n") + 1
        file.truncate(whole)
        file.seek(whole)
        file.write(json.dumps(asdict(entry)).encode() + b"\n")
        file.flush()
        os.fsync(file.fileno())
