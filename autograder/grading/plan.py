"""What a run of `grade` has to do: which hand-ins there are, which must be judged, which only entered.

Each hand-in is inspected once, and what was found travels in its receipt.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from pathlib import Path

from autograder import build, intake
from autograder.grading import ledger
from autograder.history import undone
from autograder.judging.key import judging, key
from autograder.records import verdict as verdicts
from autograder.records.hand_in import HandIn, read_hand_in
from autograder.records.verdict import NOT_JUDGED, Verdict
from autograder.rules.terms import Terms
from toolbox.errors import NotThere


@dataclass
class Plan:
    """to_judge, to_enter: hand-ins with the keys of their verdicts. skipped: the students of whom all is done."""

    to_judge: list[tuple[HandIn, str]] = field(default_factory=list)
    to_enter: list[tuple[HandIn, str]] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)


def hand_ins(root: Path, assignment: str, students: list[str] | None) -> list[HandIn]:
    """The hand-ins that lie under classroom/submitted/, inspected. Raises NotThere where there are none."""
    submitted = root / "classroom" / "submitted"
    intake.take_up(submitted)
    released = root / "assignments" / assignment / f"{assignment}.ipynb"
    folders = sorted(folder for folder in submitted.glob(f"*/{assignment}") if folder.is_dir())
    if students:
        folders = [folder for folder in folders if folder.parent.name in students]
    if not folders:
        whose = f" of {', '.join(students)}" if students else ""
        raise NotThere(
            f"no hand-in{whose} of {assignment!r} under {submitted}: name a folder of zips with --from, or put them "
            "there"
        )
    return [read_hand_in(folder, intake.inspect(folder, assignment, released)) for folder in folders]


class Entries:
    """What the entry of a verdict depends on beside the verdict: the terms, and whether there are pages."""

    def __init__(self, assignment: str, terms: Terms, feedback: bool):
        self.feedback = feedback
        rules = terms.rules(assignment)
        self.renamed = rules.renamed
        late = vars(rules.late) | {"days_off": sorted(rules.late.days_off)}  # a set has another order in each process
        self._common = repr((feedback, terms.paper(assignment), sorted(rules.renamed.items()), rules.due, late))
        self._people = terms.as_dict()["people"]

    def key(self, student: str, judged: str) -> str:
        """A digest of all of it. judged: the verdict's key."""
        own = f"{self._common} {self._people.get(student)!r}"
        return f"{judged} {hashlib.sha256(own.encode()).hexdigest()}"


def plan(
    root: Path, found: list[HandIn], entered: set[str], seed: str, pictures: bool, *, again: bool, entries: Entries
) -> Plan:
    """What is to be done for these hand-ins. entered: the students who are in the gradebook already."""
    classroom, assignment = root / "classroom", found[0].assignment
    taken_back, now = undone.read(classroom), judging(root, assignment)
    result = Plan()
    for hand_in in found:
        student, own = hand_in.student, key(root, hand_in, seed, pictures)
        known = None if again else verdicts.read(classroom, assignment, student)
        is_undone = taken_back.grader(assignment, student) == now
        if known is None or not _holds(known.verdict, hand_in, own, is_undone):
            result.to_judge.append((hand_in, own))
            continue
        own = known.verdict.key
        is_done = ledger.is_done(classroom, assignment, student, entries.key(student, own))
        if student in entered and is_done:
            result.skipped.append(student)
        else:
            result.to_enter.append((hand_in, own))
    return result


def _holds(verdict: Verdict, hand_in: HandIn, own: str, is_undone: bool) -> bool:
    """Whether a verdict still says what judging would find, or stands in the place of one that was undone.

    own: what its key would be now; is_undone: whether judging now would be what somebody took back.
    """
    if is_undone and verdict.hand_in.get("sha256") == hand_in.receipt.sha256:
        return True
    return verdict.key == own and verdict.status != NOT_JUDGED and not verdict.open_items


def build_if_stale(root: Path, assignment: str) -> None:
    """Build where nothing is built yet, or where the masters are newer: nbgrader would release what it finds."""
    source, master = (root / "solutions" / name for name in (f"{assignment}/{assignment}.ipynb", f"{assignment}.py"))
    if not source.is_file() or source.stat().st_mtime < master.stat().st_mtime:
        build.build(root)
        source.touch()
