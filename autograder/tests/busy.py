"""A busy machine, for tests: three loops a core, each in a session of its own: Linux shares time between sessions."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

LOOPS = 3  # a core


@contextmanager
def busy_machine(loops: int = LOOPS) -> Iterator[None]:
    """While this lasts, everything else gets a small share of each core."""
    words = [sys.executable, "-S", "-c", "while True: pass"]
    count = loops * len(os.sched_getaffinity(0))
    running = [subprocess.Popen(words, start_new_session=True) for _ in range(count)]
    time.sleep(0.3)
    try:
        yield
    finally:
        for loop in running:
            loop.kill()
            loop.wait()
