"""A worked number for each known mistake of `toolbox.misconceptions.flat`: id -> a sentence or two."""

from __future__ import annotations

WORKED: dict[str, str] = {}
