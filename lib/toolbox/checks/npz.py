"""Read an .npz file of somebody one does not trust: plain arrays out of its bytes, and never more than it may hold.

`numpy.load` believes what a file says of itself: how long a member is, and which shape to make room for. Here the
members are counted and measured first, and a header is believed where the bytes behind it bear it out.
"""

from __future__ import annotations

import io
import math
import zipfile

import numpy as np
import torch
from torch import Tensor

MAX_FILE, MAX_UNPACKED, MAX_MEMBERS = 2**20, 8 * 2**20, 1000  # the largest honest one of the course has four kilobytes
READERS = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}


def read_npz(content: bytes) -> dict[str, Tensor]:
    """The arrays by name. Raises ValueError for anything but an .npz of plain numbers."""
    if len(content) > MAX_FILE:
        raise ValueError(f"the file takes {len(content):,} bytes; {MAX_FILE:,} are more than enough")
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            members = archive.infolist()
            if len(members) > MAX_MEMBERS or sum(member.file_size for member in members) > MAX_UNPACKED:
                raise ValueError("the file unpacks to more than anybody saved")
            return {member.filename.removesuffix(".npy"): _array(archive, member) for member in members}
    except (zipfile.BadZipFile, RuntimeError, NotImplementedError, EOFError, OSError) as error:
        raise ValueError(f"the file is no .npz ({error})") from None


def _array(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> Tensor:
    if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise ValueError("a member of the file is compressed as numpy does not")
    with archive.open(member) as file:
        raw = io.BytesIO(file.read(member.file_size))
    version = np.lib.format.read_magic(raw)
    if version not in READERS:
        raise ValueError(f"numpy does not read {member.filename} without unpickling")
    shape, by_columns, dtype = READERS[version](raw)
    numbers = raw.read()
    if dtype.hasobject or dtype.kind not in "biuf":
        raise ValueError(f"{member.filename} holds no plain numbers, but {dtype}")
    if math.prod(shape) * dtype.itemsize != len(numbers):
        raise ValueError(f"{member.filename} claims shape {shape} and brings {len(numbers)} bytes")
    array = np.frombuffer(numbers, dtype).reshape(shape, order="F" if by_columns else "C")
    return torch.from_numpy(array.astype(dtype.newbyteorder("=")))


def write_npz(arrays: dict[str, Tensor]) -> bytes:
    """The file that `numpy.savez` makes of tensors."""
    file = io.BytesIO()
    np.savez(file, **{name: value.numpy() for name, value in arrays.items()})  # type: ignore[arg-type]
    return file.getvalue()
