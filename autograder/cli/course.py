"""Commands of the instructor, and of who works on the kit: build, judge the judge, measure."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from autograder.cli import base
from autograder.cli.base import app


@app.command()
def build(check: Annotated[bool, typer.Option("--check", help="Compare only; exit 1 where anything differs.")] = False):
    """Build the release from the masters, or check that it is up to date."""
    from autograder.build import run

    raise typer.Exit(run(base.ROOT, check) or _lacking(check))


def _lacking(check: bool = False) -> int:
    """Tell what items lack; 1 where one does."""
    from rich.console import Console

    from autograder.build import show
    from autograder.course import complete

    problems = complete.problems(base.ROOT, check)
    show.show(Console(), problems)
    return 1 if problems else 0


@app.command()
def release(out: Annotated[Path, typer.Option(help="Where to write the zip.")] = base.ROOT / "classroom" / "release"):
    """Write what students get as one zip: assignments, lib, data, requirements."""
    from autograder.build.release import release as run

    if _lacking():
        raise typer.Exit(1)
    typer.echo(f"wrote {run(base.ROOT, out)}")


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
    rearranged: Annotated[
        bool, typer.Option(help="Only right answers, their arithmetic rearranged, under --seeds seeds.")
    ] = False,
):
    """Run every wrong and every right answer through the suites; exit 1 where one is misjudged."""
    from autograder.audit.suite_audit import run

    if rearranged:
        from autograder.audit.rearranged import run as rearrange

        raise typer.Exit(rearrange(assignment or None, item or None, seeds))

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

    raise typer.Exit(run(base.ROOT, only or None))


@app.command()
def doctor():
    """What holds student code in on this machine, what is missing, and how to get it; and where the seed lies."""
    from autograder.records import seed
    from autograder.sandbox.doctor import run

    typer.echo(seed.told(base.ROOT))
    raise typer.Exit(run())


@app.command()
def demo(jobs: Annotated[int | None, typer.Option(help="Processes that judge; default: one a core.")] = None):
    """The main job on a made-up class: release, take in, grade, feed back, export, report."""
    from autograder.demo.run import run

    raise typer.Exit(run(base.ROOT, jobs=jobs))


new = typer.Typer(no_args_is_help=True, help="Lay down a new item or a new assignment, with the blanks to fill marked.")
app.add_typer(new, name="new")


@new.command("item")
def new_item(
    assignment: base.Name,
    item: Annotated[str, typer.Argument(help="Its id: small letters, digits and underscores.")],
    after: Annotated[str, typer.Option(help="The item behind which its cells stand.")] = "",
    module: Annotated[str, typer.Option(help="The module for its code, which makes it a function.")] = "",
):
    """Lay down an item: an activation where the assignment has a table of them, else a function."""
    from autograder.scaffold.item import lay_down

    _laid_down(lay_down(base.ROOT, assignment, item, after, module), f"audit {assignment} --item {item}")


@new.command("assignment")
def new_assignment(assignment: Annotated[str, typer.Argument(help="Its name, which is that of its module too.")]):
    """Lay down an assignment with one item, a module and a room in the course."""
    from autograder.scaffold.assignment import lay_down

    _laid_down(lay_down(base.ROOT, assignment), f"audit {assignment}")


def _laid_down(files: list[Path], then: str) -> None:
    from autograder.scaffold import BLANK

    for file in files:
        typer.echo(f"wrote {file.relative_to(base.ROOT).as_posix()}")
    typer.echo(f"fill in what is marked {BLANK}; then: python -m autograder build, python -m autograder {then}")
