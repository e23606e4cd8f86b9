"""What files must do: writing, checkpoints, taking up a run again."""

from __future__ import annotations

import io
import os
import pickle
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import numpy as np
import torch

from toolbox.checks.compare import lone
from toolbox.checks.file_runs import File, Scratch, Synced, disks_fill_up, full_disk, is_os_error
from toolbox.checks.npz import read_npz, write_npz
from toolbox.checks.suite import item
from toolbox.errors import Malformed, Mismatch, Missing, Raised, StudentError

# Files

STATE = "runs/state.bin"


def written(student, contents: list[bytes], as_text: bool = False) -> list[tuple[dict[str, File], list[Synced]]]:
    """Write contents, one after the other, to the same file: what is in the folder each time, and what was given to the
    disk meanwhile."""
    s, found = student.script(), []
    with Scratch(s) as folder:
        folder.path(STATE).parent.mkdir()
        write = s.checkpoint.write_atomically
        with folder.listening(write) as events:
            for content in contents:
                events.clear()
                write(folder.path(STATE, as_text), folder.data(content))
                s.fetch()
                found.append((folder.look(), list(events)))
    return found


def check_written(student, contents: list[bytes], as_text: bool = False) -> list[tuple[dict[str, File], list[Synced]]]:
    found = written(student, contents, as_text)
    files = [there.get(STATE) for there, _ in found]
    if not any(files):
        raise Missing("write_atomically is not written yet: there is no file")
    if [file and file.content for file in files] != contents:
        grown = all(file is not None and content in file.content for file, content in zip(files, contents, strict=True))
        grown = grown and files[-1].content != contents[-1]
        raise Mismatch("the file does not hold what was written", diagnosis=["file-appended"] if grown else [])
    if any(old.inode == new.inode for old, new in zip(files, files[1:], strict=False)):
        message = "the old file itself was written to: whoever reads at that moment gets half of it"
        raise Mismatch(message, diagnosis=["written-in-place"])
    if left := [name for name in found[-1][0] if name not in (STATE, "runs/")]:
        raise Mismatch(f"other files are left behind: {', '.join(left)}", diagnosis=["temporary-file-left"])
    return found


def check_full_disk(student, room: int, size: int) -> None:
    """A first write that works, then one that runs out of room half way."""
    if not disks_fill_up():
        return
    files = after_failure(student, "the disk was full", size, lambda folder, write: full_disk(folder.script, room))
    if set(files) != {"state.bin"}:
        raise Mismatch("half a temporary file is left behind", diagnosis=["temporary-file-left"])


def after_failure(
    student, what: str, size: int, failing: Callable[[Scratch, Any], AbstractContextManager], other_ways: bool = False
) -> dict[str, File]:
    """A first write that works, then one under conditions in which it fails. what: these, for messages. other_ways:
    whether it may work all the same. Returns what is there then; raises Mismatch where the old file is not, or where
    nobody was told.
    """
    s, old, raised = student.script(), b"the old content", False
    with Scratch(s) as folder:
        write = s.checkpoint.write_atomically
        write(folder.path("state.bin"), folder.data(old))
        try:
            with failing(folder, write):
                write(folder.path("state.bin"), folder.data(b"x" * size))
                s.fetch()
        except Raised as error:
            if not is_os_error(error):
                raise
            raised = True
        files = folder.look()
    found = files.get("state.bin")
    if found is None:
        raise Mismatch(f"{what}, and the old file is gone", diagnosis=["old-file-deleted"])
    if other_ways and not raised and found.content == b"x" * size:
        return files
    if found.content != old:
        left = found.content[:20].decode("utf-8", "replace")
        message = f"{what}, and of the old file this is left: {left!r}"
        raise Mismatch(message, diagnosis=["written-in-place"])
    if not raised:
        raise Mismatch(f"{what}, and nobody was told", diagnosis=["failure-swallowed"])
    return files


@item("atomic")
def test_a_file_holds_what_was_written_last(student, make):
    check_written(student, [b"first", b"second, and longer", b"3"])


@item("atomic")
def test_a_full_disk_leaves_the_old_file_as_it_was(student, make):
    check_written(student, [b"first"])
    check_full_disk(student, 1000, 50_000)


