"""A download as a list of its files, whether it is a folder, a zip or a tar. Nothing is unpacked to disk.

Names in it are the students' own, so none of them ever meets the disk's rules. A path that leads outside is kept with
what is wrong with it (`Entry.fault`), for the hand-in that it stands in.
"""

from __future__ import annotations

import os
import re
import stat
import tempfile
from collections.abc import Generator, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

from autograder.records.receipt import Refused
from toolbox.errors import KitError, NotThere

from . import kinds
from .archive import JUNK, SPOOLED, Limits, is_wanted, open_regular
from .members import AT_ONCE, FILE, FOLDER, LINK, SPECIAL, Member, show, tar_members, unpacked, zip_members

WHOLE = Limits(total=8 * 2**30, entries=50_000, depth=30)  # of a class
ARCHIVES = (".zip", ".tar", ".tgz", ".gz", ".bz2", ".xz", ".rar", ".7z")


class TooLarge(KitError, ValueError):
    """The download holds more than a class hands in."""


@dataclass(frozen=True)
class Entry:
    """A file of a download. parts: its path, less what stands above the listing it is in. on_disk: whether its time is
    the file's own. fault: why it is not to be read.
    """

    parts: tuple[str, ...]
    member: Member
    on_disk: bool = False
    fault: Refused | None = None

    @property
    def name(self) -> str:
        return self.parts[-1]

    @property
    def path(self) -> str:
        return "/".join(self.parts)

    @property
    def is_archive(self) -> bool:
        return self.name.casefold().endswith(ARCHIVES)

    @property
    def is_notebook(self) -> bool:
        return self.name.casefold().endswith(".ipynb")


@dataclass
class Listing:
    """The files of a download, or of a folder in it. name: of the folder or file."""

    name: str
    entries: list[Entry] = field(default_factory=list)

    def tops(self) -> dict[str, list[Entry]]:
        """The entries by the first part of their path."""
        found: dict[str, list[Entry]] = {}
        for entry in self.entries:
            found.setdefault(entry.parts[0], []).append(entry)
        return found

    def below(self, top: str, entries: list[Entry]) -> Listing:
        """The folder `top`, of which these are the entries."""
        inner = [Entry(one.parts[1:], one.member, one.on_disk, one.fault) for one in entries if len(one.parts) > 1]
        return Listing(top, inner)

    def files(self) -> list[Entry]:
        """The files that stand in no folder."""
        return [entry for entry in self.entries if len(entry.parts) == 1]


def open_download(path: Path, stack: ExitStack) -> Listing:
    """The files of a folder or an archive; `stack` keeps open what they are read from. Raises NotThere, TooLarge,
    Refused.

    Refused: the file is no archive, or a damaged one.
    """
    if not path.exists() and not path.is_symlink():
        raise NotThere(f"there is no {path}: give the folder or the zip with the hand-ins")
    if path.is_dir() and not path.is_symlink():
        return Listing(path.resolve().name, list(_on_disk(path)))
    stream = stack.enter_context(open_regular(path))
    return Listing(path.name, entries_of(stream, stack))


def single(path: Path) -> Listing:
    """A listing of nothing but this file, which is not opened."""
    member = _disk_member(path, (path.name,), path.lstat())
    return Listing(path.parent.name, [Entry((path.name,), member, on_disk=True)])


def entries_of(stream: IO[bytes], stack: ExitStack) -> list[Entry]:
    """The files of an archive that is open."""
    head = stream.read(kinds.HEAD)
    stream.seek(0)
    kind = kinds.kind(head)
    if not kind and (found := kinds.foreign(head)):
        raise Refused("wrong_format", f"The file is {found[0]}. {found[1]}.")
    if kind in kinds.COMPRESSED:
        spooled = stack.enter_context(tempfile.SpooledTemporaryFile(SPOOLED))
        members = tar_members(unpacked(stream, kind, WHOLE.total, spooled), WHOLE.entries)
    else:
        members = (tar_members if kind == kinds.TAR else zip_members)(stream, WHOLE.entries)
    if sum(member.size for member in members) > WHOLE.total:
        raise TooLarge("the download unpacks to more than 8 GB: unpack it yourself and give the folder")
    return [entry for member in members if (entry := _entry(member)) is not None]


def _entry(member: Member) -> Entry | None:
    """The entry of an archive, None for a folder and for what an operating system adds."""
    path = member.name.replace("\\", "/")
    parts = tuple(part for part in path.split("/") if part not in ("", "."))
    fault = None
    if path.startswith("/") or ".." in parts or re.match(r"[A-Za-z]:", path):
        fault = Refused("unsafe_path", f"The download holds the path {show(path)!r}, which leads outside it.")
        parts = tuple(part for part in parts if part != "..") or (show(path),)
    if member.kind == FOLDER or not parts or _is_junk(parts):
        return None
    return Entry(parts, member, fault=fault)


def _is_junk(parts: tuple[str, ...]) -> bool:
    return any(part.casefold() in JUNK or part.startswith("._") for part in parts)


def _on_disk(folder: Path) -> Iterator[Entry]:
    """The files below a folder, sorted. Links are not followed, pipes not opened, links to folders are one entry."""
    pending: list[tuple[Path, tuple[str, ...]]] = [(folder, ())]
    count = 0
    while pending:
        here, parts = pending.pop()
        try:
            with os.scandir(here) as found:
                inside = sorted(found, key=lambda entry: entry.name)
        except OSError as error:
            if not parts:
                raise NotThere(f"{here} cannot be read: {error.strerror}") from None
            fault = Refused("unreadable", f"{show(here.name)!r} cannot be read ({error.strerror}).")
            yield Entry(parts, Member("/".join(parts), 0, SPECIAL, _nothing), True, fault)
            continue
        for entry in inside:
            own = (*parts, entry.name)
            if _is_junk(own):
                continue
            count += 1
            if count > WHOLE.entries:
                raise TooLarge(
                    f"{folder} holds more than {WHOLE.entries} files: give the folder with the hand-ins alone"
                )
            if entry.is_dir(follow_symlinks=False):
                if len(own) > WHOLE.depth:
                    fault = Refused(
                        "too_deep", f"The hand-in nests folders {len(own)} deep; {WHOLE.depth} are allowed."
                    )
                    yield Entry(own, Member("/".join(own), 0, SPECIAL, _nothing), True, fault)
                else:
                    pending.append((Path(entry.path), own))
                continue
            yield Entry(own, _disk_member(Path(entry.path), own, entry.stat(follow_symlinks=False)), True)


def _disk_member(path: Path, parts: tuple[str, ...], status: os.stat_result) -> Member:
    kind = FILE if stat.S_ISREG(status.st_mode) else LINK if stat.S_ISLNK(status.st_mode) else SPECIAL
    if kind == FILE and status.st_nlink > 1 and len(parts) > 1 and is_wanted("/".join(parts)):
        kind = LINK  # a second name of a file may be a second name of somebody else's file
    try:
        when = datetime.fromtimestamp(status.st_mtime, UTC)
    except (ValueError, OverflowError, OSError):
        when = datetime.fromtimestamp(0, UTC)

    def blocks() -> Generator[bytes, None, None]:
        with open_regular(path) as stream:
            while block := stream.read(AT_ONCE):
                yield block

    return Member("/".join(parts), status.st_size, kind, blocks, when)


def _nothing() -> Generator[bytes, None, None]:
    yield from ()
