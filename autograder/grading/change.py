"""Every command that changes a classroom goes through here: one writer at a time, and a line in the log of what it did.

Steps: hold the lock; note what people have changed by hand since the last command; say what is under way, so that a run
that is killed is taken up and not taken for somebody's edits; let the command work; keep the state that it has led to,
and write down whose grade changed.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

from autograder.files import write_atomically
from autograder.grading.lock import only_writer
from autograder.history import log
from autograder.history.grades import StateGrades, as_data, differences
from autograder.history.log import BY_HAND, Entry
from autograder.history.states import COURSE, ROSTER, State, keep, look, read
from autograder.history.store import Store
from toolbox.errors import KitError

UNDER_WAY = ".under-way.json"
UNDO = "undo"
SHOWN = 12  # names in one line


class HalfDone(KitError):
    """An undo was stopped half-way, and has to be given again before anything else."""


@contextmanager
def changing(root: Path, did: str, say: Callable[[str], None]) -> Iterator[History]:
    """Hold the classroom and keep its history while a command changes it. did: the command, as it was typed."""
    with only_writer(root / "classroom", did, say):
        history = History(root)
        history.begin(did)
        try:
            yield history
        except BaseException:
            history.give_up()
            raise
        history.finish(did)


class History:
    """The history of one classroom, for who holds its lock. last: the newest entry, before this command's own."""

    def __init__(self, root: Path):
        self.root, self.classroom = root, root / "classroom"
        self.store = Store(self.classroom)
        self.entries = log.read(self.classroom)
        self.added: Entry | None = None
        self._mark = self.classroom / UNDER_WAY

    @property
    def last(self) -> Entry | None:
        return self.entries[-1] if self.entries else None

    @property
    def state(self) -> State:
        """The state that the newest entry names."""
        return read(self.store, self.last.state) if self.last else State()

    def begin(self, did: str) -> None:
        """Note edits by hand, and what is under way. Raises HalfDone."""
        try:
            before = json.loads(self._mark.read_bytes())["did"]
        except (OSError, ValueError, KeyError):
            if self.last or look(self.classroom).verdicts:  # of a classroom that nobody has graded there is no history
                self._add(BY_HAND)
        else:
            if before.split()[0] == UNDO and did.split()[0] != UNDO:
                raise HalfDone(f"`python -m autograder {before}` was stopped half-way: give it again first")
        write_atomically(self._mark, json.dumps({"did": did}).encode())

    def finish(self, did: str) -> None:
        """Keep what the command has led to."""
        self.added = self._add(did)
        self._mark.unlink(missing_ok=True)

    def give_up(self) -> None:
        """The command has failed: where nothing is changed, nothing is under way; else the next one takes it up."""
        if not look(self.classroom).differs(self.state):
            self._mark.unlink(missing_ok=True)

    def _add(self, did: str) -> Entry | None:
        """A line in the log where the state is another one than the last."""
        before = self.state
        name, after = keep(self.classroom, self.store)
        paths = after.differs(before)
        if not paths:
            return None
        changed = differences(*(StateGrades(self.root, self.store, own) for own in (before, after)))
        about = _about(did, before, after, paths)
        own = [as_data(change) for change in changed]
        new = log.entry(self.last.number + 1 if self.last else 1, name, did, own, about)
        if did == BY_HAND:  # whoever notices it has not done it
            new = replace(new, who=_owners(self.classroom, paths))
        log.append(self.classroom, new)
        self.entries.append(new)
        return new


def _owners(classroom: Path, paths: list[str]) -> str:
    """Whose the files are that were edited, as far as the system tells."""
    found = set()
    for path in paths:
        with suppress(OSError, KeyError, NotImplementedError):
            found.add((classroom / path).owner())
    return ", ".join(sorted(found)) or "?"


def _about(did: str, before: State, after: State, paths: list[str]) -> list[str]:
    """What changed beside grades, in words."""
    told = [
        f"{name} {'was edited' if before.files.get(name) else 'is new'}" for name in (COURSE, ROSTER) if name in paths
    ]
    for assignment in sorted({*before.hand_ins, *after.hand_ins}):
        old, new = before.hand_ins.get(assignment, {}), after.hand_ins.get(assignment, {})
        students = sorted(student for student in old.keys() | new.keys() if old.get(student) != new.get(student))
        if students:
            told.append(f"{assignment}: a hand-in came to stand, or another one, for {few(students)}")
    if did == BY_HAND and before.files:
        others = [path for path in paths if path not in (COURSE, ROSTER) and not path.startswith("receipts/")]
        told += [f"{path} was {'edited' if path in after.files else 'removed'}" for path in others]
    return told


def few(names: list[str]) -> str:
    """The names, or how many there are and the first ones."""
    return ", ".join(names) if len(names) <= SHOWN else f"{len(names)} students: {', '.join(names[:SHOWN])} …"
