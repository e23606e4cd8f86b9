"""The handwritten digits that ship with the course, as torch tensors.

The steps, in order: find ``data/digits.npz`` in the house, read it as plain arrays, check that it is
whole, cut it into train, validation and test, scale and flatten. Origin, licence and checksums:
``data/README.md``. The larger sets: ``toolbox.datasets.larger_sets``.
"""

from __future__ import annotations

import hashlib
import zipfile
from pathlib import Path

import numpy as np
import torch

# sha256 of the images and then the labels as raw bytes: the same whatever compressed the file.
CONTENT = "87ff0c9e40dc7e2c0e34e7257799c2e3f3aec1a016363bb11cad869ec428a826"
SPLITS = {"train": slice(0, 1257), "validation": slice(1257, 1527), "test": slice(1527, 1797)}
ORDERS = ("random", "contiguous")


class DataError(RuntimeError):
    """A data file is missing or damaged. The message says what to do."""


def load_digits(
    split: str = "train",
    *,
    classes: tuple[int, ...] | None = None,
    limit: int | None = None,
    order: str = "random",
    flat: bool = True,
    dtype: torch.dtype = torch.float64,
) -> tuple[torch.Tensor, torch.Tensor]:
    """Images and labels of one part of the digits; the same ones on every call and every machine.

    split    "train" (1257 images), "validation" (270) or "test" (270).
    classes  keep these digits only, and number them from 0 in this order: with ``classes=(3, 8)``
             the label 0 means a three and 1 an eight. None keeps all ten.
    limit    at most so many images, from the front of the split.
    order    how the three parts are cut: "random", shuffled once with a fixed seed, so that every writer stands
             in all of them; or "contiguous", in the file's order, in which a writer's digits stand together, so
             that the test images come from hands that the training images hardly know.
    flat     True: one row of 64 pixels an image; False: (8, 8).
    dtype    a floating dtype of the images; float64 by default, for gradient checks.

    Returns ``(x, y)``: x (N, 64) or (N, 8, 8) between 0 (paper) and 1 (ink), in steps of 1/16;
    y (N,) int64.
    Raises DataError when the file is missing or damaged, ValueError for arguments outside the above.
    """
    if split not in SPLITS:
        raise ValueError(f"no split {split!r}: choose one of {', '.join(map(repr, SPLITS))}")
    images, labels = _read(_find("digits.npz"))
    if order not in ORDERS:
        raise ValueError(f"no order {order!r}: choose one of {', '.join(map(repr, ORDERS))}")
    # RandomState's stream is frozen by numpy (NEP 19): the split is the same with every version of it.
    everything = np.random.RandomState(0).permutation(len(labels)) if order == "random" else np.arange(len(labels))
    chosen = everything[SPLITS[split]]
    if classes is not None:
        wrong = [c for c in classes if c not in range(10)]
        if wrong or not classes or len(set(classes)) != len(classes):
            raise ValueError(f"classes are different digits from 0 to 9, for example (3, 8), not {classes!r}")
        chosen = chosen[np.isin(labels[chosen], classes)]
    if limit is not None:
        if limit < 1:
            raise ValueError(f"limit is a number of images, 1 or more, not {limit!r}")
        chosen = chosen[:limit]
    x = torch.from_numpy(images[chosen]).to(dtype) / 16
    y = torch.from_numpy(labels[chosen]).to(torch.int64)
    if classes is not None:
        y = (y[:, None] == torch.tensor(classes)).to(torch.int64).argmax(dim=1)
    return (x.flatten(1) if flat else x), y


def _find(name: str) -> Path:
    """The file in the house's data/: upwards from this file first, then from the working folder."""
    here, cwd = Path(__file__).resolve(), Path.cwd()
    for folder in [*here.parents, cwd, *cwd.parents]:
        # data/ beside lib/ or assignments/ is the course's own; any other folder called data is not.
        own = here.is_relative_to(folder / "lib") or any((folder / n).is_dir() for n in ("lib", "assignments"))
        if (folder / "data" / name).is_file() and own:
            return folder / "data" / name
    raise DataError(
        f"I cannot find data/{name}. It belongs in the folder `data`, beside `lib` and `assignments` "
        f"(I looked above {here.parent} and above {cwd}). Copy `data` there from the course's files, "
        "or make it with data/make_digits.py."
    )


def _read(path: Path) -> tuple[np.ndarray, np.ndarray]:
    """Images (1797, 8, 8) and labels (1797,), both uint8, after a check that nothing is damaged."""
    damaged = DataError(
        f"{path} is damaged: its content is not the 1,797 digits that the course ships. "
        "Take a fresh copy from the course's files, or make it again with data/make_digits.py."
    )
    try:
        with np.load(path, allow_pickle=False) as archive:
            images, labels = archive["images"], archive["labels"]
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise damaged from error
    if hashlib.sha256(images.tobytes() + labels.tobytes()).hexdigest() != CONTENT:
        raise damaged
    return images.reshape(1797, 8, 8), labels
