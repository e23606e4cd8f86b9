"""Take a download in: whose each hand-in is, when it came, which attempt of each student stands.

Steps:
1. List the download (`download`), and let each platform say which hand-ins it knows (`platforms`).
2. Find the student of each (`identify`); the roster learns keys and, where it may grow, new people. It is saved first.
3. Read the attempts (`reading`), keep what arrived and a record of each (`store`), each in one step.
4. For every student who was in it: choose the attempt that stands (`records.attempt.standing`) and put it in its place
   (`standing`), unless a person has changed what lies there.

Killed at any point, the same command ends as an undisturbed one; taking in the same download twice changes nothing.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, tzinfo
from pathlib import Path

from autograder.records.attempt import FILE, Attempt, Rule, last, standing
from autograder.records.receipt import Receipt, Refused
from autograder.roster.file import NAME as ROSTER
from autograder.roster.file import Roster
from autograder.roster.names import fold

from . import layout, platforms, times
from .archive import Limits
from .identify import Ask, Identities, identify
from .members import show
from .notebook import Released
from .outcome import Found, Outcome
from .parcels import Context, Parcel, Unread
from .reading import Candidate, candidates
from .standing import Composed, Desk
from .store import Store
from .swap import remove_drafts

Lateness = Callable[[str, datetime | None], int | None]


@dataclass(frozen=True)
class Choices:
    """What the person who collects has chosen. platform: 'auto' or one of `platforms.PLATFORMS`. times: 'file',
    'manifest' (believe the student's), or a table of times. zone: of the platform's local times. rule: which attempt
    stands. add_new: take in who is not in the roster. replace: students whose folder is replaced though a person has
    changed it, '*' for all.
    """

    platform: str = platforms.AUTO
    times: str | Path = "file"
    zone: tzinfo = UTC
    lateness: Lateness = lambda student, received: None
    rule: Rule = last
    add_new: bool = False
    replace: frozenset[str] = frozenset()
    ask: Ask | None = None
    limits: Limits = field(default_factory=Limits)


def collect(
    source: Path, classroom: Path, assignment: str, released: Path, choices: Choices | None = None, *,
    dry_run: bool = False, on_receipt: Callable[[Receipt], None] | None = None,
) -> Outcome:  # fmt: skip
    """Take in what lies at `source`: a folder, a zip or a tar of hand-ins, or one hand-in.

    released: `assignments/<name>/<name>.ipynb`. dry_run: write nothing. Raises NotThere, TableError, TooLarge.
    """
    return _Collection(classroom, assignment, released, choices or Choices(), dry_run, on_receipt).run(Path(source))


class _Collection:
    def __init__(self, classroom, assignment, released, choices: Choices, dry_run, on_receipt):
        self.classroom, self.assignment, self.choices, self.dry = classroom, assignment, choices, dry_run
        self.release = Released.read(Path(released))
        self.limits = replace(choices.limits, loose=self.release.modules)
        self.roster = Roster(classroom / ROSTER)
        logins = {
            fold(one.keys.get(name, "")) for one in self.roster.people.values() for name in ("blackboard", "login")
        }
        logins |= {fold(student) for student in self.roster.people}
        self.context = Context(assignment, choices.zone, frozenset(logins - {""}))
        self.outcome = Outcome(assignment, dry=dry_run)
        self.on_receipt = on_receipt

    def run(self, source: Path) -> Outcome:
        with ExitStack() as stack:
            self.store = Store(self.classroom, dry=self.dry)
            stack.callback(self.store.close)
            self.desk = Desk(self.classroom / "submitted", self.assignment, self.release, self.store, self.limits)
            parcels, table = self._parcels(source, stack)
            identities = self._identify(parcels)
            by_student: dict[str, list[Parcel]] = defaultdict(list)
            for parcel in parcels:
                student = identities.students.get(parcel.who.mark) if parcel.who else None
                if student:
                    by_student[student].append(parcel)
                elif not parcel.who:
                    self._unnamed(parcel)
            if not self.dry:
                remove_drafts(self.classroom)
                self.desk.submitted.mkdir(parents=True, exist_ok=True)
                if identities.students:
                    self.roster.save()
            for student in sorted(by_student):
                for parcel in by_student[student]:
                    table.tell(parcel, student)
                self._student(student, by_student[student])
            self.outcome.platforms = dict(Counter(parcel.platform for parcel in parcels))
            seen = {*by_student, *self.store.students(self.assignment)}
            self.outcome.missing = [student for student in self.roster.people if student not in seen]
        return self.outcome

    # what is in the download

    def _parcels(self, source: Path, stack: ExitStack) -> tuple[list[Parcel], times.Times]:
        listing = layout.listing_of(source, self.context, self.choices.platform, stack)
        if isinstance(self.choices.times, Path) or self.choices.times not in ("file", "manifest"):
            table, lines = times.read_table(Path(self.choices.times), self.assignment, self.choices.zone)
        else:
            table, lines, used = times.beside(listing, self.assignment, self.choices.zone)
            listing.entries = [entry for entry in listing.entries if entry not in used]
        taken = platforms.take(listing, self.context, self.choices.platform)
        self.outcome.unread += taken.unread
        return lines.tell(taken.parcels), table

    # whose

    def _identify(self, parcels: list[Parcel]) -> Identities:
        people = [(parcel.platform, parcel.who) for parcel in parcels if parcel.who]
        found = identify(people, self.roster, self.assignment, grow=self.choices.add_new, ask=self.choices.ask)
        self.outcome.doubtful, self.outcome.strangers = found.doubtful, found.strangers
        self.outcome.by_name, self.outcome.new = found.by_name, found.new
        return found

    def _unnamed(self, parcel: Parcel) -> None:
        """A hand-in that is nobody's: kept, and told."""
        for one in candidates(parcel, self.assignment, self.store, self.limits):
            why = one.refusal or Refused("no_student", f"{show(parcel.origin)!r}: {parcel.why or 'nobody is named'}.")
            name = f"unnamed-{one.attempt.content[:8]}"
            receipt = Receipt(name, self.assignment, sha256=one.attempt.sha256, origin=show(parcel.origin))
            receipt.received, receipt.received_from = one.attempt.received, one.attempt.received_from
            receipt.refuse(why)
            self.outcome.unnamed.append(receipt)
            if self.on_receipt:
                self.on_receipt(receipt)

    # one student

    def _student(self, student: str, parcels: Iterable[Parcel]) -> None:
        """Read and keep the attempts of one student, and put the one that stands in its place."""
        if not self.dry:
            self.desk.heed_times(student, self.store.keep)
        composed: dict[str, Composed] = {}
        here: dict[str, Parcel] = {}
        for parcel in parcels:
            read = [
                (one, *self._look_at(one, student))
                for one in candidates(parcel, self.assignment, self.store, self.limits)
            ]
            good = any(receipt.status != "refused" for _, receipt, _ in read)
            for one, receipt, contents in read:
                if receipt.code == "no_notebook" and good:  # the work of another assignment beside this one's
                    path = one.attempt.files[0][0] if one.attempt.files else one.attempt.origin
                    self.outcome.unread.append(Unread(path, f"{student}: {receipt.message}"))
                    continue
                kept = self.store.keep(replace(
                    one.attempt, student=student, code=receipt.code, message=receipt.message if receipt.code else "",
                    received=receipt.received,
                ))  # fmt: skip
                receipt.received, receipt.received_from, receipt.keys = kept.received, kept.received_from, kept.keys
                receipt.sha256, receipt.origin, receipt.platform, receipt.late = (
                    kept.sha256,
                    kept.origin,
                    kept.platform,
                    kept.late,
                )
                composed[kept.name], here[kept.name] = (receipt, contents), parcel
        self._stand(student, composed, here)

    def _look_at(self, one: Candidate, student: str) -> Composed:
        receipt, contents = self.desk.compose(replace(one.attempt, student=student), one.files, one.refusal)
        if self.choices.times == "manifest" and one.attempt.received_from == FILE:
            receipt.received = _claimed_time(receipt) or receipt.received
        return receipt, contents

    def _stand(self, student: str, composed: dict[str, Composed], here: dict[str, Parcel]) -> None:
        attempts = self.store.attempts(self.assignment, student)
        stands = standing(list(attempts.values()), self.choices.rule)
        if stands is None:
            return
        by_hand = ""
        everybody = bool({"*", student} & self.choices.replace)
        if self.dry:
            receipt, _ = composed.get(stands.name) or self.desk.compose(stands)
            if self.desk.lies_there(student, attempts)[0] == "" and not everybody:
                by_hand = "its folder under submitted/ was changed by hand, and would stay"
        else:
            receipt, by_hand = self.desk.put(stands, attempts, composed.get(stands.name), replace_all=everybody)
        if by_hand:
            self.outcome.by_hand[student] = by_hand
        self.outcome.receipts[student] = receipt
        if self.on_receipt:
            self.on_receipt(receipt)
        order = sorted(attempts.values(), key=lambda attempt: attempt.order)
        for number, attempt in enumerate(order, start=1):
            if attempt.name in composed or attempt is stands:
                self._tell(attempt, here.get(attempt.name), number, len(order), stands, by_hand)

    def _tell(
        self, attempt: Attempt, parcel: Parcel | None, number: int, count: int, stands: Attempt, by_hand: str
    ) -> None:
        key = parcel.who.key if parcel and parcel.who else next(iter(attempt.keys.values()), "")
        late = self.choices.lateness(attempt.student, attempt.received) if attempt.received else None
        is_one = attempt is stands
        why = by_hand if is_one and by_hand else _why(attempt, stands, count)
        self.outcome.found.append(Found(attempt, key, number, count, is_one and not by_hand, why, late))


def _why(attempt: Attempt, stands: Attempt, count: int) -> str:
    """Why an attempt stands, or does not."""
    if attempt is stands:
        if count == 1:
            return "the only attempt"
        return "the one that the rule chooses" if attempt.is_valid else "no attempt can be graded; this is the last"
    if not attempt.is_valid:
        return f"cannot be graded: {attempt.message}"
    return "another attempt stands" + ("" if stands.order > attempt.order else ", by the rule")


def _claimed_time(receipt: Receipt) -> datetime | None:
    """The manifest's time where it can be read and does not lie after the file's own."""
    try:
        moment = datetime.fromisoformat(receipt.claimed or "")
    except ValueError:
        return None
    moment = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC).replace(microsecond=0)
    return min(moment, receipt.received) if receipt.received else None
