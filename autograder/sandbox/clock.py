"""Charge a process for the time that it uses: processor time, and time that it chooses to wait.

A process that is ready to run while others have the cores is not to blame, so that time is left out. Linux counts it:
the second number in `/proc/<pid>/task/<tid>/schedstat`. A stretch of time is charged with its wall time, less the time
that a thread of the process stood ready, and never less than the processor time that all its threads used. So a loop
costs what it computes, `sleep(4)` costs 4 s, a thread that waits for a thread without a core costs nothing, and a
hundred threads cost what all of them compute, on a quiet machine and on a busy one. Linux counts a wait for a core when
it is over: what had been charged of it before is given back then.

Waiting for a disk is not a choice either: where the main thread is found in an uninterruptible sleep, the stretch is
charged with its processor time alone.
"""

from __future__ import annotations

import os
import time
from pathlib import Path

NANO = 1e-9


class ProcessClock:
    """The clock of one process. `begin` starts a stretch, `read` brings `charged` and `wall` (seconds) up to date.

    handle: a pidfd. Where the system does not tell (no /proc, another kind of system), wall time is charged.
    """

    def __init__(self, handle: int):
        self._pid, self._used = _pid_of(handle), 0.0
        self._leader: int | None = None
        if self._pid is not None:
            try:
                self._leader = os.open(f"/proc/{self._pid}/schedstat", os.O_RDONLY | os.O_CLOEXEC)
            except OSError:
                self._pid = None
        self.begin()

    @property
    def fair(self) -> bool:
        """Whether the system tells how long the process stood ready without a core."""
        return self._pid is not None

    def begin(self) -> None:
        """Start a stretch: nothing is charged yet."""
        self.charged = self.wall = 0.0
        self._waits: list[tuple[float, float]] = []  # of each stretch: its wall time, and what was charged as a wait
        self._at = time.monotonic()
        self._began = self._used = self._processor()
        self._ready = {} if self._pid is None else {self._pid: _ready_of(self._leader)}

    def skip(self, seconds: float) -> None:
        """Leave out so many seconds of wall time since the last reading: the process was waiting for us."""
        self._at += seconds

    def processor(self) -> float:
        """The seconds of processor time since `begin`."""
        return self._processor() - self._began

    def read(self) -> float:
        """The seconds charged since `begin`."""
        now, used = time.monotonic(), self._processor()
        passed, computed = now - self._at, used - self._used
        self._at, self._used = now, used
        self.wall += passed
        ready = self._stood_ready()
        own = max(computed, 0.0 if self._is_stuck() else passed - ready)
        self.charged += own - self._given_back(ready - max(passed, 0.0))  # below 0 where more was skipped
        self._waits.append((passed, own - computed))
        return self.charged

    def _given_back(self, late: float) -> float:
        """What was charged as a wait in the last `late` seconds: it stood ready then, as is told only now."""
        back = gone = 0.0
        while gone < late and self._waits:
            length, waited = self._waits.pop()
            back, gone = back + min(waited, late - gone), gone + length
        if gone:
            self._waits.append((gone, 0.0))
        return back

    def close(self) -> None:
        if self._leader is not None:
            os.close(self._leader)
            self._leader = self._pid = None

    def _processor(self) -> float:
        """Seconds of processor time of all threads, ended ones too."""
        if self._pid is None:
            return 0.0
        try:
            return time.clock_gettime((~self._pid << 3) | 2)  # the clock of another process, see clock_getcpuclockid(3)
        except OSError:  # it has ended
            return self._used

    def _stood_ready(self) -> float:
        """The longest time that any thread stood ready since the last reading."""
        if self._pid is None:
            return 0.0
        ready = {}
        try:
            for name in os.listdir(f"/proc/{self._pid}/task"):
                with open(f"/proc/{self._pid}/task/{name}/schedstat", "rb") as file:
                    ready[int(name)] = int(file.read().split()[1]) * NANO
        except (OSError, IndexError, ValueError):  # a thread, or the process, has just ended
            pass
        longest = max((now - self._ready.get(thread, now) for thread, now in ready.items()), default=0.0)
        self._ready |= ready
        return longest

    def _is_stuck(self) -> bool:
        if self._pid is None:
            return False
        try:
            stat = Path(f"/proc/{self._pid}/stat").read_bytes()
        except OSError:
            return False
        return stat.rpartition(b")")[2].split()[:1] == [b"D"]


def _pid_of(handle: int) -> int | None:
    """The process id behind a pidfd as this process sees it; None where the system does not tell."""
    try:
        lines = Path(f"/proc/self/fdinfo/{handle}").read_text(encoding="utf-8").splitlines()
    except OSError:
        return None
    pid = next((int(line.split()[1]) for line in lines if line.startswith("Pid:")), -1)
    return pid if pid > 0 else None


def _ready_of(descriptor: int | None) -> float:
    if descriptor is None:
        return 0.0
    try:
        return int(os.pread(descriptor, 100, 0).split()[1]) * NANO
    except (OSError, IndexError, ValueError):
        return 0.0
