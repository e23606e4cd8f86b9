"""Frames on a pipe: a small JSON header and a block of bytes, with their lengths in front.

`Channel` is the trusted end: it reads while its caller has patience, allocates only what it has already received, and
calls anything that does not fit the form Malformed.
"""

from __future__ import annotations

import json
import os
import select
import struct
from collections.abc import Callable
from typing import BinaryIO

from toolbox.errors import Crashed, Malformed

LENGTHS = struct.Struct("!IQ")
MAX_HEADER = 64 * 2**10
MAX_PAYLOAD = 96 * 2**20
CHUNK = 2**20
# Called before each wait: the seconds to wait for at most. It raises what should end the waiting.
Patient = Callable[[], float]


def frame(header: dict, payload: bytes) -> bytes:
    head = json.dumps(header).encode()
    return LENGTHS.pack(len(head), len(payload)) + head + payload


def write_frame(file: BinaryIO, header: dict, payload: bytes) -> None:
    """Write one frame (the worker's end)."""
    file.write(frame(header, payload))
    file.flush()


def read_frame(file: BinaryIO) -> tuple[dict, bytes]:
    """Read one frame (the worker's end, which trusts the judge). Raises EOFError when the judge has gone."""
    lengths = file.read(LENGTHS.size)
    if len(lengths) < LENGTHS.size:
        raise EOFError
    head, body = LENGTHS.unpack(lengths)
    return json.loads(file.read(head)), file.read(body)


class Channel:
    """The judge's end of a pair of pipes to a process that may send anything, or nothing."""

    def __init__(self, read_fd: int, write_fd: int):
        self._read_fd, self._write_fd = read_fd, write_fd
        self._arrived = bytearray()  # and not asked for yet
        os.set_blocking(read_fd, False)
        os.set_blocking(write_fd, False)

    def send(self, header: dict, payload: bytes, patient: Patient) -> None:
        """Send one frame. Raises Crashed where the other end has gone, and what `patient` raises."""
        data = memoryview(frame(header, payload))
        while data:
            _, ready, _ = select.select([], [self._write_fd], [], patient())
            if ready:
                try:
                    data = data[os.write(self._write_fd, data[:CHUNK]) :]
                except BrokenPipeError:
                    raise Crashed("the process that ran this code died") from None

    def receive(self, patient: Patient) -> tuple[dict, bytes]:
        """The next frame. Raises Crashed (end of file), Malformed, and what `patient` raises."""
        head_length, body_length = LENGTHS.unpack(self._exactly(LENGTHS.size, patient))
        if head_length > MAX_HEADER or body_length > MAX_PAYLOAD:
            raise Malformed("the answer is too long or not in the kit's format")
        head = self._exactly(head_length, patient)
        try:
            header = json.loads(head)
        except (ValueError, RecursionError):
            raise Malformed("the answer is not in the kit's format") from None
        if type(header) is not dict:
            raise Malformed("the answer is not in the kit's format")
        return header, self._exactly(body_length, patient)

    @property
    def has_unread(self) -> bool:
        """Whether something has arrived that nobody has read."""
        return bool(self._arrived) or bool(select.select([self._read_fd], [], [], 0)[0])

    def _exactly(self, length: int, patient: Patient) -> bytes:
        while len(self._arrived) < length:
            ready, _, _ = select.select([self._read_fd], [], [], patient())
            if ready:
                part = os.read(self._read_fd, CHUNK)
                if not part:
                    raise Crashed("the process that ran this code died")
                self._arrived += part
        found = bytes(self._arrived[:length])
        del self._arrived[:length]
        return found

    def close(self) -> None:
        for descriptor in (self._read_fd, self._write_fd):
            os.close(descriptor)
