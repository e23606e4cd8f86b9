"""The toolbox in a terminal: `python -m toolbox check hinge_loss`, `… test flat`, `… submit flat`."""

from __future__ import annotations

from pathlib import Path

import typer

app = typer.Typer(add_completion=False, no_args_is_help=True, help=__doc__)


def _fail(error: Exception) -> None:
    text = error.args[0] if isinstance(error, KeyError) and error.args else error  # str(KeyError) adds quotes
    typer.echo(str(text), err=True)
    raise typer.Exit(2)


@app.command()
def check(item: str, folder: Path = Path(".")) -> None:
    """Check one item of your work with its public tests."""
    from toolbox.check import check as run

    try:
        report = run(item, folder=folder)
    except (KeyError, FileNotFoundError) as error:
        _fail(error)
    typer.echo(repr(report))
    raise typer.Exit(0 if report.passed else 1)


@app.command()
def test(assignment: str, folder: Path = Path(".")) -> None:
    """Check every item of an assignment."""
    from toolbox.check import check_all

    try:
        reports = check_all(assignment, folder=folder)
    except FileNotFoundError as error:
        _fail(error)
    for report in reports:
        typer.echo(repr(report))
    right = sum(report.passed for report in reports)
    typer.echo(f"\n{right} of {len(reports)} items are right.")
    raise typer.Exit(0 if right == len(reports) else 1)


@app.command()
def submit(assignment: str, folder: Path = Path("."), out: Path | None = None) -> None:
    """Validate your work and write it into one zip to hand in."""
    from toolbox.submit import submit as run

    try:
        run(assignment, folder=folder, out=out)
    except (ValueError, OSError) as error:
        _fail(error)


if __name__ == "__main__":
    app()
