"""The error of this room: a table that cannot be read or written, and what to do about it."""

from __future__ import annotations

from toolbox.errors import KitError


class TableError(KitError, ValueError):
    """Nothing was written. The message says what was given and what to do."""
