"""What the commands stand on: the application, how errors end it, where the course lies."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
import typer.core

ROOT = Path(__file__).resolve().parents[2]
HELP = "The commands of the TA and the instructor; each one tells more with --help."
PLATFORMS = "canvas, moodle, gradescope, blackboard, brightspace, sakai"


class _Commands(typer.core.TyperGroup):
    """Errors for people end a command with their message and exit status; a bug keeps its traceback."""

    def invoke(self, context):
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