@item("atomic", says="a file is on the disk before it replaces the old one")
def test_a_file_is_on_the_disk_before_it_takes_the_place_of_the_old_one(student, make):
    contents = [b"first", b"second, and longer"]
    before = None
    for content, (files, events) in zip(contents, check_written(student, contents), strict=True):
        state = files[STATE]
        # What is given to the disk once it stands in the place of the old file comes too late.
        early = [e for e in events if before is None or STATE not in e.files or e.files[STATE].inode != e.inode]
        mine = [event for event in early if event.inode == state.inode]
        size = max((event.size for event in mine), default=0)
        if size != len(content):
            message = f"{size} of {len(content)} bytes were on the disk when the file was in place"
            raise Mismatch(message, diagnosis=["bytes-not-on-disk"])
        if not all(any(file.inode == event.inode for file in event.files.values()) for event in mine):
            message = "the temporary file is in another folder: from another disk it cannot be moved in a single step"
            raise Mismatch(message, diagnosis=["temporary-elsewhere"])
        before = state


def some_state(make) -> dict[str, torch.Tensor]:
    return {
        "params/w1": make.normal(5, 3), "params/b1": make.normal(3, dtype=torch.float32), "epoch": torch.tensor(7),
        "generator": make.integers(0, 256, (40,)).to(torch.uint8), "mask": make.integers(0, 2, (4,)).bool(),
        "velocity/w1": make.normal(3, 5).T, "nothing": torch.zeros(0, 3),
        "lr": torch.tensor(0.1, dtype=torch.float64), "small": torch.tensor([1e-310, -0.0], dtype=torch.float64),
    }  # fmt: skip


def check_loaded(found: Any, state: dict[str, torch.Tensor]) -> None:
    if found is None:
        raise Missing("load_checkpoint returns None: is it written yet, and save_checkpoint?")
    if not isinstance(found, dict) or set(found) != set(state):
        there = ", ".join(found) if isinstance(found, dict) else "no dict"
        raise Mismatch(f"the names should be {', '.join(state)}; loaded: {there}", diagnosis=["state-names-lost"])
    for name, true in state.items():
        got = found[name]
        if not isinstance(got, torch.Tensor):
            raise Malformed(f"{name} must be a tensor")
        if got.dtype != true.dtype:
            raise Mismatch(f"{name} was {true.dtype} and came back as {got.dtype}", diagnosis=["dtype-lost"])
        if got.shape != true.shape:
            known = ["shape-lost"] if got.numel() == true.numel() else []
            raise Mismatch(f"{name} was {tuple(true.shape)} and came back as {tuple(got.shape)}", diagnosis=known)
        if not torch.equal(got, true):
            raise Mismatch(f"{name} has other numbers now", diagnosis=["numbers-changed"])


NPZ = "checkpoint.npz"


def saved(student, states: list[Any], as_text: bool = False) -> tuple[list[Any], list[bytes]]:
    """Save states to one file, one after the other, and load each back: what was loaded, and the bytes of the file.

    as_text: its path is a text, and its name has no ending that NumPy knows.
    """
    s, loaded, files, name = student.script(), [], [], "last.state" if as_text else NPZ
    with Scratch(s) as folder, folder.other_writing(s.checkpoint.save_checkpoint):
        for state in states:
            s.checkpoint.save_checkpoint(folder.path(name, as_text), state)
            s.fetch()
            files.append(folder.found(name) or b"")
            loaded += s.fetch(s.checkpoint.load_checkpoint(folder.path(name, as_text)))
    return loaded, files


def check_saved(student, states: list[dict[str, torch.Tensor]], as_text: bool = False) -> None:
    """Each state comes back, out of the file that was saved, and out of one that somebody else has made of it."""
    loaded, files = saved(student, states, as_text)
    for found, content, state in zip(loaded, files, states, strict=True):
        check_loaded(found, state)
        check_file(content, state)
    s = student.script()
    with Scratch(s) as folder:
        folder.put(NPZ, write_npz(states[-1]))
        check_loaded(s.fetch(s.checkpoint.load_checkpoint(folder.path(NPZ, as_text)))[0], states[-1])


