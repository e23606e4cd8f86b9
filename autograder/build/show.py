"""What a build or a comparison found, for people: one line per problem, with file, line and what to do."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from rich.console import Console
from rich.syntax import Syntax
from rich.text import Text

from autograder import build
from autograder.build import files, plan
from autograder.masters.problems import Problem, Refused
from autograder.scaffold import blanks


def run(root: Path, check: bool, console: Console | None = None) -> int:
    """Build or compare, and tell. Returns 0 where all is well, else 1."""
    console = console or Console()
    if check:
        found = build.check(root)
        if found:
            show(console, found)
            console.print(Text(f"{_count(found)}: masters and built files disagree", "bold red"))
            return 1
        console.print(Text("every built file is what its master builds", "green"))
        return 0
    try:
        built = plan.plan(root)
        written = files.write(root, built)
    except Refused as refused:
        show(console, refused.problems)
        console.print(Text(f"{_count(refused.problems)}: nothing was built", "bold red"))
        return 1
    for file in written:
        console.print(Text(f"built {file.relative_to(root).as_posix()}"), soft_wrap=True)
    left = files.compare(root, built)  # what no build mends: files that no master builds
    show(console, left)
    for path, number, text in blanks(root):
        console.print(Text.assemble((f"{path}:{number}: ", "bold"), f"a blank is left: {text}"), soft_wrap=True)
    done = "everything was up to date" if not written else f"{len(written)} files built"
    console.print(Text(done if not left else f"{done}, {_count(left)} left", "red" if left else "green"))
    return 1 if left else 0


def show(console: Console, problems: Iterable[Problem]) -> None:
    """Print problems, each on one unbroken line with its difference below."""
    for problem in problems:
        where = f"{problem.path}:{problem.line}" if problem.line else problem.path
        console.print(Text.assemble((f"{where}: ", "bold"), problem.message), soft_wrap=True)
        if problem.diff:
            console.print(Syntax(problem.diff.rstrip("\n"), "diff", background_color="default"))


def _count(problems: list[Problem]) -> str:
    return f"{len(problems)} problem{'s' if len(problems) != 1 else ''}"
