"""The entries of a zip or a tar, listed before anything of them is read, at a cost that has a limit.

What a library builds for each entry costs a thousand times what the entry costs its sender, so both formats are held
back: a zip's list of files is refused by its length before `zipfile` reads it, and a tar is walked header by header
here, because `tarfile` of Python 3.11 reads extended headers in quadratic time and of any size. Only what costs as
much to make as to undo is undone: stored and deflated entries. Sizes that an archive declares are checked, and what
comes is counted again.
"""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import stat
import zipfile
import zlib
from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import IO

from autograder.records.receipt import Refused

FILE, FOLDER, LINK, SPECIAL = "file", "folder", "link", "special"
LISTED = 400  # bytes that an entry may take in a zip's list, on average
END = 2**17  # bytes behind the list in which `zipfile` looks for its end
METHODS = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}
BLOCK = 512  # of a tar
AT_ONCE = 2**18  # bytes
LONGEST_NAME = 16 * 2**10
ADVICE = "Hand in the zip that submit() writes."


@dataclass(frozen=True)
class Member:
    """One entry. name: as the archive writes it; size: as it declares; kind: FILE, FOLDER, LINK or SPECIAL. when: its
    time, as if it were UTC, which no archive says. blocks: the content, a block at a time; raises Refused where it is
    damaged or locked.
    """

    name: str
    size: int
    kind: str
    blocks: Callable[[], Generator[bytes, None, None]]
    when: datetime | None = None

    def read(self, limit: int) -> bytes:
        """The content; one byte more than `limit` tells that there is more."""
        found, size = [], 0
        with closing(self.blocks()) as blocks:
            for block in blocks:
                found.append(block[: limit + 1 - size])
                size += len(found[-1])
                if size > limit:
                    break
        return b"".join(found)


def show(name: str) -> str:
    """A name that a student chose, fit to be printed: no control characters, not long."""
    text = "".join(letter if letter.isprintable() else "?" for letter in name[:81])
    return text if len(text) <= 80 else text[:77] + "..."


class _Held:
    """A file for `zipfile` that does not give away more than `most` bytes at once: so long may the list of files be."""

    def __init__(self, stream: IO[bytes], most: int):
        self._stream, self.most = stream, most
        self.seek, self.tell, self.seekable = stream.seek, stream.tell, stream.seekable

    def read(self, count: int = -1) -> bytes:
        data = self._stream.read(min(count, self.most + 1) if count >= 0 else self.most + 1)
        if len(data) > self.most:
            raise Refused("too_many_files", f"The zip's list of files is longer than {self.most // 1024} KiB.")
        return data


def zip_members(stream: IO[bytes], entries: int) -> list[Member]:
    """The entries of a zip in the order of its list, `entries` at most. Raises Refused."""
    held = _Held(stream, max(entries * LISTED, END))
    try:
        archive = zipfile.ZipFile(held)
    except (Refused, MemoryError):
        raise
    except Exception as error:  # zipfile meets a damaged list with many kinds of error; each means the same here
        raise Refused(
            "not_a_zip", f"The file is not a zip that can be opened ({type(error).__name__}). {ADVICE}"
        ) from None
    held.most = 2**62
    found = archive.infolist()
    if len(found) > entries:
        raise Refused("too_many_files", f"The zip holds {len(found)} files; {entries} are allowed.")
    return [Member(info.filename, info.file_size, _kind(info), _reader(archive, info), _moment(info)) for info in found]


def _kind(info: zipfile.ZipInfo) -> str:
    mode = stat.S_IFMT(info.external_attr >> 16)
    if stat.S_ISLNK(mode):
        return LINK
    if info.filename.endswith("/") or stat.S_ISDIR(mode):
        return FOLDER
    return FILE if not mode or stat.S_ISREG(mode) else SPECIAL


