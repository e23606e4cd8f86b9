"""Let a student's code write files, and see what came of it from outside: bytes, and what was done in which order.

Everything is a step of a script or a function that the check has given; what it means is decided where the check runs.

    with Scratch(s) as folder:
        with folder.listening(s.checkpoint.write_atomically) as events:
            s.fetch(s.checkpoint.write_atomically(folder.path("state.bin"), folder.data(b"first")))
        folder.look()["state.bin"].content             # b"first"
        events                                         # what was given to the disk by then
"""

from __future__ import annotations

import builtins
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

import torch

from toolbox.calling.callbacks import Given, Plain, Told
from toolbox.calling.script import PYTHON, Ref, Script
from toolbox.errors import Malformed, Raised, StudentError

SYNCS = tuple(name for name in ("fsync", "fdatasync") if hasattr(os, name))
MOVES = ("replace", "rename")
FULL = 2**62  # bytes: more than any disk holds
FILE_SIZE = getattr(PYTHON.get("resource"), "RLIMIT_FSIZE", 0)  # how large a file may get there


@dataclass(frozen=True)
class File:
    """A file as it was found. inode: another one where a new file took the place of the old one."""

    inode: str
    content: bytes


@dataclass(frozen=True)
class Synced:
    """A file was given to the disk: how many bytes it had by then, and what lay in the folder."""

    inode: str
    size: int
    files: dict[str, File]


class Scratch:
    """A folder of its own where the student's code runs, gone at the end."""

    def __init__(self, script: Script):
        self.script = script
        self._folder = script.files.folder()

    def __enter__(self) -> Scratch:
        return self

    def __exit__(self, *error: object) -> None:
        with suppress(StudentError):
            self.script.fetch(self.script.files.remove(self._folder))

    def path(self, name: str = "", as_text: bool = False) -> Ref:
        """The path of a file in it, as a Path or as a text."""
        path = self.script.pathlib.Path(self._folder, *filter(None, [name]))
        return self.script.builtins.str(path) if as_text else path

    def data(self, content: bytes) -> Ref:
        """Bytes, as an argument."""
        return self.script.keep(_numbers(content)).numpy().tobytes()

    def put(self, name: str, content: bytes) -> None:
        """Make a file."""
        self.script.fetch(self.script.files.write(self.path(name), _numbers(content)))

    def look(self) -> dict[str, File]:
        """The files by their path in the folder, and the folders in it as files without content ("name/")."""
        return seen(self.script.fetch(self.script.files.look(self._folder))[0])

    def found(self, name: str) -> bytes | None:
        """What is in a file; None where there is none."""
        file = self.look().get(name)
        return None if file is None else file.content

    @contextmanager
    def listening(self, function: Ref) -> Iterator[list[Synced]]:
        """Note each file that a function of the student's gives to the disk, by whatever name it has for that."""
        s, events = self.script, []  # type: tuple[Script, list[Synced]]

        def note(status: Any, files: Any) -> None:
            if type(status) is list and [type(part) for part in status] == [str, int]:
                events.append(Synced(status[0], status[1], seen(files)))

        told = s.give(Given(note, Plain(), Plain(), anew=events.clear))

        def noting(sync: Ref) -> Ref:
            def body(file: Ref) -> None:
                sync(file)
                told(s.files.status(file), s.files.look(self._folder))

            return s.function(body)

        with self._instead(function, SYNCS, noting):
            yield events

    @contextmanager
    def nothing_moves(self, function: Ref) -> Iterator[None]:
        """Inside, a function of the student's gets OSError where it renames a file, by whatever name it does that."""
        s = self.script

        def fail(*_: Any) -> None:
            raise Told("OSError", "Input/output error")

        told = s.give(Given(fail, Plain(), Plain(), anew=lambda: None))

        def refusing(real: Ref) -> Ref:
            def body(src: Ref, dst: Ref) -> None:
                told(s.builtins.str(src), s.builtins.str(dst))

            return s.function(body, names=("src", "dst"))

        with self._instead(function, MOVES, refusing):
            yield

    @contextmanager
    def _instead(self, function: Ref, names: tuple[str, ...], make: Callable[[Ref], Ref]) -> Iterator[None]:
        """Inside, functions of `os` are what `make` makes of them, for one of the student's too that imported them."""
        s, put = self.script, self.script.operator.setitem
        real = {name: s.keep(getattr(s.os, name)) for name in names}
        held = s.builtins.getattr(function, "__globals__", {})
        keys, places = s.fetch(s.builtins.list(held), s.facts.places(s.builtins.list(held.values()), [*real.values()]))
        own = [
            (keys[at], name) for name, found in zip(real, places, strict=True) for at in found
        ]  # from os import fsync
        try:
            for name, function_there in real.items():
                other = make(function_there)
                setattr(s.os, name, other)
                for key in [key for key, its in own if its == name]:
                    put(held, key, other)
            yield
        finally:
            for name, function_there in real.items():
                setattr(s.os, name, function_there)
                for key in [key for key, its in own if its == name]:
                    put(held, key, function_there)
            with suppress(StudentError):
                s.fetch()

    @contextmanager
    def other_writing(self, function: Ref, room: Callable[[], int] = lambda: FULL) -> Iterator[list[tuple[str, bytes]]]:
        """Give a function of the student's another `write_atomically`, so that a mistake in theirs costs one item only.

        room: how many bytes the disk takes. Yields what it is called with: the paths, and what was to be written.
        """
        s, called = self.script, []  # type: tuple[Script, list[tuple[str, bytes]]]

        def write(path: Any, numbers: Any) -> None:
            content = _bytes(numbers)
            if content is None or type(path) is not str:
                raise Told("TypeError", "write_atomically takes a path and bytes")
            called.append((path, content))
            if len(content) > room():
                raise Told("OSError", "No space left on device")

        told = s.give(Given(write, Plain(), Plain(), anew=called.clear))

        def body(path: Ref, data: Ref) -> None:
            told(s.builtins.str(path), s.numpy.frombuffer(data, "uint8"))
            s.files.write(path, data)

        other = s.function(body, names=("path", "data"))
        names = s.builtins.getattr(function, "__globals__", {})
        theirs = s.keep(names.get("write_atomically"))
        there = s.fetch(s.facts.present(theirs))[0]
        if there:
            s.operator.setitem(names, "write_atomically", other)
        try:
            yield called
        finally:
            if there:
                s.operator.setitem(names, "write_atomically", theirs)
                with suppress(StudentError):
                    s.fetch()


