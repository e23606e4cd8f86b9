"""Make digits.npz, the small real data set that ships with the course, from scikit-learn's copy.

The steps, in order:

1. read the 1,797 images of scikit-learn's ``load_digits``;
2. check that they are what they should be (shape, whole numbers from 0 to 16, all ten digits);
3. write ``images`` (1797, 8, 8) uint8 and ``labels`` (1797,) uint8 as one compressed .npz, with
   a fixed date in the archive, so that every run writes the same bytes;
4. print the checksums that ``README.md`` and ``lib/toolbox/datasets/digits.py`` quote.

scikit-learn is needed for this script alone, so it is not in requirements.txt::

    python -m venv /tmp/skl && /tmp/skl/bin/pip install scikit-learn
    /tmp/skl/bin/python data/make_digits.py
"""

from __future__ import annotations

import hashlib
import io
import zipfile
from pathlib import Path

import numpy as np

TARGET = Path(__file__).with_name("digits.npz")


def read() -> dict[str, np.ndarray]:
    """The images and labels as plain uint8 arrays, in the order in which UCI publishes them."""
    from sklearn.datasets import load_digits

    digits = load_digits()
    images, labels = digits.images, digits.target
    if images.shape != (1797, 8, 8) or not np.array_equal(images, np.clip(np.rint(images), 0, 16)):
        raise ValueError(f"unexpected images: {images.shape}, from {images.min()} to {images.max()}")
    if sorted(set(labels.tolist())) != list(range(10)):
        raise ValueError(f"unexpected labels: {sorted(set(labels.tolist()))}")
    return {"images": images.astype(np.uint8), "labels": labels.astype(np.uint8)}


def write(arrays: dict[str, np.ndarray], path: Path = TARGET) -> bytes:
    """Write the arrays as .npz and return the bytes written."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, array in arrays.items():
            # numpy would leave the date and the permissions to zipfile; spelled out, they cannot change.
            entry = zipfile.ZipInfo(f"{name}.npy", date_time=(1980, 1, 1, 0, 0, 0))
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o644 << 16
            entry.create_system = 3
            content = io.BytesIO()
            np.lib.format.write_array(content, np.ascontiguousarray(array), allow_pickle=False)
            archive.writestr(entry, content.getvalue(), compresslevel=9)
    path.write_bytes(buffer.getvalue())
    return buffer.getvalue()


if __name__ == "__main__":
    arrays = read()
    written = write(arrays)
    content = hashlib.sha256(b"".join(array.tobytes() for array in arrays.values())).hexdigest()
    print(f"{TARGET.name}: {len(written):,} bytes")
    print(f"sha256 of the file:    {hashlib.sha256(written).hexdigest()}")
    print(f"sha256 of the content: {content}   (images, then labels, as raw bytes)")
