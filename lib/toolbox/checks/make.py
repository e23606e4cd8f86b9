"""What checks draw their inputs from."""

from __future__ import annotations

import hashlib

import torch


class Make:
    """Seeded inputs for checks: the same on every run of the same check with the same course seed."""

    def __init__(self, course_seed: str, check_seed: str):
        digest = hashlib.sha256(f"{course_seed}|{check_seed}".encode()).digest()
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
