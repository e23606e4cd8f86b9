"""`grade NAME --preview` and `--apply`: judge now, look at whose grade changes, and put just that in force later.

A preview judges as `grade` does and writes nothing that a grade follows from. Its judgements lie in
`classroom/preview/`, with a note of all that they were found by. `--apply` enters them as they are, once each hand-in,
the checks, the rules and the verdicts that they replace are found to be the same as then; else it says what is not. A
mark by hand that has come since is no reason to refuse: marks by hand are kept whatever is judged.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path

from rich.console import Console

from autograder.files import write_atomically
from autograder.gradebook.book import Book
from autograder.gradebook.marks import database
from autograder.gradebook.students import follow_roster
from autograder.grading import best
from autograder.grading.change import changing, few
from autograder.grading.engines import Outcome as Judged
from autograder.grading.engines.local import Settings
from autograder.grading.feedback import renew_pages
from autograder.grading.lock import only_writer
from autograder.grading.plan import Entries, Plan, build_if_stale, hand_ins, plan
from autograder.grading.rules import begin_by, next_terms
from autograder.grading.seed_check import SeedCheck
from autograder.grading.work import Outcome, Work, judge_all, judged, tell_doubt
from autograder.history import undone
from autograder.history.grades import compared
from autograder.judging.key import judging, key
from autograder.masters.catalogue import catalogue, find
from autograder.records import verdict as verdicts
from autograder.records.hand_in import HandIn
from autograder.records.seed import class_seed
from autograder.records.verdict import NOT_JUDGED, Judgement
from autograder.rules.changes import Change
from autograder.rules.class_grades import ClassGrades
from autograder.rules.preview import preview as rules_preview
from autograder.rules.preview import sentences
from autograder.rules.terms import Terms, in_force
from autograder.sandbox import launcher
from toolbox.errors import KitError, NotJudged, NotThere

FOLDER = "preview"
Say = Callable[[str], None]


class Changed(KitError):
    """A preview cannot be put in force: what it was made of is not the same any more."""


@dataclass(frozen=True)
class Preview:
    """What a preview was made of. keys: of each hand-in by what judges it; anew: who was judged; open: who is not
    judged, and why. held: of each student the digest of the verdict that was there, "" for none. grader: of what
    judged; files: of the rules in the files; rules: of those in force. students, pictures: as `grade` was asked.
    """

    keys: Mapping[str, str]
    anew: list[str]
    open: Mapping[str, str]
    held: Mapping[str, str]
    grader: str
    files: str
    rules: str
    students: list[str] | None = None
    pictures: bool = False


def preview(
    root: Path, assignment: str, *, students: list[str] | None = None, jobs: int | None = None, pictures: bool = False,
    trust: bool = False, again: bool = False, say: Say = print, console: Console | None = None,
) -> Outcome:  # fmt: skip
    """Judge as `grade` would and say whose grade would change; the arguments are those of `grade`."""
    console = console or Console()
    launcher.begin(trust=trust)
    known = find(catalogue(root), assignment)
    classroom = root / "classroom"
    with only_writer(classroom, f"grade {assignment} --preview", say):
        _forget(classroom, assignment)
        found = hand_ins(root, assignment, students)
        build_if_stale(root, assignment)
        book, terms = Book(root), next_terms(root, assignment)
        seed = class_seed(classroom, book.seed)
        settings = Settings(root, assignment, seed, pictures, trust)
        stands = best.choose(
            root, assignment, terms, seed, lambda some: judge_all(settings, jobs, some), students=students,
            pictures=pictures, anew=again,
        )  # fmt: skip
        found = stands.over(found)
        for line in stands.lines:
            say(line)
        entered = book.entered(assignment) if database(root) else set()
        entries = Entries(assignment, terms, feedback=True)
        todo = plan(root, found, entered, seed, pictures, again=again, entries=entries)
        keys = {hand_in.student: key(root, hand_in, seed, pictures) for hand_in in found}
        outcome = Outcome(skipped=todo.skipped)
        check = SeedCheck(root, known, seed)
        start = judged(settings, jobs, [one for one, _ in todo.to_judge], stands.judged, check, outcome)
        with ExitStack() as stack:
            for hand_in, judgement in start(stack):
                student = hand_in.student
                if isinstance(judgement, NotJudged):
                    outcome.open[student] = str(judgement)
                    continue
                judgement.verdict.key = keys[student]
                verdicts.write(judgement, classroom / FOLDER)
                outcome.graded.append(student)
        lines = _told(root, assignment, terms, sorted(outcome.graded)) + [
            f"{student}: not judged: {why}" for student, why in sorted(outcome.open.items())
        ]
        held = {student: _digest(verdicts.path_of(classroom, assignment, student)) for student in keys}
        done = Preview(
            keys, sorted(outcome.graded), outcome.open, held,
            judging(root, assignment), undone.digest(terms), undone.digest(in_force(root)), students, pictures,
        )  # fmt: skip
        write_atomically(_note(classroom, assignment), (json.dumps(asdict(done), indent=1) + "\n").encode())
    for line in lines:
        say(line)
    tell_doubt(console, outcome)
    what = f"{len(lines)} changes" if lines else "no grade changes"
    say(f"{what}; nothing is written: python -m autograder grade {assignment} --apply puts it in force")
    return outcome


def apply(
    root: Path, assignment: str, *, feedback: bool = True, say: Say = print,
    console: Console | None = None,
) -> Outcome:  # fmt: skip
    """Put in force what the last preview has found. Raises NotThere where there is none, Changed where it is not true
    any more, and then nothing is written.
    """
    console = console or Console()
    find(catalogue(root), assignment)
    classroom = root / "classroom"
    _read(classroom, assignment)  # where there is none, nothing begins
    with changing(root, f"grade {assignment} --apply", say):
        done = _read(classroom, assignment)
        found = hand_ins(root, assignment, done.students)
        build_if_stale(root, assignment)
        book = Book(root)
        seed = class_seed(classroom, book.seed)
        stands = best.choose(
            root, assignment, next_terms(root, assignment), seed, lambda some: (), students=done.students,
            pictures=done.pictures,
        )  # fmt: skip
        found = stands.over(found)
        if told := _since_then(root, assignment, done, found, seed):
            raise Changed(
                f"nothing is written, because since the preview of {assignment} {'; '.join(told)}. Preview it again: "
                f"python -m autograder grade {assignment} --again --preview"
            )
        if stands.attempts:
            stands.put()
            found = hand_ins(root, assignment, done.students)
        terms = begin_by(root, assignment, say)
        book.register(assignment, terms)
        follow_roster(book)
        entries = Entries(assignment, terms, feedback)
        anew = {*done.anew, *done.open}
        here, rest = ([one for one in found if (one.student in anew) is judged] for judged in (True, False))
        todo = Plan()
        if rest:
            todo = plan(root, rest, book.entered(assignment), seed, done.pictures, again=False, entries=entries)
        todo.to_judge = [(one, done.keys[one.student]) for one in here]
        outcome = Outcome(skipped=todo.skipped)
        undone.write(classroom, undone.read(classroom).without(assignment, done.anew))
        if todo.to_judge or todo.to_enter:
            Work(book, assignment, todo, entries, console, outcome).go(lambda stack: _kept(classroom, done, here))
        if feedback:
            renew_pages(book, assignment)
    _forget(classroom, assignment)
    return outcome


def _kept(classroom: Path, done: Preview, here: list[HandIn]) -> Iterator[Judged]:
    """The judgements of the preview, as an engine gives them."""
    for hand_in in here:
        if why := done.open.get(hand_in.student):
            yield hand_in, NotJudged(why)
        elif found := verdicts.read(classroom / FOLDER, hand_in.assignment, hand_in.student):
            yield hand_in, found


def _since_then(root: Path, assignment: str, done: Preview, found: list[HandIn], seed: str) -> list[str]:
    """What is not as it was when the preview was made, in words."""
    classroom, told = root / "classroom", []
    if judging(root, assignment) != done.grader:
        told.append("the checks or the grader changed")
    else:
        keys = {one.student: key(root, one, seed, done.pictures) for one in found}
        if others := sorted(own for own in keys.keys() | done.keys if keys.get(own) != done.keys.get(own)):
            told.append(f"the hand-in changed of {few(others)}")
    terms = next_terms(root, assignment)
    if undone.digest(terms) != done.files:
        told.append("course.toml, the roster or the points in the notebook changed")
    elif undone.digest(in_force(root)) not in (done.rules, done.files):
        told.append("other rules were put in force")
    ours = classroom / FOLDER
    lost = [one for one in done.anew if not verdicts.path_of(ours, assignment, one).is_file()]
    if lost:
        told.append(f"classroom/{FOLDER} lost the verdict on {few(lost)}")
    other = [
        student
        for student, before in done.held.items()
        if student not in done.open
        and _digest(verdicts.path_of(classroom, assignment, student))
        not in (before, _digest(verdicts.path_of(ours, assignment, student)))
    ]
    if other:
        told.append(f"another verdict was given to {few(other)}")
    return told


def _told(root: Path, assignment: str, terms: Terms, anew: list[str]) -> list[str]:
    """Whose grade would change, from what to what, and why: by new verdicts and by new rules; a line for each."""
    classroom = root / "classroom"
    now, then = ClassGrades(root), ClassGrades(root, terms)
    changed: list[Change] = [one for one in rules_preview(root, terms) if one.assignment != assignment]
    before = {verdict["student"]: verdict for verdict in verdicts.read_all(classroom, assignment)}
    found = {student: verdicts.read(classroom / FOLDER, assignment, student) for student in anew}
    after = before | {student: one.verdict.as_dict() for student, one in found.items() if one}
    for student in sorted(after):
        old, new = before.get(student), after[student]
        is_on = now.terms.rules(assignment).on
        changed += compared(now.of(old) if old and is_on else None, then.of(new), old, new, terms)
    return sentences(changed) + [line for student in anew for line in _asks(then, before.get(student), found[student])]


def _asks(then: ClassGrades, before: dict | None, after: Judgement | None) -> list[str]:
    """The items that a person has marked over the checks, which now find something else."""
    if before is None or after is None:
        return []
    own = then.of(after.verdict.as_dict())
    scores = {item["id"]: item["score"] for item in before["items"]}
    return [
        f"{own.assignment}, {own.student}: {item.id} keeps its mark by hand; the checks find something else, and a "
        "person is asked again"
        for item in own.items
        if item.by_hand and not item.written and (found := after.verdict.item(item.judged_as))
        and found.status != NOT_JUDGED and scores.get(item.judged_as, found.score) != found.score
    ]  # fmt: skip


def _note(classroom: Path, assignment: str) -> Path:
    return classroom / FOLDER / f"{assignment}.json"


def _read(classroom: Path, assignment: str) -> Preview:
    try:
        return Preview(**json.loads(_note(classroom, assignment).read_bytes()))
    except FileNotFoundError:
        raise NotThere(
            f"there is no preview of {assignment} to put in force: python -m autograder grade {assignment} --again "
            "--preview makes one"
        ) from None


def _forget(classroom: Path, assignment: str) -> None:
    """Remove a preview, its note first: without it the rest is nothing."""
    _note(classroom, assignment).unlink(missing_ok=True)
    shutil.rmtree(classroom / FOLDER / "verdicts" / assignment, ignore_errors=True)


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""
