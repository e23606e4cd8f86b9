"""From a zip, a tar or a folder to the few files of it that are ever looked at. Nothing is unpacked to disk here.

Steps:
1. List the entries (`members`). Too many, too deep, paths that lead outside end the matter.
2. Leave out what an operating system adds (`__MACOSX`, `.DS_Store`) and what is no regular file.
3. Read, each with a limit on the bytes that really come: notebooks, `backprop/*.py`, the manifest, and a zip
   in the zip.

What it costs to refuse a hand-in is bounded by `Limits`, whatever its bytes are: time is linear in them, and no more
than `Limits.read` of them is held in memory.
"""

from __future__ import annotations

import os
import re
import stat
import tempfile
from dataclasses import dataclass, field
from io import BufferedReader
from itertools import islice
from pathlib import Path, PurePosixPath
from typing import IO

from autograder.records.receipt import Refused, Repair

from . import kinds
from .members import FOLDER, LINK, SPECIAL, Member, show, tar_members, unpacked, zip_members

JUNK = {"__macosx", ".ds_store", "thumbs.db", "desktop.ini", ".ipynb_checkpoints", "__pycache__", ".git"}
MODULE = re.compile(r"(?:.*/)?lib/backprop/[^/]+\.py", re.IGNORECASE | re.DOTALL)
SPOOLED = 8 * 2**20  # bytes of an inner archive that stay in memory


@dataclass(frozen=True)
class Limits:
    """What a hand-in may be. Sizes in bytes; read: of all files that are read; values: commas in a notebook's JSON.
    loose: names of modules that are taken where they stand beside the notebook.
    """

    notebook: int = 20 * 2**20
    module: int = 2 * 2**20
    total: int = 200 * 2**20
    read: int = 100 * 2**20
    entries: int = 5000
    depth: int = 20
    ratio: int = 200
    json_depth: int = 100
    containers: int = 500_000
    values: int = 2_000_000
    cells: int = 2000
    modules: int = 100
    archives: int = 20
    loose: frozenset[str] = frozenset()


@dataclass
class Files:
    """What was found: the bytes of the files that matter by path, the paths that were left out, and
    remarks."""

    wanted: dict[str, bytes] = field(default_factory=dict)
    dropped: list[str] = field(default_factory=list)
    links: list[str] = field(default_factory=list)
    repairs: list[Repair] = field(default_factory=list)
    _spelled: dict[str, str] = field(default_factory=dict)  # case-folded path -> path

    def remark(self, code: str, message: str) -> None:
        if all(repair.code != code for repair in self.repairs):
            self.repairs.append(Repair(code, message))

    def take(self, path: str, data: bytes) -> None:
        """Keep one file, and refuse a second that only looks like the first."""
        other = self._spelled.setdefault(path.casefold(), path)
        if other != path:
            raise Refused("case_clash", f"{show(other)!r} and {show(path)!r} differ only in upper and lower case.")
        if self.wanted.setdefault(path, data) != data:
            raise Refused("duplicate_entry", f"The zip holds two different files named {show(path)!r}.")


def clean_path(name: str, limits: Limits) -> str:
    """The path with forward slashes, '' for junk, refused when it leads outside or too deep."""
    path = name.replace("\\", "/")
    if path.startswith("/") or f"/{path}/".find("/../") >= 0 or re.match(r"[A-Za-z]:", path):
        raise Refused("unsafe_path", f"The hand-in holds the path {show(name)!r}, which leads outside it.")
    parts = [part for part in path.split("/") if part not in ("", ".")]
    if len(parts) > limits.depth:
        raise Refused("too_deep", f"The hand-in nests folders {len(parts)} deep; {limits.depth} are allowed.")
    if any(part.casefold() in JUNK or part.startswith("._") for part in parts):
        return ""
    return "/".join(parts)


def is_wanted(path: str, loose: frozenset[str] = frozenset()) -> bool:
    lower = path.casefold()
    return (
        lower.endswith((".ipynb", ".zip"))
        or bool(MODULE.fullmatch(path))
        or PurePosixPath(lower).name in ("manifest.json", *loose)
    )


def room(path: str, limits: Limits) -> int:
    lower = path.casefold()
    if lower.endswith(".zip"):
        return limits.read
    return limits.notebook if lower.endswith(".ipynb") else limits.module


def too_long(path: str, limit: int) -> Refused:
    if path.casefold().endswith(".ipynb"):
        return Refused(
            "notebook_too_large",
            f"The notebook {show(path)!r} is larger than {limit / 2**20:g} MB. "
            "Clear its outputs, save and hand in again.",
        )
    return Refused("too_large", f"{show(path)!r} is larger than {limit / 2**20:g} MB.")


def read_archive(stream: IO[bytes], limits: Limits, *, nested: bool = False) -> Files:
    """The wanted files of a zip or tar, by what it is and not by its name. Raises Refused."""
    size = stream.seek(0, os.SEEK_END)
    stream.seek(0)
    head = stream.read(kinds.HEAD)
    stream.seek(0)
    kind = kinds.kind(head)
    if kind in kinds.COMPRESSED:
        with tempfile.SpooledTemporaryFile(SPOOLED) as target:
            unpacked(stream, kind, min(limits.total, limits.ratio * max(size, 2**16)), target)
            return _select(tar_members(target, limits.entries), size, limits, nested)
    if kind == kinds.TAR:
        return _select(tar_members(stream, limits.entries), size, limits, nested)
    if not kind and (found := kinds.foreign(head)):
        raise Refused("wrong_format", f"The file is {found[0]}. {found[1]}, and hand in the zip that submit() writes.")
    return _select(zip_members(stream, limits.entries), size, limits, nested)