@contextmanager
def full_disk(s: Script, room: int) -> Iterator[None]:
    """Inside, no file there may grow beyond `room` bytes: writing more raises OSError, half way through.

    Raises NotImplementedError where the system has no such limits: see `disks_fill_up`.
    """
    if not disks_fill_up():
        raise NotImplementedError("a full disk cannot be tried out on this system")
    before = s.keep(s.resource.getrlimit(FILE_SIZE))
    s.resource.setrlimit(FILE_SIZE, [room, s.operator.getitem(before, 1)])
    try:
        yield
    finally:
        s.resource.setrlimit(FILE_SIZE, before)
        with suppress(StudentError):
            s.fetch()


def disks_fill_up() -> bool:
    """Whether a full disk can be tried out on this system (not on Windows)."""
    return "resource" in PYTHON


def is_os_error(error: Raised) -> bool:
    """Whether the student's code raised an OSError, or a kind of it."""
    kind = getattr(builtins, error.raised, None)
    return isinstance(kind, type) and issubclass(kind, OSError)


def seen(rows: Any) -> dict[str, File]:
    """Files by name, of what `Files.look` sends. Raises Malformed for anything else."""
    if type(rows) is not dict or set(rows) != {"files", "folders"}:
        raise Malformed("a folder is not told in the promised form")
    found = {f"{name}/": File("", b"") for name in rows["folders"]}
    for name, inode, numbers in rows["files"]:
        content = _bytes(numbers)
        if content is None or type(name) is not str or type(inode) is not str:
            raise Malformed("a file is not told in the promised form")
        found[name] = File(inode, content)
    return found


def _numbers(content: bytes) -> torch.Tensor:
    return torch.frombuffer(bytearray(content), dtype=torch.uint8) if content else torch.zeros(0, dtype=torch.uint8)


def _bytes(numbers: Any) -> bytes | None:
    """The bytes that arrived as numbers; None for anything else."""
    whole = isinstance(numbers, torch.Tensor) and numbers.dtype == torch.uint8 and numbers.dim() == 1
    return numbers.numpy().tobytes() if whole else None
