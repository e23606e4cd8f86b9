"""The peak memory of a command and of all processes below it, from /proc. Linux only; elsewhere it finds nothing."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

EVERY = 0.5  # seconds between two looks


class Peak:
    """What was seen: `own`, `largest`, `together`, in bytes, over all commands that were watched.

    own: VmHWM of the command itself, the most memory that it ever had. largest: the largest VmHWM of a process below
    it. together: the most that all of them had at one look, where what they share counts once (PSS); 0 where this user
    may not ask.
    """

    def __init__(self) -> None:
        self.own = self.largest = self.together = 0

    @contextmanager
    def watching(self, process: int) -> Iterator[None]:
        done = threading.Event()
        thread = threading.Thread(target=self._watch, args=(process, done), daemon=True)
        thread.start()
        try:
            yield
        finally:
            done.set()
            thread.join()

    def _watch(self, process: int, done: threading.Event) -> None:
        while not done.wait(EVERY):
            below = descendants(process)
            self.own = max(self.own, _field(process, "status", "VmHWM"))
            self.largest = max([self.largest, *(_field(pid, "status", "VmHWM") for pid in below)])
            shares = [_field(pid, "smaps_rollup", "Pss") for pid in [process, *below]]
            self.together = max(self.together, sum(shares))

    def __str__(self) -> str:
        mib = 2**20
        return (
            f"peak memory: the grader {self.own / mib:.0f} MiB, the largest process below it {self.largest / mib:.0f} "
            f"MiB, all together {self.together / mib:.0f} MiB"
        )


def descendants(process: int) -> list[int]:
    """The ids of all processes below one."""
    below: dict[int, list[int]] = {}
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
        except (OSError, ValueError):
            continue
        below.setdefault(parent, []).append(int(entry.name))
    found, left = [], [process]
    while left:
        children = below.get(left.pop(), [])
        found += children
        left += children
    return found


def _field(process: int, file: str, name: str) -> int:
    """A field of a file of /proc in bytes, 0 where it cannot be read."""
    try:
        lines = Path(f"/proc/{process}/{file}").read_text(encoding="utf-8").splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith(f"{name}:")), 0)