def check_file(content: bytes, state: dict[str, torch.Tensor]) -> None:
    """Read a checkpoint as numpy does without unpickling."""
    if not content:
        raise Missing("save_checkpoint is not written yet: there is no file")
    try:
        arrays = read_npz(content)
    except ValueError:
        raise Mismatch("numpy cannot read the file without unpickling", diagnosis=["pickle-written"]) from None
    found, due = ([[name, str(a.dtype), list(a.shape)] for name, a in sorted(of.items())] for of in (arrays, state))
    if found != due:
        known = ("state-names-lost", "dtype-lost", "shape-lost")
        columns = [[row[place] for row in found] != [row[place] for row in due] for place in range(3)]
        message = f"the arrays in the file are {str(found)[:300].replace('torch.', '')}"
        raise Mismatch(message, diagnosis=[known[columns.index(True)]])
    for name, true in state.items():
        if not torch.equal(arrays[name], true):
            raise Mismatch(f"{name} has other numbers in the file", diagnosis=["numbers-changed"])


class Trap:
    """What makes a folder where it is unpickled: nothing worse than leaving a note."""

    def __init__(self, note: str):
        self.note = note

    def __reduce__(self) -> tuple:
        return os.mkdir, (self.note,)


def traps() -> dict[str, bytes]:
    """Files with a trap in them: an .npz with an object in it, a torch file, a plain pickle. Each leaves a note of its
    own name in the folder in which one works."""
    files = {name: io.BytesIO() for name in ("array", "torch", "pickle")}
    np.savez(files["array"], w=np.array([Trap("array")], dtype=object))
    torch.save({"w": Trap("torch")}, files["torch"])
    pickle.dump({"w": Trap("pickle")}, files["pickle"])
    return {name: file.getvalue() for name, file in files.items()}


def check_traps(student) -> None:
    """Load each of them: nothing in it may run, and none may be taken for tensors."""
    sprung, taken = [], []
    for name, content in traps().items():
        s = student.script()
        with Scratch(s) as folder:
            folder.put("trap.npz", content)
            home = s.keep(s.os.getcwd())
            try:
                s.os.chdir(folder.path())
                found = s.builtins.dict(
                    s.checkpoint.load_checkpoint(folder.path("trap.npz"))
                )  # what is read when asked
                s.fetch(found)
                taken.append(name)
            except StudentError as error:  # any refusal will do
                if error.code not in ("failed", "malformed"):
                    raise
            finally:
                s.os.chdir(home)
                sprung += [name for left in folder.look() if left == f"{name}/"]
    if sprung:
        message = f"loading a booby-trapped file ({', '.join(sprung)}) ran the code in it"
        raise Mismatch(message, diagnosis=["pickle-opened"])
    if taken:
        raise Mismatch(f"a file that holds no plain arrays was loaded, and nobody was told ({', '.join(taken)})")


@item("checkpoint", says="a checkpoint returns every tensor that was saved")
def test_a_checkpoint_gives_every_tensor_back(student, make):
    state = {"params/w1": make.normal(4, 3), "params/b1": make.normal(3), "velocity/w1": make.normal(4, 3)}
    check_saved(student, [state])


@item("checkpoint")
def test_loading_a_checkpoint_runs_nothing_that_is_in_it(student, make):
    state = {"w": make.normal(2, 3)}
    check_saved(student, [state])
    check_traps(student)


class Run:
    """A training run where the student's code runs: parameters, an optimiser with a velocity, a generator."""

    def __init__(self, s, params: dict, velocity: dict, lr: float, seed: int, drawn: int):
        self.s, self.tensors, self.moving = s, {name: s.keep(w) for name, w in params.items()}, [*velocity]
        self.params = s.keep(self.tensors)
        holding = s.keep({name: s.keep(v) for name, v in velocity.items()})
        self.optimizer = s.types.SimpleNamespace(params=self.params, velocity=holding, lr=lr)
        self.generator = s.torch.Generator()
        self.generator.manual_seed(seed)
        s.torch.rand(drawn, generator=self.generator)

    def go_on(self) -> None:
        """Steps as any optimiser makes them: everything changes in place."""
        for w in self.tensors.values():
            w.add_(1.5)
        for name in self.moving:
            self.optimizer.velocity[name].mul_(0.5).add_(0.25)
        self.optimizer.lr = 0.003
        self.s.torch.rand(5, generator=self.generator)


