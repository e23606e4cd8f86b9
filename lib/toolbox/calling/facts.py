"""What can be said of objects and files that do not travel: plain facts for a check, and no opinion about them.

All of it runs where a student's code runs, and is made of C functions taken before any of that code was there, so that
who exchanges `os.stat` or `numpy.fromfile` has exchanged nothing in here.
"""

from __future__ import annotations

import os
import shutil
import stat
import tempfile
from collections.abc import Sequence
from io import open as open_file
from typing import Any

import numpy
from torch.autograd.graph import _engine_run_backward

from toolbox.errors import Malformed

MAX_FILES, MAX_CONTENT = 200, 8 * 2**20  # of a folder that is looked at; honest ones hold three files of a megabyte


class Facts:
    """What can be said of objects that do not travel. Made of C functions, which no student's code exchanges."""

    @staticmethod
    def present(value: Any) -> bool:
        """Whether there is anything at all: False for None."""
        return value is not None

    @staticmethod
    def kind(value: Any, type=type) -> str:
        """The name of its class."""
        return type(value).__name__

    @staticmethod
    def attributes(value: Any, names: list, type=type, getattr=getattr) -> list:
        """The name of its class, and these attributes of it; None for one that is not there."""
        return [type(value).__name__, *[getattr(value, name, None) for name in names]]

    @staticmethod
    def derived(kind: Any, base: type, isinstance=isinstance, issubclass=issubclass, type=type) -> bool:
        """Whether it is a class derived from another one."""
        return isinstance(kind, type) and issubclass(kind, base)

    @staticmethod
    def nodes(value: Any, kind: Any, type=type, getattr=getattr) -> list:
        """Of a value's place in autograd's graph: whether its node is of that very class, and the names of the classes
        of the nodes above it."""
        node = getattr(value, "grad_fn", None)
        above = [type(one).__name__ for one, _ in getattr(node, "next_functions", ())]
        return [node is not None and type(node) is kind, above]

    @staticmethod
    def gradients(outputs: list, leaves: list, upstream: list, again: bool, run=_engine_run_backward) -> list:
        """What autograd's engine finds, None for a leaf that nothing depends on. again: keep a graph of it."""
        return [*run(tuple(outputs), tuple(upstream), again, again, tuple(leaves), True, accumulate_grad=False)]

    @staticmethod
    def same(one: Any, other: Any) -> bool:
        """Whether both are one and the same object."""
        return one is other

    @staticmethod
    def places(entries: Any, wanted: Sequence[Any], id=id, enumerate=enumerate) -> list[list[int]]:
        """For each object wanted, all places at which that very object stands among a list's or tuple's entries."""
        found: dict[int, list[int]] = {}
        entries = entries if isinstance(entries, list | tuple) else ()
        for place, entry in enumerate(entries):
            found.setdefault(id(entry), []).append(place)
        return [found.get(id(one), []) for one in wanted]

    @staticmethod
    def length(entries: Any, len=len) -> int:
        """How many entries a list or tuple has; 0 for anything else."""
        return len(entries) if isinstance(entries, list | tuple) else 0

    @staticmethod
    def held(holder: Any, name: str, getattr=getattr) -> Any:
        """An attribute, None where there is none."""
        return getattr(holder, name, None)

    @staticmethod
    def numbers(entries: Any, float=float) -> list[float] | None:
        """A list or tuple of numbers as a list; None for anything else."""
        plain = isinstance(entries, list | tuple) and all(isinstance(entry, int | float) for entry in entries)
        return [float(entry) for entry in entries] if plain else None


class Files:
    """Files and folders."""

    @staticmethod
    def folder(make=tempfile.mkdtemp) -> str:
        """A new, empty folder."""
        return make()

    @staticmethod
    def remove(folder: str, remove=shutil.rmtree) -> None:
        """Remove a folder with all that is in it."""
        remove(folder, ignore_errors=True)

    @staticmethod
    def look(
        folder: str, walk=os.walk, lstat=os.lstat, join=os.path.join, relative=os.path.relpath,
        regular=stat.S_ISREG, read=open_file, numbers=numpy.frombuffer, byte=numpy.uint8,
    ) -> dict[str, list]:  # fmt: skip
        """{"files": [[path in the folder, number in the file system as a text, content as uint8], ...], "folders":
        [path, ...]}. Raises Malformed where it holds too much."""
        files: list[list] = []
        folders: list[str] = []
        room = MAX_CONTENT
        for place, inner, names in walk(folder):
            folders += [relative(join(place, name), folder) for name in inner]
            for name in names:
                path = join(place, name)
                status = lstat(path)
                if not regular(status.st_mode):
                    continue
                room -= status.st_size
                if room < 0 or len(files) >= MAX_FILES or len(folders) > MAX_FILES:
                    raise Malformed("the folder holds more files than anybody asked for")
                with read(path, "rb") as file:
                    content = file.read(status.st_size)
                files.append([relative(path, folder).replace("\\", "/"), f"{status.st_ino}", numbers(content, byte)])
        return {"files": sorted(files, key=lambda row: row[0]), "folders": sorted(folders)}

    @staticmethod
    def status(file: Any, fstat=os.fstat) -> list:
        """[number in the file system as a text, size] of an open file."""
        found = fstat(file if isinstance(file, int) else file.fileno())
        return [f"{found.st_ino}", found.st_size]

    @staticmethod
    def write(path: Any, content: Any, open=open_file, array=numpy.asarray) -> None:
        """Make a file of `content`, bytes or uint8 numbers: into the place of the old one, no better than that."""
        with open(path, "wb") as file:
            file.write(content if isinstance(content, bytes) else array(content).tobytes())
