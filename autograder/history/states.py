"""What a state of the grades is made of: the files that every grade follows from, by path and digest.

Verdicts and what the cells showed; the rules in force, with the files that people write them in; marks by hand as they
were last seen; and which hand-in stands. The gradebook, pages, reports and exports are made from these.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from autograder.history.store import Store

IN_FORCE, UNDONE, COURSE, ROSTER = "in_force.json", "undone.json", "course.toml", "roster.csv"
PATTERNS = (
    IN_FORCE, UNDONE, COURSE, ROSTER, "marks/[!.]*.json", "receipts/*/[!.]*.json", "verdicts/*/[!.]*.json",
    "verdicts/*/cells/[!.]*.json",
)  # fmt: skip


@dataclass(frozen=True)
class State:
    """files: path below classroom/ -> SHA-256."""

    files: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def verdicts(self) -> dict[str, dict[str, str]]:
        """The verdicts: assignment -> student -> SHA-256."""
        return self._below("verdicts", 3)

    @cached_property
    def hand_ins(self) -> dict[str, dict[str, str]]:
        """The receipts of the hand-ins that stand: assignment -> student -> SHA-256."""
        return self._below("receipts", 3)

    def _below(self, top: str, depth: int) -> dict[str, dict[str, str]]:
        found: dict[str, dict[str, str]] = defaultdict(dict)
        for path, digest in self.files.items():
            parts = path.split("/")
            if len(parts) == depth and parts[0] == top:
                found[parts[1]][parts[2].removesuffix(".json")] = digest
        return dict(found)

    def differs(self, other: State) -> list[str]:
        """The paths that are not the same in both, sorted."""
        names = self.files.keys() | other.files.keys()
        return sorted(name for name in names if self.files.get(name) != other.files.get(name))


def look(classroom: Path, store: Store | None = None) -> State:
    """The state that a classroom is in now. store: where to keep all of it; None to keep nothing."""
    found = {}
    for path in _files(classroom):
        try:
            data = path.read_bytes()
        except FileNotFoundError:  # a person has just moved it
            continue
        digest = store.put(data) if store else hashlib.sha256(data).hexdigest()
        found[path.relative_to(classroom).as_posix()] = digest
    return State(found)


def keep(classroom: Path, store: Store) -> tuple[str, State]:
    """Keep the state that a classroom is in now; its name, and the state. Folders that did not change are kept once."""
    state = look(classroom, store)
    folders: dict[str, dict[str, str]] = defaultdict(dict)
    for path, digest in state.files.items():
        folder, _, name = path.rpartition("/")
        folders[folder][name] = digest
    return store.put_json({folder: store.put_json(names) for folder, names in folders.items()}), state


def read(store: Store, name: str) -> State:
    """A state by its name. Raises Lost."""
    folders = store.get_json(name)
    return State({
        f"{folder}/{file}" if folder else file: digest
        for folder, names in folders.items()
        for file, digest in store.get_json(names).items()
    })  # fmt: skip


def _files(classroom: Path) -> Iterable[Path]:
    return (path for pattern in PATTERNS for path in sorted(classroom.glob(pattern)) if path.is_file())
