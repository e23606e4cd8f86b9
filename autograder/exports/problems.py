"""The error of this room: what was given that cannot be exported, and what to do about it."""

from __future__ import annotations

from toolbox.errors import KitError


class ExportError(KitError, ValueError):
    """Nothing was written. The message says what was given and what to do."""
