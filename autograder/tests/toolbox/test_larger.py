"""The larger sets, with tiny files of the same form: found, read without unpickling, and refused where damaged."""

from __future__ import annotations

import gzip
import io
import os
import struct
import tarfile
from pathlib import Path

import numpy as np
import pytest
import torch

from toolbox.datasets import larger_sets
from toolbox.datasets.digits import DataError, load_digits
from toolbox.datasets.larger_sets import load_images

REAL = os.environ.get("KIT_DATA")  # a folder with the real files, where somebody has them


def idx(array: np.ndarray) -> bytes:
    return struct.pack(">HBB", 0, 8, array.ndim) + struct.pack(f">{array.ndim}I", *array.shape) + array.tobytes()


def mnist(folder: Path, train: int = 20, test: int = 7, pack: bool = True) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Files like MNIST's; returns their arrays."""
    draw, made = np.random.RandomState(0), {}
    folder.mkdir(parents=True, exist_ok=True)
    for part, count in (("train", train), ("t10k", test)):
        images = draw.randint(0, 256, (count, 28, 28)).astype(np.uint8)
        labels = (np.arange(count) % 10).astype(np.uint8)
        made[part] = images, labels
        for kind, array in (("images-idx3", images), ("labels-idx1", labels)):
            data = idx(array)
            name = f"{part}-{kind}-ubyte"
            (folder / (name + ".gz" if pack else name)).write_bytes(gzip.compress(data) if pack else data)
    return made


def cifar(folder: Path, each: int = 4, pack: bool = True, **extra: bytes) -> dict[str, np.ndarray]:
    """Records like CIFAR-10's, in its archive or loose; returns them by file."""
    draw, records = np.random.RandomState(1), {}
    for name in [*(f"data_batch_{number}.bin" for number in range(1, 6)), "test_batch.bin"]:
        record = draw.randint(0, 256, (each, 3073)).astype(np.uint8)
        record[:, 0] = draw.randint(0, 10, each)
        records[name] = record
    folder.mkdir(parents=True, exist_ok=True)
    files = {name: record.tobytes() for name, record in records.items()} | extra
    if not pack:
        for name, data in files.items():
            (folder / name).write_bytes(data)
        return records
    with tarfile.open(folder / "cifar-10-binary.tar.gz", "w:gz") as tar:
        for name, data in files.items():
            entry = tarfile.TarInfo(f"cifar-10-batches-bin/{name}")
            entry.size = len(data)
            tar.addfile(entry, io.BytesIO(data))
    return records


@pytest.mark.parametrize("name", ["mnist", "fashion-mnist"])
@pytest.mark.parametrize("pack", [True, False])
def test_idx_files_are_read_packed_or_not_in_the_folder_or_in_one_of_the_sets_name(tmp_path, name, pack):
    made = mnist(tmp_path / name if pack else tmp_path, pack=pack)
    x, y = load_images(name, "test", folder=tmp_path)
    assert x.dtype == torch.uint8 and y.dtype == torch.int64
    assert np.array_equal(x[:, 0].numpy(), made["t10k"][0]) and np.array_equal(y.numpy(), made["t10k"][1])


LOOSE = "cifar-10-batches-bin"


@pytest.mark.parametrize(
    "where, pack",
    [(".", True), ("cifar10", True), (".", False), ("cifar10", False), (LOOSE, False), (f"cifar10/{LOOSE}", False)],
)
def test_cifar10_is_read_from_its_archive_or_loose(tmp_path, where, pack):
    records = cifar(tmp_path / where, pack=pack)
    x, y = load_images("cifar10", "test", folder=tmp_path)
    wanted = records["test_batch.bin"]
    assert x.shape == (4, 3, 32, 32) and np.array_equal(x.flatten(1).numpy(), wanted[:, 1:])
    assert y.tolist() == wanted[:, 0].tolist()
    x, y = load_images("cifar10", "train+validation", folder=tmp_path)
    assert np.array_equal(x[4:8].flatten(1).numpy(), records["data_batch_2.bin"][:, 1:]) and len(y) == 20


def test_the_validation_images_are_the_last_of_the_training_part_and_stand_in_no_other(tmp_path, monkeypatch):
    monkeypatch.setattr(larger_sets, "VALIDATION", 5)
    made = mnist(tmp_path)
    everything, _ = load_images("mnist", "train+validation", folder=tmp_path)
    assert np.array_equal(everything[:, 0].numpy(), made["train"][0])
    assert torch.equal(load_images("mnist", "train", folder=tmp_path)[0], everything[:15])
    assert torch.equal(load_images("mnist", "validation", folder=tmp_path)[0], everything[15:])


def test_the_environment_may_name_the_folder(tmp_path, monkeypatch):
    mnist(tmp_path)
    monkeypatch.setenv(larger_sets.FOLDER, str(tmp_path))
    assert len(load_images("mnist", "test")[1]) == 7


def test_a_file_that_a_folder_lacks_is_named_with_the_address_to_get_it_from(tmp_path):
    mnist(tmp_path)
    (tmp_path / "train-labels-idx1-ubyte.gz").unlink()
    with pytest.raises(DataError, match=r"holds no train-labels-idx1-ubyte.gz .*https://.*train-labels-idx1-ubyte.gz"):
        load_images("mnist", "train", folder=tmp_path)
    load_images("mnist", "test", folder=tmp_path)  # the test part needs no training part
    with pytest.raises(DataError, match="cifar-10-binary.tar.gz"):
        load_images("cifar10", "train", folder=tmp_path)


