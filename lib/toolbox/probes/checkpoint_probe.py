"""Rehearsals with files: full disks, booby-trapped checkpoints, runs that are killed and taken up again.

As in `rehearse`: this runs in the student's process, hands plain data back, and judges nothing. Each rehearsal works in
a temporary folder of its own.
"""

from __future__ import annotations

import os
import pickle
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from toolbox.probes.optimiser_probe import Recorder

try:
    import resource
except ImportError:  # Windows has no such limits: a full disk cannot be rehearsed there
    resource = None


class Trap:
    """What makes a folder when it is unpickled: nothing worse than leaving a note."""

    def __init__(self, note: Path):
        self.note = str(note)

    def __reduce__(self) -> tuple:
        return os.mkdir, (self.note,)


@contextmanager
def full_disk(room: int) -> Iterator[None]:
    """Inside, no file of this process may grow beyond `room` bytes: writing more raises OSError, half way through."""
    if resource is None:
        raise NotImplementedError("a full disk cannot be rehearsed on this system")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (room, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@contextmanager
def _listening(function: Callable[..., Any], path: Path) -> Iterator[list[dict[str, Any]]]:
    """Note each file that a function of the student's gives to the disk: its number in the file system, how many bytes
    of it the system has by then, whether it lies in the folder of `path`, and whether it comes too late: when it has
    already taken the place of an older one."""
    folder, old = path.parent, path.stat().st_ino if path.is_file() else None
    real = {name: getattr(os, name) for name in ("fsync", "fdatasync") if hasattr(os, name)}
    notes: list[dict[str, Any]] = []

    def noting(sync: Callable[[Any], None]) -> Callable[[Any], None]:
        def call(file: Any) -> None:
            sync(file)
            status = os.fstat(file if isinstance(file, int) else file.fileno())
            there = any(entry.stat().st_ino == status.st_ino for entry in folder.iterdir())
            late = old is not None and path.is_file() and old != path.stat().st_ino == status.st_ino
            notes.append({"inode": str(status.st_ino), "size": status.st_size, "there": there, "late": late})

        return call

    theirs = getattr(function, "__globals__", {})
    taken = {key: name for key, value in theirs.items() for name, sync in real.items() if value is sync}
    for name, sync in real.items():
        setattr(os, name, noting(sync))
    theirs.update({key: getattr(os, name) for key, name in taken.items()})  # from os import fsync
    try:
        yield notes
    finally:
        for name, sync in real.items():
            setattr(os, name, sync)
        theirs.update({key: real[name] for key, name in taken.items()})


def written(write: Callable[..., Any], contents: list[str], as_text: bool = False) -> dict[str, Any]:
    """Write several contents, one after the other, to the same file. Returns what is in it each time, its
    number in the file system (another one where a new file took its place), how many of its bytes were given to the
    disk, whether all that was given to the disk lay in its folder, and the files in the folder."""
    with tempfile.TemporaryDirectory() as scratch:
        path = Path(scratch) / "runs" / "state.bin"
        path.parent.mkdir()
        found, inodes, on_disk, beside = [], [], [], True
        for content in contents:
            with _listening(write, path) as notes:
                write(str(path) if as_text else path, content.encode())
            found.append(path.read_bytes().decode() if path.is_file() else None)
            inodes.append(str(path.stat().st_ino) if path.is_file() else "")
            mine = [note for note in notes if note["inode"] == inodes[-1] and not note["late"]]
            on_disk.append(max((note["size"] for note in mine), default=0))
            beside = beside and all(note["there"] for note in mine)
        return {
            "found": found,
            "inodes": inodes,
            "on_disk": on_disk,
            "beside": beside,
            "files": sorted(str(p.relative_to(scratch)) for p in Path(scratch).rglob("*.*")),
        }


def interrupted(write: Callable[..., Any], old: str, size: int, room: int) -> dict[str, Any] | None:
    """Write `old`, then `size` bytes more than a disk with `room` bytes can take; None where that cannot be rehearsed.

    Returns what is in the file then, the files in its folder, and whether the error was passed on.
    """
    if resource is None:
        return None
    with tempfile.TemporaryDirectory() as scratch:
        path = Path(scratch) / "state.bin"
        write(path, old.encode())
        raised = False
        with full_disk(room):
            try:
                write(path, b"x" * size)
            except OSError:
                raised = True
        text = path.read_bytes().decode() if path.is_file() else None
        return {"found": text, "files": sorted(p.name for p in Path(scratch).iterdir()), "raised": raised}


@contextmanager
def _other_writing(function: Callable[..., Any]) -> Iterator[list[str]]:
    """Give a function of the student's another `write_atomically`, so that a mistake in theirs costs one item only.
    Yields the paths that it is called with."""
    names = getattr(function, "__globals__", {})
    theirs = names.get("write_atomically")
    called: list[str] = []

    def write(path: Path | str, data: bytes) -> None:
        called.append(str(path))
        beside = Path(path).with_name("beside")
        try:
            beside.write_bytes(data)
            os.replace(beside, path)
        finally:
            beside.unlink(missing_ok=True)

    if theirs is not None:
        names["write_atomically"] = write
    try:
        yield called
    finally:
        if theirs is not None:
            names["write_atomically"] = theirs


def round_trip(
    save: Callable[..., Any], load: Callable[..., Any], states: list[dict[str, Tensor]], as_text: bool = False
) -> list[dict[str, Tensor] | None]:
    """Save states to one file, one after the other, and load each back. as_text: the path is a str."""
    with tempfile.TemporaryDirectory() as scratch, _other_writing(save):
        path = f"{scratch}/checkpoint.npz" if as_text else Path(scratch) / "checkpoint.npz"
        found = []
        for state in states:
            save(path, state)
            found.append(load(path))
        return found


def replaced(save: Callable[..., Any], states: list[dict[str, Tensor]]) -> list[bool]:
    """Save states to one file, one after the other. Returns for each but the first whether the old file stayed whole
    until the new one was there: handed to `write_atomically`, or another file in its place, or nothing written."""
    with tempfile.TemporaryDirectory() as scratch, _other_writing(save) as called:
        path, whole, before = Path(scratch) / "checkpoint.npz", [], (None, b"")
        for state in states:
            called.clear()
            save(path, state)
            now = (path.stat().st_ino, path.read_bytes()) if path.is_file() else (None, b"")
            whole.append(str(path) in called or now[0] != before[0] or now[1] == before[1])
            before = now
        return whole[1:]


class NotOnTheCPU(TypeError):
    """What numpy says to a tensor on a GPU."""


class Elsewhere(Tensor):
    """A tensor as on a GPU, as far as saving goes: numpy cannot read it before it was copied to the CPU."""

    @classmethod
    def __torch_function__(cls, func: Any, types: Any, args: tuple = (), kwargs: dict | None = None) -> Any:
        kwargs = kwargs or {}
        if func in (Tensor.numpy, Tensor.__array__):
            raise NotOnTheCPU("numpy cannot read a tensor that lies there")
        result = super().__torch_function__(func, types, args, kwargs)
        asked = [str(value) for value in (*args[1:], *kwargs.values())]
        arrived = func is Tensor.cpu or (func is Tensor.to and "cpu" in asked)
        return result.as_subclass(Tensor) if arrived else result


def from_gpu(
    save: Callable[..., Any], load: Callable[..., Any], state: dict[str, Tensor]
) -> dict[str, Tensor] | str | None:
    """As `round_trip` with one state, whose tensors numpy cannot read yet; the error, where that is forgotten."""
    try:
        return round_trip(save, load, [{name: value.as_subclass(Elsewhere) for name, value in state.items()}])[0]
    except NotOnTheCPU as error:
        return str(error)


def plain(save: Callable[..., Any], state: dict[str, Tensor]) -> list[list[Any]] | str:
    """[name, dtype, shape] of every array in a saved file, as numpy reads it without pickle; else what is wrong."""
    with tempfile.TemporaryDirectory() as scratch, _other_writing(save):
        path = Path(scratch) / "checkpoint.npz"
        save(path, state)
        if not path.is_file():
            return "no file"
        try:
            with np.load(path, allow_pickle=False) as archive:
                return sorted([name, str(archive[name].dtype), list(archive[name].shape)] for name in archive.files)
        except (OSError, ValueError, TypeError, AttributeError):
            return "not plain"


def traps(load: Callable[..., Any]) -> dict[str, Any]:
    """Load files with a trap in them: an .npz with an object in it, a torch file, a plain pickle.

    Returns the names of those that went off, and of those that were loaded as if they held tensors.
    """
    loaded, kinds = [], ("array", "torch", "pickle")
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        notes = {name: folder / f"the trap in the {name} went off" for name in kinds}
        np.savez(folder / "array.npz", w=np.array([Trap(notes["array"])], dtype=object))
        torch.save({"w": Trap(notes["torch"])}, folder / "torch.npz")
        (folder / "pickle.npz").write_bytes(pickle.dumps({"w": Trap(notes["pickle"])}))
        for name in kinds:
            try:
                found = load(folder / f"{name}.npz")
                values = [found[key] for key in found] if found is not None else []  # read what is read when asked
                if values and all(isinstance(value, Tensor) for value in values):
                    loaded.append(name)
            except Exception:  # any refusal will do
                pass
        return {"sprung": sorted(name for name, note in notes.items() if note.is_dir()), "loaded": loaded}


def resumed(
    capture: Callable[..., Any], restore: Callable[..., Any], params: dict[str, Tensor], seed: int, *, stop: int,
    steps: int, velocity: bool = True,
) -> dict[str, Any]:  # fmt: skip
    """A run of `steps` random steps, captured after `stop` of them; a second run restored from that state goes on.

    Returns what `capture` saw and what `restore` put back (parameters, velocity, rate, the next random numbers), the
    parameters of both runs at the end, the epoch that `restore` returned, the state just after `capture` and at
    the end, and the copy of it that `restore` was given, at the end.
    """
    whole = _Run(params, seed, velocity)
    whole.walk(stop)
    seen = whole.look()
    state = capture(dict(whole.params), whole.optimizer, whole.generator, 7)
    if state is None:
        return {"missing": "capture"}
    early = {name: torch.as_tensor(value).clone() for name, value in state.items()}
    whole.walk(steps - stop)
    late = {name: torch.as_tensor(value).clone() for name, value in state.items()}
    again = _Run({name: torch.zeros_like(w) for name, w in params.items()}, seed + 1, velocity)
    again.walk(1)  # it has a velocity and a rate of its own already, all of them wrong
    given = {name: value.clone() for name, value in early.items()}
    epoch = restore(given, dict(again.params), again.optimizer, again.generator)
    if epoch is None:
        return {"missing": "restore"}
    put_back = again.look()
    again.walk(steps - stop)
    return {"seen": seen, "put_back": put_back, "whole": whole.params, "again": again.params, "epoch": epoch,
            "early": early, "late": late, "given": given}  # fmt: skip


def devices(
    capture: Callable[..., Any], restore: Callable[..., Any], params: dict[str, Tensor]
) -> dict[str, Any] | None:
    """Restore a run whose parameters lie on another device than the state. None where that is not written.

    Returns the device of each velocity afterwards, whether the parameters are still the same objects, the rate and the
    epoch: both were others before.

    The device is PyTorch's "meta", which every machine has: shapes without numbers.
    """
    run = _Run(params, 0, velocity=True)
    state = capture(dict(run.params), run.optimizer, run.generator, 3)
    away = {name: torch.empty_like(w, device="meta") for name, w in params.items()}
    optimizer = Recorder(away)
    given = dict(away)
    epoch = None if state is None else restore(state, given, optimizer, run.generator)
    if epoch is None:
        return None
    found = {name: str(v.device) for name, v in optimizer.velocity.items()}
    same = all(given[name] is w for name, w in away.items())
    return {"devices": found, "same": same, "rate": optimizer.lr, "epoch": epoch}


class _Run:
    """Parameters, an optimiser that keeps a velocity, a generator, and a learning rate that changes."""

    def __init__(self, params: dict[str, Tensor], seed: int, velocity: bool):
        self.params = {name: w.clone() for name, w in params.items()}
        self.optimizer = Recorder(self.params, lr=0.5)
        if not velocity:
            self.optimizer.velocity.clear()
        self.keeps = velocity
        self.generator = torch.Generator().manual_seed(seed)

    def look(self) -> dict[str, Any]:
        """The run as it is now."""
        ahead = torch.Generator()
        ahead.set_state(self.generator.get_state())
        return {
            "params": {name: w.clone() for name, w in self.params.items()},
            "velocity": {name: v.clone() for name, v in self.optimizer.velocity.items()},
            "rate": float(self.optimizer.lr), "next": torch.rand(3, generator=ahead),
        }  # fmt: skip

    def walk(self, steps: int) -> None:
        for _ in range(steps):
            self.optimizer.lr *= 0.9
            noise = {
                name: torch.randn(w.shape, generator=self.generator, dtype=w.dtype) for name, w in self.params.items()
            }
            if self.keeps:
                self.optimizer.step(noise)
            else:
                for name, w in self.params.items():
                    w.add_(noise[name], alpha=self.optimizer.lr)


def searched(
    search: Callable[..., Any], runs: list[list[dict[str, float]]], *, fail_at: int = 0, disk_full_at: int = 0,
    as_text: bool = False,
) -> dict[str, Any]:  # fmt: skip
    """Run searches one after the other on the same file; the first may be broken off.

    as_text: the path is a str. fail_at: the evaluation, counted from 1, that raises. disk_full_at: the one after which
    nothing more can be written.
    Returns the rows of each search (None where it broke off), the points evaluated, and the file's lines after each.
    """
    asked: list[dict[str, float]] = []
    lines_seen: list[int] = []
    with tempfile.TemporaryDirectory() as scratch:
        path = Path(scratch) / "search.jsonl"

        def evaluate(**point: float) -> float:
            asked.append(point)
            lines_seen.append(len(path.read_text().splitlines()) if path.is_file() else 0)
            if len(asked) == fail_at:
                raise KeyboardInterrupt
            if len(asked) == disk_full_at and resource is not None:
                hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
                resource.setrlimit(resource.RLIMIT_FSIZE, (path.stat().st_size + 5, hard))
            return result_of(point)

        rows, files = [], []
        soft = resource.getrlimit(resource.RLIMIT_FSIZE) if resource is not None else None
        with _other_writing(search):
            for points in runs:
                try:
                    given = str(path) if as_text else path
                    rows.append(search([dict(point) for point in points], evaluate, given))
                except (KeyboardInterrupt, OSError):
                    rows.append(None)
                except ValueError:  # a torn line cannot be read
                    if not disk_full_at:
                        raise
                    rows.append(None)
                finally:
                    if soft is not None:
                        resource.setrlimit(resource.RLIMIT_FSIZE, soft)
                files.append(path.read_text().splitlines() if path.is_file() else [])
        return {"rows": rows, "asked": asked, "files": files, "lines_seen": lines_seen}


def result_of(point: dict[str, float]) -> float:
    """What the rehearsed searches find: a number that depends on every setting."""
    return sum((index + 1) * value / 3 for index, value in enumerate(sorted(point.values())))
