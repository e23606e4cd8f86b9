"""Grades from nbgrader's gradebook, for exports.

A score is split into what the check cells gave and what a person gave.
"""

from __future__ import annotations

from pathlib import Path

from nbgrader.api import Gradebook
from traitlets.config.loader import PyFileConfigLoader

from autograder.exports.sources import Grade, Source


def database(root: Path) -> str | None:
    """The gradebook's URL: that of nbgrader_config.py, else classroom/gradebook.db; None where there is no file yet."""
    url = f"sqlite:///{root / 'classroom' / 'gradebook.db'}"
    if (root / "nbgrader_config.py").is_file():
        settings = PyFileConfigLoader("nbgrader_config.py", path=str(root)).load_config()
        url = settings.CourseDirectory.get("db_url", url)
    if url.startswith("sqlite:///") and not Path(url.removeprefix("sqlite:///")).is_file():
        return None
    return url


def read(url: str) -> Source:
    """What the gradebook at `url` knows."""
    found = Source()
    with Gradebook(url) as gradebook:
        for student in gradebook.students:
            found.students[student.id] = (student.first_name or "", student.last_name or "", student.email or "")
        for assignment in gradebook.assignments:
            found.assignments[assignment.name] = (float(assignment.max_score), assignment.duedate)
            for submission in gradebook.assignment_submissions(assignment.name):
                auto, written, max_auto, max_written = split(submission)
                found.grades[assignment.name, submission.student.id] = Grade(
                    raw_score=float(submission.score),
                    penalty=float(submission.late_submission_penalty or 0.0),
                    auto_score=auto,
                    max_auto_score=max_auto,
                    written_score=written,
                    max_written_score=max_written,
                    received=submission.timestamp,
                    late_seconds=int(submission.total_seconds_late),
                    waiting=bool(submission.needs_manual_grade),
                    remarks=remarks(submission),
                )
    return found


def split(submission) -> tuple[float, float, float, float]:
    """The marks of the check cells and of the written answers, and the most that each could be."""
    auto = written = max_auto = max_written = 0.0
    for notebook in submission.notebooks:
        answers = {cell.name for cell in notebook.notebook.solution_cells}
        for grade in notebook.grades:
            # A person marks a graded cell that is no code, or that the student writes in.
            if grade.cell.cell_type != "code" or grade.cell.name in answers:
                written, max_written = written + grade.score, max_written + grade.cell.max_score
            else:
                auto, max_auto = auto + grade.score, max_auto + grade.cell.max_score
    return auto, written, max_auto, max_written


def remarks(submission) -> dict[str, str]:
    """What a person has written about the hand-in, by cell."""
    return {
        comment.name: comment.manual_comment
        for notebook in submission.notebooks
        for comment in notebook.comments
        if comment.manual_comment
    }
