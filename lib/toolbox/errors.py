"""The ways in which an answer can fail, each with a machine code and a message for people; and errors for people.

Two families of failed answers. `Mismatch` is an answer that arrived and is wrong: `toolbox.checks.compare` raises it. A
`StudentError` is an answer that never arrived: `toolbox.calling.student` raises it. The judge writes `code` into
the verdict. Errors for people, `KitError`, are no failed answers: a command shows them and ends.
"""

from __future__ import annotations

from typing import Any, ClassVar


class KitError(Exception):
    """Something that a person can put right: the message says what was given and what to do. Commands show it without a
    traceback and end with `exit_status`; every other exception is a bug, and keeps its traceback.
    """

    exit_status: ClassVar[int] = 2

    def __str__(self) -> str:
        return str(self.args[0]) if self.args else ""


class UnknownName(KitError, KeyError):
    """There is no assignment, item or student of that name."""


class NotThere(KitError, FileNotFoundError):
    """A file or folder that is needed is not there."""


class NotJudged(KitError):
    """Nothing can be said of an answer, and the student is not to blame: the machine or the kit is.

    again: whether it may come out better when it is tried again later.
    """

    exit_status = 3

    def __init__(self, message: str, again: bool = False):
        super().__init__(message, again)
        self.again = again


class Mismatch(AssertionError):
    """An answer arrived and differs from the reference.

    diagnosis: ids of `toolbox.checks.misconceptions`, the most likely one first; empty where none fits.
    evidence: plain JSON data (shapes, worst entry, relative error), shown as a table. plain: the message without
    anything that came from the student, where students must not read more. single: whether all of the answer's numbers
    are numbers of float32, though they were asked for in float64. failed: what was compared, where that was a value
    (`toolbox.checks.recognise`).
    """

    code = "failed"

    def __init__(
        self,
        message: str,
        *,
        diagnosis: list[str] | tuple[str, ...] = (),
        evidence: dict | None = None,
        plain: str = "",
        single: bool = False,
    ):
        super().__init__(message)
        self.diagnosis = list(diagnosis)
        self.evidence = evidence
        self.plain = plain
        self.single = single
        self.failed: Any = None


class StudentError(Exception):
    """No usable answer arrived. Subclasses name the cause.

    place: where in the student's code, as (module, line), and raised: the type of the exception; None and "" where
    nobody knows. Unlike the message they hold no words of the student's own.
    """

    code: ClassVar[str] = "failed"

    def __init__(
        self,
        message: str,
        *,
        diagnosis: list[str] | tuple[str, ...] = (),
        evidence: dict | None = None,
        raised: str = "",
        place: tuple[str, int] | None = None,
    ):
        super().__init__(message)
        self.diagnosis = list(diagnosis)
        self.evidence = evidence
        self.raised, self.place = raised, place


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
