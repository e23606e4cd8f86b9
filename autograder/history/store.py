"""Contents by their digest: each is kept once, compressed, however many states hold it.

`classroom/history/⟨ab⟩/⟨SHA-256⟩`. A file is written in one step and never changed, so a run that is killed leaves
nothing that must be repaired.
"""

from __future__ import annotations

import hashlib
import json
import zlib
from pathlib import Path
from typing import Any

from autograder.files import write_atomically
from toolbox.errors import KitError

FOLDER = "history"


class Lost(KitError):
    """What a state needs is not kept any more, or is damaged."""


class Store:
    """The contents that a classroom's history keeps."""

    def __init__(self, classroom: Path):
        self._folder = classroom / FOLDER

    def put(self, data: bytes) -> str:
        """Keep a content; returns its SHA-256."""
        name = hashlib.sha256(data).hexdigest()
        if not (path := self._path(name)).is_file():
            write_atomically(path, zlib.compress(data))
        return name

    def get(self, name: str) -> bytes:
        """A content by its SHA-256. Raises Lost."""
        try:
            data = zlib.decompress(self._path(name).read_bytes())
        except (OSError, zlib.error):
            data = b""
        if hashlib.sha256(data).hexdigest() != name:
            raise Lost(f"{self._path(name)} is missing or damaged: put classroom/{FOLDER} back from a backup")
        return data

    def put_json(self, content: Any) -> str:
        return self.put(json.dumps(content, sort_keys=True).encode())

    def get_json(self, name: str) -> Any:
        return json.loads(self.get(name))

    def _path(self, name: str) -> Path:
        return self._folder / name[:2] / name
