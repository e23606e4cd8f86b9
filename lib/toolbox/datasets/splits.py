"""The digits in the order in which they were written, and two ways to cut them: by chance, and in one piece.

The file holds runs of images by one writer after the other. A cut by chance puts every writer into both parts; a cut in
one piece keeps most of the test's writers out of the training part.
"""

from __future__ import annotations

import torch
from torch import Tensor

from toolbox.datasets.digits import _find, _read

Parts = tuple[tuple[Tensor, Tensor], tuple[Tensor, Tensor]]


def split_digits(how: str, *, test: float = 0.2, seed: int = 0, dtype: torch.dtype = torch.float32) -> Parts:
    """All 1,797 digits as ((x, y) to train on, (x, y) to test with).

    how: "random" (a new permutation for each seed) or "contiguous" (the last part of the file is the test; with another
    seed, another stretch of it). test: the share of the test. x (N, 64) between 0 and 1, y (N,) int64.
    Raises ValueError for any other `how`.
    """
    images, labels = _read(_find("digits.npz"))
    x, y = torch.from_numpy(images).to(dtype).flatten(1) / 16, torch.from_numpy(labels).to(torch.int64)
    count = round(test * len(y))
    if how == "random":
        order = torch.randperm(len(y), generator=torch.Generator().manual_seed(seed))
    elif how == "contiguous":
        order = torch.arange(len(y)).roll(seed * count)
    else:
        raise ValueError(f'how is "random" or "contiguous", not {how!r}')
    kept, held = order[:-count], order[-count:]
    return (x[kept], y[kept]), (x[held], y[held])
