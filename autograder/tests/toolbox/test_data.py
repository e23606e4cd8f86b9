"""The shipped digits: the right file, read right, split the same way for everyone."""

from __future__ import annotations

import hashlib
import importlib.util
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch

from toolbox.datasets import digits
from toolbox.datasets.digits import DataError, load_digits

HOUSE = Path(__file__).resolve().parents[3]


def test_the_three_parts_have_the_sizes_that_the_readme_names():
    for split, size in [("train", 1257), ("validation", 270), ("test", 270)]:
        x, y = load_digits(split)
        assert x.shape == (size, 64) and x.dtype == torch.float64
        assert y.shape == (size,) and y.dtype == torch.int64
        assert set(y.tolist()) == set(range(10))


def test_pixels_lie_between_nought_and_one_in_sixteenths():
    x, _ = load_digits("validation", flat=False, dtype=torch.float32)
    assert x.shape == (270, 8, 8) and x.dtype == torch.float32
    assert x.min() == 0 and x.max() == 1
    assert torch.equal(x * 16, (x * 16).round())


def test_the_three_parts_share_no_image_and_leave_none_out():
    with np.load(HOUSE / "data" / "digits.npz", allow_pickle=False) as archive:
        everything = sorted(image.tobytes() for image in archive["images"])
    parts = [load_digits(split)[0] for split in digits.SPLITS]
    found = sorted((row * 16).to(torch.uint8).numpy().tobytes() for part in parts for row in part)
    assert found == everything


def test_the_split_is_the_same_for_everyone():
    _, y = load_digits("train")
    digest = hashlib.sha256(bytes(y.tolist())).hexdigest()
    assert digest == "26368cfa207c759bd7a1393f84da1b26a7fee4a1b038efb6db7852cee6e62556"


def test_chosen_classes_are_numbered_from_nought_in_the_order_asked_for():
    x, y = load_digits("test", classes=(8, 3))
    everything, labels = load_digits("test")
    assert torch.equal(x, everything[(labels == 8) | (labels == 3)])
    assert torch.equal(y, (labels[(labels == 8) | (labels == 3)] == 3).to(torch.int64))


def test_a_limit_takes_the_first_images():
    x, y = load_digits("train", limit=5)
    everything, labels = load_digits("train")
    assert torch.equal(x, everything[:5]) and torch.equal(y, labels[:5])


@pytest.mark.parametrize(
    "bad",
    [{"split": "training"}, {"classes": (3, 3)}, {"classes": ()}, {"classes": (3, 12)}, {"limit": 0}],
)
def test_arguments_outside_the_documented_ones_are_refused(bad):
    with pytest.raises(ValueError):
        load_digits(**bad)


def test_the_script_beside_the_file_writes_the_same_bytes_and_the_readme_names_their_sums(tmp_path):
    spec = importlib.util.spec_from_file_location("make_digits", HOUSE / "data" / "make_digits.py")
    make_digits = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(make_digits)
    with np.load(HOUSE / "data" / "digits.npz", allow_pickle=False) as archive:
        arrays = {name: archive[name] for name in ("images", "labels")}
    make_digits.write(arrays, tmp_path / "one.npz")
    make_digits.write(arrays, tmp_path / "two.npz")
    assert (tmp_path / "one.npz").read_bytes() == (tmp_path / "two.npz").read_bytes()
    readme = (HOUSE / "data" / "README.md").read_text(encoding="utf-8")
    shipped = (HOUSE / "data" / "digits.npz").read_bytes()
    assert hashlib.sha256(shipped).hexdigest() in readme and digits.CONTENT in readme


@pytest.fixture
def another_house(tmp_path, monkeypatch):
    """A house of its own under tmp_path, with the loader inside it and no other file in sight."""
    (tmp_path / "lib" / "toolbox" / "datasets").mkdir(parents=True)
    (tmp_path / "data").mkdir()
    monkeypatch.setattr(digits, "__file__", str(tmp_path / "lib" / "toolbox" / "datasets" / "digits.py"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_missing_file_is_told_with_what_to_do(another_house):
    with pytest.raises(DataError, match="beside `lib`"):
        load_digits()


@pytest.mark.parametrize("damage", ["cut", "empty", "pixel", "text"])
def test_a_damaged_file_is_told_with_what_to_do(another_house, damage):
    target = another_house / "data" / "digits.npz"
    shutil.copy(HOUSE / "data" / "digits.npz", target)
    if damage == "cut":
        target.write_bytes(target.read_bytes()[:20_000])
    elif damage == "empty":
        target.write_bytes(b"")
    elif damage == "text":
        target.write_text("<html>not found</html>")
    else:
        with np.load(target) as archive:
            images, labels = archive["images"].copy(), archive["labels"]
        images[7, 4, 4] ^= 1
        np.savez(target, images=images, labels=labels)
    with pytest.raises(DataError, match="fresh copy"):
        load_digits()
