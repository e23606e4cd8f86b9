"""Remember pieces of feedback pages, in memory and, those that several pages share, from one run to the next."""

from __future__ import annotations

import hashlib
import json
from collections import OrderedDict
from importlib.metadata import version
from pathlib import Path

from autograder.files import write_atomically

KEPT = 32 * 2**20  # characters of pieces that are remembered
LONG = 2**16
OVERHEAD = 300  # bytes that remembering a piece takes besides its characters
SAVED = 4 * 2**20  # characters in the file: reading it must not take longer than making the pieces
LIBRARIES = ("nbconvert", "nbgrader", "beautifulsoup4", "pygments", "jinja2", "nh3")
PARTS = ("gradebook", "sandbox")  # of autograder: what the pieces are made by


class Pieces:
    """Remembers the pieces used last, KEPT characters of them; long ones, which nobody shares, it does not keep.

    file: where those that were asked for again are kept for the next run.
    """

    def __init__(self, file: Path) -> None:
        self._file = file
        self._pieces: OrderedDict[str, str | None] = OrderedDict()
        self._shared: set[str] = set()
        self._size = 0
        self._maker = _maker()
        self._read()
        self._saved = set(self._pieces)

    def __getitem__(self, key: tuple) -> str | None:
        name = _name(key)
        self._pieces.move_to_end(name)
        self._shared.add(name)
        return self._pieces[name]

    def __setitem__(self, key: tuple, piece: str | None) -> None:
        if piece is None or len(piece) <= LONG:
            self._keep(_name(key), piece)

    def _keep(self, name: str, piece: str | None) -> None:
        self._pieces[name] = piece
        self._size += OVERHEAD + len(piece or "")
        while self._size > KEPT:
            _, dropped = self._pieces.popitem(last=False)
            self._size -= OVERHEAD + len(dropped or "")

    def save(self) -> None:
        """Write down what is worth it, where that is more than the file holds already."""
        if self._shared <= self._saved:
            return
        kept: dict[str, str | None] = {}
        size = 0
        for name, piece in reversed(self._pieces.items()):  # the ones used last come first
            if name in self._shared | self._saved and size + len(piece or "") <= SAVED:
                kept[name] = piece
                size += len(piece or "")
        self._saved = set(kept)
        write_atomically(self._file, json.dumps({"maker": self._maker, "pieces": kept}).encode())

    def _read(self) -> None:
        """What an earlier run kept; nothing, where it was made otherwise or is damaged."""
        try:
            found = json.loads(self._file.read_bytes())
            if found["maker"] == self._maker:
                for name, piece in reversed(found["pieces"].items()):
                    self._keep(name, piece)
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return


def _name(key: tuple) -> str:
    return hashlib.sha256(repr(key).encode()).hexdigest()


def _maker() -> str:
    """A digest of what makes the pieces: the libraries' versions, and the kit's own templates and filters."""
    digest = hashlib.sha256(repr([(name, version(name)) for name in LIBRARIES]).encode())
    autograder = Path(__file__).parents[1]
    for part in PARTS:
        for path in sorted(autograder.joinpath(part).rglob("*")):
            if path.is_file() and path.suffix != ".pyc":
                digest.update(path.read_bytes())
    return digest.hexdigest()
