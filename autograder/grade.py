"""Grade a class: hand-ins in, verdicts, gradebook, feedback pages and report out.

Steps: take the hand-ins in; make sure that nbgrader knows the assignment; then, one student after another, autograde
(the judge writes the verdict) and write the feedback page; at the end the class report. One hand-in that fails does
not stop the class: it is named at the end.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from autograder import intake, verdict
from autograder.gradebook import Book, NbgraderFailed
from autograder.judge import find


@dataclass
class Outcome:
    """What grading a class came to."""

    graded: list[str] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)


def grade(
    root: Path,
    assignment: str,
    *,
    hand_ins: Path | None = None,
    students: list[str] | None = None,
    due: datetime | None = None,
    feedback: bool = True,
    console: Console | None = None,
) -> Outcome:
    """Grade the hand-ins of one assignment.

    hand_ins: a folder of zips or an LMS download to take in first; else what lies under classroom/submitted/.
    students: only these. due: naive UTC. Raises KeyError for an unknown assignment, FileNotFoundError where there is
    nothing to grade, naming where hand-ins belong.
    """
    console = console or Console()
    find(root, assignment)
    classroom = root / "classroom"
    submitted = classroom / "submitted"
    submitted.mkdir(parents=True, exist_ok=True)
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
    book = Book(root)
    if due is not None or not book.knows(assignment):
        book.register(assignment, due)
    outcome, causes = Outcome(), Counter()
    with _progress(console) as progress:
        task = progress.add_task("grading", total=len(folders), causes="")
        for folder in folders:
            student = folder.parent.name
            progress.update(task, description=student[:24].ljust(24))
            try:
                intake.inspect(folder, assignment, released)  # a hand-in put there by hand is looked at first
                book.autograde(assignment, student)
                if feedback:
                    book.feedback(assignment, student)
            except NbgraderFailed as error:
                outcome.failed[student] = str(error)
                console.print(f"[red]{student} could not be graded[/red]: {str(error)}", markup=False)
            else:
                outcome.graded.append(student)
                causes.update(_causes(classroom, assignment, student))
            progress.update(task, advance=1, causes=_words(causes))
    return outcome


def take_in(source: Path, submitted: Path, assignment: str, released: Path, console: Console) -> None:
    """Take in a folder of hand-ins and say what was refused or repaired."""
    if not source.exists():
        raise FileNotFoundError(f"{source} does not exist: name the folder with the hand-ins, or the LMS download")
    receipts = intake.intake(source, submitted, assignment, released)
    for receipt in receipts:
        if receipt.status != "accepted":
            colour = "red" if receipt.status == "refused" else "yellow"
            console.print(f"[{colour}]{receipt.status}[/{colour}] {receipt.student}:", end=" ")
            console.print(receipt.message, markup=False, highlight=False)
    console.print(f"{len(receipts)} hand-ins taken in.")


def _causes(classroom: Path, assignment: str, student: str) -> set[str]:
    import json

    content = json.loads(verdict.path_of(classroom, assignment, student).read_text(encoding="utf-8"))
    return {item["status"] for item in content["items"]} - {"passed", "partial", "failed", "missing"}


def _words(causes: Counter) -> str:
    return ", ".join(f"{count} {cause}" for cause, count in sorted(causes.items()))


def _progress(console: Console) -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[causes]}"),
        console=console,
    )
