"""The error of this room: what was given that cannot be exported, and what to do about it."""

from __future__ import annotations

from autograder.tables.problems import TableError


class ExportError(TableError):
    """Nothing was written. The message says what was given and what to do."""
