"""What a worker must ask the zygote for where namespaces are missing: threads, and files to be made.

A filter puts every start of a thread before the zygote, which counts the worker's threads and says yes, or no by
EAGAIN (Linux 5.5). Where there is no room either, with its small disk in memory, the making of files and folders is put
before it as well, and refused by ENOSPC once the worker's folder holds too much. Either way the worker is told what it
would be told where namespaces are.
"""

from __future__ import annotations

import ctypes
import errno
import fcntl
import os
import resource
import select
import socket
import struct
import time

from autograder.sandbox.walls import scratch, seccomp
from autograder.sandbox.walls.threads import kernel_version

FILES = 4096
PATIENCE = 0.05, 10  # a measurement of the folder counts for so many seconds, or so many times as long as it took
_NOTIFICATION, _RESPONSE = struct.Struct("=QIIiIQ6Q"), struct.Struct("=QqiI")
_RECEIVE, _SEND = 0xC0502100, 0xC0182101
_CONTINUE = 1
_ACTION_AVAILABLE = 2


def is_possible() -> bool:
    """Whether this kernel has filters that ask."""
    action = ctypes.c_uint32(seccomp.USER_NOTIF)
    try:
        seccomp.call(_ACTION_AVAILABLE, 0, ctypes.byref(action))
    except (OSError, KeyError):
        return False
    return seccomp.available() and kernel_version() >= (5, 5)


def begin(files: bool, counts: int, line: socket.socket) -> None:
    """Have threads, and files where wanted, asked for from now on; hand the end that answers to who is behind `line`.

    counts: this process's /proc/self/stat, open. Needs no-new-privileges. Raises OSError.
    """
    listener = seccomp.ask(files)
    socket.send_fds(line, [b"asking"], [listener, counts])
    for descriptor in (listener, counts):
        os.close(descriptor)
    line.close()


class Answering:
    """The end that answers, in the zygote: of one worker, from its start to its end.

    line: on which the worker hands over the descriptors. pid: its process, not waited for yet. threads: how many it may
    have. folder: where it makes files, and size: how many bytes these may take; None where that need not be watched.
    """

    def __init__(self, line: socket.socket, pid: int, threads: int, folder: str | None, size: int):
        self.pid, self._line, self._threads, self._folder, self._size = pid, line, threads, folder, size
        self._listener, self._counts = -1, -1
        self._count, self._until = 0, 0.0

    def fileno(self) -> int:
        return self._line.fileno() if self._listener < 0 else self._listener

    def serve(self) -> bool:
        """Answer what lies before us; returns False where the worker has ended."""
        if self._listener < 0:
            _, descriptors, _, _ = socket.recv_fds(self._line, 16, 2)
            if len(descriptors) == 2:
                self._listener, self._counts = descriptors
            return len(descriptors) == 2
        poll = select.poll()
        poll.register(self._listener, select.POLLIN)
        if not any(event & select.POLLIN for _, event in poll.poll(0)):  # it has ended: to receive would be to wait
            return False
        notice = ctypes.create_string_buffer(_NOTIFICATION.size)
        try:
            fcntl.ioctl(self._listener, _RECEIVE, notice)
        except OSError as error:
            return error.errno in (errno.EINTR, errno.ENOENT)  # the second where it ended since it asked
        number, _, _, call, *_ = _NOTIFICATION.unpack(notice.raw)
        if seccomp.is_clone(call):
            refused = errno.EAGAIN if self._number_of_threads() >= self._threads else 0
        else:
            refused = self._too_many_files()
        try:
            fcntl.ioctl(self._listener, _SEND, _RESPONSE.pack(number, 0, -refused, 0 if refused else _CONTINUE))
        except OSError:  # it has ended meanwhile
            pass
        return True

    def _number_of_threads(self) -> int:
        """The worker's threads; too many where they cannot be counted."""
        try:
            stat = os.pread(self._counts, 1024, 0)
            return int(stat[stat.rindex(b")") + 2 :].split()[17])
        except (OSError, ValueError):
            return self._threads

    def _too_many_files(self) -> int:
        """ENOSPC where no further file may be made, else 0, and one more is counted."""
        if time.monotonic() > self._until:
            self.measure()
        self._count += 1
        return errno.ENOSPC if self._count > FILES else 0

    def measure(self) -> None:
        """Measure the worker's folder. Where it holds too much, what it has open may not grow any more either."""
        if self._folder is None:
            return
        begin = time.monotonic()
        try:
            self._count, size = scratch.usage(self._folder, FILES)
        except OSError:  # it is changing under our feet: ask again
            self._count, size = FILES, 0
        if size > self._size:
            self._count = FILES
            try:
                resource.prlimit(self.pid, resource.RLIMIT_FSIZE, (0, 0))
            except OSError:  # it has ended
                pass
        now = time.monotonic()
        self._until = now + max(PATIENCE[0], PATIENCE[1] * (now - begin))

    def close(self) -> None:
        for descriptor in (self._listener, self._counts):
            if descriptor >= 0:
                os.close(descriptor)
        self._line.close()
