"""Commands of a TA: grade, look, mark, write pages."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from autograder.cli import base
from autograder.cli.base import Name, app


@app.command()
def grade(
    assignment: Name,
    hand_ins: Annotated[
        Path | None, typer.Option("--from", help="Take these in first: zips or an LMS download.")
    ] = None,
    platform: Annotated[str, typer.Option(help="Whose download it is, as collect --from.")] = "auto",
    times: Annotated[Path | None, typer.Option(help="A table of times, as collect --times.")] = None,
    student: Annotated[list[str] | None, typer.Option(help="Only this one; may be given several times.")] = None,
    feedback: Annotated[bool, typer.Option(help="Write feedback pages too.")] = True,
    jobs: Annotated[int | None, typer.Option(help="Processes that judge; default: one a core.")] = None,
    pictures: Annotated[
        bool, typer.Option("--pictures", help="Run the given cells that only show something, too: slower, same marks.")
    ] = False,
    again: Annotated[
        bool, typer.Option("--again", help="Grade anew what has been graded and has not changed.")
    ] = False,
    preview: Annotated[
        bool, typer.Option("--preview", help="Say whose grade would change, and write none of it.")
    ] = False,
    apply: Annotated[bool, typer.Option("--apply", help="Put in force what the last preview has found.")] = False,
    trust_students: Annotated[
        bool, typer.Option("--trust-students", help="Run their code even where this machine cannot hold it in.")
    ] = False,
):
    """Grade a class; ends with a table and the class report."""
    from autograder.sandbox import launcher

    if hand_ins and (preview or apply):
        raise typer.BadParameter("--preview and --apply are about hand-ins that have been collected: leave out --from")
    if apply and (preview or again or student or pictures):
        raise typer.BadParameter("--apply does what was previewed: give it alone")
    if not apply:
        launcher.begin(trust=trust_students)  # it starts while this process imports the rest
    from autograder.grading.collecting import choices
    from autograder.grading.preview import apply as put_in_force
    from autograder.grading.preview import preview as look
    from autograder.grading.run import grade as run
    from autograder.machine_faults import ends_the_run
    from autograder.report import present
    from toolbox.checks.visible import visible

    classroom = base.ROOT / "classroom"

    def say(line: str) -> None:
        typer.echo(visible(line, one_line=True))

    with ends_the_run(classroom):
        if preview:
            found = look(
                base.ROOT,
                assignment,
                students=student,
                jobs=jobs,
                pictures=pictures,
                trust=trust_students,
                again=again,
                say=say,
            )
            raise typer.Exit(found.exit_status)
        outcome = (
            put_in_force(base.ROOT, assignment, feedback=feedback, say=say)
            if apply
            else run(
                base.ROOT,
                assignment,
                hand_ins_from=hand_ins,
                choices=choices(base.ROOT, assignment, platform=platform, times=times) if hand_ins else None,
                students=student,
                feedback=feedback,
                jobs=jobs,
                pictures=pictures,
                again=again,
                trust=trust_students,
            )
        )
        page = present(base.ROOT, assignment, outcome.graded or None)
    for name, reason in (outcome.open | outcome.failed).items():
        typer.echo(visible(f"not graded to the end: {name}: {reason}"), err=True)
    typer.echo(f"report: {page}")
    raise typer.Exit(outcome.exit_status)


@app.command()
def report(assignment: Name):
    """Write the class report from the verdicts there are."""
    from autograder.report import present

    typer.echo(f"report: {present(base.ROOT, assignment)}")


@app.command()
def feedback(assignment: Name):
    """Make the feedback pages anew on which something has changed: marks and comments given by hand, say."""
    from autograder.grading.feedback import renew

    renew(base.ROOT, assignment, typer.echo)


@app.command()
def similar(
    assignment: Name,
    also: Annotated[
        list[Path] | None, typer.Option(help="A classroom of another year, or a folder of students; may be repeated.")
    ] = None,
):
    """Rank pairs of hand-ins that are alike beyond what everybody was given. It accuses nobody."""
    from autograder.similarity.run import similar as run

    typer.echo(f"page: {run(base.ROOT, assignment, also or [])}")


@app.command()
def gradebook(
    anonymous: Annotated[
        bool, typer.Option("--anonymous", help="Mark blind: names hidden, in an order that says nothing.")
    ] = False,
    words: Annotated[list[str] | None, typer.Argument(help="For Jupyter, after --: e.g. --no-browser")] = None,
):
    """Open JupyterLab with formgrader: mark written questions, write comments. Ctrl-C ends it."""
    from autograder.gradebook.book import Book
    from autograder.gradebook.formgrader import serve
    from autograder.gradebook.students import follow_roster

    follow_roster(Book(base.ROOT))
    serve(base.ROOT, words or [], anonymous=anonymous)
