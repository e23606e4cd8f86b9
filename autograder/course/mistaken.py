"""What the mistakes of an assignment answer to its checks: each is spliced into the solution and asked.

No formula says what a mistake leads to: the mistake is run. Steps: of one check, take the wrong answers that touch its
item; ask each the check, with inputs drawn from the seed of the class; keep what it gave at every place where answers
are compared (`toolbox.checks.recognise`), but for what is right all the same. That is done once a seed, when the first
answer fails the check, and whatever the clock says: a name can decide on a mark. What all mistakes give in a check may
be kept in a folder, for other judges and other runs.
"""

from __future__ import annotations

import hashlib
import warnings
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from functools import cached_property
from pathlib import Path

import torch

from autograder.course.rooms import HERE, ROOT, Room
from autograder.course.students import prepared
from autograder.files import write_atomically
from toolbox.calling.student import Student
from toolbox.checks.collect import Check
from toolbox.checks.compare import relative_error
from toolbox.checks.recognise import Places, Value, recorded
from toolbox.checks.signatures import Signatures, written


class Mistaken:
    """The values that mistakes lead to, by check and place; see `toolbox.checks.recognise.Known`.

    checks: those of the assignment. keep: a folder for what has been worked out, where it is to be kept.
    """

    def __init__(self, room: Room, checks: Sequence[Check], seed: str, keep: Path | None = None):
        self._room, self._seed, self._keep = room, seed, keep
        self._checks = {check.id: check for check in checks}
        self._students: dict[str, Callable[[], Student] | None] = {}
        self._of_one: dict[tuple[str, str], dict[str, Value]] = {}
        self._of_all: dict[str, Places] = {}
        self._answers = {str(number): answer for number, answer in enumerate(room.wrong)}  # some share a name

    def __call__(self, check: str, only: Collection[str] | None = None) -> Places:
        touching = [key for key, answer in self._answers.items() if self._checks[check].item in answer.items]
        if only is not None and check not in self._of_all:
            return self._places(check, [key for key in touching if key in only])
        if check not in self._of_all:
            kept = self._kept(check)
            self._of_all[check] = self._places(check, touching, keep=True) if kept is None else kept
        if only is None:
            return self._of_all[check]
        places = {place: [v for v in values if v.mistake in only] for place, values in self._of_all[check].items()}
        return {place: values for place, values in places.items() if values}

    def _places(self, check: str, mistakes: list[str], keep: bool = False) -> Places:
        places: dict[str, list[Value]] = {}
        for mistake in mistakes:
            for place, value in self._gives(mistake, self._checks[check]).items():
                places.setdefault(place, []).append(value)
        if keep and self._keep is not None:
            with suppress(OSError):  # then it is worked out again
                write_atomically(self._file(check), written({check: places}))
        return places

    def _kept(self, check: str) -> Places | None:
        return Signatures(self._file(check))(check) if self._keep and self._file(check).is_file() else None

    def _file(self, check: str) -> Path:
        assert self._keep is not None
        return self._keep / f"{self._room.name}-{hashlib.sha256((self.digest + check).encode()).hexdigest()[:24]}.npz"

    @cached_property
    def digest(self) -> str:
        """Of all that the values follow from, as far as it is the kit's."""
        whole = hashlib.sha256(f"{self._room.name}|{self._seed}|{torch.__version__.partition('+')[0]}".encode())
        for module, source in self._room.solutions.items():
            whole.update(f"{module}\0{source}\0".encode())
        folders = [HERE / self._room.name / "checks", HERE / self._room.name / "mistakes", HERE / "kinds"]
        folders.append(ROOT / "lib" / "toolbox")
        for path in sorted(path for folder in folders for path in folder.rglob("*.py")):
            whole.update(f"{path.relative_to(ROOT)}\0".encode() + path.read_bytes())
        return whole.hexdigest()

    def _gives(self, mistake: str, check: Check) -> dict[str, Value]:
        """What one mistake gives at each place of a check, where that is wrong."""
        key = check.id, mistake
        if key not in self._of_one:
            self._of_one[key] = {}
            if (student := self._student(mistake)) is not None:
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")
                    heard = recorded(lambda: check(student, self._seed))
                name = (self._answers[mistake].diagnosis or ("",))[0]
                self._of_one[key] = {
                    place: Value(mistake, name, got.to(torch.float64))
                    for place, (got, true, limit) in heard.answers.items()
                    if got.shape != true.shape or not relative_error(got, true) <= limit
                }
                if heard.ended:
                    self._of_one[key][""] = Value(mistake, name, torch.zeros(0))
        return self._of_one[key]

    def _student(self, mistake: str) -> Student | None:
        """A student of ours who makes this mistake; None where it does not fit the solution, which the audit tells."""
        if mistake not in self._students:
            try:
                self._students[mistake] = prepared(self._answers[mistake], self._room)
            except ValueError:
                self._students[mistake] = None
        make = self._students[mistake]
        return make() if make is not None else None
