"""From a zip or a folder to the few files of it that are ever looked at. Nothing is unpacked to disk here.

Steps:
1. List the names. Paths that lead outside, too many, too deep or too large entries end the matter.
2. Leave out what an operating system adds (`__MACOSX`, `.DS_Store`) and what is no regular file.
3. Read, each with a limit on the bytes that really come: notebooks, `backprop/*.py`, the manifest, and a zip
   in the zip.

Declared sizes are checked first because it is cheap, and the bytes are counted again while reading because
the declaration is the sender's word.
"""

from __future__ import annotations

import io
import os
import re
import stat
import zipfile
import zlib
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from autograder.records.receipt import Refused, Repair

JUNK = {"__macosx", ".ds_store", "thumbs.db", "desktop.ini", ".ipynb_checkpoints", "__pycache__", ".git"}
MODULE = re.compile(r"(?:.*/)?lib/backprop/[^/]+\.py", re.IGNORECASE | re.DOTALL)


@dataclass(frozen=True)
class Limits:
    """What a hand-in may be. Sizes in bytes."""

    notebook: int = 20 * 2**20
    module: int = 2 * 2**20
    total: int = 200 * 2**20
    entries: int = 5000
    depth: int = 20
    ratio: int = 200
    json_depth: int = 100
    containers: int = 500_000
    cells: int = 2000
    modules: int = 100


@dataclass
class Files:
    """What was found: the bytes of the files that matter by path, the paths that were left out, and
    remarks."""

    wanted: dict[str, bytes] = field(default_factory=dict)
    dropped: list[str] = field(default_factory=list)
    links: list[str] = field(default_factory=list)
    repairs: list[Repair] = field(default_factory=list)

    def remark(self, code: str, message: str) -> None:
        if all(repair.code != code for repair in self.repairs):
            self.repairs.append(Repair(code, message))


def show(name: str) -> str:
    """A name that a student chose, fit to be printed: no control characters, not long."""
    text = "".join(letter if letter.isprintable() else "?" for letter in name)
    return text if len(text) <= 80 else text[:77] + "..."


def clean_path(name: str, limits: Limits) -> str | None:
    """The path with forward slashes, '' for junk, refused when it leads outside or too deep."""
    path = name.replace("\\", "/")
    parts = path.split("/")
    if path.startswith("/") or ".." in parts or re.match(r"[A-Za-z]:", path):
        raise Refused("unsafe_path", f"The hand-in holds the path {show(name)!r}, which leads outside it.")
    parts = [part for part in parts if part not in ("", ".")]
    if len(parts) > limits.depth:
        raise Refused("too_deep", f"The hand-in nests folders {len(parts)} deep; {limits.depth} are allowed.")
    if any(part.casefold() in JUNK or part.startswith("._") for part in parts):
        return ""
    return "/".join(parts)


def is_wanted(path: str) -> bool:
    lower = path.casefold()
    return (
        lower.endswith((".ipynb", ".zip"))
        or bool(MODULE.fullmatch(path))
        or PurePosixPath(lower).name == "manifest.json"
    )


def room(path: str, limits: Limits) -> int:
    lower = path.casefold()
    if lower.endswith(".zip"):
        return limits.total
    return limits.notebook if lower.endswith(".ipynb") else limits.module


def too_long(path: str, limit: int) -> Refused:
    if path.casefold().endswith(".ipynb"):
        return Refused(
            "notebook_too_large",
            f"The notebook {show(path)!r} is larger than {limit / 2**20:g} MB. "
            "Clear its outputs, save and hand in again.",
        )
    return Refused("too_large", f"{show(path)!r} is larger than {limit / 2**20:g} MB.")


def take(files: Files, path: str, data: bytes) -> None:
    """Keep one file, and refuse a second that only looks like the first."""
    for other, known in files.wanted.items():
        if other == path and known != data:
            raise Refused("duplicate_entry", f"The zip holds two different files named {show(path)!r}.")
        if other != path and other.casefold() == path.casefold():
            raise Refused("case_clash", f"{show(other)!r} and {show(path)!r} differ only in upper and lower case.")
    files.wanted[path] = data


