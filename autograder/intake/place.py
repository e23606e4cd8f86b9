"""Writing a hand-in to its place in one step, and knowing later whether it is still the one that was written.

The receipt is written twice: as `intake.json` beside the hand-in, for people and for the report, and as
`classroom/receipts/<assignment>/<student>.json`, where no student's file can ever be. Only the second is
believed.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from dateutil.parser import parse as parse_date  # type: ignore[import-untyped]

from autograder.files import write_atomically
from autograder.records.receipt import NAME, Receipt, Refused

from .archive import Limits, read_regular
from .examine import fingerprint
from .notebook import Released
from .swap import put

TIMESTAMP = "timestamp.txt"
WAITING = ".intake"  # beside submitted/, on the same file system


def place(
    receipt: Receipt,
    contents: dict[str, bytes],
    submitted: Path,
    release: Released,
    keep_old: Path | None = None,
) -> None:
    """Write the hand-in's folder in one step: beside its place, then moved there. The same content is left
    alone.

    keep_old: where the folder that stood there before goes, if it held anything else; None to delete it.
    """
    target = submitted / receipt.student / receipt.assignment
    graded = graded_files(receipt.assignment, contents, release)
    whole = {**graded, NAME: receipt.to_bytes()}
    if receipt.received is not None:
        moment = receipt.received.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
        whole[TIMESTAMP] = f"{moment}\n".encode()
    receipt.folder = target
    if not _holds(target, whole):
        waiting = submitted.parent / WAITING
        waiting.mkdir(parents=True, exist_ok=True)
        fresh = Path(tempfile.mkdtemp(dir=waiting))
        try:
            for path, data in whole.items():
                (fresh / "new" / path).parent.mkdir(parents=True, exist_ok=True)
                (fresh / "new" / path).write_bytes(data)
            put(fresh / "new", target, waiting, keep_old)
        finally:
            shutil.rmtree(fresh, ignore_errors=True)
    record = {**receipt.to_dict(), "placed": fingerprint(graded)}
    write_atomically(_record(submitted, receipt), (json.dumps(record, indent=1) + "\n").encode())


def graded_files(assignment: str, contents: dict[str, bytes], release: Released) -> dict[str, bytes]:
    """What is written of a hand-in: its own files, and the released notebook where it has none."""
    return {f"{assignment}.ipynb": release.data, **contents}


def placed(folder: Path) -> tuple[dict | None, str, datetime | None]:
    """What was noted when this folder was written (None where nothing was), the fingerprint of its files as they are
    now, and the time in its timestamp.txt. Raises Refused where it is none that the intake could have written.
    """
    try:
        found = _contents(folder)
    except OSError as error:
        raise Refused("unreadable", f"{folder.name} cannot be read ({error.strerror}).") from None
    found.pop(NAME, None), found.pop(TIMESTAMP, None)
    try:
        record = json.loads(_record(folder.parent.parent, Receipt(folder.parent.name, folder.name)).read_bytes())
    except (OSError, ValueError):
        record = None
    return record if isinstance(record, dict) else None, fingerprint(found), stamp(folder)


def known(folder: Path, assignment: str) -> Receipt | None:
    """The receipt of the intake that wrote this folder, or None where its files are no longer the ones it
    wrote.

    The time of arrival follows the folder's timestamp.txt, which a TA may correct by hand.
    """
    receipt = Receipt(folder.parent.name, assignment, folder=folder)
    try:
        record = json.loads(_record(folder.parent.parent, receipt).read_bytes())
        found = _contents(folder)
        moment = stamp(folder)
        found.pop(NAME, None), found.pop(TIMESTAMP, None)
        if record["placed"] != fingerprint(found):
            return None
        receipt = Receipt.from_dict(record)
    except (OSError, ValueError, KeyError, TypeError, Refused):
        return None
    receipt.folder, receipt.received = folder, moment or receipt.received
    return receipt


def stamp(folder: Path) -> datetime | None:
    """The time in the folder's timestamp.txt, as nbgrader reads it; UTC where it names no zone."""
    try:
        written = parse_date(read_regular(folder / TIMESTAMP, 200).decode("ascii").strip()).replace(microsecond=0)
        return written.replace(tzinfo=UTC) if written.tzinfo is None else written.astimezone(UTC)
    except (Refused, ValueError, OverflowError, AttributeError, TypeError):
        return None


def _record(submitted: Path, receipt: Receipt) -> Path:
    return submitted.parent / "receipts" / receipt.assignment / f"{receipt.student}.json"


def _contents(folder: Path) -> dict[str, bytes]:
    """Every file of a folder by path. Refused where it holds links, pipes or more than a hand-in may."""
    limits = Limits()
    if folder.is_symlink() or not folder.is_dir():
        raise Refused("link", "not a folder")
    found, total = {}, 0
    for number, path in enumerate(sorted(folder.rglob("*"))):
        if number > limits.entries or path.is_symlink():
            raise Refused("link", "not what the intake wrote")
        if not path.is_dir():
            data = read_regular(path, limits.notebook)
            total += len(data)
            if total > limits.total:
                raise Refused("too_large", "more than the intake wrote")
            found[path.relative_to(folder).as_posix()] = data
    return found


def _holds(target: Path, whole: dict[str, bytes]) -> bool:
    """Whether the folder holds exactly these files."""
    try:
        return _contents(target) == whole
    except (Refused, OSError):
        return False
