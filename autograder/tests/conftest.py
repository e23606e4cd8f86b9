"""The files that take longest come first: at the end, a long one would leave the other process without work."""

from __future__ import annotations

import pytest

LONGEST = (
    "test_audit", "test_main_job", "test_pool", "test_kill", "test_mutate", "test_hostile", "test_full_and_zero",
    "test_build_notebooks", "test_trouble", "test_check", "test_stability", "test_flat_notebook",
)  # fmt: skip


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Whole files by their place in `LONGEST`, the others after them, each file's tests in the order they stand in."""
    items.sort(key=lambda item: LONGEST.index(item.path.stem) if item.path.stem in LONGEST else len(LONGEST))
