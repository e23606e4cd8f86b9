"""The class report as one HTML file: no network, no scripts, readable on a phone and in the dark.

Steps: summarise the verdicts; work out what to reteach and how each item did; draw the pictures as SVG; fill
`page.html` with jinja2, which escapes every string; write the file whole, and beside it a page for each student.
"""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from urllib.parse import quote

from autograder.masters.catalogue import catalogue
from autograder.records.verdict import read_all, read_all_of
from autograder.report.advice import advice
from autograder.report.charts import histogram, timeline
from autograder.report.items import figures
from autograder.report.student_page import file_of, write_student
from autograder.report.summary import Summary, summarise
from autograder.report.templates import environment, write_page
from autograder.rules.class_grades import ClassGrades

STUDENTS = "students"  # the folder of their pages, beside the report


def write_report(
    root: Path, assignment: str, verdicts: list[dict] | None, out: Path, students: Collection[str] | None = None,
    grades: ClassGrades | None = None,
) -> Path:  # fmt: skip
    """Write the report of one assignment, and its students' pages, and return the report's path.

    verdicts: as read from classroom/verdicts/<assignment>/, None to read them there. out: the page, or a folder for it.
    students: whose pages to write, None for everybody's. grades: None for those of the terms in force.
    """
    classroom = Path(root) / "classroom"
    grades = grades or ClassGrades(Path(root))
    if verdicts is None:
        verdicts = read_all(classroom, assignment)
    out = Path(out)
    page = out if out.suffix == ".html" else out / f"{assignment}.html"
    write_page(page, render(summarise(assignment, verdicts, grades.all_of(assignment, grades.students, verdicts))))
    course = tuple(catalogue(Path(root)))
    for verdict in verdicts:
        student = verdict["student"]
        if students is None or student in students:
            others = [other for other in read_all_of(classroom, student) if other["assignment"] != assignment]
            write_student(student, [verdict, *others], course, page.parent / STUDENTS, grades)
    return page


def render(summary: Summary) -> str:
    """The page's HTML."""
    hand_ins = [(row.received, row.late_seconds, row.share) for row in summary.rows if row.received]
    return environment().get_template("page.html").render(
        summary=summary, histogram=histogram(summary.histogram), timeline=timeline(hand_ins),
        advice=advice(summary), figures=figures(summary.rows), link=lambda name: f"{STUDENTS}/{quote(file_of(name))}",
    )  # fmt: skip
