"""Commands about grades that were: what changed them, going back, and why one is what it is."""

from __future__ import annotations

from typing import Annotated

import typer

from autograder.cli import base
from autograder.cli.base import app

Named = Annotated[str, typer.Argument(metavar="[NAME]", help="Only this assignment.")]
Numbered = Annotated[str, typer.Argument(metavar="[STATE]", help="The number of a state, as history lists them.")]


def name_and_number(name: str, state: str) -> tuple[str, int | None]:
    """The two arguments, of which either may be left out."""
    if name.isdecimal() and not state:
        name, state = "", name
    if state and not state.isdecimal():
        raise typer.BadParameter(f"{state!r} is no number of a state: python -m autograder history lists them")
    return name, int(state) if state else None


@app.command()
def history(name: Named = "", state: Numbered = ""):
    """List every state of the grades: when, who, by what, how many grades changed; or all that one of them changed."""
    from autograder.history.told import history as told
    from toolbox.checks.visible import visible

    for line in told(base.ROOT / "classroom", *name_and_number(name, state)):
        typer.echo(visible(line, one_line=True))


@app.command()
def undo(
    name: Named = "",
    state: Numbered = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say whose grade changes, and write nothing.")] = False,
):
    """Go back to a state of the grades, or to the one before the last change; marks by hand stay, nothing is judged."""
    from autograder.grading.undo import undo as run
    from autograder.machine_faults import ends_the_run
    from autograder.report import present
    from toolbox.checks.visible import visible

    def say(line: str) -> None:
        typer.echo(visible(line, one_line=True))

    with ends_the_run(base.ROOT / "classroom"):
        done = run(base.ROOT, *name_and_number(name, state), dry_run=dry_run, say=say)
        for assignment in done.outcome:
            typer.echo(f"report: {present(base.ROOT, assignment)}")
    raise typer.Exit(1 if done.stays else max((own.exit_status for own in done.outcome.values()), default=0))


@app.command()
def explain(
    student: Annotated[str, typer.Argument(help="The student's id.")],
    item: Annotated[str, typer.Argument(help="The item, or a written question.")],
    assignment: Annotated[str, typer.Option(help="Where several assignments have an item of that name.")] = "",
    replay: Annotated[bool, typer.Option(help="Judge the hand-in again, by today's checks and the same seed.")] = True,
):
    """Say how a mark came about: which checks, which values, which rules; and whether it comes out the same today."""
    from autograder.grading.explain import explain as run
    from toolbox.checks.visible import visible

    for line in run(base.ROOT, student, item, assignment=assignment, replay=replay):
        typer.echo(visible(line, one_line=True))
