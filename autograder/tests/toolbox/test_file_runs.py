"""What a student's code does with files is seen from outside: bytes, and what was done in which order."""

from __future__ import annotations

import io
import os
import pickle
import zipfile

import numpy as np
import pytest
import torch

from toolbox.calling.student import LocalTransport, Student
from toolbox.checks.file_runs import Scratch, disks_fill_up, full_disk, is_os_error
from toolbox.checks.npz import MAX_UNPACKED, read_npz, write_npz
from toolbox.errors import Raised

WRITERS = """
import os
from os import fsync as hurry, rename as whisk
from pathlib import Path

def careful(path, data):
    with open(path, "wb") as file:
        file.write(data)
        file.flush()
        hurry(file.fileno())

def careless(path, data):
    Path(path).write_bytes(data)

def far(path, data):
    Path(path).parent.with_name("elsewhere").write_bytes(data)
    with open(Path(path).parent.with_name("elsewhere")) as file:
        os.fsync(file)
    os.replace(Path(path).parent.with_name("elsewhere"), path)

def swift(path, data):
    Path(path).parent.with_name("elsewhere").write_bytes(data)
    whisk(Path(path).parent.with_name("elsewhere"), path)

def late(path, data):
    Path(str(path) + ".part").write_bytes(data)
    os.replace(str(path) + ".part", path)
    with open(path) as file:
        os.fsync(file)

def write_atomically(path, data):
    raise RuntimeError("mine is wrong")

def save(path, data):
    write_atomically(path, data=data)
"""


@pytest.fixture
def script():
    names = {}
    exec(WRITERS, names)
    return Student(LocalTransport({"mine": names})).script()


def run(script, name, contents=(b"first", b"second")):
    found = []
    with Scratch(script) as folder:
        folder.path("in").mkdir()
        with folder.listening(getattr(script.mine, name)) as events:
            for content in contents:
                events.clear()
                getattr(script.mine, name)(folder.path("in/it"), folder.data(content))
                script.fetch()
                found.append((folder.look(), list(events)))
    return found


def test_bytes_and_what_is_given_to_the_disk_are_seen_however_fsync_was_imported_and_only_then(script):
    real = os.fsync
    found = run(script, "careful")
    assert [files["in/it"].content for files, _ in found] == [b"first", b"second"]
    assert [[event.size for event in events] for _, events in found] == [[5], [6]]
    assert found[0][0]["in/it"].inode == found[0][1][0].inode and os.fsync is real
    assert [events for _, events in run(script, "careless")] == [[], []]


def test_a_file_from_another_folder_and_one_that_is_in_place_already_show_as_such(script):
    ((_, (event,)), _) = run(script, "far")
    assert "elsewhere" in event.files and "in/it" not in event.files
    _, (_, (event,)) = run(script, "late")
    assert event.files["in/it"].content == b"second" and event.files["in/it"].inode == event.inode


@pytest.mark.skipif(not disks_fill_up(), reason="no such limits on this system")
def test_a_full_disk_stops_writing_half_way_and_only_inside(script):
    with Scratch(script) as folder:
        with pytest.raises(Raised) as raised, full_disk(script, 100):
            script.mine.careless(folder.path("it"), folder.data(b"x" * 1000))
            script.fetch()
        assert is_os_error(raised.value) and len(folder.found("it")) == 100
        script.mine.careless(folder.path("it"), folder.data(b"x" * 1000))
        script.fetch()
        assert len(folder.found("it")) == 1000


@pytest.mark.parametrize("name", ["far", "swift"])
def test_a_file_that_cannot_be_moved_stays_where_it_is_however_renaming_was_imported_and_only_inside(script, name):
    real = os.replace, os.rename
    with Scratch(script) as folder:
        folder.path("in").mkdir()
        with pytest.raises(Raised) as raised, folder.nothing_moves(getattr(script.mine, name)):
            script.fetch(getattr(script.mine, name)(folder.path("in/it"), folder.data(b"first")))
        assert is_os_error(raised.value) and folder.found("in/it") is None and folder.found("elsewhere") == b"first"
        assert (os.replace, os.rename) == real
        script.fetch(getattr(script.mine, name)(folder.path("in/it"), folder.data(b"first")))
        assert folder.found("in/it") == b"first" and folder.found("elsewhere") is None


