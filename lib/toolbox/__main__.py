"""The toolbox in a terminal: `python -m toolbox check hinge_loss`, `… test flat`, `… submit flat`, `… train`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

from toolbox.notebook.streams import any_console

any_console()
if sys.argv[1:] == ["doctor"]:  # says what is wrong where packages are missing, too
    from toolbox.seat import doctor as seat_doctor

    sys.exit(seat_doctor.main())
try:
    import typer
except ImportError as error:
    sys.exit(f"{error} in {sys.executable}. `python -m toolbox doctor`, with this Python, says what to do.")

app = typer.Typer(add_completion=False, no_args_is_help=True, help=__doc__)


def _fail(error: Exception) -> None:
    text = error.args[0] if isinstance(error, KeyError) and error.args else error  # str(KeyError) adds quotes
    typer.echo(str(text), err=True)
    raise typer.Exit(2)


@app.command()
def start(assignment: str) -> None:
    """Open JupyterLab on an assignment, from any folder."""
    from toolbox.errors import NotThere
    from toolbox.seat.lab import open_lab as run

    try:
        raise typer.Exit(run(assignment))
    except (NotThere, FileNotFoundError) as error:
        _fail(error)


@app.command()
def doctor() -> None:
    """Say what is wrong with this seat (Python, packages, kernel, folders, release, copies), and what to do."""
    from toolbox.seat.doctor import main as run

    raise typer.Exit(run())


@app.command()
def update(
    release: Annotated[Path, typer.Argument(help="The zip of the corrected release.")],
    folder: Annotated[Path | None, typer.Option(help="Where the course lies; default: here.")] = None,
    dry: Annotated[bool, typer.Option("--dry", help="Only say what would change.")] = False,
) -> None:
    """Bring a corrected release into this folder; your answers, notes and modules are kept, and a backup stays."""
    from toolbox.errors import KitError
    from toolbox.seat.update import update as run

    try:
        typer.echo(str(run(release, folder, dry)))
    except (KitError, OSError) as error:
        _fail(error)


@app.command()
def check(item: str, folder: Path | None = None) -> None:
    """Check one item of your work with its public tests."""
    from toolbox.check import check as run
    from toolbox.checks import index

    try:
        found = index.all_of_item(item, folder)
        reports = {one.folder.name: run(item, folder=one.folder if len(found) > 1 else folder) for one in found}
    except (KeyError, FileNotFoundError) as error:
        _fail(error)
    for assignment, report in reports.items():
        typer.echo((f"In {assignment}: " if len(reports) > 1 else "") + repr(report))
    raise typer.Exit(0 if all(report.passed for report in reports.values()) else 1)


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
