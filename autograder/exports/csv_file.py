"""Grades from nbgrader's gradebook to a CSV: `python -m autograder export --to csv`.

Steps: read every hand-in of every student through nbgrader's own API; split its score into automatic and written
marks; make each cell safe for a spreadsheet; write the file whole. The first columns are those of nbgrader's own
`export`, and `score` is nbgrader's too: the sum less the penalty, never below zero.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from pathlib import Path

from nbgrader.api import Gradebook, MissingEntry

from autograder.files import write_atomically
from toolbox.errors import KitError, NotThere, UnknownName

COLUMNS = (
    "assignment", "duedate", "timestamp", "student_id", "last_name", "first_name", "email", "raw_score",
    "late_submission_penalty", "score", "max_score", "auto_score", "max_auto_score", "written_score",
    "max_written_score", "late_seconds", "status",
)  # fmt: skip
# What a spreadsheet takes for a formula, also behind blanks and in the wide forms that some of them fold.
FORMULA = tuple("=+-@\t\r\n|%\uff1d\uff0b\uff0d\uff20")


def export(root: Path, assignment: str | None = None, to: str = "csv", out: Path | None = None) -> Path:
    """Write the grades of one assignment, or of all, and return the file's path.

    out: the file, or a folder for `grades.csv`; default classroom/. Every student of the gradebook has a row for every
    assignment; who handed nothing in has the status 'missing'. Raises ValueError for another format than csv,
    FileNotFoundError without a gradebook, KeyError for an assignment that the gradebook does not know.
    """
    if to != "csv":
        raise KitError(f"cannot export to {to!r}; there is: csv")
    root = Path(root)
    out = Path(out) if out else root / "classroom"
    path = out / "grades.csv" if out.is_dir() or not out.suffix else out
    url = database(root)
    with Gradebook(url) as gradebook:
        known = sorted(entry.name for entry in gradebook.assignments)
        if assignment is not None and assignment not in known:
            raise UnknownName(
                f"the gradebook has no assignment {assignment!r}; there are: {', '.join(known) or 'none'}"
            )
        lines = list(rows(gradebook, [assignment] if assignment else known))
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, COLUMNS, lineterminator="\r\n")
    writer.writeheader()
    writer.writerows({name: safe(value) for name, value in line.items()} for line in lines)
    # Excel takes a CSV for Latin-1 unless it begins with this mark
    write_atomically(path, text.getvalue().encode("utf-8-sig", "replace"))
    return path


def database(root: Path) -> str:
    """The gradebook's URL: that of nbgrader_config.py, else classroom/gradebook.db; a file must exist."""
    url = f"sqlite:///{root / 'classroom' / 'gradebook.db'}"
    if (root / "nbgrader_config.py").is_file():
        from traitlets.config.loader import PyFileConfigLoader

        settings = PyFileConfigLoader("nbgrader_config.py", path=str(root)).load_config()
        url = settings.CourseDirectory.get("db_url", url)
    if url.startswith("sqlite:///") and not Path(url.removeprefix("sqlite:///")).is_file():
        raise NotThere("there is no gradebook yet: run python -m autograder grade <assignment> first")
    return url


def rows(gradebook: Gradebook, assignments: list[str]) -> Iterator[dict[str, object]]:
    """One row for each assignment and student, sorted."""
    for name in assignments:
        assignment = gradebook.find_assignment(name)
        for student in sorted(gradebook.students, key=lambda student: student.id):
            row = {
                "assignment": name,
                "duedate": assignment.duedate,
                "student_id": student.id,
                "last_name": student.last_name,
                "first_name": student.first_name,
                "email": student.email,
                "max_score": assignment.max_score,
            }
            try:
                submission = gradebook.find_submission(name, student.id)
            except MissingEntry:
                yield {**row, "raw_score": 0.0, "late_submission_penalty": 0.0, "score": 0.0, "status": "missing"}
                continue
            auto, written, max_auto, max_written = split(submission)
            penalty = submission.late_submission_penalty or 0.0
            yield {
                **row,
                "timestamp": submission.timestamp,
                "raw_score": submission.score,
                "late_submission_penalty": penalty,
                "score": max(0.0, submission.score - penalty),
                "auto_score": auto,
                "max_auto_score": max_auto,
                "written_score": written,
                "max_written_score": max_written,
                "late_seconds": int(submission.total_seconds_late),
                "status": "needs manual grading" if submission.needs_manual_grade else "graded",
            }


def split(submission) -> tuple[float, float, float, float]:
    """The marks of the check cells and of the written answers, and the most that each could be."""
    auto = written = max_auto = max_written = 0.0
    for notebook in submission.notebooks:
        for grade in notebook.grades:
            if is_written(grade):
                written, max_written = written + grade.score, max_written + grade.max_score
            else:
                auto, max_auto = auto + grade.score, max_auto + grade.max_score
    return auto, written, max_auto, max_written


def is_written(grade) -> bool:
    """Whether a person gives these marks: a graded cell that is no code, or that the student writes in."""
    answers = {cell.name for cell in grade.notebook.notebook.solution_cells}
    return grade.cell.cell_type != "code" or grade.cell.name in answers


def safe(value: object) -> object:
    """A cell that no spreadsheet takes for a formula: text that could be one gets an apostrophe in front."""
    if value is None:
        return ""
    if isinstance(value, bool | int | float):
        return f"{value:g}" if isinstance(value, float) else value
    text = str(value).replace("\0", "")
    return f"'{text}" if text.lstrip(" \u00a0").startswith(FORMULA) or text.startswith(FORMULA) else text
