"""Commands at the two ends of a class: who is in it, what came in, by which rules, and grades out."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from autograder.cli import base
from autograder.cli.base import PLATFORMS, Name, app

roster = typer.Typer(no_args_is_help=True, help="Who is in the class: classroom/roster.csv, which you may edit.")
app.add_typer(roster, name="roster")


@roster.command("import")
def roster_import(
    file: Annotated[Path, typer.Argument(help="The list that the platform gives out, or columns id, name, email …")],
    from_: Annotated[str, typer.Option("--from", help=f"auto, {PLATFORMS}, github, plain.")] = "auto",
    assignment: Annotated[str, typer.Option(help="Whose worksheet it is: Moodle numbers students in each.")] = "",
    apply: Annotated[bool, typer.Option("--apply", help="Write it; without this it is only shown.")] = False,
):
    """Join a platform's list with the roster: keys, names, addresses, one person each."""
    from autograder.roster.command import run_import

    with base.writing(f"roster import {file.name} --apply", wanted=apply):
        found = run_import(base.ROOT, file, kind=from_, assignment=assignment, apply=apply)
    raise typer.Exit(1 if found.doubtful else 0)


@app.command()
def collect(
    path: Annotated[Path, typer.Argument(help="A folder, a zip or a tar: an LMS download, or hand-ins.")],
    assignment: Name,
    from_: Annotated[str, typer.Option("--from", help=f"auto, {PLATFORMS}, github, nbgrader, folder.")] = "auto",
    times: Annotated[
        Path | None, typer.Option(help="When each came: Moodle's worksheet, or a CSV with student and received.")
    ] = None,
    add_new: Annotated[bool, typer.Option("--add-new", help="Take in who is not in the roster, too.")] = False,
    replace: Annotated[
        list[str] | None, typer.Option(help="Put this student's attempt over what you have changed; '*' for all.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would be done, and write nothing.")] = False,
    json: Annotated[Path | None, typer.Option(help="Write what was found here, an entry an attempt.")] = None,
):
    """Take hand-ins in: whose they are, which attempt stands, who is missing; 1 where some were left out."""
    from rich.console import Console

    from autograder.grading.collecting import choices, run
    from autograder.machine_faults import ends_the_run

    chosen = choices(
        base.ROOT, assignment, platform=from_, times=times, add_new=add_new, replace=replace or (), ask=True
    )
    with ends_the_run(base.ROOT / "classroom"):
        found = run(base.ROOT, path, assignment, chosen, dry_run=dry_run, json=json, console=Console())
    raise typer.Exit(0 if found.is_clean else 1)


@app.command()
def rules(
    template: Annotated[bool, typer.Option("--template", help="Write a commented classroom/course.toml.")] = False,
    apply: Annotated[bool, typer.Option("--apply", help="Put them in force; without this they are shown.")] = False,
):
    """Say what the rules of the class come to and whose grade changes by them, or write a file of them."""
    from autograder.machine_faults import ends_the_run

    with ends_the_run(base.ROOT / "classroom"):
        if apply and not template:
            from autograder.grading.rules import apply_rules

            raise typer.Exit(apply_rules(base.ROOT, typer.echo))
        from autograder.rules.command import run

        raise typer.Exit(run(base.ROOT, template=template))


@app.command()
def export(
    assignment: Annotated[str | None, typer.Argument(help="Only this assignment.")] = None,
    to: Annotated[
        str, typer.Option(help="csv, canvas, moodle, blackboard, brightspace, sakai, or gradescope to compare.")
    ] = "csv",
    file: Annotated[Path | None, typer.Option(help="The platform's own download, to be filled in.")] = None,
    out: Annotated[Path | None, typer.Option(help="The file to write, or a folder for it.")] = None,
    column: Annotated[
        list[str] | None, typer.Option(help="The heading of the grade column there: HEADING, or NAME=HEADING.")
    ] = None,
    pages: Annotated[bool, typer.Option("--pages", help="Write the feedback pages too, as one zip.")] = False,
    comments: Annotated[bool, typer.Option(help="Fill the column for comments, where there is one.")] = True,
    decimal: Annotated[str | None, typer.Option(help="comma or point; default: as in the file.")] = None,
    missing_as_zero: Annotated[
        bool, typer.Option("--missing-as-zero", help="Enter 0 for who handed nothing in; else that cell stays.")
    ] = False,
    only_final: Annotated[
        bool, typer.Option("--only-final", help="Leave out scores that wait for marks of a person.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show every change, and write nothing.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace files that are there already.")] = False,
):
    """Write the grades for a spreadsheet or a course platform, into the file that the platform gave."""
    from autograder.exports.command import run

    if pages and not dry_run:
        from autograder.grading.feedback import renew

        renew(base.ROOT, assignment, typer.echo)
    raise typer.Exit(
        run(
            base.ROOT,
            assignment,
            to,
            file=file,
            out=out,
            columns=column or [],
            pages=pages,
            comments=comments,
            decimal=decimal,
            zero_for_missing=missing_as_zero,
            only_final=only_final,
            dry_run=dry_run,
            force=force,
        )
    )


@app.command()
def gradescope(
    assignment: Name,
    out: Annotated[Path | None, typer.Option(help="The zip to write.")] = None,
    hidden: Annotated[
        str,
        typer.Option(
            help="When students see what hidden checks found: visible, after_due_date, after_published, hidden."
        ),
    ] = "after_due_date",
):
    """Write the autograder that Gradescope runs, as the zip that is uploaded there. It holds the solutions."""
    from autograder.gradescope.bundle import bundle

    target = out or base.ROOT / "classroom" / "exports" / "gradescope" / f"{assignment}-autograder.zip"
    typer.echo(f"wrote {bundle(base.ROOT, assignment, target, hidden=hidden)}")
    typer.echo(
        "In Gradescope: Configure Autograder, Upload; 768 MB and 10 minutes are enough. It holds solutions and hidden "
        "tests: give it to nobody else."
    )
