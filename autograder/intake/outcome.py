"""What a collection has found, for people and for machines."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path

from rich.console import Console
from rich.text import Text

from autograder.files import write_atomically
from autograder.records.attempt import UNKNOWN, Attempt
from autograder.records.receipt import Receipt, iso
from toolbox.checks.visible import visible

from .parcels import Unread

SHOWN = 15


@dataclass
class Found:
    """An attempt, as it is told. number: which of the student's; attempts: how many there are. why: why it stands, or
    does not. late_seconds: None where nobody knows.
    """

    attempt: Attempt
    key: str
    number: int
    attempts: int
    stands: bool
    why: str
    late_seconds: int | None = None

    def to_dict(self) -> dict:
        one = self.attempt
        return {
            "student": one.student, "platform_key": self.key, "platform": one.platform, "received": iso(one.received),
            "received_from": one.received_from, "late_seconds": self.late_seconds, "attempt": self.number,
            "attempts": self.attempts, "stands": self.stands, "code": one.code, "message": one.message or self.why,
            "files": [path for path, _, _ in one.files], "late": one.late, "origin": one.origin,
        }  # fmt: skip


@dataclass
class Outcome:
    """found: attempts of this download, and those that stand. by_hand: students whose hand-in a person has changed,
    and what was left out for it. unnamed: receipts of hand-ins that are nobody's. missing: in the roster, with no
    attempt.
    """

    assignment: str
    found: list[Found] = field(default_factory=list)
    receipts: dict[str, Receipt] = field(default_factory=dict)
    unnamed: list[Receipt] = field(default_factory=list)
    unread: list[Unread] = field(default_factory=list)
    doubtful: dict[str, str] = field(default_factory=dict)
    strangers: dict[str, str] = field(default_factory=dict)
    by_name: dict[str, str] = field(default_factory=dict)
    new: list[str] = field(default_factory=list)
    by_hand: dict[str, str] = field(default_factory=dict)
    missing: list[str] = field(default_factory=list)
    platforms: dict[str, int] = field(default_factory=dict)
    dry: bool = False

    @property
    def is_clean(self) -> bool:
        """Whether nothing was left out."""
        return not (self.doubtful or self.strangers or self.unnamed or self.by_hand)

    def to_list(self) -> list[dict]:
        """One entry an attempt; then, without an attempt, who is doubtful, not in the roster, nobody's, missing, not
        read.
        """
        told = [one.to_dict() for one in self.found]
        told += [_bare("doubtful", why, origin=label) for label, why in self.doubtful.items()]
        told += [_bare("not_in_roster", _like(like), origin=label) for label, like in self.strangers.items()]
        told += [_bare(one.code or "no_student", one.message, origin=one.origin) for one in self.unnamed]
        told += [_bare("missing", "nothing was handed in", student=student) for student in self.missing]
        told += [_bare("not_read", one.why, files=[one.path], origin=one.path) for one in self.unread]
        return told

    def write(self, path: Path) -> None:
        text = json.dumps(self.to_list(), indent=1, ensure_ascii=False) + "\n"
        write_atomically(path, text.encode("utf-8", "replace"))


def _bare(code: str, message: str, *, student: str | None = None, files=(), origin: str = "") -> dict:
    return {
        "student": student, "platform_key": None, "platform": None, "received": None, "received_from": None,
        "late_seconds": None, "attempt": None, "attempts": 0, "stands": False, "code": code, "message": message,
        "files": list(files), "late": None, "origin": origin,
    }  # fmt: skip


def _like(like: str) -> str:
    hint = f"; perhaps it is {like}" if like else ""
    return f"not in classroom/roster.csv{hint}: add a line or a key there, or take new people in with --add-new"


def show(outcome: Outcome, console: Console) -> None:
    """Print what was found: what a person must look at first, then the rest in numbers."""
    standing = [one for one in outcome.found if one.stands]

    def block(title: str, lines: list[str], style: str = "bold") -> None:
        if lines:
            console.print(Text(f"{title}: {len(lines)}"), style=style)
            for line in lines[:SHOWN]:
                console.print(Text(visible(f"  {line}")), soft_wrap=True)
            if len(lines) > SHOWN:
                console.print(f"  … and {len(lines) - SHOWN} more (--json FILE lists all)")

    block("doubtful, left out", [f"{label}: {why}" for label, why in outcome.doubtful.items()], "bold red")
    block(
        "not in the roster, left out",
        [f"{label}: {_like(like)}" for label, like in outcome.strangers.items()],
        "bold red",
    )
    block("nobody's, left out", [f"{one.origin}: {one.message}" for one in outcome.unnamed], "bold red")
    block("changed by hand, kept", [f"{student}: {why}" for student, why in outcome.by_hand.items()], "bold yellow")
    broken = [one for one in standing if not one.attempt.is_valid]
    block("cannot be graded", [f"{one.attempt.student}: {one.attempt.message}" for one in broken], "bold red")
    aside = [one for one in outcome.found if not one.stands]
    block("do not stand", [f"{one.attempt.student}, {one.attempt.origin}: {one.why}" for one in aside])
    block("matched by name alone", [f"{student}: {label}" for student, label in outcome.by_name.items()])
    late = [one for one in standing if one.attempt.late and one.attempt.received is None]
    block("marked late, by how much is not known", [one.attempt.student for one in late])
    unknown = [one for one in standing if one.attempt.received_from == UNKNOWN]
    if unknown:
        console.print(
            f"{len(unknown)} without a time of arrival: {', '.join(sorted({one.attempt.platform for one in unknown}))} "
            "does not tell it. Give it with --times (Moodle: the grading worksheet), or nobody of them is late."
        )
    block("in the roster, nothing handed in", outcome.missing)
    block("not read", [f"{one.path}: {one.why}" for one in outcome.unread])
    if outcome.new:
        console.print(f"new in classroom/roster.csv: {len(outcome.new)}. Edit it where it is wrong.")
    there = ", ".join(f"{count} by {name}" for name, count in outcome.platforms.items()) or "no hand-ins"
    console.print(f"{there}; {len({one.attempt.student for one in standing})} students have an attempt that stands.")
    if outcome.dry:
        console.print("Nothing is written: that was a dry run.", style="bold")
