"""What people gave, read out of nbgrader's gradebook: marks, points on top, comments, and what still waits for them.

`look` reads; `harvest` also keeps it in `classroom/marks/`, from where it is put back when the gradebook is made anew.
A mark that the gradebook holds as it was kept is the same mark: out of as many points, about the same answer. Any other
one is new, out of the points that the cell has in the gradebook now, and about the answer that was entered last.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from nbgrader.api import (
    Assignment,
    BaseCell,
    Comment,
    Grade,
    Gradebook,
    GradeCell,
    Notebook,
    SolutionCell,
    Student,
    SubmittedAssignment,
    SubmittedNotebook,
    TaskCell,
)
from sqlalchemy import func, inspect, select
from sqlalchemy.orm import Session
from traitlets.config.loader import PyFileConfigLoader

from autograder.gradebook.saved_grades import ANSWERS
from autograder.records import marks as kept
from autograder.records.marks import Mark


def database(root: Path) -> str | None:
    """The gradebook's URL: that of nbgrader_config.py, else classroom/gradebook.db; None where there is no file yet."""
    url = f"sqlite:///{root / 'classroom' / 'gradebook.db'}"
    if (root / "nbgrader_config.py").is_file():
        settings = PyFileConfigLoader("nbgrader_config.py", path=str(root)).load_config()
        url = settings.CourseDirectory.get("db_url", url)
    if url.startswith("sqlite:///") and not Path(url.removeprefix("sqlite:///")).is_file():
        return None
    return url


def names(root: Path) -> dict[str, tuple[str, str, str]]:
    """The students of the gradebook: id -> first name, last name, e-mail; none where there is no gradebook."""
    url = database(root)
    if url is None:
        return {}
    with Gradebook(url) as gradebook:
        rows = gradebook.db.execute(select(Student.id, Student.first_name, Student.last_name, Student.email))
        return {student: (first or "", last or "", email or "") for student, first, last, email in rows}


def look(root: Path, assignment: str, renamed: Mapping[str, str] | None = None) -> dict[str, dict[str, Mark]]:
    """The marks that stand in the gradebook now, by student and cell. renamed: old name of a cell -> the present one.

    Cells that do not count (0 points) keep the marks that were kept of them.
    """
    url = database(root)
    before = kept.read(root / "classroom", assignment)
    if url is None:
        return before
    with Gradebook(url) as gradebook:
        found, answers = _read(gradebook.db, assignment), _answers(gradebook.db, assignment)
    old_names = {new: old for old, new in (renamed or {}).items()}
    marks: dict[str, dict[str, Mark]] = {}
    for (student, cell), mark in found.items():
        theirs = before.get(student, {})
        known = theirs.get(cell) or theirs.get(old_names.get(cell, ""))
        if known and not mark.out_of and known.out_of:
            mark = replace(known, comment=mark.comment)
        elif known and _same(known, mark):
            mark = known
        elif mark.out_of:
            mark = replace(mark, answer=answers.get(student, {}).get(cell, ""))
        if mark != Mark(out_of=mark.out_of):
            marks.setdefault(student, {})[cell] = mark
    for student, cells in before.items():  # of a student or a cell that the gradebook does not have any more
        for cell, mark in cells.items():
            if (student, cell) not in found and (student, (renamed or {}).get(cell, "")) not in found:
                marks.setdefault(student, {}).setdefault(cell, mark)
    return marks


def harvest(root: Path, assignment: str, renamed: Mapping[str, str] | None = None) -> bool:
    """Keep the marks of the gradebook in classroom/marks/; returns whether there was anything new."""
    return kept.write(root / "classroom", assignment, look(root, assignment, renamed))


def _same(known: Mark, mark: Mark) -> bool:
    """Whether the gradebook says what was kept, points and answer apart."""
    return replace(known, out_of=0.0, answer="") == replace(mark, out_of=0.0, answer="")


def _answers(session: Session, assignment: str) -> dict[str, dict[str, str]]:
    """What the answers were when they were entered last: student -> graded cell -> digest."""
    if not inspect(session.connection()).has_table(ANSWERS.name):
        return {}
    query = (
        select(SubmittedAssignment.student_id, ANSWERS.c.digests)
        .join(SubmittedNotebook, SubmittedNotebook.id == ANSWERS.c.notebook_id)
        .join(SubmittedAssignment, SubmittedAssignment.id == SubmittedNotebook.assignment_id)
        .join(Assignment, Assignment.id == SubmittedAssignment.assignment_id)
        .where(Assignment.name == assignment)
    )
    rows: Any = session.execute(query)
    return {student: json.loads(digests) for student, digests in rows}


def _read(session: Session, assignment: str) -> dict[tuple[str, str], Mark]:
    """Every mark and comment of an assignment: (student, cell) -> mark."""
    grade_cell, task_cell, answered = GradeCell.__table__, TaskCell.__table__, SolutionCell.__table__

    def of_assignment(query, kind):
        return (
            query.select_from(kind)
            .join(BaseCell, BaseCell.id == kind.cell_id)
            .join(SubmittedNotebook, SubmittedNotebook.id == kind.notebook_id)
            .join(SubmittedAssignment, SubmittedAssignment.id == SubmittedNotebook.assignment_id)
            .join(Assignment, Assignment.id == SubmittedAssignment.assignment_id)
            .where(Assignment.name == assignment)
        )

    written: set[str] = set(
        session.scalars(
            select(BaseCell.name)
            .join(answered, answered.c.id == BaseCell.id)
            .join(Notebook, Notebook.id == BaseCell.notebook_id)
            .join(Assignment, Assignment.id == Notebook.assignment_id)
            .where(Assignment.name == assignment)
        )
    )
    columns = (
        SubmittedAssignment.student_id, BaseCell.name, Grade.manual_score, Grade.auto_score, Grade.extra_credit,
        Grade.needs_manual_grade, func.coalesce(grade_cell.c.max_score, task_cell.c.max_score, 0.0),
        func.coalesce(grade_cell.c.cell_type, task_cell.c.cell_type),
    )  # fmt: skip
    grades = of_assignment(select(*columns), Grade)
    grades = grades.outerjoin(grade_cell, grade_cell.c.id == BaseCell.id)
    grades = grades.outerjoin(task_cell, task_cell.c.id == BaseCell.id)
    found: dict[tuple[str, str], Mark] = {}
    row: Any
    for row in session.execute(grades):
        student, cell, manual, auto, extra, waiting, points, kind = row
        by_hand = kind != "code" or cell in written
        found[student, cell] = Mark(
            score=manual, blank=by_hand and manual is None and auto is not None, out_of=float(points),
            extra=float(extra or 0.0), waiting=bool(waiting),
        )  # fmt: skip
    remarks = of_assignment(select(SubmittedAssignment.student_id, BaseCell.name, Comment.manual_comment), Comment)
    for row in session.execute(remarks):
        student, cell, comment = row
        if comment:
            found[student, cell] = replace(found.get((student, cell), Mark()), comment=comment)
    return found
