"""The class report as one HTML file: no network, no scripts, readable on a phone and in the dark.

Steps: summarise the verdicts; work out what to reteach and how each item did; draw the pictures as SVG; fill
`page.html` with jinja2, which escapes every string; write the file whole, and beside it a page for each student.
"""

from __future__ import annotations

from pathlib import Path
from urllib.parse import quote

from autograder.masters.catalogue import COURSE
from autograder.records.verdict import read_all
from autograder.report.advice import advice
from autograder.report.charts import histogram, timeline
from autograder.report.items import figures
from autograder.report.student_page import file_of, write_student
from autograder.report.summary import Summary, summarise
from autograder.report.templates import environment, write_page

STUDENTS = "students"  # the folder of their pages, beside the report


def write_report(root: Path, assignment: str, verdicts: list[dict] | None, out: Path) -> Path:
    """Write the report of one assignment, and its students' pages, and return the report's path.

    verdicts: as read from classroom/verdicts/<assignment>/, None to read them there. out: the page, or a folder for it.
    """
    classroom = Path(root) / "classroom"
    if verdicts is None:
        verdicts = read_all(classroom, assignment)
    out = Path(out)
    page = out if out.suffix == ".html" else out / f"{assignment}.html"
    write_page(page, render(summarise(assignment, verdicts)))
    theirs: dict[str, list[dict]] = {verdict["student"]: [verdict] for verdict in verdicts}
    folder = classroom / "verdicts"
    for other in sorted(path.name for path in folder.iterdir() if path.is_dir()) if folder.is_dir() else []:
        for verdict in read_all(classroom, other) if other != assignment else []:
            if verdict["student"] in theirs:
                theirs[verdict["student"]].append(verdict)
    for student, own in theirs.items():
        write_student(student, own, COURSE, page.parent / STUDENTS)
    return page


def render(summary: Summary) -> str:
    """The page's HTML."""
    hand_ins = [(row.received, row.late_seconds, row.share) for row in summary.rows if row.received]
    return environment().get_template("page.html").render(
        summary=summary, histogram=histogram(summary.histogram), timeline=timeline(hand_ins),
        advice=advice(summary), figures=figures(summary.rows), link=lambda name: f"{STUDENTS}/{quote(file_of(name))}",
    )  # fmt: skip
