"""Who handed in what, and when: from a folder of hand-ins or an LMS download to a list of `Arrival`.

Understood, each in one folder or in one zip of everything:

    ada.zip   ada_flat-hand-in.zip                         named by student
    ada_12345_67890_flat-hand-in.zip   ada_LATE_…          Canvas
    flat_ada_attempt_2026-03-01-12-00-00_x.zip             Blackboard
    Ada L_12345_assignsubmission_file_/x.zip               Moodle
    ada/…                                                  unpacked already, or a zip in a folder

The time of arrival is, in this order: the line of a CSV from the LMS; the time of the file. What a student's
own manifest says counts only when the TA asks for it in so many words (`times="manifest"`).
"""

from __future__ import annotations

import csv
import hashlib
import os
import re
import shutil
import stat
import zipfile
import zlib
from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path

from autograder.machine_faults import classify
from autograder.records.receipt import Refused
from toolbox.errors import KitError, NotThere

from .archive import Limits, clean_path, open_regular, too_long
from .members import FILE, FOLDER, METHODS, Member, show, zip_members

SUFFIXES = {".zip", ".ipynb", ".rar", ".7z", ".tar", ".gz", ".tgz", ".bz2", ".xz"}
MOODLE = re.compile(r"(?P<name>.+)_(?P<number>\d+)_assignsubmission_.+", re.DOTALL)
CANVAS = re.compile(r"(?P<name>[^_]+)(?:_LATE)?_(?P<number>\d+)_\d+_.+", re.DOTALL)
BLACKBOARD = re.compile(r".+?_(?P<name>[^_]+)_attempt_\d{4}(?:-\d\d){5}_?.*", re.DOTALL)
# a download of a whole class; its names are still the students' own
DOWNLOAD = Limits(total=8 * 2**30, entries=50_000, depth=30)


class TooLarge(KitError, ValueError):
    """The download holds more than a class hands in."""


@dataclass
class Arrival:
    """One hand-in as it lies there. student: an id fit for a folder name, '' where the name does not say.

    name: as the download has it; path: where it lies. fault: why it could not be unpacked out of the download.
    """

    student: str
    path: Path
    received: datetime
    name: str = ""
    fault: Refused | None = None


@dataclass
class Found:
    """One file or folder of a download: its name there, where it lies now, what went wrong with it."""

    name: str
    path: Path
    fault: Refused | None = None


def arrivals(source: Path, assignment: str, scratch: Path, times: str | Path = "file") -> list[Arrival]:
    """Everything handed in below `source`, by student, oldest first. `scratch` takes the content of one big
    zip."""
    source = Path(source)
    if not source.exists():
        raise NotThere(f"there is no {source}: give the folder or the zip with the hand-ins")
    if source.is_file():
        members = _download(source)
        items = [Found(source.name, source)] if members is None else _unpacked(source, members, scratch)
    else:
        items = list(_listing(source))
    names = {item.name: _raw_name(item, assignment) for item in items}
    ids = _ids(names.values())
    table = read_times(Path(times)) if times not in ("file", "manifest") else {}
    found = []
    for item in items:
        name, number = names[item.name]
        student = ids.get((name, number), "")
        known = table.get(student) or table.get(name) or table.get(number)
        found.append(Arrival(student, item.path, known or file_time(item.path), item.name, item.fault))
    return sorted(found, key=lambda arrival: (arrival.student, arrival.received, arrival.name))


def _listing(folder: Path):
    for path in sorted(folder.iterdir()):
        if path.name.startswith((".", "__MACOSX")):
            continue
        if path.is_dir() or path.suffix.lower() in SUFFIXES:
            yield Found(path.name, path)


def _download(source: Path) -> list[Member] | None:
    """The entries of a zip of other hand-ins: of zips, or of folders with them. None where the file is one hand-in."""
    try:
        with open_regular(source) as stream:
            members = zip_members(stream, DOWNLOAD.entries)
    except Refused:  # damaged: let the intake of the one hand-in say how
        return None
    names = [member.name.replace("\\", "/") for member in members]
    names = [name for name in names if not name.startswith("__MACOSX") and not name.endswith("/")]
    tops = {name.split("/")[0] for name in names}
    zips = [name for name in names if name.lower().endswith(".zip")]
    several = len(zips) > 1 or any(MOODLE.fullmatch(top) or CANVAS.fullmatch(top) for top in tops)
    return members if several else None


def _unpacked(source: Path, members: list[Member], scratch: Path) -> list[Found]:
    """The hand-ins of the LMS's own zip, on disk, with the times that the LMS gave.

    Each lies under a number of its own, so that no name in the zip meets the disk's rules or another name. What cannot
    be unpacked costs the hand-in it belongs to.
    """
    if sum(member.size for member in members) > DOWNLOAD.total:
        raise TooLarge(f"{source.name} is too large for a download of hand-ins: give the folder that it unpacks to")
    items: dict[str, Found] = {}
    with zipfile.ZipFile(source) as opened:
        for member, info in zip(members, opened.infolist(), strict=True):
            parts = [part for part in member.name.replace("\\", "/").split("/") if part not in ("", ".")]
            if not parts or member.kind == FOLDER or parts[0].startswith((".", "__MACOSX")):
                continue
            inner = len(parts) > 1
            if not inner and Path(parts[0]).suffix.lower() not in SUFFIXES:
                continue
            here = scratch / f"{len(items):06d}{'' if inner else Path(parts[0]).suffix.lower()}"
            item = items.setdefault(parts[0], Found(parts[0], here))
            try:
                path = clean_path(member.name, DOWNLOAD)
                if path and member.kind == FILE:
                    _unpack(opened, info, item.path.joinpath(*path.split("/")[1:]), source)
            except Refused as refusal:
                item.fault = item.fault or refusal
            except (OSError, ValueError) as error:  # a name that no file can have, a folder where a file is
                if classify(error):
                    raise
                what = f"{show(member.name)!r} cannot be unpacked ({getattr(error, 'strerror', None) or error})."
                item.fault = item.fault or Refused("unreadable", what)
            if item.fault and not item.path.exists():
                item.path.touch()
    return list(items.values())


