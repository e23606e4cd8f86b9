"""Courtesies to honest code in a worker: what a wall refuses that does no harm passes, or says why it does not.

Nothing here holds anybody in: that is the kernel's part, and code may take these away.
"""

from __future__ import annotations

import fcntl
import functools
import os
import stat
import threading
from collections.abc import Callable

MODES = (
    "chmod", "fchmod", "lchmod", "chown", "fchown", "lchown", "utime", "setxattr", "removexattr",
)  # fmt: skip


def about_modes(folder: str) -> None:
    """Let a change of mode, owner or times pass without effect where the filter refuses it for a file in `folder`.

    Many save a file that way: write a temporary file, give it the mode of others, put it in place.
    """
    folder = os.path.realpath(folder)

    def lenient(change: Callable) -> Callable:
        @functools.wraps(change)
        def changed(*words, **options):
            try:
                return change(*words, **options)
            except PermissionError:
                target = words[0] if words else options.get("path", options.get("fd"))
                if "dir_fd" in options or not _is_ours(target, folder):
                    raise

        return changed

    for name in MODES:
        if hasattr(os, name):
            setattr(os, name, lenient(getattr(os, name)))


def _is_ours(target: object, folder: str) -> bool:
    """Whether a path lies in the folder, or a descriptor is of a file open for writing, as those in it alone can be."""
    if isinstance(target, int):
        writes = fcntl.fcntl(target, fcntl.F_GETFL) & os.O_ACCMODE != os.O_RDONLY
        return writes and stat.S_ISREG(os.fstat(target).st_mode)
    real = os.path.realpath(os.fsdecode(target))  # type: ignore[arg-type]  # TypeError is what os says, too
    return os.path.exists(real) and real.startswith(f"{folder}/")


def about_threads(limit: int) -> None:
    """Say how many threads a hand-in may have where it starts one too many."""

    def counted(start: Callable) -> Callable:
        @functools.wraps(start)
        def started(*words, **options):
            try:
                return start(*words, **options)
            except RuntimeError as error:
                raise RuntimeError(f"{error}: a hand-in may have {limit} threads at a time") from None

        return started

    for name in ("_start_new_thread", "_start_joinable_thread"):  # the second from Python 3.13 on
        if hasattr(threading, name):
            setattr(threading, name, counted(getattr(threading, name)))