def ahead(seed: int, drawn: int) -> torch.Tensor:
    """The next numbers of a generator."""
    generator = torch.Generator().manual_seed(seed)
    torch.rand(drawn, generator=generator)
    return torch.rand(3, generator=generator)


def alike(found: Any, true: torch.Tensor) -> bool:
    """Bit for bit."""
    return isinstance(found, torch.Tensor) and found.dtype == true.dtype and torch.equal(found, true)


EPOCH = 300  # more than a byte holds


def check_resumed(student, make, dtype=torch.float64, velocity: bool = True) -> None:
    """Capture a run, let it go on; restore another one from that state, and let it go on, too."""
    shapes = {"w1": (3, 4), "b1": (4,)}
    params = {name: make.normal(*shape, dtype=dtype) for name, shape in shapes.items()}
    moving = {name: make.normal(*shape, dtype=dtype) for name, shape in shapes.items()} if velocity else {}
    if velocity:
        moving["b1"].zero_()  # one that rests comes back, too
    seed, s = make.seed % 2**31, student.script()
    run = Run(s, params, moving, 0.328, seed, drawn=11)
    state = s.checkpoint.capture(s.builtins.dict(run.params), run.optimizer, run.generator, EPOCH)
    (early,) = s.fetch(state)
    if early is None:
        raise Missing("capture is not written yet (it returns None)")
    if not isinstance(early, dict):
        raise Malformed("capture must return a dict of tensors")
    early = {name: torch.as_tensor(value) for name, value in early.items()}
    run.go_on()
    (late,) = s.fetch(state)
    others = {name: make.normal(*shape, dtype=dtype) for name, shape in shapes.items()}
    again = Run(s, others, {name: v * 3 - 1 for name, v in moving.items()}, 0.9, seed + 1, drawn=2)
    given = s.keep({name: s.keep(value) for name, value in early.items()})
    epoch = s.checkpoint.restore(given, s.builtins.dict(again.params), again.optimizer, again.generator)
    back, held, rate = again.tensors, again.optimizer.velocity, again.optimizer.lr
    (epoch,) = s.fetch(epoch)
    if epoch is None:
        raise Missing("restore is not written yet (it returns None)")
    if any(not alike(torch.as_tensor(late[name]), value) for name, value in early.items()):
        message = "the state changed when training went on: it holds the run's own tensors"
        raise Mismatch(message, diagnosis=["state-aliased"])
    if lone(epoch) != EPOCH:
        raise Mismatch(f"restore returned {epoch}; {EPOCH} epochs were done", diagnosis=["epoch-off"])
    back, held, rate, numbers = s.fetch(back, held, rate, s.torch.rand(3, generator=again.generator))
    for what, found, true, known in (
        ("params", back, params, "parameters-not-restored"), ("velocity", held, moving, "velocity-not-restored"),
    ):  # fmt: skip
        for name, value in true.items():
            if not isinstance(found, dict) or not alike(found.get(name), value):
                raise Mismatch(f"{what}: {name} is not what it was when the run was captured", diagnosis=[known])
    if lone(rate) != 0.328:
        message = f"the learning rate was 0.328 and is {rate} now"
        raise Mismatch(message, diagnosis=["rate-not-restored"])
    if not alike(numbers, ahead(seed, 11)):
        raise Mismatch("the generator goes on with other numbers", diagnosis=["generator-not-restored"])
    same = [s.facts.same(again.optimizer.params[name], w) for name, w in again.tensors.items()]
    if not all(s.fetch(*same)):
        raise Mismatch("the optimiser holds other parameters than the run: its steps move nothing")
    again.go_on()
    (later,) = s.fetch(given)
    if not isinstance(later, dict) or any(not alike(later.get(name), value) for name, value in early.items()):
        message = "the state that restore was given changed when training went on: it cannot be used a second time"
        raise Mismatch(message, diagnosis=["state-aliased"])


@item("resume", says="a run that is resumed ends with the same weights, bit for bit")
def test_a_run_that_is_taken_up_ends_with_the_same_weights_bit_for_bit(student, make):
    check_resumed(student, make)
