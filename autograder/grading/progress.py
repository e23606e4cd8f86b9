"""The progress bar of a class: how many hand-ins are done, at what rate, and which causes turned up."""

from __future__ import annotations

from collections import Counter

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

from autograder.records.verdict import Verdict
from toolbox.checks.visible import visible

ORDINARY = {"passed", "followed", "partial", "failed", "missing"}


class ClassProgress:
    """Shows how far a class is. Used as a context."""

    def __init__(self, console: Console, total: int):
        self._causes: Counter[str] = Counter()
        self._bar = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            MofNCompleteColumn(),
            _Rate(),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
            TextColumn("{task.fields[causes]}", style="yellow", markup=False),
            console=console,
        )
        self._task = self._bar.add_task("starting".ljust(24), total=total, causes="")

    def __enter__(self) -> ClassProgress:
        self._bar.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._bar.stop()

    def done(self, student: str, verdict: Verdict | None) -> None:
        """One hand-in more is done."""
        if verdict is not None:
            self._causes.update({item.status for item in verdict.items} - ORDINARY)
        words = ", ".join(f"{count} {cause}" for cause, count in sorted(self._causes.items()))
        self._bar.update(self._task, advance=1, description=visible(student)[:24].ljust(24), causes=words)


class _Rate(ProgressColumn):
    """Hand-ins a minute since the start."""

    def render(self, task: Task) -> Text:
        return Text(f"{60 * task.completed / task.elapsed:.0f} a minute" if task.completed and task.elapsed else "")
