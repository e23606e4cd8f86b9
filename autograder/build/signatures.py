"""`signatures.npz`: what the mistakes that have a name give to the public checks, for `check("item")` to know them by.

Steps, for each assignment that has mistakes: see whether the file that stands there was made of the same sources, whose
digest it holds; else run every mistake on the inputs that students see (`course.mistaken`), and keep the numbers. The
file is not in the repository: it is made of what is, and a release holds it.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterable
from pathlib import Path

import torch

from autograder.course.mistaken import Mistaken
from autograder.course.rooms import room_at
from autograder.files import write_atomically
from autograder.masters.sources import checks_of
from toolbox.checks.collect import collect
from toolbox.checks.recognise import Places
from toolbox.checks.signatures import NAME, written
from toolbox.checks.suite import PUBLIC_SEED

LARGEST = 2048  # entries: what a mistake does to larger ones it does to smaller ones, too


def write(root: Path, names: Iterable[str]) -> list[Path]:
    """Bring these assignments' files up to date, which takes a while where masters have changed; return them."""
    files = []
    for name in names:
        path = root / "assignments" / name / NAME
        standing = path.read_bytes() if path.is_file() else b""
        if data := of(root, name, standing):
            files.append(path if data == standing else write_atomically(path, data))
    return files


def of(root: Path, name: str, standing: bytes = b"") -> bytes:
    """The file of one assignment, b"" where it has no mistakes. standing: an earlier one, to take where it holds."""
    room = room_at(root, name)
    if not room.wrong:
        return b""
    checks = collect(checks_of(root, name))
    mistaken = Mistaken(room, checks, PUBLIC_SEED)
    if _digest(standing) == mistaken.digest:
        return standing
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        found = {check.id: named(mistaken(check.id)) for check in checks if not check.hidden}
    finally:
        torch.set_num_threads(threads)
    return written(found, mistaken.digest)


def named(places: Places) -> Places:
    """The values that tell of a mistake with a name."""
    return {
        place: [value for value in values if value.id and value.value.numel() <= LARGEST]
        for place, values in places.items()
    }


def _digest(data: bytes) -> str:
    """What a file was made of, "" where it does not say so."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as file:
            return file.comment.decode()
    except (zipfile.BadZipFile, UnicodeDecodeError):
        return ""
