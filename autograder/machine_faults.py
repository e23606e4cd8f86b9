"""Troubles of the machine, not of a hand-in: a full disk, a locked gradebook. They end a run, with one clear error.

A hand-in that fails is named, and the class goes on. Where the disk is full or the gradebook locked, every further
hand-in would fail for the same reason: the run stops, says what to do, and the same command takes it up again.
"""

from __future__ import annotations

import errno
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy.exc import OperationalError

FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS}
TEXTS = {
    "full": r"disk is full|disk I/O error|readonly database|No space left|quota exceeded",
    "locked": r"database (?:table |schema )?is locked|could not obtain lock",
}
WORDS = {
    "full": "nothing more can be written below {place} ({free} free there): {cause}.\nFree some space",
    "locked": "the gradebook is locked by another program: {cause}.\nClose what else has it open (formgrader, "
    "nbgrader, a second grading)",
}


class Stopped(RuntimeError):
    """The run cannot go on. The message says why, and what to do."""


def kind_of(error: BaseException | None) -> str | None:
    """'full' or 'locked' where the machine is at fault, None where it is the hand-in or the kit.

    Looks at what kind of error it is, and at the words of the database alone: other words may be a student's.
    """
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        if kind := getattr(error, "trouble", None):
            return kind
        if isinstance(error, OSError) and error.errno in FULL:
            return "full"
        if isinstance(error, OperationalError):
            return kind_in(str(error.orig))
        error = error.__cause__ or error.__context__
    return None


def kind_in(text: str) -> str | None:
    """What kind of trouble a text speaks of; only for texts in which no student has a word."""
    return next((kind for kind, words in TEXTS.items() if re.search(words, text)), None)


@contextmanager
def ends_the_run(place: Path) -> Iterator[None]:
    """Turn a trouble of the machine into Stopped; place: the folder that is written to."""
    try:
        yield
    except Exception as error:
        kind = kind_of(error)
        if kind is None or isinstance(error, Stopped):
            raise
        words = WORDS[kind].format(place=place, free=_free(place), cause=_cause(error))
        raise Stopped(
            f"Grading stopped: {words}, then run the same command again: it goes on where it stopped."
        ) from error


def _cause(error: BaseException) -> str:
    """The line of the error that says what happened."""
    known = "|".join([*TEXTS.values(), *(os.strerror(number) for number in FULL)])
    lines = [line.strip() for line in str(getattr(error, "orig", error)).splitlines()]
    return next((line for line in reversed(lines) if re.search(known, line)), lines[-1] if lines else "?")[:300]


def _free(place: Path) -> str:
    try:
        return f"{shutil.disk_usage(place).free / 2**20:.1f} MiB"
    except OSError:
        return "nothing"
