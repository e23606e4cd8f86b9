"""The command `export`: words from the command line in, what was done or would be done out."""

from __future__ import annotations

from pathlib import Path

from rich.console import Console

from autograder.exports import PLATFORMS, ExportError, Options, export
from autograder.exports.outcome import Outcome, plain, show

DECIMALS = {None: None, "comma": True, "point": False}


def run(
    root: Path, assignment: str | None, to: str, *, file: Path | None, out: Path | None, columns: list[str],
    pages: bool, comments: bool, decimal: str | None, zero_for_missing: bool, only_final: bool, dry_run: bool,
    force: bool, console: Console | None = None,
) -> int:  # fmt: skip
    """Export and say what changed; returns the exit code. Errors are said in a line, and then nothing was written."""
    console = console or Console()
    if decimal not in DECIMALS:
        raise ExportError(f"--decimal is comma or point, not {decimal!r}")
    options = Options(read_columns(columns), DECIMALS[decimal], zero_for_missing, only_final, comments)
    try:
        outcome = export(
            root, assignment, to, file=file, out=out, options=options, pages=pages, dry_run=dry_run, force=force
        )
    except OSError as error:
        raise ExportError(str(error)) from error
    _say(outcome, to, console, dry_run)
    return 0


def read_columns(words: list[str]) -> dict[str, str]:
    """`HEADING` as the column of the one assignment, `NAME=HEADING` as that of NAME."""
    found = {}
    for word in words:
        name, equals, heading = word.partition("=")
        is_named = bool(equals) and name.isidentifier()
        found[name if is_named else ""] = heading if is_named else word
    return found


def _say(outcome: Outcome, to: str, console: Console, dry_run: bool) -> None:
    if to == "csv":
        console.print(f"{outcome.unchanged} grades")
    else:
        show(outcome, console, every=dry_run or outcome.data is None)
    if dry_run:
        for student, place in sorted(outcome.page_names.items()):
            console.print(plain(f"page of {student}: {place}"), soft_wrap=True)
        console.print("A dry run: nothing was written.")
        return
    for path in filter(None, (outcome.path, outcome.pages)):
        console.print(plain(f"wrote {path}"), soft_wrap=True)
    if to in PLATFORMS and PLATFORMS[to].after:
        console.print(plain(PLATFORMS[to].after), style="dim")
