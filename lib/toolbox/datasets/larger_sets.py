"""The larger image sets, by one name: MNIST, Fashion-MNIST, CIFAR-10.

The steps, in order: find the files, in a folder of yours or among the downloads, else download them (`download`);
read them by hand, without unpickling or unpacking anything to disk; check that they are whole; cut off a validation
part. What the sets are, and where they come from: `data/README.md`.

IDX files: http://yann.lecun.com/exdb/mnist/. CIFAR-10's binary version: https://www.cs.toronto.edu/~kriz/cifar.html
"""

from __future__ import annotations

import gzip
import math
import os
import struct
import tarfile
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from toolbox.datasets import download
from toolbox.datasets.digits import DataError
from toolbox.notebook.folders import house

FOLDER = "BACKPROP_KIT_DATA"  # the environment variable that names a folder of yours
VALIDATION = 5000  # images cut off the end of the training part
SPLITS = ("train", "validation", "train+validation", "test")


@dataclass(frozen=True)
class ImageSet:
    """What there is to know of a set before it is here. archive: the one file that holds all, or None."""

    shape: tuple[int, int, int]  # channels, height, width
    classes: tuple[str, ...]
    archive: str | None = None


CLOTHES = ("T-shirt", "trousers", "pullover", "dress", "coat", "sandal", "shirt", "sneaker", "bag", "ankle boot")
THINGS = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
SETS = {
    "mnist": ImageSet((1, 28, 28), tuple("0123456789")),
    "fashion-mnist": ImageSet((1, 28, 28), CLOTHES),
    "cifar10": ImageSet((3, 32, 32), THINGS, "cifar-10-binary.tar.gz"),
}


def load_images(name: str, split: str = "train", *, folder: Path | None = None) -> tuple[torch.Tensor, torch.Tensor]:
    """Images and labels of one part of a set: x (N, channels, height, width) uint8, y (N,) int64.

    name    "mnist", "fashion-mnist" or "cifar10".
    split   "train", "validation" (the last 5,000 of the training images), "train+validation" or "test".
    folder  where the files lie; then nothing is downloaded. Without it: the folder that the environment variable
            BACKPROP_KIT_DATA names, else `data/local/` of the course, where downloads are kept.

    Raises ValueError for another name or split, DataError, with what to do, where files are missing or damaged.
    """
    if name not in SETS:
        raise ValueError(f"no set is called {name!r}: choose one of {', '.join(map(repr, SETS))}")
    if split not in SPLITS:
        raise ValueError(f"no split {split!r}: choose one of {', '.join(map(repr, SPLITS))}")
    own = folder or os.environ.get(FOLDER)
    read = _cifar if SETS[name].archive else _idx
    images, labels = read(name, split == "test", Path(own) if own else None)
    if len(images) != len(labels) or len(labels) == 0 or labels.max() >= len(SETS[name].classes):
        raise DataError(f"{name}: {len(images)} images, {len(labels)} labels up to {labels.max(initial=0)}: damaged")
    cut = max(0, len(labels) - VALIDATION)
    part = {"train": slice(0, cut), "validation": slice(cut, None)}.get(split, slice(None))
    x = torch.from_numpy(images[part]).view(-1, *SETS[name].shape)
    return x, torch.from_numpy(labels[part].astype(np.int64))


def _idx(name: str, test: bool, own: Path | None) -> tuple[np.ndarray, np.ndarray]:
    part = "t10k" if test else "train"
    _, height, width = SETS[name].shape
    images = read_idx(_find(name, f"{part}-images-idx3-ubyte.gz", own))
    labels = read_idx(_find(name, f"{part}-labels-idx1-ubyte.gz", own))
    if images.shape[1:] != (height, width) or labels.ndim != 1:
        raise DataError(f"{name}: images {images.shape} and labels {labels.shape} are not {height} by {width} pixels")
    return images, labels


def read_idx(path: Path) -> np.ndarray:
    """The array of bytes in an IDX file, packed with gzip or not. Raises DataError where it is not what it says."""
    try:
        with (gzip.open if path.suffix == ".gz" else open)(path, "rb") as file:
            zeros, kind, ndim = struct.unpack(">HBB", file.read(4))
            if zeros or kind != 8 or not 1 <= ndim <= 3:
                raise DataError(f"{path} is not an IDX file of bytes")
            shape = struct.unpack(f">{ndim}I", file.read(4 * ndim))
            size = math.prod(shape)
            if size > 2**30:
                raise DataError(f"{path} says that it holds {size:,} numbers: damaged")
            data = file.read(size + 1)
    except (OSError, EOFError, struct.error, zlib.error) as error:
        raise DataError(f"{path} is damaged ({error}): delete it and load again") from error
    if len(data) != size:
        raise DataError(f"{path} is damaged: {len(data):,} numbers or more, where its head says {size:,}")
    return np.frombuffer(bytearray(data), np.uint8).reshape(shape)


def _cifar(name: str, test: bool, own: Path | None) -> tuple[np.ndarray, np.ndarray]:
    wanted = ["test_batch.bin"] if test else [f"data_batch_{number}.bin" for number in range(1, 6)]
    try:
        loose = own and next((p for p in _places(own, name, "cifar-10-batches-bin") if (p / wanted[0]).is_file()), None)
        if loose:
            batches = {file: (loose / file).read_bytes() for file in wanted}
        else:
            batches = _members(_find(name, SETS[name].archive or "", own), wanted)
    except (OSError, EOFError, tarfile.TarError, zlib.error) as error:
        raise DataError(f"{name} cannot be read ({error}): the file is missing or damaged, so load it again") from error
    record = 1 + math.prod(SETS[name].shape)
    for file, data in batches.items():
        if not data or len(data) % record:
            raise DataError(f"{file} is damaged: {len(data):,} bytes are not images of {record:,} bytes each")
    records = np.frombuffer(bytearray(b"".join(batches[file] for file in wanted)), np.uint8).reshape(-1, record)
    return np.ascontiguousarray(records[:, 1:]), records[:, 0]


def _members(archive: Path, wanted: list[str]) -> dict[str, bytes]:
    """The wanted files of a tar archive, read in place: nothing is written, so no path in it can do harm."""
    found: dict[str, bytes] = {}
    with tarfile.open(archive, "r:gz") as tar:
        for member in tar:
            file = member.name.rsplit("/", 1)[-1]
            if file in wanted and file not in found and member.isfile() and member.size < 2**26:
                found[file] = tar.extractfile(member).read()  # type: ignore[union-attr]  # it is a file
    if missing := [file for file in wanted if file not in found]:
        raise DataError(f"{archive} does not hold {', '.join(missing)}: take the binary version of the set")
    return found


def _places(own: Path, *names: str) -> list[Path]:
    """The folder itself, and those in it that people make."""
    return [own, *(own / name for name in names), *(own / names[0] / name for name in names[1:])]


def _find(name: str, file: str, own: Path | None) -> Path:
    """The file in a folder of the user's, packed or not; without one, among the downloads or from the network."""
    if own is None:
        return download.fetch(name, file, downloads() / name)
    for place in _places(own, name):
        for path in (place / file, place / file.removesuffix(".gz")):
            if path.is_file():
                return path
    raise DataError(
        f"{own} holds no {file} of {name}. Copy it there, from a machine with a network "
        f"({download.mirrors(name)[0]}{file}), or leave the folder out to download it."
    )


def downloads() -> Path:
    """`data/local/` of the course, which git ignores: what was downloaded, and the checkpoints of long runs."""
    return house(Path(__file__).parent) / "data" / "local"
