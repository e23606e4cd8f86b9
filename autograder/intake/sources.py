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
from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from toolbox.errors import NotThere

from .archive import Limits, clean_path

SUFFIXES = {".zip", ".ipynb", ".rar", ".7z", ".tar", ".gz", ".tgz", ".bz2", ".xz"}
MOODLE = re.compile(r"(?P<name>.+)_(?P<number>\d+)_assignsubmission_.+", re.DOTALL)
CANVAS = re.compile(r"(?P<name>[^_]+)(?:_LATE)?_(?P<number>\d+)_\d+_.+", re.DOTALL)
BLACKBOARD = re.compile(r".+?_(?P<name>[^_]+)_attempt_\d{4}(?:-\d\d){5}_?.*", re.DOTALL)
TRUST_LIMITS = Limits(total=8 * 2**30, entries=200_000, depth=30)


@dataclass
class Arrival:
    """One hand-in as it lies there. student: an id fit for a folder name, '' where the name does not say."""

    student: str
    path: Path
    received: datetime


def arrivals(source: Path, assignment: str, scratch: Path, times: str | Path = "file") -> list[Arrival]:
    """Everything handed in below `source`, by student, oldest first. `scratch` takes the content of one big
    zip."""
    source = Path(source)
    if not source.exists():
        raise NotThere(f"there is no {source}: give the folder or the zip with the hand-ins")
    if source.is_file():
        if _is_one_hand_in(source):
            paths = [source]
        else:
            _unpack_download(source, scratch)
            paths = list(_listing(scratch))
    else:
        paths = list(_listing(source))
    names = {path: _raw_name(path, assignment) for path in paths}
    ids = _ids(names.values())
    table = read_times(Path(times)) if times not in ("file", "manifest") else {}
    found = []
    for path in paths:
        name, number = names[path]
        student = ids.get((name, number), "")
        known = table.get(student) or table.get(name) or table.get(number)
        found.append(Arrival(student, path, known or file_time(path)))
    return sorted(found, key=lambda arrival: (arrival.student, arrival.received, arrival.path.name))


def _listing(folder: Path):
    for path in sorted(folder.iterdir()):
        if path.name.startswith((".", "__MACOSX")):
            continue
        if path.is_dir() or path.suffix.lower() in SUFFIXES:
            yield path


def _is_one_hand_in(source: Path) -> bool:
    """A file given by itself is one hand-in unless it is a zip of other hand-ins: of zips, or of folders with
    them."""
    try:
        with zipfile.ZipFile(source) as archive:
            names = [name.replace("\\", "/") for name in archive.namelist()]
    except Exception:  # damaged: let the intake of the one hand-in say how
        return True
    names = [name for name in names if not name.startswith("__MACOSX") and not name.endswith("/")]
    tops = {name.split("/")[0] for name in names}
    zips = [name for name in names if name.lower().endswith(".zip")]
    return not (len(zips) > 1 or any(MOODLE.fullmatch(top) or CANVAS.fullmatch(top) for top in tops))


def _unpack_download(source: Path, scratch: Path) -> None:
    """The LMS's own zip, to disk, with the times that the LMS gave. The LMS is trusted with names a little
    more."""
    with zipfile.ZipFile(source) as archive:
        entries = archive.infolist()
        if len(entries) > TRUST_LIMITS.entries or sum(entry.file_size for entry in entries) > TRUST_LIMITS.total:
            raise ValueError(f"{source.name} is too large for a download of hand-ins")
        for entry in entries:
            path = clean_path(entry.filename, TRUST_LIMITS)
            kind = stat.S_IFMT(entry.external_attr >> 16)
            if not path or entry.is_dir() or (kind and not stat.S_ISREG(kind)):
                continue
            target = scratch / path
            target.parent.mkdir(parents=True, exist_ok=True)
            with archive.open(entry) as stream, open(target, "wb") as out:
                shutil.copyfileobj(stream, out)
            try:
                moment = datetime(*entry.date_time, tzinfo=UTC).timestamp()
            except ValueError:  # the zip gives no time
                moment = source.stat().st_mtime
            os.utime(target, (moment, moment))


def _raw_name(path: Path, assignment: str) -> tuple[str, str]:
    """The student's name as the file or folder gives it, and the number that the LMS gave, '' where there is
    none."""
    if path.is_dir():
        match = MOODLE.fullmatch(path.name)
        return (match["name"], match["number"]) if match else (path.name, "")
    stem = path.name
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
        for number, inner in enumerate(path.rglob("*")):
            if number > Limits.entries:
                break
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
