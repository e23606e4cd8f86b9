"""What an export did or would do: changes, and everything that a person should know, in an order worth reading."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

# Kinds of notes, the most urgent first, and what to say about them.
KINDS = {
    "file": "",
    "doubtful": "doubtful, left out",
    "not taken": "not entered",
    "not judged": "not judged, left out: grade again",
    "not ours": "in the file, not in the class",
    "not theirs": "in the class, not in the file",
    "no key": "without a key of the platform, left out",
    "no page": "without a feedback page or its place, left out",
    "by name": "matched by name alone",
    "excused": "excused",
    "missing": "handed nothing in, left as it is",
    "provisional": "written answers still to be marked; the score so far was entered",
}
SHOWN = 12  # names of one kind on the terminal, unless all are asked for


@dataclass(frozen=True)
class Change:
    """One cell: what it said and what it says now."""

    student: str
    row: str
    heading: str
    old: str
    new: str


@dataclass(frozen=True)
class Note:
    """kind: one of `KINDS`; about: the student or row, "" for the whole file; text: what there is to say."""

    kind: str
    about: str
    text: str = ""


@dataclass
class Outcome:
    """An export before it is written. data: the file's bytes, None where there is none to write."""

    platform: str
    data: bytes | None = None
    changes: list[Change] = field(default_factory=list)
    unchanged: int = 0
    notes: list[Note] = field(default_factory=list)
    path: Path | None = None
    pages: Path | None = None
    page_names: dict[str, str] = field(default_factory=dict)  # student -> name in the zip
    titles: dict[str, str] = field(default_factory=dict)  # assignment -> what the platform calls it

    def note(self, kind: str, about: str = "", text: str = "") -> None:
        self.notes.append(Note(kind, about, text))

    def of(self, kind: str) -> list[Note]:
        return [note for note in self.notes if note.kind == kind]


def show(outcome: Outcome, console: Console, every: bool = False) -> None:
    """Print the notes and, with `every`, a table of all changes, old and new."""
    if every and outcome.changes:
        table = Table(title=f"{outcome.platform}: what would change", title_justify="left")
        for heading in ("student", "their row", "column"):
            table.add_column(heading, overflow="fold")
        table.add_column("old", justify="right", overflow="fold")
        table.add_column("new", justify="right", overflow="fold")
        for change in outcome.changes:
            cells = (change.student, change.row, change.heading, _short(change.old) or "–", _short(change.new))
            table.add_row(*map(plain, cells))
        console.print(table)
    for kind, words in KINDS.items():
        notes = outcome.of(kind)
        if not notes:
            continue
        if words:
            console.print(plain(f"{words}: {len(notes)}"), style="bold")
        shown = notes if every or not words else notes[:SHOWN]
        if bare := [note.about for note in shown if not note.text]:
            console.print(plain(f"  {', '.join(bare)}"), soft_wrap=True)
        for note in shown:
            line = ": ".join(part for part in (note.about, note.text) if part)
            if note.text:
                console.print(plain(f"  {line}" if words else line), soft_wrap=True)
        if len(shown) < len(notes):
            console.print(f"  … and {len(notes) - len(shown)} more (--dry-run lists all)")
    console.print(f"{len(outcome.changes)} cells changed, {outcome.unchanged} right already")


def plain(text: str) -> Text:
    """Text as it is: no markup, and no control characters that could move a terminal's cursor."""
    return Text("".join(letter if letter.isprintable() else "?" for letter in str(text)))


def _short(text: str) -> str:
    return text if len(text) <= 60 else text[:57] + "..."
