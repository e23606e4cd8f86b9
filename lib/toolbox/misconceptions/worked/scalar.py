"""A worked number for each known mistake of `toolbox.misconceptions.scalar`: id -> a sentence or two."""

from __future__ import annotations

WORKED: dict[str, str] = {}
