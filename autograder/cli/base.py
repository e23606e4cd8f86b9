"""What the commands stand on: the application, how errors end it, where the course lies."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
import typer.core

ROOT = Path(__file__).resolve().parents[2]
HELP = "The commands of the TA and the instructor; each one tells more with --help."
PLATFORMS = "canvas, moodle, gradescope, blackboard, brightspace, sakai"


def print_anywhere() -> None:
    """Where a console lacks a character, as Windows's code pages lack →, show a question mark and go on."""
    for stream in (sys.stdout, sys.stderr):
        if reconfigure := getattr(stream, "reconfigure", None):  # what captures output has none
            reconfigure(errors="replace")


@contextmanager
def writing(doing: str, wanted: bool = True) -> Iterator[None]:
    """For a command that changes what grades are made of: wait for whoever is grading. wanted: False only looks."""
    from autograder.grading.change import changing
    from autograder.machine_faults import ends_the_run

    classroom = ROOT / "classroom"
    with ends_the_run(classroom):
        if not wanted:
            yield
            return
        with changing(ROOT, doing, typer.echo):
            yield


class _Commands(typer.core.TyperGroup):
    """Errors for people end a command with their message and exit status; a bug keeps its traceback."""

    def invoke(self, context):
        print_anywhere()
        try:
            return super().invoke(context)
        except Exception as error:
            from toolbox.errors import KitError

            if not isinstance(error, KitError):
                raise
            from toolbox.checks.visible import visible

            typer.echo(visible(str(error)), err=True)
            raise typer.Exit(error.exit_status) from None


app = typer.Typer(cls=_Commands, add_completion=False, no_args_is_help=True, pretty_exceptions_enable=False, help=HELP)
Name = Annotated[str, typer.Argument(help="The assignment, e.g. flat.")]
