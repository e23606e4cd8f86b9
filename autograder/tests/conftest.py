"""The files that take longest come first: at the end, a long one would leave the other process without work."""

from __future__ import annotations

import pytest

LONGEST = (
    "test_suite_audit", "test_hostile", "test_main_job", "test_busy_machine", "test_kill", "test_local_engine",
    "test_mutation", "test_postgresql", "test_cheats", "test_first_fault_flat", "test_two_graders",
    "test_flat_notebook", "test_full_and_zero", "test_platforms", "test_gradescope", "test_walls", "test_transport",
    "test_demo_class",
)  # fmt: skip


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Whole files by their place in `LONGEST`, the others after them, each file's tests in the order they stand in."""
    items.sort(key=lambda item: LONGEST.index(item.path.stem) if item.path.stem in LONGEST else len(LONGEST))