def read_zip(data: bytes, limits: Limits, *, nested: bool = False) -> Files:
    """The wanted files of a zip, given as bytes. Raises Refused."""
    try:
        archive = zipfile.ZipFile(io.BytesIO(data))
        entries = archive.infolist()
    # zipfile meets a damaged directory with many kinds of error; each means the same here
    except (
        zipfile.BadZipFile,
        ValueError,
        OSError,
        EOFError,
        NotImplementedError,
        OverflowError,
        IndexError,
    ) as error:
        raise Refused(
            "not_a_zip",
            f"The file is not a zip that can be opened ({type(error).__name__}). Hand in the zip that submit() writes.",
        ) from None
    except Exception as error:  # struct.error has no public base but Exception
        raise Refused("not_a_zip", f"The zip is damaged ({type(error).__name__}).") from None
    if len(entries) > limits.entries:
        raise Refused("too_many_files", f"The zip holds {len(entries)} files; {limits.entries} are allowed.")
    declared = sum(entry.file_size for entry in entries)
    if declared > limits.ratio * max(len(data), 2**16):
        raise Refused("zip_bomb", f"{len(data)} bytes would unpack to {declared}. This is not a hand-in.")
    if declared > limits.total:
        raise Refused(
            "too_large",
            f"The zip unpacks to {declared / 2**20:.0f} MB; {limits.total / 2**20:g} are allowed.",
        )

    files, total = Files(), 0
    with_notebook = any(entry.filename.casefold().endswith(".ipynb") for entry in entries)
    for entry in entries:
        path = clean_path(entry.filename, limits)
        if not path or entry.is_dir():
            continue
        if "\\" in entry.filename:
            files.remark("backslash_paths", "The zip writes its paths with backslashes; they were read as folders.")
        kind = stat.S_IFMT(entry.external_attr >> 16)
        if stat.S_ISLNK(kind):
            files.links.append(path)
            continue
        if kind and not stat.S_ISREG(kind) and not stat.S_ISDIR(kind):
            files.remark("dropped_special", f"{show(path)!r} is a device or pipe and was left out.")
            continue
        if not is_wanted(path) or (with_notebook and path.casefold().endswith(".zip")):
            files.dropped.append(path)
            continue
        if entry.flag_bits & 0x1:
            raise Refused("encrypted", "The zip is locked with a password. Hand in the zip that submit() writes.")
        limit = room(path, limits)
        if entry.file_size > limit:
            raise too_long(path, limit)
        content = _read_entry(archive, entry, min(limit, limits.total - total), data)
        total += len(content)
        take(files, path, content)

    zips = [path for path in files.wanted if path.casefold().endswith(".zip")]
    notebooks = [path for path in files.wanted if path.casefold().endswith(".ipynb")]
    if len(zips) == 1 and not notebooks and not nested:
        inner = read_zip(files.wanted[zips[0]], limits, nested=True)
        inner.repairs.insert(0, Repair("nested_zip", f"The hand-in was the zip {show(zips[0])!r} inside a zip."))
        return inner
    for path in zips:
        files.dropped.append(path)
        del files.wanted[path]
    return files


def _read_entry(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, limit: int, data: bytes) -> bytes:
    """The bytes of one entry, at most `limit`: what comes is counted, whatever was declared."""
    try:
        with archive.open(entry) as stream:
            content = stream.read(limit + 1)
    except (
        zipfile.BadZipFile,
        zlib.error,
        NotImplementedError,
        EOFError,
        OSError,
        ValueError,
        RuntimeError,
    ) as error:
        raise Refused(
            "not_a_zip",
            f"{show(entry.filename)!r} in the zip is damaged or packed in a way "
            f"that cannot be read ({type(error).__name__}).",
        ) from None
    except Exception as error:  # lzma.LZMAError, struct.error
        raise Refused("not_a_zip", f"{show(entry.filename)!r} is damaged ({type(error).__name__}).") from None
    if len(content) > limit:
        raise too_long(entry.filename, limit)
    return content


def read_folder(folder: Path, limits: Limits) -> Files:
    """The wanted files of a folder that is already unpacked. Links are not followed, pipes not opened."""
    files, count, total = Files(), 0, 0
    pending = [(folder, "")]
    while pending:
        here, prefix = pending.pop()
        try:
            entries = sorted(os.scandir(here), key=lambda entry: entry.name)
        except OSError as error:
            raise Refused("unreadable", f"{show(prefix or folder.name)!r} cannot be read ({error.strerror}).") from None
        for entry in entries:
            count += 1
            if count > limits.entries:
                raise Refused("too_many_files", f"The folder holds more than {limits.entries} files.")
            path = clean_path(prefix + entry.name, limits)
            if not path:
                continue
            status = entry.stat(follow_symlinks=False)
            if stat.S_ISLNK(status.st_mode) or (
                stat.S_ISREG(status.st_mode) and status.st_nlink > 1 and is_wanted(path)
            ):
                # a second name of a file may be a second name of somebody else's file
                files.links.append(path)
            elif stat.S_ISDIR(status.st_mode):
                pending.append((Path(entry.path), path + "/"))
            elif not stat.S_ISREG(status.st_mode):
                files.remark("dropped_special", f"{show(path)!r} is a device or pipe and was left out.")
            elif not is_wanted(path) or path.casefold().endswith(".zip"):
                files.dropped.append(path)
            else:
                content = read_regular(Path(entry.path), room(path, limits))
                total += len(content)
                if total > limits.total:
                    raise Refused("too_large", f"The folder holds more than {limits.total / 2**20:g} MB.")
                take(files, path, content)
    return files


def read_regular(path: Path, limit: int) -> bytes:
    """The bytes of a regular file, at most `limit`; a link put there meanwhile is not followed."""
    try:
        number = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0))
    except OSError as error:
        raise Refused("unreadable", f"{show(path.name)!r} cannot be read ({error.strerror}).") from None
    with open(number, "rb") as stream:
        if not stat.S_ISREG(os.fstat(number).st_mode):
            raise Refused("unreadable", f"{show(path.name)!r} is not a regular file.")
        # one byte more than it should have tells a file that grew; a read of `limit` would reserve all of it
        content = stream.read(min(limit, os.fstat(number).st_size) + 1)
    if len(content) > limit:
        raise too_long(path.name, limit)
    return content
