"""`undo`: go back to an earlier state of the grades; marks and comments by hand stay as they are now.

Steps: choose the state; find out whether all is here that it takes; note what is taken back (`history.undone`); put the
rules and the verdicts of that state in the place of the present ones, and the hand-ins that they are about; enter what
changed into the gradebook, and make the pages anew. Nothing is judged. Who has been graded since for the first time
keeps that grade. An undo is a state of its own, so it can be undone. Killed at any point, the same command ends it.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from rich.console import Console

from autograder.files import write_atomically
from autograder.gradebook.book import Book
from autograder.gradebook.marks import database
from autograder.grading import ledger
from autograder.grading.change import History, changing, few
from autograder.grading.feedback import renew_pages
from autograder.grading.plan import Entries, Plan, hand_ins
from autograder.grading.work import Outcome, Work
from autograder.history import undone
from autograder.history.grades import StateGrades, differences
from autograder.history.log import Entry
from autograder.history.states import IN_FORCE, UNDONE, State, look, read
from autograder.history.undone import Undone
from autograder.intake.again import Again
from autograder.records import verdict as verdicts
from autograder.records.verdict import NOT_JUDGED
from autograder.rules.preview import sentences
from autograder.rules.terms import in_force, pending
from toolbox.errors import KitError, NotThere

Say = Callable[[str], None]


class NothingToUndo(KitError):
    """There is no earlier state, or no state of that number."""


@dataclass
class Undo:
    """What an undo comes to. stays: (assignment, student) -> why the present grade is kept."""

    to: Entry
    outcome: dict[str, Outcome] = field(default_factory=dict)
    stays: dict[tuple[str, str], str] = field(default_factory=dict)


def undo(
    root: Path, assignment: str = "", number: int | None = None, *, dry_run: bool = False, say: Say = print,
    console: Console | None = None,
) -> Undo:  # fmt: skip
    """Go back to the state of that number, or to the one before the last change of grades. assignment: only this one,
    "" for all; the rules are the course's, and come back with any. Raises NothingToUndo, NotThere, Lost.
    """
    words = " ".join(filter(None, ("undo", assignment, str(number or ""))))
    if not (root / "classroom" / "log.jsonl").is_file():
        raise NotThere(f"{root / 'classroom'} has no history: undo is for the classroom in which the class was graded")
    if dry_run:
        return _undo(root, History(root), assignment, number, say, console, dry=True)
    with changing(root, words, say) as history:
        return _undo(root, history, assignment, number, say, console)


def _undo(
    root: Path, history: History, assignment: str, number: int | None, say: Say, console: Console | None, *,
    dry: bool = False,
) -> Undo:  # fmt: skip
    done = Undo(_target(history, assignment, number))
    now, target = history.state, read(history.store, done.to.state)
    here = look(history.classroom)  # an undo that was killed has left something between the two
    wanted = _in_order({*_verdicts(now, target, assignment), *_verdicts(here, target, assignment)})
    then = State({
        **now.files, **{path: digest for path, digest in target.files.items() if path in (IN_FORCE, *wanted)},
    })  # fmt: skip
    say(f"back to state {done.to.number}, after: {done.to.did} ({done.to.at} by {done.to.who})")
    changed = differences(*(StateGrades(root, history.store, own) for own in (now, then)))
    names = sorted({*_names(wanted), *(one.assignment for one in changed)})
    _see_that_all_is_here(root, names, wanted)
    for line in sentences(changed):
        say(line)
    if dry:
        say("nothing is written (--dry-run)")
        return done
    kept = undone.parse(history.store.get(target.files[UNDONE])) if UNDONE in target.files else Undone()
    _take_back(root, history, kept, now, target, wanted)
    for name, students in _names(wanted).items():
        again = Again(history.classroom, name, root / "assignments" / name / f"{name}.ipynb")
        for student in students:
            if why := again.put_content(student, _verdict(history, target, name, student)["hand_in"]["sha256"]):
                done.stays[name, student] = why
    for path in wanted:
        _, name, *_, student = path.removesuffix(".json").split("/")
        if (name, student) not in done.stays:
            ledger.forget(history.classroom, name, student)
            write_atomically(history.classroom / path, history.store.get(target.files[path]))
    for name in names:
        done.outcome[name] = _enter(root, name, console or Console())
    for (name, student), why in done.stays.items():
        say(f"{name}, {student} keeps the present grade: {why}")
    return done


def _target(history: History, assignment: str, number: int | None) -> Entry:
    """The entry whose state is asked for."""
    if number is not None:
        found = next((entry for entry in history.entries if entry.number == number), None)
        if found is None:
            raise NothingToUndo(f"there is no state {number}: python -m autograder history lists them")
        return found
    now = history.state
    for entry in reversed(history.entries[:-1]):
        state = read(history.store, entry.state)
        if _verdicts(now, state, assignment) or _rules_differ(now, state):
            return entry
    raise NothingToUndo("the grades have had no other state: python -m autograder history lists what there is")


def _rules_differ(now: State, target: State) -> bool:
    return IN_FORCE in target.files and now.files.get(IN_FORCE) != target.files[IN_FORCE]


def _verdicts(now: State, target: State, assignment: str) -> list[str]:
    """The files of verdicts that are others in the target, of who has one in both."""
    folder = f"verdicts/{assignment}/" if assignment else "verdicts/"
    paths = [path for path in now.differs(target) if path.startswith(folder)]
    return [path for path in paths if path in now.files and path in target.files]


def _in_order(paths: set[str]) -> list[str]:
    """What the cells showed comes before the verdict, as where a verdict is written."""
    return sorted(paths, key=lambda path: (-path.count("/"), path))


def _names(wanted: list[str]) -> dict[str, list[str]]:
    """The students whose verdicts these are: assignment -> students."""
    found: dict[str, list[str]] = {}
    for path in wanted:
        parts = path.removesuffix(".json").split("/")
        if parts[-1] not in found.setdefault(parts[1], []):
            found[parts[1]].append(parts[-1])
    return found


def _see_that_all_is_here(root: Path, names: list[str], wanted: list[str]) -> None:
    """Raise NotThere, with all that is missing: verdicts and gradebook would say two things."""
    missing = []
    if names and database(root) is None:
        missing.append("the gradebook, classroom/gradebook.db")
    for name, students in _names(wanted).items():
        gone = [own for own in students if not (root / "classroom" / "submitted" / own / name).is_dir()]
        if gone:
            missing.append(f"under classroom/submitted/ the hand-ins in {name} of {few(gone)}")
    if missing:
        raise NotThere(f"nothing is undone: this machine lacks {'; '.join(missing)}")


def _take_back(root: Path, history: History, kept: Undone, now: State, target: State, wanted: list[str]) -> None:
    """Note what is taken back, then put the rules of the target in force."""
    rules, taken = kept.rules, {name: dict(own) for name, own in kept.verdicts.items()}
    if _rules_differ(now, target):
        rules = undone.digest(pending(root))
    for name, students in _names(wanted).items():
        for student in students:
            if student not in now.verdicts.get(name, {}):
                continue
            if grader := _verdict(history, now, name, student).get("judged_by", {}).get("grader"):
                taken.setdefault(name, {})[student] = grader
    undone.write(history.classroom, Undone(rules, taken))
    if IN_FORCE in target.files:
        write_atomically(history.classroom / IN_FORCE, history.store.get(target.files[IN_FORCE]))


def _verdict(history: History, state: State, name: str, student: str) -> dict:
    return json.loads(history.store.get(state.verdicts[name][student]))


def _enter(root: Path, assignment: str, console: Console) -> Outcome:
    """Enter what is not entered as the verdicts say now; nothing is judged."""
    classroom, book, terms = root / "classroom", Book(root), in_force(root)
    book.register(assignment, terms)
    entries, outcome = Entries(assignment, terms, feedback=True), Outcome()
    todo = Plan()
    for own in hand_ins(root, assignment, None):
        known = verdicts.read(classroom, assignment, own.student)
        if known is None or known.verdict.status == NOT_JUDGED:  # which is never entered
            continue
        judged = known.verdict.key
        if not ledger.is_done(classroom, assignment, own.student, entries.key(own.student, judged)):
            todo.to_enter.append((own, judged))
    if todo.to_enter:
        Work(book, assignment, todo, entries, console, outcome).go(lambda stack: iter(()))
    renew_pages(book, assignment)
    return outcome
