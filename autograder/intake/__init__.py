"""Intake: from what students sent to folders that can be graded. Nothing of a student's is executed.

`collect` takes a download in (its steps stand there). For one hand-in at a time (one that fails never stops the next):
`archive` reads the few files of it that matter into memory, under limits; `examine`, `notebook` and `rebuild` check
the notebook and build it anew, with the release's settings on its graded cells, and find the modules; `place` writes
the hand-in's folder beside its place and moves it there in one step, with the receipt `intake.json`. `inspect` does
the same for a folder that a person has put there.

A hand-in that cannot be graded is refused with a code and a message, and still gets a folder, with the released
notebook where its own cannot be read, so that nbgrader goes through the whole class. What was sent is kept in
`classroom/attempts/`.
"""

from __future__ import annotations

import stat
from collections.abc import Callable
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path

from autograder.records.receipt import NAME, REFUSALS, REPAIRS, Receipt, Refused, Repair, read_receipt

from . import archive
from .archive import Limits
from .collect import Choices, collect
from .examine import examine, fingerprint
from .members import show
from .notebook import Released
from .outcome import Outcome
from .place import WAITING, known, place, stamp
from .platforms import AUTO
from .standing import contained
from .swap import restore

__all__ = [
    "REFUSALS",
    "REPAIRS",
    "Choices",
    "Limits",
    "Outcome",
    "Receipt",
    "Refused",
    "Repair",
    "collect",
    "inspect",
    "intake",
    "read_receipt",
    "take_up",
]


def intake(
    source: Path,
    submitted: Path,
    assignment: str,
    released: Path,
    *,
    times: str | Path = "file",
    platform: str = AUTO,
    limits: Limits | None = None,
    on_receipt: Callable[[Receipt], None] | None = None,
) -> list[Receipt]:
    """Take in every hand-in below `source`; the receipt of what stands for each student in it, sorted by student, and
    one for each hand-in that is nobody's.

    submitted: `classroom/submitted`. The rest as `collect`.
    """
    take_up(Path(submitted))
    choices = Choices(platform, times, limits=limits or Limits())
    found = collect(source, Path(submitted).parent, assignment, released, choices, on_receipt=on_receipt)
    return sorted([*found.receipts.values(), *found.unnamed], key=lambda receipt: receipt.student)


def take_up(submitted: Path, refused: Path | None = None) -> None:
    """Put right what an intake left that was killed; to be called before the hand-ins are looked for."""
    restore(submitted, submitted.parent / WAITING, refused or submitted.parent / "refused")


def inspect(
    folder: Path,
    assignment: str,
    released: Path,
    *,
    refused: Path | None = None,
    limits: Limits | None = None,
) -> Receipt:
    """Check the hand-in that stands at `classroom/submitted/<student>/<assignment>`, and repair it in place.

    For folders put there by hand or by `nbgrader collect`. One that the intake wrote and nobody changed keeps
    its receipt. The time of arrival is that of timestamp.txt, else of the files. A folder that must be
    changed is kept whole under `refused`, `classroom/refused` by default.
    """
    folder, limits = Path(folder), limits or Limits()
    submitted, student = folder.parent.parent, folder.parent.name
    refused = Path(refused) if refused else submitted.parent / "refused"
    release = Released.read(Path(released))
    receipt = known(folder, assignment)
    if receipt:
        return receipt
    receipt = Receipt(student, assignment, origin=show(folder.name))
    contents = {}
    with contained(receipt):
        if folder.is_symlink():
            raise Refused("link", "The hand-in is a link to somewhere else.")
        receipt.received = stamp(folder) or _file_time(folder)
        files = archive.read_folder(folder, limits)
        files.dropped = [name for name in files.dropped if name not in (NAME, "timestamp.txt")]  # ours, not theirs
        receipt.sha256 = fingerprint(files.wanted)
        contents = examine(files, assignment, release, limits, receipt)
    receipt.received = receipt.received or datetime.fromtimestamp(0, UTC)
    old = refused / student / f"{assignment}-{receipt.sha256[:12] or 'unread'}"
    place(receipt, contents, submitted, release, keep_old=old)
    return receipt


def _file_time(folder: Path) -> datetime:
    """When the newest file of a folder was written, links aside."""
    moments = [folder.lstat().st_mtime]
    newest = []
    for inner in islice(folder.rglob("*"), Limits.entries):
        status = inner.lstat()
        if stat.S_ISREG(status.st_mode):
            newest.append(status.st_mtime)
    try:
        return datetime.fromtimestamp(int(max(newest or moments)), UTC)
    except (ValueError, OverflowError, OSError):
        return datetime.fromtimestamp(0, UTC)