@pytest.mark.parametrize("wrong", [{"name": "cifar"}, {"name": "mnist", "split": "training"}])
def test_an_unknown_name_is_answered_with_the_known_ones(wrong):
    with pytest.raises(ValueError, match="choose one of"):
        load_images(**wrong)


IMAGES = np.zeros((3, 28, 28), np.uint8)
DAMAGE = {
    "cut": lambda data: gzip.compress(data)[:-20],
    "empty": lambda data: b"",
    "not packed": lambda data: b"<html>not found</html>",
    "a number short": lambda data: gzip.compress(data[:-1]),
    "a number too many": lambda data: gzip.compress(data + b"x"),
    "of another kind": lambda data: gzip.compress(struct.pack(">HBB", 0, 13, 3) + data[4:]),
    "another magic": lambda data: gzip.compress(b"PK\3\4" + data[4:]),
    "of another size": lambda data: gzip.compress(idx(np.zeros((3, 8, 8), np.uint8))),
    "of other labels": lambda data: gzip.compress(idx(np.zeros((2, 28, 28), np.uint8))),
    "a head of a terabyte": lambda data: gzip.compress(struct.pack(">HBBIII", 0, 8, 3, 10**6, 1000, 1000)),
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_idx_file_is_refused(tmp_path, damage):
    (tmp_path / "t10k-labels-idx1-ubyte.gz").write_bytes(gzip.compress(idx(np.zeros(3, np.uint8))))
    target = tmp_path / "t10k-images-idx3-ubyte.gz"
    target.write_bytes(gzip.compress(idx(IMAGES)))
    load_images("mnist", "test", folder=tmp_path)
    target.write_bytes(DAMAGE[damage](idx(IMAGES)))
    with pytest.raises(DataError):
        load_images("mnist", "test", folder=tmp_path)


def test_a_label_that_no_class_has_is_refused(tmp_path):
    mnist(tmp_path)
    (tmp_path / "t10k-labels-idx1-ubyte.gz").write_bytes(gzip.compress(idx(np.full(7, 10, np.uint8))))
    with pytest.raises(DataError, match="labels up to 10"):
        load_images("mnist", "test", folder=tmp_path)


def test_a_damaged_archive_is_refused_and_so_is_the_version_with_pickles(tmp_path):
    archive = tmp_path / "cifar-10-binary.tar.gz"
    cifar(tmp_path)
    whole = archive.read_bytes()
    for damaged in (whole[: len(whole) // 2], b"", b"<html>"):
        archive.write_bytes(damaged)
        with pytest.raises(DataError):
            load_images("cifar10", "train", folder=tmp_path)
    cifar(tmp_path, **{"test_batch.bin": b"\0" * 3072})
    with pytest.raises(DataError, match="not images of 3,073 bytes"):
        load_images("cifar10", "test", folder=tmp_path)
    with tarfile.open(archive, "w:gz") as tar:
        tar.addfile(tarfile.TarInfo("cifar-10-batches-py/data_batch_1"), io.BytesIO(b""))
    with pytest.raises(DataError, match="binary version"):
        load_images("cifar10", "train", folder=tmp_path)


def test_nothing_of_an_archive_is_written_and_links_in_it_are_not_followed(tmp_path):
    secret = tmp_path / "secret"
    secret.write_bytes(b"\1" * 3073)
    inside = tmp_path / "inside"
    inside.mkdir()
    with tarfile.open(inside / "cifar-10-binary.tar.gz", "w:gz") as tar:
        for name, kind in (("../../test_batch.bin", tarfile.SYMTYPE), ("/test_batch.bin", tarfile.LNKTYPE)):
            entry = tarfile.TarInfo(name)
            entry.type, entry.linkname = kind, str(secret)
            tar.addfile(entry)
    with pytest.raises(DataError, match="does not hold test_batch.bin"):
        load_images("cifar10", "test", folder=inside)
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["cifar-10-binary.tar.gz", "inside", "secret"]


def test_the_contiguous_order_is_the_files_own_and_another_cut_than_the_random_one():
    with np.load(Path(__file__).resolve().parents[3] / "data" / "digits.npz") as archive:
        images = archive["images"].reshape(1797, 64) / 16
    parts = [load_digits(split, order="contiguous")[0] for split in ("train", "validation", "test")]
    assert np.array_equal(torch.cat(parts).numpy(), images)
    assert not torch.equal(load_digits("test")[0], parts[2])
    with pytest.raises(ValueError, match="order"):
        load_digits("test", order="shuffled")


def test_writers_leak_across_a_random_split():
    right = {}
    for order in ("random", "contiguous"):
        (x, y), (t, u) = load_digits("train", order=order), load_digits("test", order=order)
        right[order] = float((y[torch.cdist(t, x).argmin(1)] == u).double().mean())
    assert right["random"] > 0.98 and right["contiguous"] < 0.96


@pytest.mark.skipif(not REAL, reason="KIT_DATA names no folder with the real files")
def test_the_real_mnist_files_are_read_as_published():
    from toolbox.datasets.download import FILES

    folder, name = Path(REAL), "t10k-images-idx3-ubyte.gz"
    import hashlib

    assert hashlib.sha256((folder / name).read_bytes()).hexdigest() == FILES["mnist"][name]
    x, y = load_images("mnist", "test", folder=folder)
    assert x.shape == (10000, 1, 28, 28) and y[:10].tolist() == [7, 2, 1, 0, 4, 1, 4, 9, 5, 9]
