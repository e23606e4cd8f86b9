"""Torch on one thread, wherever a verdict comes of it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch


@contextmanager
def one_thread() -> Iterator[None]:
    """Torch on one thread. Sums of more threads differ in the last digit, and a verdict must not depend on how many
    cores the machine has; and the tensors are so small that more threads only wait for each other.
    """
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)
