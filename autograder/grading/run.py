"""Grade a class: hand-ins in, verdicts, gradebook, feedback pages and report out.

Steps: take the hand-ins in; make sure that nbgrader knows the assignment; judge them on several processes; as each
judgement arrives, enter it as nbgrader does (verdict file, gradebook) and write the feedback page, in this process, so
that the gradebook has one writer. One hand-in that fails does not stop the class: it is named at once and at the end.
"""

from __future__ import annotations

from collections import Counter
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.text import Text
from toolbox.visible import visible

from autograder import build, intake, machine_faults
from autograder.gradebook.book import Book
from autograder.gradebook.enter import ClassEntry
from autograder.grading import ledger
from autograder.grading.engines.local import Settings, judge_all
from autograder.grading.seed_check import Trial
from autograder.judging.judge import Judgement, find, hidden_seed
from autograder.masters.catalogue import catalogue
from autograder.sandbox import launcher


@dataclass
class Outcome:
    """What grading a class came to. doubtful: items in which the solution itself loses marks under the class's seed."""

    graded: list[str] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)
    doubtful: list[str] = field(default_factory=list)


def grade(
    root: Path,
    assignment: str,
    *,
    hand_ins: Path | None = None,
    students: list[str] | None = None,
    due: datetime | None = None,
    feedback: bool = True,
    jobs: int | None = None,
    pictures: bool = False,
    trust: bool = False,
    again: bool = False,
    console: Console | None = None,
) -> Outcome:
    """Grade the hand-ins of one assignment.

    hand_ins: a folder of zips or an LMS download to take in first; else what lies under classroom/submitted/.
    students: only these. due: naive UTC. jobs: processes that judge, as many as cores by default. pictures: run also
    the given cells that only show something. trust: run student code even where this machine cannot hold it in.
    again: grade anew what has been graded already and has not changed.
    Raises launcher.Unconfined where it cannot, KeyError for an unknown assignment, FileNotFoundError where there is
    nothing to grade, naming where hand-ins belong. A full disk and a locked gradebook end the run: see `trouble`.
    """
    console = console or Console()
    launcher.begin(trust=trust)  # it starts while this process gets ready
    find(catalogue(root), assignment)
    classroom = root / "classroom"
    submitted = classroom / "submitted"
    submitted.mkdir(parents=True, exist_ok=True)
    intake.take_up(submitted)
    released = root / "assignments" / assignment / f"{assignment}.ipynb"
    if hand_ins is not None:
        take_in(hand_ins, submitted, assignment, released, console)
    folders = sorted(folder for folder in submitted.glob(f"*/{assignment}") if folder.is_dir())
    if students:
        folders = [folder for folder in folders if folder.parent.name in students]
    if not folders:
        raise FileNotFoundError(
            f"no hand-in of {assignment!r} under {submitted}: name a folder of zips with --from, or put them there"
        )
    source, master = (root / "solutions" / name for name in (f"{assignment}/{assignment}.ipynb", f"{assignment}.py"))
    if not source.is_file() or source.stat().st_mtime < master.stat().st_mtime:
        # A fresh clone, or masters that were pulled or edited: nbgrader would release what it finds, old as it is.
        build.build(root)
        source.touch()
    book = Book(root)
    if due is not None or not book.knows(assignment):
        book.register(assignment, due)
    for folder in folders:
        intake.inspect(folder, assignment, released)  # a hand-in that was put there by hand passes the intake too
    settings = Settings(root, assignment, book.seed, pictures, trust)
    outcome, causes = Outcome(), Counter()
    due = book.due(assignment)
    keys = {folder: ledger.key(settings, folder, feedback, due) for folder in folders}
    if not again:
        entered = book.entered(assignment)
        outcome.skipped = [
            folder.parent.name
            for folder in folders
            if folder.parent.name in entered and ledger.is_done(classroom, assignment, folder.parent.name, keys[folder])
        ]
        folders = [folder for folder in folders if folder.parent.name not in outcome.skipped]
        if outcome.skipped:
            console.print(f"{len(outcome.skipped)} graded already and unchanged (--again grades them anew).")
    judgements = judge_all(settings, folders, jobs)  # before there is any thread: it forks
    trial = Trial(root, assignment, hidden_seed(assignment, settings.seed)) if folders else None
    with closing(judgements), ClassEntry(book) as entry, _progress(console) as progress:
        task = progress.add_task("starting".ljust(24), total=len(folders), causes="")
        for folder, judgement in judgements:
            student = folder.parent.name
            try:
                if isinstance(judgement, Exception):
                    raise judgement
                ledger.forget(classroom, assignment, student)
                entry.enter(assignment, student, judgement)
                if feedback:
                    entry.feedback(assignment, student)
            except Exception as error:  # the class goes on; who could not be graded is named here and at the end
                if machine_faults.kind_of(error):  # but the machine's troubles are everybody's
                    raise
                outcome.failed[student] = str(error)
                console.print(visible(f"{student} could not be graded: {error}"), markup=False, style="red")
            else:
                ledger.mark(classroom, assignment, student, keys[folder])
                outcome.graded.append(student)
                causes.update(_causes(judgement))
            progress.update(task, advance=1, description=visible(student)[:24].ljust(24), causes=_words(causes))
    outcome.doubtful = trial.failed() if trial else []
    if outcome.doubtful:
        console.print(
            f"Under this class's seed the solution itself loses marks in {', '.join(outcome.doubtful)}: what students "
            "got there says nothing about them. Set another c.JudgeCells.seed in nbgrader_config.py, and grade again.",
            style="red",
        )
    return outcome


def take_in(source: Path, submitted: Path, assignment: str, released: Path, console: Console) -> None:
    """Take in a folder of hand-ins and say what was refused or repaired."""
    if not source.exists():
        raise FileNotFoundError(f"{source} does not exist: name the folder with the hand-ins, or the LMS download")
    receipts = intake.intake(source, submitted, assignment, released)
    for receipt in receipts:
        if receipt.status != "accepted":
            colour = "red" if receipt.status == "refused" else "yellow"
            console.print(f"[{colour}]{receipt.status}[/{colour}]", end=" ")
            console.print(visible(f"{receipt.student}: {receipt.message}"), markup=False, highlight=False)
    console.print(f"{len(receipts)} hand-ins taken in.")


def _causes(judgement: Judgement) -> set[str]:
    return {item.status for item in judgement.verdict.items} - {"passed", "followed", "partial", "failed", "missing"}


def _words(causes: Counter) -> str:
    return ", ".join(f"{count} {cause}" for cause, count in sorted(causes.items()))


class _Rate(ProgressColumn):
    """Hand-ins a minute since the start."""

    def render(self, task: Task) -> Text:
        return Text(f"{60 * task.completed / task.elapsed:.0f} a minute" if task.completed and task.elapsed else "")


def _progress(console: Console) -> Progress:
    """Who was graded last, how many are done, at what rate, and the causes so far."""
    return Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        _Rate(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[causes]}"),
        console=console,
    )