def select(members: list[Member], limits: Limits) -> Files:
    """The wanted files among those of a folder; archives are left out."""
    return _select(members, sum(member.size for member in members), limits, nested=True)


def _select(members: list[Member], size: int, limits: Limits, nested: bool) -> Files:
    """The wanted files among the entries of an archive of `size` bytes."""
    declared = sum(member.size for member in members)
    if declared > limits.ratio * max(size, 2**16):
        raise Refused("zip_bomb", f"{size} bytes would unpack to {declared}. This is not a hand-in.")
    if declared > limits.total:
        raise Refused(
            "too_large", f"The zip unpacks to {declared / 2**20:.0f} MB; {limits.total / 2**20:g} are allowed."
        )
    files, total, inner, folders = Files(), 0, {}, set()
    for member in members:
        path = clean_path(member.name, limits)
        if not path:
            continue
        if "\\" in member.name:
            files.remark("backslash_paths", "The zip writes its paths with backslashes; they were read as folders.")
        above = path if member.kind == FOLDER else path.rpartition("/")[0]
        while above and above not in folders:
            folders.add(above)
            above = above.rpartition("/")[0]
        if member.kind == FOLDER:
            continue
        if member.kind == LINK:
            files.links.append(path)
        elif member.kind == SPECIAL:
            files.remark("dropped_special", f"{show(path)!r} is a device or pipe and was left out.")
        elif not is_wanted(path, limits.loose):
            files.dropped.append(path)
        elif path.casefold().endswith(".zip"):
            inner[path] = member
        else:
            total += len(content := _content(member, path, min(room(path, limits), limits.read - total), limits))
            files.take(path, content)
    if double := next((path for path in files.wanted if path in folders), None):
        raise Refused("duplicate_entry", f"{show(double)!r} is both a file and a folder in it.")
    if len(inner) == 1 and not nested and not any(path.casefold().endswith(".ipynb") for path in files.wanted):
        return _nested(*inner.popitem(), limits)
    files.dropped += inner
    return files


def _content(member: Member, path: str, limit: int, limits: Limits) -> bytes:
    """The bytes of one entry: what comes is counted, whatever was declared."""
    own = room(path, limits)
    content = b"" if member.size > limit else member.read(limit)
    if max(member.size, len(content)) > limit:
        if limit < own:
            raise Refused("too_large", f"Its notebooks and modules have more than {limits.read / 2**20:g} MB.")
        raise too_long(path, own)
    return content


def _nested(path: str, member: Member, limits: Limits) -> Files:
    """The wanted files of the only zip in a zip."""
    with tempfile.SpooledTemporaryFile(SPOOLED) as target:
        target.write(_content(member, path, limits.read, limits))
        files = read_archive(target, limits, nested=True)
    files.repairs.insert(0, Repair("nested_zip", f"The hand-in was the zip {show(path)!r} inside a zip."))
    return files


def read_folder(folder: Path, limits: Limits) -> Files:
    """The wanted files of a folder that is already unpacked. Links are not followed, pipes not opened."""
    files, count, total = Files(), 0, 0
    pending = [(folder, "")]
    while pending:
        here, prefix = pending.pop()
        try:
            with os.scandir(here) as found:
                entries = list(islice(found, limits.entries + 1 - count))
        except OSError as error:
            raise Refused("unreadable", f"{show(prefix or folder.name)!r} cannot be read ({error.strerror}).") from None
        count += len(entries)
        if count > limits.entries:
            raise Refused("too_many_files", f"The folder holds more than {limits.entries} files.")
        for entry in sorted(entries, key=lambda entry: entry.name):
            path = clean_path(prefix + entry.name, limits)
            if not path:
                continue
            status = entry.stat(follow_symlinks=False)
            if stat.S_ISLNK(status.st_mode) or (
                stat.S_ISREG(status.st_mode) and status.st_nlink > 1 and is_wanted(path, limits.loose)
            ):
                # a second name of a file may be a second name of somebody else's file
                files.links.append(path)
            elif stat.S_ISDIR(status.st_mode):
                pending.append((Path(entry.path), path + "/"))
            elif not stat.S_ISREG(status.st_mode):
                files.remark("dropped_special", f"{show(path)!r} is a device or pipe and was left out.")
            elif not is_wanted(path, limits.loose) or path.casefold().endswith(".zip"):
                files.dropped.append(path)
            else:
                content = read_regular(Path(entry.path), room(path, limits))
                total += len(content)
                if total > limits.read:
                    raise Refused("too_large", f"Its notebooks and modules have more than {limits.read / 2**20:g} MB.")
                files.take(path, content)
    return files


def open_regular(path: Path) -> BufferedReader:
    """A regular file, open; a link put there meanwhile is not followed. Raises Refused."""
    try:
        number = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0))
    except (OSError, ValueError) as error:
        raise Refused(
            "unreadable", f"{show(path.name)!r} cannot be read ({getattr(error, 'strerror', error)})."
        ) from None
    stream = open(number, "rb")
    if not stat.S_ISREG(os.fstat(number).st_mode):
        stream.close()
        raise Refused("unreadable", f"{show(path.name)!r} is not a regular file.")
    return stream


def read_regular(path: Path, limit: int) -> bytes:
    """The bytes of a regular file, at most `limit`."""
    with open_regular(path) as stream:
        # one byte more than it should have tells a file that grew; a read of `limit` would reserve all of it
        content = stream.read(min(limit, os.fstat(stream.fileno()).st_size) + 1)
    if len(content) > limit:
        raise too_long(path.name, limit)
    return content
