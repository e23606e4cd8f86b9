"""A disk that is full, for a cell that shows what becomes of a file then."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

try:
    import resource
except ImportError:  # Windows has no such limits: a full disk cannot be tried out there
    resource = None  # type: ignore[assignment]


@contextmanager
def full_disk(room: int) -> Iterator[None]:
    """Inside, no file of this process may grow beyond `room` bytes: writing more raises OSError, half way through."""
    if resource is None:
        raise NotImplementedError("a full disk cannot be tried out on this system")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (room, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
