"""The ways in which an answer can fail, each with a machine code and a message for people.

Two families. `Mismatch` is an answer that arrived and is wrong: `toolbox.compare` raises it. A `StudentError` is an
answer that never arrived: the proxies of `toolbox.student` raise it. The judge writes `code` into the verdict.
"""

from __future__ import annotations

from typing import ClassVar


class Mismatch(AssertionError):
    """An answer arrived and differs from the reference.

    diagnosis: ids of `toolbox.misconceptions`, the most likely one first; empty where none fits.
    evidence: plain JSON data (shapes, worst entry, relative error), shown as a table.
    """

    code = "failed"

    def __init__(self, message: str, *, diagnosis: list[str] | tuple[str, ...] = (), evidence: dict | None = None):
        super().__init__(message)
        self.diagnosis = list(diagnosis)
        self.evidence = evidence


class StudentError(Exception):
    """No usable answer arrived. Subclasses name the cause."""

    code: ClassVar[str] = "failed"

    def __init__(self, message: str, *, diagnosis: list[str] | tuple[str, ...] = (), evidence: dict | None = None):
        super().__init__(message)
        self.diagnosis = list(diagnosis)
        self.evidence = evidence


class Missing(StudentError):
    """The function, variable or gradient is not there (yet)."""

    code = "missing"


class Raised(StudentError):
    """The student's code raised an exception."""

    code = "failed"


class Timeout(StudentError):
    """The call took longer than its limit."""

    code = "timeout"


class Memory(StudentError):
    """The call needed more memory than its limit."""

    code = "memory"


class Crashed(StudentError):
    """The process that ran the call died."""

    code = "crashed"


class Forbidden(StudentError):
    """The call did something that the worker does not allow."""

    code = "forbidden"


class Malformed(StudentError):
    """The answer is not plain data, or not of the promised form."""

    code = "malformed"


BY_CODE: dict[str, type[StudentError]] = {
    kind.code: kind for kind in (Missing, Timeout, Memory, Crashed, Forbidden, Malformed)
} | {"failed": Raised}
