"""Lets plain pytest ask the checks: `pytest assignments/flat/checks`, or one file of them, or `-k` and a few words."""

from toolbox.checks.pytest_plugin import pytest_collect_file, pytest_pycollect_makemodule

__all__ = ["pytest_collect_file", "pytest_pycollect_makemodule"]