def test_what_is_to_be_written_atomically_arrives_at_the_check_and_a_mistake_in_theirs_costs_nothing(script):
    room = [100]
    with Scratch(script) as folder, folder.other_writing(script.mine.save, lambda: room[0]) as called:
        script.mine.save(folder.path("it"), folder.data(b"plain"))
        (path,) = script.fetch(folder.path("it", as_text=True))
        assert called == [(path, b"plain")] and folder.found("it") == b"plain"
        room[0] = 3
        with pytest.raises(Raised) as raised:
            script.fetch(script.mine.save(folder.path("it"), folder.data(b"too much")))
        assert is_os_error(raised.value) and folder.found("it") == b"plain"
    with pytest.raises(Raised, match="mine is wrong"):
        script.fetch(script.mine.save("nowhere", "x"))


def test_nothing_is_left_of_the_folder(script):
    with Scratch(script) as folder:
        (path,) = script.fetch(folder.path(as_text=True))
        assert os.path.isdir(path)
    assert not os.path.exists(path)


# Reading what nobody trusts

ARRAYS = {
    "w": torch.randn(3, 4, dtype=torch.float64), "by columns": torch.randn(4, 3).T, "n": torch.tensor(7),
    "mask": torch.tensor([True, False]), "bytes": torch.arange(5).to(torch.uint8), "nothing": torch.zeros(0, 3),
}  # fmt: skip


def test_arrays_come_back_bit_for_bit():
    found = read_npz(write_npz(ARRAYS))
    assert list(found) == list(ARRAYS)
    for name, value in ARRAYS.items():
        assert found[name].dtype == value.dtype and torch.equal(found[name], value), name
    compressed = io.BytesIO()
    np.savez_compressed(compressed, w=ARRAYS["w"].numpy())
    assert torch.equal(read_npz(compressed.getvalue())["w"], ARRAYS["w"])


def archive(members: dict[str, bytes], **options) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", **options) as made:
        for name, content in members.items():
            made.writestr(name, content)
    return file.getvalue()


def array(value, **options) -> bytes:
    file = io.BytesIO()
    np.save(file, value, **options)
    return file.getvalue()


def objects() -> bytes:
    file = io.BytesIO()
    np.savez(file, w=np.array([{}], dtype=object))
    return file.getvalue()


def claims(shape: str) -> bytes:
    """An array of four numbers whose header claims another shape."""
    return array(np.zeros(4)).replace(b"(4,), }" + b" " * len(shape), f"{shape}, }}    ".encode())


HOSTILE = {
    "no archive": b"PK and no more", "empty": b"", "a pickle": pickle.dumps({"w": 1}),
    "objects": objects(), "a pickle inside": archive({"w.npy": pickle.dumps([1])}), "text": archive({"w.npy": b"1 2"}),
    "words": archive({"w.npy": array(np.array(["a word"]))}), "too much": b"x" * (2**20 + 1),
    "a shape that is not there": archive({"w.npy": claims("(4000000000,)")}),
    "a bomb": archive({"w.npy": array(np.zeros(MAX_UNPACKED // 8 + 1))}, compression=zipfile.ZIP_DEFLATED),
    "many bombs": archive({f"{i}": b"0" * 2**20 for i in range(9)}, compression=zipfile.ZIP_DEFLATED),
    "as numpy never packs": archive({"w.npy": array(np.zeros(4))}, compression=zipfile.ZIP_LZMA),
    "too many": archive({f"{i}.npy": array(np.zeros(1)) for i in range(1001)}, compression=zipfile.ZIP_DEFLATED),
    "cut off": write_npz(ARRAYS)[:-30], "a changed byte": write_npz(ARRAYS).replace(b"\x93NUMPY\x01", b"\x93NUMPY\x03"),
}  # fmt: skip


@pytest.mark.parametrize("what", HOSTILE)
def test_anything_else_is_refused_and_nothing_of_it_runs(what):
    with pytest.raises(ValueError):
        read_npz(HOSTILE[what])
