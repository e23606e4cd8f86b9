"""The class in a terminal: one row for each student."""

from __future__ import annotations

from collections.abc import Iterable

from rich.console import Console
from rich.table import Table
from rich.text import Text

from autograder.report.summary import Row, cause_words, duration, name_of, summarise
from autograder.rules.grade import Grade
from toolbox.checks.visible import visible


def print_table(verdicts: list[dict], console: Console | None = None, grades: Iterable[Grade] = ()) -> None:
    """Print students, scores, causes and misconceptions. Names are shown as text, whatever markup they hold."""
    console = console or Console()
    if not verdicts:
        console.print("No verdicts yet.")
        return
    summary = summarise(verdicts[0]["assignment"], verdicts, grades)
    table = Table(title=f"{summary.assignment}: {len(summary.rows)} hand-ins", title_justify="left", expand=False)
    table.add_column("student", no_wrap=True)
    table.add_column("score", justify="right", no_wrap=True)
    table.add_column("what happened", ratio=1, overflow="fold")
    table.add_column("misconceptions", ratio=1, overflow="fold")
    for row in sorted(summary.rows, key=lambda row: not row.open):  # who is not judged stands first
        table.add_row(
            plain(row.student),
            Text(f"{row.score:g} / {row.max_score:g}", style=_colour(row.share)),
            plain(what_happened(row)),
            plain("; ".join(name_of(name) for name in row.misconceptions[:3])),
        )
    console.print(table)
    for words, students in (("handed nothing in", summary.missing), ("excused", summary.excused)):
        if students:
            console.print(plain(f"{words}: {', '.join(students)}"))
    for what, students in summary.shared:
        console.print(plain(f"{len(students)} hand-ins {what}"))
    console.print(
        f"mean {summary.mean:.1f}, median {summary.median:g} of {summary.max_score:g} · {len(summary.late)} late · "
        f"{len(summary.with_intake('repaired'))} repaired · {len(summary.with_intake('refused'))} refused"
    )


def what_happened(row: Row) -> str:
    """Not judged, refused, repaired, late and causes, in one line."""
    if row.excused:
        return "excused"
    if row.open:
        return f"not judged: {row.open}"
    status = row.intake.get("status")
    if status == "refused":
        return f"refused ({row.intake.get('code')}): {row.intake.get('message')}"
    parts = [
        cause_words(row.causes, len(row.items)),
        row.raised if len(row.raised) <= 130 else row.raised[:127] + "...",
    ]
    if status == "repaired":
        kinds = dict.fromkeys(repair["code"] for repair in row.intake.get("repairs", []))
        parts.append("repaired: " + ", ".join(kind.replace("_", " ") for kind in kinds))
    if row.late_seconds > 0:
        taken = f" ({row.penalty:g} points taken off)" if row.penalty else ""
        parts.append(f"late by {duration(row.late_seconds)}{taken}")
    if row.waiting:
        parts.append("waits for marks by hand")
    return "; ".join(part for part in parts if part)


def plain(text: str) -> Text:
    """Text as it is: no markup, and no control characters that could move a terminal's cursor."""
    return Text(visible(text, one_line=True))


def _colour(share: float) -> str:
    return "green" if share >= 0.8 else "yellow" if share >= 0.4 else "red"
