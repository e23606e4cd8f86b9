"""Write a file whole or not at all: nobody ever sees half of it, and a full disk leaves no draft behind."""

from __future__ import annotations

import os
from pathlib import Path


def write_atomically(path: Path, data: bytes) -> Path:
    """Write `data` to `path`, whose folder is made where it is missing. On OSError `path` is as before."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name[:60]}.{os.getpid()}.new")
    try:
        draft.write_bytes(data)
        os.replace(draft, path)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise
    return path
