"""At most so many threads at a time for a worker: by a user namespace of its own (Linux 5.14), in which a limit on
processes counts nobody else's. Where that cannot be, the worker must ask for them: see `asking`.
"""

from __future__ import annotations

import _thread
import errno
import os
import re
import resource
import time

from autograder.sandbox.walls import kernel

LIMIT = 64


def kernel_version() -> tuple[int, int]:
    numbers = re.match(r"(\d+)\.(\d+)", os.uname().release)
    return (int(numbers[1]), int(numbers[2])) if numbers else (0, 0)


def limit(number: int) -> None:
    """Let this process, and nobody else's, have so many threads. It must not have a second one yet. Raises OSError."""
    if kernel_version() < (5, 14):
        raise OSError(errno.ENOSYS, "before Linux 5.14 a limit on processes counts all of the user's")
    kernel.unshare(kernel.CLONE_NEWUSER)
    resource.setrlimit(resource.RLIMIT_NPROC, (number, number))


def are_limited(number: int) -> bool:
    """Whether this process can have no more than so many threads, by trying. It is of no other use afterwards."""
    for started in range(number + 1):
        try:
            _thread.start_new_thread(time.sleep, (60,))
        except RuntimeError:
            return started > 0
    return False
