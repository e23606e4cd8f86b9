"""The commands of the TA and the instructor. Each one imports what it needs, so that `--help` is quick.

build     masters -> assignments/, lib/backprop/        release   what students get, as one zip
roster    who is in the class, from the lists           collect   hand-ins of any platform: whose, when, which stands
grade     hand-ins -> verdicts, gradebook, feedback     report    the class report
export    grades for an LMS                             audit     wrong and right answers against the suites
demo      all of it on a made-up class                  doctor    what holds student code in on this machine
bench     the kit's figures, measured            gradescope the autograder that Gradescope runs
rules     the rules of the class: due dates, late policy, points
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
import typer.core

ROOT = Path(__file__).resolve().parent.parent
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
            from toolbox.visible import visible

            typer.echo(visible(str(error)), err=True)
            raise typer.Exit(error.exit_status) from None


app = typer.Typer(
    cls=_Commands, add_completion=False, no_args_is_help=True, pretty_exceptions_enable=False, help=__doc__
)
Name = Annotated[str, typer.Argument(help="The assignment, e.g. flat.")]


@app.command()
def build(check: Annotated[bool, typer.Option("--check", help="Compare only; exit 1 where anything differs.")] = False):
    """Build the release from the masters, or check that it is up to date."""
    from autograder.build import run

    raise typer.Exit(run(ROOT, check))


@app.command()
def release(out: Annotated[Path, typer.Option(help="Where to write the zip.")] = ROOT / "classroom" / "release"):
    """Write what students get as one zip: assignments, lib, data, requirements."""
    from autograder.build.release import release as run

    typer.echo(f"wrote {run(ROOT, out)}")


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
    trust_students: Annotated[
        bool, typer.Option("--trust-students", help="Run their code even where this machine cannot hold it in.")
    ] = False,
):
    """Grade a class; ends with a table and the class report."""
    from autograder.sandbox import launcher

    launcher.begin(trust=trust_students)  # it starts while this process imports the rest
    from autograder.grading.collecting import choices
    from autograder.grading.run import grade as run
    from autograder.machine_faults import ends_the_run
    from autograder.report import present
    from toolbox.visible import visible

    classroom = ROOT / "classroom"
    with ends_the_run(classroom):
        outcome = run(
            ROOT,
            assignment,
            hand_ins_from=hand_ins,
            choices=choices(ROOT, assignment, platform=platform, times=times) if hand_ins else None,
            students=student,
            feedback=feedback,
            jobs=jobs,
            pictures=pictures,
            again=again,
            trust=trust_students,
        )
        page = present(ROOT, assignment, outcome.graded or None)
    for name, reason in (outcome.open | outcome.failed).items():
        typer.echo(visible(f"not graded to the end: {name}: {reason}"), err=True)
    typer.echo(f"report: {page}")
    raise typer.Exit(outcome.exit_status)


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

    found = run_import(ROOT, file, kind=from_, assignment=assignment, apply=apply)
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

    chosen = choices(ROOT, assignment, platform=from_, times=times, add_new=add_new, replace=replace or (), ask=True)
    with ends_the_run(ROOT / "classroom"):
        found = run(ROOT, path, assignment, chosen, dry_run=dry_run, json=json, console=Console())
    raise typer.Exit(0 if found.is_clean else 1)


@app.command()
def report(assignment: Name):
    """Write the class report from the verdicts there are."""
    from autograder.report import present

    typer.echo(f"report: {present(ROOT, assignment)}")


@app.command()
def rules(
    template: Annotated[bool, typer.Option("--template", help="Write a commented classroom/course.toml.")] = False,
):
    """Check the rules of the class, or write a commented file of them to begin with."""
    from autograder.rules.command import run

    raise typer.Exit(run(ROOT, template=template))


@app.command()
def feedback(assignment: Name):
    """Make the feedback pages anew on which something has changed: marks and comments given by hand, say."""
    from autograder.grading.feedback import renew

    renew(ROOT, assignment, typer.echo)


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

        renew(ROOT, assignment, typer.echo)
    raise typer.Exit(
        run(
            ROOT,
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

    follow_roster(Book(ROOT))
    serve(ROOT, words or [], anonymous=anonymous)


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

    target = out or ROOT / "classroom" / "exports" / "gradescope" / f"{assignment}-autograder.zip"
    typer.echo(f"wrote {bundle(ROOT, assignment, target, hidden=hidden)}")
    typer.echo(
        "In Gradescope: Configure Autograder, Upload; 768 MB and 10 minutes are enough. It holds solutions and hidden "
        "tests: give it to nobody else."
    )


@app.command()
def audit(
    assignment: Annotated[list[str] | None, typer.Argument(help="Only these assignments.")] = None,
    item: Annotated[list[str] | None, typer.Option(help="Only this item; may be given several times.")] = None,
    json: Annotated[Path | None, typer.Option(help="Write the matrix here too.")] = None,
    mutate: Annotated[bool, typer.Option(help="Try every small change to the solutions too; takes long.")] = False,
    record: Annotated[bool, typer.Option(help="Keep the figures for autograder/README.md.")] = False,
    jobs: Annotated[int | None, typer.Option(help="Processes for mutants and seeds; default: one a core.")] = None,
    seeds: Annotated[int, typer.Option(min=0, help="Judge under so many further hidden seeds.")] = 0,
    threads: Annotated[list[int] | None, typer.Option(min=1, help="Of torch, for --seeds; may be repeated.")] = None,
    right_only: Annotated[bool, typer.Option(help="Only the right answers.")] = False,
):
    """Run every wrong and every right answer through the suites; exit 1 where one is misjudged."""
    from autograder.audit.suite_audit import run

    if record and (item or right_only):
        raise typer.BadParameter("--record keeps whole audits: give neither --item nor --right-only")
    code = run(
        assignment or None, item or None, json,
        mutate=mutate, record=record, jobs=jobs, seeds=seeds, threads=threads or (1,), right_only=right_only,
    )  # fmt: skip
    raise typer.Exit(code)


@app.command()
def bench(only: Annotated[list[str] | None, typer.Argument(help="Only these parts.")] = None):
    """Measure the figures that the kit must reach; writes classroom/bench.json."""
    from autograder.bench.run import run

    raise typer.Exit(run(ROOT, only or None))


@app.command()
def doctor():
    """What holds student code in on this machine, what is missing, and how to get it; and where the seed lies."""
    from autograder.records import seed
    from autograder.sandbox.doctor import run

    typer.echo(seed.told(ROOT))
    raise typer.Exit(run())


@app.command()
def demo(jobs: Annotated[int | None, typer.Option(help="Processes that judge; default: one a core.")] = None):
    """The main job on a made-up class: release, take in, grade, feed back, export, report."""
    from autograder.demo.run import run

    raise typer.Exit(run(ROOT, jobs=jobs))