def _reader(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> Callable[[], Generator[bytes, None, None]]:
    def blocks() -> Generator[bytes, None, None]:
        if info.flag_bits & 0x1:
            raise Refused("encrypted", "The zip is locked with a password. " + ADVICE)
        if info.compress_type not in METHODS:
            raise Refused(
                "not_a_zip",
                f"{show(info.filename)!r} is packed in a way that is not read (method {info.compress_type}); 'deflate' "
                f"is. {ADVICE}",
            )
        try:
            with archive.open(info) as stream:
                while block := stream.read(AT_ONCE):
                    yield block
        except MemoryError:
            raise
        except Exception as error:  # BadZipFile, zlib.error, struct.error, EOFError, RuntimeError, …: it is damaged
            raise Refused(
                "not_a_zip", f"{show(info.filename)!r} in the zip is damaged ({type(error).__name__})."
            ) from None

    return blocks


def _moment(info: zipfile.ZipInfo) -> datetime | None:
    try:
        return datetime(*info.date_time, tzinfo=UTC)
    except ValueError:  # the zip gives no time
        return None


def tar_members(stream: IO[bytes], entries: int) -> list[Member]:
    """The entries of a tar that is not compressed, `entries` at most: ustar, GNU's long names, pax. Raises Refused."""
    end = stream.seek(0, io.SEEK_END)
    found: list[Member] = []
    pax: dict[str, str] = {}
    place, long_name, headers = 0, "", 0
    while place + BLOCK <= end:
        stream.seek(place)
        header = stream.read(BLOCK)
        if not header.strip(b"\0"):
            break
        headers += 1
        if headers > 3 * entries or len(found) >= entries:
            raise Refused("too_many_files", f"The tar holds more than {entries} files.")
        size = _number(header[124:136])
        if _number(header[148:156]) != sum(header[:148]) + 256 + sum(header[156:]) or not 0 <= size <= end:
            raise Refused("not_a_zip", f"The tar is damaged at byte {place}. {ADVICE}")
        start, kind = place + BLOCK, header[156:157]
        if kind in b"LKxg":
            if size > LONGEST_NAME:
                raise Refused("not_a_zip", f"The tar has a header of {size} bytes at byte {place}. {ADVICE}")
            text = stream.read(size)
            long_name = text.rstrip(b"\0").decode("utf-8", "replace") if kind == b"L" else long_name
            pax = _pax(text) if kind == b"x" else pax
        else:
            if "size" in pax and pax["size"].isascii() and pax["size"].isdigit() and len(pax["size"]) < 20:
                size = int(pax["size"])
            prefix = header[345:500] if header[257:263] == b"ustar\0" else b""
            parts = (part.partition(b"\0")[0].decode("utf-8", "replace") for part in (prefix, header[:100]))
            name = pax.get("path") or long_name or "/".join(part for part in parts if part)
            if start + size > end:
                raise Refused("not_a_zip", f"The tar ends in the middle of {show(name)!r}. {ADVICE}")
            found.append(Member(name, size, _tar_kind(kind, name), _slice(stream, start, size), _since(header)))
            long_name, pax = "", {}
        place = start + -(-size // BLOCK) * BLOCK
    else:
        raise Refused("not_a_zip", f"The tar has no end: it was cut off. {ADVICE}")
    return found


def _number(field: bytes) -> int:
    """A number of a tar header, -1 where it is none: octal digits, or GNU's binary form for large ones."""
    if field[:1] == b"\x80":
        return int.from_bytes(field[1:], "big")
    try:
        return int(field.strip(b" \0") or b"0", 8)
    except ValueError:
        return -1


def _since(header: bytes) -> datetime | None:
    try:
        return datetime.fromtimestamp(max(0, _number(header[136:148])), UTC)
    except (ValueError, OverflowError, OSError):
        return None


def _pax(text: bytes) -> dict[str, str]:
    """path and size of an extended header: lines such as `27 path=lib/backprop/x.py`."""
    found, place = {}, 0
    while place < len(text):
        length = text[place : place + 8].partition(b" ")[0]
        if not length.isdigit() or not 0 < int(length) <= len(text) - place:
            break
        key, _, value = text[place + len(length) + 1 : place + int(length) - 1].partition(b"=")
        if key in (b"path", b"size"):
            found[key.decode()] = value.decode("utf-8", "replace")
        place += int(length)
    return found


def _tar_kind(kind: bytes, name: str) -> str:
    if kind in b"12":
        return LINK
    if kind == b"5" or (kind in b"0\0" and name.endswith("/")):
        return FOLDER
    return FILE if kind in b"0\x007" else SPECIAL


def _slice(stream: IO[bytes], start: int, size: int) -> Callable[[], Generator[bytes, None, None]]:
    def blocks() -> Generator[bytes, None, None]:
        for place in range(start, start + size, AT_ONCE):
            stream.seek(place)
            yield stream.read(min(AT_ONCE, start + size - place))

    return blocks


def unpacked(stream: IO[bytes], how: str, most: int, target: IO[bytes]) -> IO[bytes]:
    """`target`, into which a compressed file was unpacked. how: gzip, bzip2 or xz. Refused above `most` bytes."""
    size = 0
    try:
        for block in _blocks(stream, how):
            size += len(block)
            if size > most:
                raise Refused("too_large", f"The file unpacks to more than {most / 2**20:g} MB.")
            target.write(block)
    except (OSError, EOFError, ValueError, zlib.error, lzma.LZMAError) as error:
        if getattr(error, "errno", None):  # the disk's, not the sender's
            raise
        raise Refused("not_a_zip", f"The file is damaged ({type(error).__name__}). {ADVICE}") from None
    target.seek(0)
    return target


def _blocks(stream: IO[bytes], how: str) -> Iterator[bytes]:
    """The content, a block at a time; each of the three libraries stops at the size that it is asked for."""
    if how == "xz":
        decoder = lzma.LZMADecompressor(memlimit=128 * 2**20)
        while not decoder.eof:
            data = stream.read(2**16) if decoder.needs_input else b""
            if decoder.needs_input and not data:
                raise EOFError
            yield decoder.decompress(data, 2**20)
        return
    opened = gzip.GzipFile(fileobj=stream, mode="rb") if how == "gzip" else bz2.BZ2File(stream)
    while block := opened.read(2**20):
        yield block
