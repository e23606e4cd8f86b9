"""Put a folder in the place of another so that, whenever the power goes, one of the two stands there, whole.

Linux and macOS can exchange two folders in one step. Where the file system cannot, two renames do it: the old folder
is first moved aside, to a place that tells where it belongs; killed between the two, the next run moves it back
(`restore`).
"""

from __future__ import annotations

import ctypes
import os
import shutil
import sys
from pathlib import Path

ASIDE = "aside"
_AT_FDCWD, _EXCHANGE = -100, 2


def exchange(one: Path, other: Path) -> bool:
    """Swap two folders of one file system in one step. False, and nothing changed, where that cannot be had."""
    paths = os.fsencode(one), os.fsencode(other)
    try:
        libc = ctypes.CDLL(None)
        if sys.platform == "darwin":
            return libc.renamex_np(*paths, ctypes.c_uint(_EXCHANGE)) == 0
        return libc.renameat2(_AT_FDCWD, paths[0], _AT_FDCWD, paths[1], ctypes.c_uint(_EXCHANGE)) == 0
    except (AttributeError, OSError, TypeError):  # another system, or an old C library
        return False


def put(fresh: Path, target: Path, waiting: Path, keep_old: Path | None) -> None:
    """Move the folder `fresh` to `target`; what stands there goes to `keep_old`, or is deleted.

    waiting: a folder of the intake's own on the same file system.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    if not os.path.lexists(target):
        os.replace(fresh, target)
        return
    old = fresh
    if keep_old is not None:  # so that after the exchange the old one is already where it is kept
        old = free(keep_old)
        os.replace(fresh, old)
    if not exchange(old, target):
        aside = waiting / ASIDE / target.parent.name / target.name
        aside.parent.mkdir(parents=True, exist_ok=True)
        os.replace(target, aside)
        os.replace(old, target)
        if keep_old is not None:
            os.replace(aside, old)
        old = aside
    if keep_old is None:
        _delete(old)


def restore(submitted: Path, waiting: Path, refused: Path) -> None:
    """Put right what a run left that was killed between two renames; a folder whose place is taken is kept."""
    for aside in waiting.glob(f"{ASIDE}/*/*"):
        target = submitted / aside.parent.name / aside.name
        place = free(refused / aside.parent.name / f"{aside.name}-before") if os.path.lexists(target) else target
        place.parent.mkdir(parents=True, exist_ok=True)
        os.replace(aside, place)


DRAFTS = ("attempts/files/.new-*", "attempts/*/*/.*.new", "receipts/*/.*.new", ".roster.csv.*.new", ".intake/tmp*")


def remove_drafts(classroom: Path) -> None:
    """Remove what a killed run has begun to write. Only for who holds the classroom's lock."""
    for pattern in DRAFTS:
        for draft in classroom.glob(pattern):
            _delete(draft)


def free(path: Path) -> Path:
    """This path, or one like it that is not taken."""
    path.parent.mkdir(parents=True, exist_ok=True)
    number, found = 1, path
    while os.path.lexists(found):
        number += 1
        found = path.with_name(f"{path.name}-{number}")
    return found


def _delete(old: Path) -> None:
    if old.is_symlink() or not old.is_dir():
        old.unlink(missing_ok=True)
    else:
        shutil.rmtree(old, ignore_errors=True)