def _unpack(opened: zipfile.ZipFile, info: zipfile.ZipInfo, target: Path, source: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    if target.exists():
        raise Refused("duplicate_entry", f"The download holds {show(info.filename)!r} twice.")
    if info.file_size > Limits.total:
        raise too_long(info.filename, Limits.total)
    if info.flag_bits & 0x1 or info.compress_type not in METHODS:
        raise Refused("not_a_zip", f"{show(info.filename)!r} is locked or packed in a way that is not read.")
    try:
        with opened.open(info) as stream, open(target, "wb") as out:
            shutil.copyfileobj(stream, out)
    except (zipfile.BadZipFile, zlib.error, EOFError) as error:
        raise Refused("not_a_zip", f"{show(info.filename)!r} is damaged in the download ({error}).") from None
    try:
        moment = datetime(*info.date_time, tzinfo=UTC).timestamp()
    except ValueError:  # the zip gives no time
        moment = source.stat().st_mtime
    os.utime(target, (moment, moment))


def _raw_name(item: Found, assignment: str) -> tuple[str, str]:
    """The student's name as the file or folder gives it, and the number that the LMS gave, '' where there is
    none."""
    if item.path.is_dir():
        match = MOODLE.fullmatch(item.name)
        return (match["name"], match["number"]) if match else (item.name, "")
    stem = item.name
    while Path(stem).suffix.lower() in SUFFIXES:
        stem = Path(stem).stem
    for pattern in (MOODLE, CANVAS, BLACKBOARD):
        match = pattern.fullmatch(stem)
        if match:
            return match["name"], match.groupdict().get("number", "")
    stem = re.sub(r"(\s*\(\d+\)|-\d+)$", "", stem) if stem.casefold().startswith(assignment) else stem
    stem = re.sub(rf"[-_ ]*{re.escape(assignment)}[-_ ]hand-in$", "", stem, flags=re.IGNORECASE)
    return ("", "") if stem.casefold() in ("", assignment.casefold()) else (stem, "")


def safe_id(name: str) -> str:
    """A student id that is a plain folder name everywhere: letters, digits, dot, hyphen, underscore, at most
    60."""
    plain = re.sub(r"[^\w.-]+", "-", name, flags=re.UNICODE).strip("-._")[:60].rstrip("-._")
    return plain.encode("utf-8", "ignore").decode()


def _ids(names) -> dict[tuple[str, str], str]:
    """A distinct id for each (name, number). Where two students would share one, each gets number or
    fingerprint."""
    groups = defaultdict(list)
    for name, number in sorted(set(names)):
        if name:
            groups[safe_id(name).casefold()].append((name, number))
    ids = {}
    for members in groups.values():
        for name, number in members:
            plain = safe_id(name)
            if len(members) > 1 or not plain:
                mark = number or hashlib.sha256(name.encode("utf-8", "replace")).hexdigest()[:6]
                plain = f"{plain or 'student'}-{mark}"
            ids[name, number] = plain
    return ids


def file_time(path: Path) -> datetime:
    """When the file was written; of a folder, the newest of the files in it, links aside."""
    moments = [path.lstat().st_mtime] if not path.is_dir() else []
    if path.is_dir():
        for inner in islice(path.rglob("*"), Limits.entries):
            status = inner.lstat()
            if stat.S_ISREG(status.st_mode):
                moments.append(status.st_mtime)
    moment = max(moments, default=path.lstat().st_mtime)
    try:
        return datetime.fromtimestamp(int(moment), UTC)
    except (ValueError, OverflowError, OSError):
        return datetime.fromtimestamp(0, UTC)


def read_times(path: Path) -> dict[str, datetime]:
    """Times of arrival from a CSV of the LMS: a column for the student and one for the time, known by their
    headings.

    A time without a zone is UTC. Raises ValueError where the columns are missing or a time cannot be read.
    """
    from dateutil import parser  # type: ignore[import-untyped]

    with open(path, newline="", encoding="utf-8-sig") as stream:
        rows = csv.DictReader(stream)
        headings = {heading.strip().casefold(): heading for heading in rows.fieldnames or [] if heading}
        who = next(
            (headings[key] for key in ("student", "student_id", "username", "id", "name") if key in headings),
            None,
        )
        when = next(
            (
                headings[key]
                for key in ("received", "timestamp", "submitted", "submitted_at", "time")
                if key in headings
            ),
            None,
        )
        if not who or not when:
            raise ValueError(f"{path}: the first line must name a column 'student' and a column 'received'")
        table = {}
        for line, row in enumerate(rows, start=2):
            if not (row[when] or "").strip():
                continue
            try:
                moment = parser.parse(row[when])
            except (ValueError, OverflowError):
                raise ValueError(f"{path}, line {line}: {row[when]!r} is not a time") from None
            moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
            table[row[who].strip()] = moment.astimezone(UTC).replace(microsecond=0)
    return table
