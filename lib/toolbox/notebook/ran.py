"""Which cells of the notebook ran in this kernel, and with which text: what a file lacks that was never saved."""

from __future__ import annotations

import time
from typing import Any

RAN: dict[str, tuple[str, float]] = {}  # the id of a cell -> what ran, and when, in seconds since 1970


def note(info: Any = None) -> None:
    """IPython calls this before each cell. Editors that send no ids of cells leave nothing to compare."""
    name = getattr(info, "cell_id", None)
    if isinstance(name, str):
        RAN[name] = (str(getattr(info, "raw_cell", "")), time.time())


def unsaved(cells: list[dict], saved: float) -> list[str]:
    """The texts of cells that ran after the file was saved and stand in it otherwise, or not at all."""
    file = {cell.get("id"): cell["source"].strip() for cell in cells}
    return [
        source
        for name, (source, when) in RAN.items()
        if when > saved and file.get(name) != source.strip() and "submit(" not in source
    ]
