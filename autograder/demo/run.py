"""`make demo`: the main job, start to end, on the made-up class.

Steps: build the release; make the hand-ins; take them in, judge, enter and feed back; export the grades; write the
class report; end with the table of the class and the paths of what was made.
"""

from __future__ import annotations

from pathlib import Path

from rich.console import Console

from autograder import build
from autograder.demo import DUE, make_class
from autograder.exports import export
from autograder.files import write_atomically
from autograder.grading.run import grade
from autograder.report import present
from autograder.rules import course_file
from toolbox.checks.visible import visible

ASSIGNMENT = "flat"
RULES = f"""\
# The rules of the made-up class; python -m autograder rules --template shows all that may stand here.
[assignments.{ASSIGNMENT}]
due = {DUE:%Y-%m-%dT%H:%M:%SZ}
late = {{ per_day = "10 %" }}
"""


def run(root: Path, *, jobs: int | None = None, console: Console | None = None) -> int:
    """Run the demo in the classroom of `root`; returns the exit code. A real class in there is left alone."""
    console = console or Console()
    classroom = root / "classroom"
    console.rule("1  release")
    if code := build.run(root, False):
        return code
    console.rule("2  a class hands in")
    hand_ins = make_class(root, classroom / "demo" / "handins")
    strangers = _students(classroom) - {hand_in.student for hand_in in hand_ins}
    if strangers:
        console.print(
            f"classroom/ holds a class of its own ({len(strangers)} students, {sorted(strangers)[0]} among them), and "
            "the demo would mix with it. Move classroom/ away first.",
            style="red",
        )
        return 2
    for hand_in in hand_ins:
        console.print(f"{hand_in.path.name:45s} {hand_in.description}", highlight=False, markup=False)
    rules = classroom / course_file.NAME
    if not rules.exists():
        write_atomically(rules, RULES.encode())
    console.rule("3  grade")
    outcome = grade(
        root,
        ASSIGNMENT,
        hand_ins_from=classroom / "demo" / "handins",
        jobs=jobs,
        console=console,
    )
    console.rule("4  what came of it")
    grades = export(root, None, to="csv").path
    page = present(root, ASSIGNMENT, console=console)
    console.print(f"verdicts      {classroom / 'verdicts' / ASSIGNMENT}", highlight=False)
    console.print(f"feedback      {classroom / 'feedback'}", highlight=False)
    console.print(f"grades        {grades}", highlight=False)
    console.print(f"class report  {page}", highlight=False)
    for student, reason in (outcome.open | outcome.failed).items():
        console.print(visible(f"not graded to the end: {student}: {reason}"), markup=False, style="red")
    return outcome.exit_status


def _students(classroom: Path) -> set[str]:
    """Who has handed anything in, by the folders of the classroom."""
    return {folder.name for folder in (classroom / "submitted").glob("[!.]*") if folder.is_dir()}
