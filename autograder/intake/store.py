"""Every attempt of every student, kept for good: `classroom/attempts/`.

    files/⟨ab⟩/⟨SHA-256⟩                    what arrived, each content once
    ⟨assignment⟩/⟨student⟩/⟨attempt⟩.json   when it came, from where, which files it is made of (`records.attempt`)

Files are named by what they hold and records by what they are about, and each is written in one step: a run that is
killed leaves nothing that the next one must repair, and the same attempt taken in twice is one record.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterable
from io import BufferedReader
from pathlib import Path

from autograder.files import write_atomically
from autograder.records.attempt import Attempt
from autograder.records.receipt import Refused

from .archive import too_long

FOLDER = "attempts"


class Store:
    """The attempts of a classroom. dry: write nothing that stays; what is kept is known until `close`."""

    def __init__(self, classroom: Path, *, dry: bool = False):
        self._records = classroom / FOLDER
        self._dry = dry
        self._scratch = tempfile.mkdtemp(prefix="attempts-") if dry else None
        self._files = Path(self._scratch) if self._scratch else self._records / "files"
        self._known: dict[tuple[str, str], dict[str, Attempt]] = {}

    def close(self) -> None:
        if self._scratch:
            shutil.rmtree(self._scratch, ignore_errors=True)

    # files

    def put(self, blocks: Iterable[bytes], most: int, name: str) -> tuple[str, int]:
        """Keep a file; its SHA-256 and size. Raises Refused where it has more than `most` bytes, and what `blocks`
        raise.
        """
        self._files.mkdir(parents=True, exist_ok=True)
        handle, draft = tempfile.mkstemp(dir=self._files, prefix=".new-")
        total, size = hashlib.sha256(), 0
        try:
            with os.fdopen(handle, "wb") as out:
                for block in blocks:
                    size += len(block)
                    if size > most:
                        raise too_long(name, most)
                    total.update(block)
                    out.write(block)
            target = self._path(total.hexdigest())
            if not target.is_file():
                target.parent.mkdir(exist_ok=True)
                os.replace(draft, target)
        finally:
            Path(draft).unlink(missing_ok=True)
        return total.hexdigest(), size

    def open(self, sha256: str) -> BufferedReader:
        """A file that is kept. Raises Refused where it is there no more."""
        path = self._path(sha256)
        if not path.is_file():
            path = self._records / "files" / sha256[:2] / sha256
        try:
            return open(path, "rb")
        except OSError as error:
            raise Refused("unreadable", f"What was kept of it cannot be read ({error.strerror}).") from None

    def _path(self, sha256: str) -> Path:
        return self._files / sha256[:2] / sha256

    # records

    def attempts(self, assignment: str, student: str) -> dict[str, Attempt]:
        """The attempts of a student by name; a record that cannot be read is passed over."""
        known = self._known.get((assignment, student))
        if known is None:
            known = self._known[assignment, student] = {}
            for path in sorted((self._records / assignment / student).glob("[!.]*.json")):
                try:
                    known[path.stem] = Attempt.from_dict(json.loads(path.read_bytes()))
                except (OSError, ValueError, KeyError, TypeError):
                    continue
        return known

    def students(self, assignment: str) -> list[str]:
        """Everybody who has attempted an assignment, sorted."""
        return sorted(folder.name for folder in (self._records / assignment).glob("[!.]*/") if folder.is_dir())

    def keep(self, attempt: Attempt) -> Attempt:
        """Keep a record, joined with what is known of the same attempt; what is kept now."""
        known = self.attempts(attempt.assignment, attempt.student)
        old = known.get(attempt.name)
        new = old.joined(attempt) if old else attempt
        known[attempt.name] = new
        if not self._dry and new != old:
            path = self._records / attempt.assignment / attempt.student / f"{attempt.name}.json"
            text = json.dumps(new.to_dict(), indent=1, ensure_ascii=False) + "\n"
            write_atomically(path, text.encode("utf-8", "replace"))
        return new
