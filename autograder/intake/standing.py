"""Which attempt lies under submitted/, and putting the one that stands there; what a person has changed stays.

A folder is ours where its files are those that one of the student's attempts gives, whatever a killed run has noted or
not; else a person has changed it. A time that a person wrote into timestamp.txt is that attempt's from then on.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from autograder.machine_faults import classify
from autograder.records.attempt import BY_HAND, Attempt, Rule, standing
from autograder.records.receipt import Receipt, Refused, Repair

from .archive import Files, Limits
from .examine import examine, fingerprint
from .notebook import Released
from .place import graded_files, place, placed
from .reading import read_again
from .store import Store

Composed = tuple[Receipt, dict[str, bytes]]


@contextmanager
def contained(receipt: Receipt) -> Iterator[None]:
    """Whatever goes wrong with one hand-in is written into its receipt and never stops the class; a full disk does."""
    try:
        yield
    except Refused as refusal:
        receipt.refuse(refusal)
    except Exception as error:
        if classify(error):
            raise
        receipt.refuse(Refused("intake_error", f"The intake failed on this hand-in ({type(error).__name__})."))


class Desk:
    """Puts hand-ins of one assignment in their places."""

    def __init__(self, submitted: Path, assignment: str, release: Released, store: Store, limits: Limits):
        self.submitted, self.assignment, self.release = submitted, assignment, release
        self.store, self.limits = store, limits

    def compose(self, attempt: Attempt, files: Files | None = None, refusal: Refused | None = None) -> Composed:
        """The receipt of an attempt, and what to write for it; files: of it, where they have been read already."""
        receipt = Receipt(
            attempt.student, self.assignment, sha256=attempt.sha256, received=attempt.received, origin=attempt.origin,
            attempt=attempt.name, platform=attempt.platform, received_from=attempt.received_from, late=attempt.late,
            keys=attempt.keys,
        )  # fmt: skip
        contents: dict[str, bytes] = {}
        with contained(receipt):
            if refusal:
                raise refusal
            if files is None:
                if attempt.code and not attempt.files:
                    raise Refused(attempt.code, attempt.message)
                files = read_again(attempt, self.store, self.limits)
            contents = examine(files, self.assignment, self.release, self.limits, receipt)
        return receipt, contents

    def lies_there(self, student: str, attempts: Mapping[str, Attempt]) -> tuple[str | None, datetime | None]:
        """The name of the attempt in a student's place, '' where a person has changed what lies there, None where
        nothing does; and the time that a person has written to it, None where none has.
        """
        folder = self.submitted / student / self.assignment
        if folder.is_symlink() or not os.path.lexists(folder):
            return None, None
        try:
            record, print_now, written = placed(folder)
        except Refused:
            return "", None
        if record and record.get("placed") == print_now and record.get("attempt"):
            noted = datetime.fromisoformat(record["received"]) if record.get("received") else None
            return record["attempt"], written if written != noted else None
        for attempt in attempts.values():
            _, contents = self.compose(attempt)
            if fingerprint(graded_files(self.assignment, contents, self.release)) == print_now:
                return attempt.name, written if written != attempt.received else None
        return "", None

    def put(
        self, standing: Attempt, attempts: Mapping[str, Attempt], composed: Composed | None, *, replace_all: bool
    ) -> tuple[Receipt, str]:
        """Put the attempt that stands in its place; its receipt, and why the place was left as a person has made it.

        replace_all: put it there whatever a person has changed; what lay there is kept under refused/.
        """
        receipt, contents = composed or self.compose(standing)
        if len(attempts) > 1:
            receipt.repairs.insert(0, Repair("several_hand_ins", "Other attempts of this student were set aside."))
        lies, _ = self.lies_there(standing.student, attempts)
        keep_old = None
        if lies == "":
            if not replace_all:
                return receipt, "its folder under submitted/ was changed by hand, and stays (--replace puts this there)"
            keep_old = self.submitted.parent / "refused" / standing.student / f"{self.assignment}-by-hand"
        with contained(receipt):
            place(receipt, contents, self.submitted, self.release, keep_old)
        return receipt, ""

    def heed_times(self, student: str, say: Callable[[Attempt], Attempt]) -> None:
        """Take over the time that a person wrote to the attempt that lies there; say: keeps the record."""
        attempts = self.store.attempts(self.assignment, student)
        lies, written = self.lies_there(student, attempts) if attempts else (None, None)
        if lies and written and lies in attempts:
            say(replace(attempts[lies], received=written, received_from=BY_HAND))


def stand_anew(classroom: Path, assignment: str, released: Path, rule: Rule) -> dict[str, str]:
    """Put the attempts that a rule chooses in their places: student -> name of the attempt that lies there now, of
    those for whom another one lay there. What a person has changed stays.
    """
    release, store, moved = Released.read(released), Store(classroom), {}
    desk = Desk(classroom / "submitted", assignment, release, store, replace(Limits(), loose=release.modules))
    for student in store.students(assignment):
        attempts = store.attempts(assignment, student)
        chosen = standing(list(attempts.values()), rule)
        if chosen is None or len(attempts) == 1:
            continue
        lies, _ = desk.lies_there(student, attempts)
        if lies and lies != chosen.name:
            desk.put(chosen, attempts, None, replace_all=False)
            moved[student] = chosen.name
    return moved
