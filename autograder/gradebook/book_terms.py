"""Put the terms in force into the gradebook: deadline, points of each cell, and the marks by hand to that measure.

One transaction: whoever reads sees the old points with the old marks, or the new ones with the new.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC

from nbformat import NotebookNode
from nbgrader import utils
from nbgrader.api import (
    Assignment,
    BaseCell,
    Grade,
    Gradebook,
    MissingEntry,
    Notebook,
    SubmittedAssignment,
    SubmittedNotebook,
)
from sqlalchemy import select

from autograder.records.marks import Mark, Marks
from autograder.rules.terms import Terms


def put_terms(
    gradebook: Gradebook, assignment: str, terms: Terms, marks: Marks, changing: Callable[[], None] = lambda: None
) -> bool:
    """Make the gradebook's points and marks those of the terms; returns whether any is another one now. marks: as they
    were looked up in it (`marks.look`).

    Scores of the checks keep their share until the hand-in is entered anew, which makes them exact. An assignment that
    is switched off counts nothing. changing: called first, where points are others now.
    """
    try:
        entry = gradebook.find_assignment(assignment)
    except MissingEntry:
        return False
    due, paper = terms.rules(assignment).due, terms.paper(assignment)
    entry.duedate = None if due is None else due.astimezone(UTC).replace(tzinfo=None)
    points = {**paper.items, **paper.written} if terms.rules(assignment).on else {}
    cells = [cell for notebook in entry.notebooks for cell in (*notebook.grade_cells, *notebook.task_cells)]
    dropped = {cell.name for cell in cells} - points.keys()
    back = {cell.name for cell in cells if not cell.max_score} - dropped
    measure = {cell.name: points.get(cell.name, 0.0) / cell.max_score for cell in cells if cell.max_score}
    if changed := any(cell.max_score != points.get(cell.name, 0.0) for cell in cells):
        changing()
    for cell in cells:
        cell.max_score = points.get(cell.name, 0.0)
    for notebook in entry.notebooks:
        _put_checksums(notebook)
    query = (
        select(SubmittedAssignment.student_id, BaseCell.name, Grade)
        .select_from(Grade)
        .join(BaseCell, BaseCell.id == Grade.cell_id)
        .join(SubmittedNotebook, SubmittedNotebook.id == Grade.notebook_id)
        .join(SubmittedAssignment, SubmittedAssignment.id == SubmittedNotebook.assignment_id)
        .join(Assignment, Assignment.id == SubmittedAssignment.assignment_id)
        .where(Assignment.name == assignment)
    )
    other = {name for name, ratio in measure.items() if ratio != 1}
    touched = {cell for theirs in marks.values() for cell in theirs} | dropped | back | other
    for student, name, grade in gradebook.db.execute(query.where(BaseCell.name.in_(touched))):
        mark = marks.get(student, {}).get(name, Mark())
        if name in dropped:
            grade.manual_score = grade.extra_credit = None
            grade.auto_score, grade.needs_manual_grade = 0.0, False
            continue
        grade.manual_score, grade.extra_credit = mark.scaled(points[name]), mark.extra or None
        if name in other and grade.auto_score:
            grade.auto_score = round(grade.auto_score * measure[name], 2)
        if name in back:
            grade.auto_score, grade.needs_manual_grade = 0.0 if mark.blank else None, mark.waiting
    changed = changed or any(gradebook.db.is_modified(row) for row in gradebook.db.dirty)
    gradebook.db.commit()
    return changed


def _put_checksums(notebook: Notebook) -> None:
    """nbgrader's checksum of a graded cell counts its points in; by it, it knows an answer that was left as it was."""
    graded = {cell.name: cell.max_score for cell in notebook.grade_cells}
    answered = {cell.name for cell in notebook.solution_cells}
    for cell in notebook.source_cells:
        if cell.name in graded:
            marks = {
                "grade": True,
                "solution": cell.name in answered,
                "grade_id": cell.name,
                "points": graded[cell.name],
            }
            metadata = NotebookNode(nbgrader=marks)
            cell.checksum = utils.compute_checksum(
                NotebookNode(cell_type=cell.cell_type, source=cell.source, metadata=metadata)
            )
