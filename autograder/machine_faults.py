"""Faults of the machine, not of a hand-in: a full disk, a gradebook that is locked or out of reach. They end a run.

A hand-in that fails is named, and the class goes on. Where nothing can be written or the gradebook does not answer,
every further hand-in would fail for the same reason: the run stops with one message that says what to do, and the same
command takes it up again.
"""

from __future__ import annotations

import errno
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy.exc import DBAPIError, OperationalError

from toolbox.errors import KitError

FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS}
TEXTS = {
    "full": r"disk is full|disk I/O error|readonly database|No space left|quota exceeded",
    "locked": r"database (?:table |schema )?is locked|could not obtain lock|lock timeout|canceling statement due to "
    r"(?:lock|statement) timeout|Lock wait timeout",
    "lost": r"connection refused|could not connect|connection (?:to server|failed|timed out|reset|is closed|not open)|"
    r"server closed the connection|terminating connection|unable to open database file|no route to host|"
    r"could not translate host name|password authentication failed|(?:database|role) \"[^\"]*\" does not exist|"
    r"[Cc]an't connect to|[Ll]ost connection|gone away|network error|consuming input failed",
}
WORDS = {
    "full": "nothing more can be written below {folder} ({free} free there): {cause}.\nFree some space",
    "locked": "the gradebook is locked by another program: {cause}.\nClose what else has it open (formgrader, "
    "nbgrader, a second grading)",
    "lost": "the gradebook does not answer: {cause}.\nSee that its server runs and that c.CourseDirectory.db_url in "
    "nbgrader_config.py names it",
}


class Stopped(KitError, RuntimeError):
    """The run cannot go on. The message says why, and what to do."""


class RecordsFault:
    """Mixed into converters of nbgrader, which keep of an error only its text: `fault` is its kind (`classify`)."""

    fault: str | None = None

    @contextmanager
    def noting_faults(self) -> Iterator[None]:
        try:
            yield
        except Exception as error:
            self.fault = self.fault or classify(error)
            raise


def classify(error: BaseException | None) -> str | None:
    """'full', 'locked' or 'lost' where the machine is at fault, None where it is the hand-in or the kit.

    Looks at what kind of error it is, and at the words of the database alone: other words may be a student's.
    """
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        if kind := getattr(error, "fault", None):
            return kind
        if isinstance(error, OSError) and error.errno in FULL:
            return "full"
        if isinstance(error, DBAPIError) and error.connection_invalidated:
            return "lost"
        if isinstance(error, OperationalError):
            return kind_in(str(error.orig))
        error = error.__cause__ or error.__context__
    return None


def kind_in(text: str) -> str | None:
    """What kind of fault a text speaks of; only for texts in which no student has a word."""
    return next((kind for kind, words in TEXTS.items() if re.search(words, text)), None)


@contextmanager
def ends_the_run(folder: Path) -> Iterator[None]:
    """Turn a fault of the machine into Stopped; folder: the one that is written to."""
    try:
        yield
    except Exception as error:
        kind = classify(error)
        if kind is None or isinstance(error, Stopped):
            raise
        words = WORDS[kind].format(folder=folder, free=_free(folder), cause=_cause(error))
        raise Stopped(
            f"Grading stopped: {words}, then run the same command again: it goes on where it stopped."
        ) from error


def _cause(error: BaseException) -> str:
    """The line of the error that says what happened."""
    known = "|".join([*TEXTS.values(), *(os.strerror(number) for number in FULL)])
    lines = [line.strip() for line in str(getattr(error, "orig", error)).splitlines()]
    return next((line for line in reversed(lines) if re.search(known, line)), lines[-1] if lines else "?")[:300]


def _free(folder: Path) -> str:
    try:
        return f"{shutil.disk_usage(folder).free / 2**20:.1f} MiB"
    except OSError:
        return "nothing"
