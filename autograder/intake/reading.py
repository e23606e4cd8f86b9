"""From a parcel to the attempts that it holds: each archive is one, and the loose files together are one.

Steps, for each: keep what arrived (`store`); read the few files of it that matter (`archive`); say what it is called,
by its notebooks and modules, so that the same work packed anew is the same attempt.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import PurePosixPath

from autograder.machine_faults import classify
from autograder.records.attempt import PLATFORM, Attempt
from autograder.records.receipt import Refused

from . import archive
from .archive import Files, Limits
from .download import Entry
from .examine import fingerprint
from .members import LINK, SPECIAL, show
from .parcels import Parcel
from .platforms import canvas
from .store import Store


@dataclass
class Candidate:
    """An attempt that was read. attempt: without a student. files: what matters of it. refusal: why there is none."""

    attempt: Attempt
    files: Files = field(default_factory=Files)
    refusal: Refused | None = None


def candidates(parcel: Parcel, assignment: str, store: Store, limits: Limits) -> list[Candidate]:
    """The attempts in a parcel, one at least."""
    loose = [entry for entry in parcel.entries if not entry.is_archive]
    packed = [entry for entry in parcel.entries if entry.is_archive]
    shallow = [entry for entry in packed if len(entry.parts) == 1]
    has_notebook = any(entry.is_notebook for entry in loose)
    packed = shallow or ([] if has_notebook else packed)
    found = [_packed(parcel, entry, assignment, store, limits) for entry in packed[: limits.archives]]
    if has_notebook or not found:
        number = max((parcel.numbers.get(entry.name, 0) for entry in parcel.entries), default=0) + 1
        if parcel.platform == canvas.NAME:
            number = max((parcel.numbers.get(entry.name, 0) for entry in loose), default=parcel.number)
        found.append(_loose(parcel, loose, number, assignment, store, limits))
    return found


def _packed(parcel: Parcel, entry: Entry, assignment: str, store: Store, limits: Limits) -> Candidate:
    files, refusal, sha256, size = Files(), None, "", entry.member.size
    try:
        _check(entry, limits)
        sha256, size = store.put(entry.member.blocks(), limits.total, entry.name)
        with store.open(sha256) as stream:
            files = archive.read_archive(stream, limits)
    except Refused as error:
        refusal = error
    except Exception as error:  # one hand-in never stops the class; the receipt names what went wrong
        if classify(error):
            raise
        refusal = Refused("intake_error", f"The intake failed on this hand-in ({type(error).__name__}).")
    number = parcel.numbers.get(entry.name, 0)
    kept = ((entry.path, sha256, size),)
    return _candidate(parcel, [entry], kept, files, refusal, sha256, number, assignment)


def _check(entry: Entry, limits: Limits) -> None:
    if entry.fault:
        raise entry.fault
    if entry.member.kind == LINK:
        raise Refused("link", "The hand-in is a link to somewhere else.")
    if entry.member.kind == SPECIAL:
        raise Refused("unreadable", f"{show(entry.name)!r} is not a regular file.")
    if entry.member.size > limits.total:
        raise archive.too_long(entry.name, limits.total)


def _loose(
    parcel: Parcel, entries: list[Entry], number: int, assignment: str, store: Store, limits: Limits
) -> Candidate:
    files, refusal, kept = Files(), None, []
    try:
        if len(entries) > limits.entries:
            raise Refused("too_many_files", f"The folder holds more than {limits.entries} files.")
        if fault := next((entry.fault for entry in entries if entry.fault), None):
            raise fault
        members = [replace(entry.member, name=entry.path) for entry in entries]
        files = archive.select(members, limits)
        for path, data in files.wanted.items():
            kept.append((path, *store.put([data], limits.total, path)))
    except Refused as error:
        refusal = error
    except Exception as error:
        if classify(error):
            raise
        refusal = Refused("intake_error", f"The intake failed on this hand-in ({type(error).__name__}).")
    sha256 = fingerprint(files.wanted) if files.wanted else ""
    return _candidate(parcel, entries, tuple(kept), files, refusal, sha256, number, assignment)


def _candidate(
    parcel: Parcel, entries: list[Entry], kept: tuple, files: Files, refusal: Refused | None, sha256: str, number: int,
    assignment: str,
) -> Candidate:  # fmt: skip
    received, received_from, seen = parcel.time_of(entries)
    content = content_of(files) or sha256 or _of_names(entries)
    mark = ""
    if received_from == PLATFORM and received is not None:
        mark = f"-{received:%Y%m%dT%H%M%S}"
    elif parcel.platform == canvas.NAME:
        mark = f"-{number}"
    keys = dict(parcel.keys)
    if parcel.platform == canvas.NAME and number:
        keys["canvas_attachment"] = str(number)
    attempt = Attempt(
        "", assignment, f"{content[:20]}{mark}", content, sha256, parcel.platform, show(parcel.origin), received,
        received_from, seen, number, late=parcel.late, files=kept, keys=keys,
    )  # fmt: skip
    if refusal:
        attempt = replace(attempt, code=refusal.code, message=str(refusal))
    return Candidate(attempt, files, refusal)


def content_of(files: Files) -> str:
    """A name for the notebooks and modules of a hand-in, the same however they are packed; "" where there are none."""
    told = {path: data for path, data in files.wanted.items() if not path.casefold().endswith("manifest.json")}
    if not told:
        return ""
    named = sorted(f"{PurePosixPath(path).name}\0{hashlib.sha256(data).hexdigest()}" for path, data in told.items())
    return hashlib.sha256("\n".join(named).encode("utf-8", "replace")).hexdigest()


def _of_names(entries: list[Entry]) -> str:
    """A name for what could not be read at all."""
    told = sorted(f"{entry.path}\0{entry.member.size}" for entry in entries)
    return hashlib.sha256("\n".join(told).encode("utf-8", "replace")).hexdigest()


def read_again(attempt: Attempt, store: Store, limits: Limits) -> Files:
    """The files of an attempt out of the store. Raises Refused."""
    if len(attempt.files) == 1 and is_packed(attempt.files[0][0]):
        with store.open(attempt.files[0][1]) as stream:
            return archive.read_archive(stream, limits)
    files = Files()
    for path, data in _kept(attempt, store, limits):
        files.take(path, data)
    return files


def is_packed(path: str) -> bool:
    return not path.casefold().endswith((".ipynb", ".py", ".json"))


def _kept(attempt: Attempt, store: Store, limits: Limits) -> Iterator[tuple[str, bytes]]:
    for path, sha256, size in attempt.files:
        with store.open(sha256) as stream:
            data = stream.read(limits.total + 1)
        if len(data) != size:
            raise Refused("unreadable", f"What was kept of {show(path)!r} is damaged.")
        yield path, data
