"""What a suite is made of: the `@item` mark of a test, the seeded inputs, and the record of one test's outcome."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest
import torch


def item(name: str, share: float = 1.0, seconds: float | None = None) -> Callable:
    """Mark a test as a part of the graded item `name`.

    share: its weight within the item; 0 shows the test in the table and gives no marks. seconds: what one of its calls
    may take in grading, where that is more than the few tenths of a second that any call may take.
    """
    return pytest.mark.item(name, share=share, seconds=seconds)


NOT_TOLD = ("error", "seconds", "need")


@dataclass
class TestResult:
    """What one test found. `status` is for machines, `message` for people.

    detail: the message with all that it tells, where students read a shorter one. follows: the earlier item in which
    the same mistake has cost its marks already, "" where there is none. seconds: what its calls may take, as in `item`;
    need: what the longest took of processor time, where that was measured.
    """

    __test__ = False  # not itself a test, whatever pytest thinks of its name

    item: str
    name: str
    hidden: bool
    share: float
    status: str = "passed"
    message: str = ""
    diagnosis: list[str] = field(default_factory=list)
    evidence: dict | None = None
    follows: str = ""
    detail: str = ""
    seconds: float | None = None
    need: float = 0.0
    error: BaseException | None = field(default=None, repr=False, compare=False)

    @property
    def sentence(self) -> str:
        return self.name.removeprefix("test_").replace("_", " ")

    def as_dict(self) -> dict:
        """Plain data, for the verdict."""
        return {key: value for key, value in vars(self).items() if key not in NOT_TOLD}


class Make:
    """Seeded inputs for tests: the same on every run of the same test with the same course seed."""

    def __init__(self, course_seed: str, test_name: str):
        digest = hashlib.sha256(f"{course_seed}|{test_name}".encode()).digest()
        self.seed = int.from_bytes(digest[:4], "big")
        self._generator = torch.Generator().manual_seed(self.seed)

    def normal(self, *shape: int, scale: float = 1.0, dtype: torch.dtype = torch.float64) -> torch.Tensor:
        """Normal numbers of the given shape, standard deviation `scale`."""
        return (torch.randn(shape, generator=self._generator, dtype=torch.float64) * scale).to(dtype)

    def uniform(
        self, *shape: int, low: float = 0.0, high: float = 1.0, dtype: torch.dtype = torch.float64
    ) -> torch.Tensor:
        """Numbers spread evenly over [low, high)."""
        return (low + (high - low) * torch.rand(shape, generator=self._generator, dtype=torch.float64)).to(dtype)

    def integers(self, low: int, high: int, shape: tuple[int, ...]) -> torch.Tensor:
        """int64 numbers in [low, high)."""
        return torch.randint(low, high, shape, generator=self._generator)

    def labels(self, N: int, C: int) -> torch.Tensor:
        """(N,) int64 class labels; every class appears where N >= C."""
        extra = torch.randint(0, C, (max(N - C, 0),), generator=self._generator)
        labels = torch.cat([torch.randperm(C, generator=self._generator), extra])[:N]
        return labels[torch.randperm(N, generator=self._generator)]
