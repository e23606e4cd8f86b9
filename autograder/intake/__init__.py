"""Intake: from what students sent to folders that can be graded. Nothing of a student's is executed.

Steps, for each hand-in by itself (one that fails never stops the next):
1. `sources`: whose it is, and when it came.
2. `archive`: the few files of it that matter, read into memory under limits.
3. `examine`, `notebook` and `rebuild`: the notebook checked and built anew, with the release's settings on its graded
   cells, and the modules found.
4. `place`: the hand-in's folder written beside its place and moved there in one step, with the receipt
   `intake.json`.

A hand-in that cannot be graded is refused with a code and a message, and still gets a folder, with the
released notebook where its own cannot be read, so that nbgrader goes through the whole class. What was sent
is kept under `classroom/refused/<student>/`.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path

from autograder.machine_faults import classify
from autograder.records.receipt import NAME, REFUSALS, REPAIRS, Receipt, Refused, Repair, read_receipt

from . import archive, sources
from .archive import Files, Limits
from .examine import examine, fingerprint
from .members import show
from .notebook import Released
from .place import WAITING, keep, known, place, stamp
from .swap import restore

__all__ = [
    "REFUSALS",
    "REPAIRS",
    "Limits",
    "Receipt",
    "Refused",
    "Repair",
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
    refused: Path | None = None,
    times: str | Path = "file",
    limits: Limits | None = None,
    on_receipt: Callable[[Receipt], None] | None = None,
) -> list[Receipt]:
    """Take in every hand-in below `source`; one receipt for each student, sorted by student.

    source: a folder of hand-ins, an LMS download (folder or zip), or one hand-in. submitted:
    `classroom/submitted`. released: `assignments/<name>/<name>.ipynb`. refused: where refused originals are
    kept, `classroom/refused` by default. times: 'file' (the file's own time), 'manifest' (believe the
    student's), or the path of a CSV of the LMS. Of several hand-ins of one student the newest counts. Running
    it again changes nothing.
    """
    limits = limits or Limits()
    submitted = Path(submitted)
    refused = Path(refused) if refused else submitted.parent / "refused"
    release = Released.read(Path(released))
    submitted.mkdir(parents=True, exist_ok=True)
    take_up(submitted, refused)
    receipts = []
    with tempfile.TemporaryDirectory(prefix="intake-") as scratch:
        found = sources.arrivals(Path(source), assignment, Path(scratch), times)
        for position, arrival in enumerate(found):
            newest = position + 1 == len(found) or found[position + 1].student != arrival.student
            if arrival.student and not newest:
                continue
            earlier = sum(other.student == arrival.student for other in found[:position]) if arrival.student else 0
            receipt = _take(arrival, submitted, assignment, release, refused, times, limits, earlier)
            receipts.append(receipt)
            if on_receipt:
                on_receipt(receipt)
    return receipts


def take_up(submitted: Path, refused: Path | None = None) -> None:
    """Put right what an intake left that was killed; to be called before the hand-ins are looked for."""
    restore(submitted, submitted.parent / WAITING, refused or submitted.parent / "refused")


def _take(arrival, submitted, assignment, release, refused, times, limits, earlier) -> Receipt:
    receipt = Receipt(arrival.student, assignment, received=arrival.received, origin=show(arrival.name))
    if earlier:
        receipt.repairs.append(
            Repair("several_hand_ins", f"{earlier} earlier hand-in(s) of this student were set aside.")
        )
    contents, path = {}, arrival.path
    with _contained(receipt):
        if arrival.fault:
            raise arrival.fault
        path = _inner_zip(path, limits)
        files = _read(path, limits, receipt)
        if not arrival.student:
            raise Refused("no_student", f"{receipt.origin!r} does not say whose it is. Name it <student>.zip.")
        contents = examine(files, assignment, release, limits, receipt)
        if times == "manifest":
            receipt.received = _claimed_time(receipt) or receipt.received
    if not arrival.student:
        receipt.student = f"unnamed-{receipt.sha256[:8] or 'file'}"
    if receipt.status == "refused":
        name = f"{assignment}-{receipt.sha256[:12] or 'unread'}{_suffix(path)}"
        with _contained(receipt):
            keep(refused / receipt.student, name, path)
    if arrival.student:
        with _contained(receipt):
            place(receipt, contents, submitted, release)
    return receipt


@contextmanager
def _contained(receipt: Receipt) -> Iterator[None]:
    """Whatever goes wrong with one hand-in is written into its receipt and never stops the class; a full disk does."""
    try:
        yield
    except Refused as refusal:
        receipt.refuse(refusal)
    except Exception as error:
        if classify(error):
            raise
        receipt.refuse(Refused("intake_error", f"The intake failed on this hand-in ({type(error).__name__})."))


def _read(path: Path, limits: Limits, receipt: Receipt) -> Files:
    """The files of a hand-in that lies there as a folder, a notebook or an archive; the receipt gets its SHA-256."""
    if path.is_dir():
        files = archive.read_folder(path, limits)
        receipt.sha256 = fingerprint(files.wanted)
        return files
    with archive.open_regular(path) as stream:
        if os.fstat(stream.fileno()).st_size > limits.total:
            raise archive.too_long(path.name, limits.total)
        receipt.sha256 = hashlib.file_digest(stream, "sha256").hexdigest()
        stream.seek(0)
        if path.suffix.lower() != ".ipynb":
            return archive.read_archive(stream, limits)
    return Files(wanted={path.name: archive.read_regular(path, limits.notebook)})


def _suffix(path: Path) -> str:
    return path.suffix.lower() if path.suffix.lower() in sources.SUFFIXES else ".bin"


def _inner_zip(path: Path, limits: Limits) -> Path:
    """A folder that holds a zip and no notebook (as Moodle sends them) stands for the newest zip in it."""
    if path.is_symlink():
        raise Refused("link", "The hand-in is a link to somewhere else.")
    if not path.is_dir():
        return path
    here = list(islice(path.iterdir(), limits.entries))
    names = [entry for entry in here if entry.is_file() and not entry.is_symlink()]
    zips = [entry for entry in names if entry.suffix.lower() == ".zip"]
    if zips and not any(inner.suffix.lower() == ".ipynb" for inner in islice(path.rglob("*"), limits.entries)):
        return max(zips, key=lambda entry: (entry.stat().st_mtime, entry.name))
    single = [entry for entry in names if entry.suffix.lower() in sources.SUFFIXES and not entry.name.startswith(".")]
    return single[0] if len(single) == 1 and len(here) == 1 else path


def _claimed_time(receipt: Receipt) -> datetime | None:
    """The manifest's time where it can be read and does not lie after the file's own."""
    try:
        moment = datetime.fromisoformat(receipt.claimed or "")
    except ValueError:
        return None
    moment = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC).replace(microsecond=0)
    return min(moment, receipt.received or moment)


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
    with _contained(receipt):
        if folder.is_symlink():
            raise Refused("link", "The hand-in is a link to somewhere else.")
        receipt.received = stamp(folder) or sources.file_time(folder)
        files = archive.read_folder(folder, limits)
        files.dropped = [name for name in files.dropped if name not in (NAME, "timestamp.txt")]  # ours, not theirs
        receipt.sha256 = fingerprint(files.wanted)
        contents = examine(files, assignment, release, limits, receipt)
    receipt.received = receipt.received or datetime.fromtimestamp(0, UTC)
    old = refused / student / f"{assignment}-{receipt.sha256[:12] or 'unread'}"
    place(receipt, contents, submitted, release, keep_old=old)
    return receipt
