"""The toolbox in a terminal: `python -m toolbox check hinge_loss`, `… test flat`, `… submit flat`, `… train`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(add_completion=False, no_args_is_help=True, help=__doc__)


def _fail(error: Exception) -> None:
    text = error.args[0] if isinstance(error, KeyError) and error.args else error  # str(KeyError) adds quotes
    typer.echo(str(text), err=True)
    raise typer.Exit(2)


@app.command()
def start(assignment: str) -> None:
    """Open JupyterLab on an assignment, from any folder."""
    from toolbox.errors import NotThere
    from toolbox.notebook.lab import open_lab as run

    try:
        raise typer.Exit(run(assignment))
    except (NotThere, FileNotFoundError) as error:
        _fail(error)


@app.command()
def check(item: str, folder: Path | None = None) -> None:
    """Check one item of your work with its public tests."""
    from toolbox.check import check as run

    try:
        report = run(item, folder=folder)
    except (KeyError, FileNotFoundError) as error:
        _fail(error)
    typer.echo(repr(report))
    raise typer.Exit(0 if report.passed else 1)


@app.command()
def test(assignment: str, folder: Path | None = None) -> None:
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
def submit(assignment: str, folder: Path | None = None, out: Path | None = None) -> None:
    """Validate your work and write it into one zip to hand in."""
    from toolbox.handin.submit import submit as run

    try:
        run(assignment, folder=folder, out=out)
    except (ValueError, OSError) as error:
        _fail(error)


@app.command()
def train(
    data: Annotated[str, typer.Option(help="cifar10, mnist or fashion-mnist.")] = "cifar10",
    folder: Annotated[Path | None, typer.Option(help="Where its files lie; without it they are downloaded.")] = None,
    hidden: Annotated[int | None, typer.Option(help="Hidden units.")] = None,
    epochs: int | None = None,
    batch: int | None = None,
    lr: Annotated[float | None, typer.Option(help="The first learning rate; it falls to 0.")] = None,
    reg: float | None = None,
    drop: Annotated[float | None, typer.Option(help="The share of hidden units left out of a step.")] = None,
    components: Annotated[int | None, typer.Option(help="Principal components in place of pixels; 0: pixels.")] = None,
    seed: int = 0,
    held_out: Annotated[bool, typer.Option("--held-out", help="Report on 5,000 training images kept back.")] = False,
    saved: Annotated[Path | None, typer.Option(help="The checkpoint; the same command goes on from it.")] = None,
    device: Annotated[str | None, typer.Option(help="cpu or cuda; default: cuda where there is one.")] = None,
) -> None:
    """Train a two-layer net on a larger set with hand-written gradients; a run that was stopped goes on."""
    import torch

    from toolbox import train
    from toolbox.datasets.digits import DataError
    from toolbox.notebook import folders

    folders.put_on_path()
    own = dict(hidden=hidden, epochs=epochs, batch=batch, lr=lr, reg=reg, drop=drop, components=components)
    try:
        chosen = train.chosen(data, seed=seed, held_out=held_out, **own)
        found = train.train(
            chosen,
            folder=folder,
            saved=saved or train.place_of(chosen),
            device=device or ("cuda" if torch.cuda.is_available() else "cpu"),
        )
    except (ValueError, DataError, FileNotFoundError) as error:
        _fail(error)
    typer.echo(train.said(chosen, found))


if __name__ == "__main__":
    app()
