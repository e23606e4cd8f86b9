"""A worked number for each known mistake of `toolbox.misconceptions.beyond`: id -> a sentence or two."""

from __future__ import annotations

WORKED: dict[str, str] = {}
