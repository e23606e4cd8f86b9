"""Which test files come first, and where coverage is counted."""

from __future__ import annotations

import atexit
import gc
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# What is imported and collected stays to the end: the collector walks over it seldom, and then never again.
gc.set_threshold(20_000, 20, 20)
atexit.register(gc.freeze)
# How long drawing takes says how busy the machine is.
settings.register_profile("any machine", suppress_health_check=[HealthCheck.too_slow], deadline=None)
settings.load_profile("any machine")

# At the end, a long file would leave the other processes without work.
LONGEST = (
    "test_suite_audit", "test_types", "test_hostile", "test_main_job", "test_busy_machine", "test_kill",
    "test_local_engine", "test_mutation", "test_postgresql", "test_cheats", "test_first_fault_flat",
    "test_two_graders", "test_flat_notebook", "test_full_and_zero", "test_platforms", "test_gradescope", "test_walls",
    "test_transport", "test_demo_class", "test_sliders", "test_in_jupyterlab",
)  # fmt: skip
# Lines and branches are counted where grades are decided; elsewhere counting them takes longer than the tests.
DECIDING = {"intake", "judging", "grading", "sandbox", "gradebook", "records"}
TESTS = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Whole files by their place in `LONGEST`, the others after them, each file's tests in the order they stand in."""
    items.sort(key=lambda item: LONGEST.index(item.path.stem) if item.path.stem in LONGEST else len(LONGEST))


def pytest_collection_finish() -> None:
    gc.collect()
    gc.freeze()


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    """Where nothing is decided, the counting rests, fixtures included."""
    plugin = item.config.pluginmanager.getplugin("_cov")
    counting = plugin and plugin.cov_controller
    if not counting or item.path.relative_to(TESTS).parts[0] in DECIDING:
        return (yield)
    counting.pause()
    try:
        return (yield)
    finally:
        counting.resume()
