"""Let the gradebook follow a notebook whose graded cells were renamed, added or taken out after hand-ins were graded.

nbgrader refuses that. Renamed cells take their marks along, as course.toml says which they are; cells that are gone
leave with their marks, which stay in `classroom/marks/` and in the history; new ones get an empty mark for everybody.
"""

from __future__ import annotations

from collections.abc import Mapping

from nbformat import NotebookNode
from nbgrader import utils
from nbgrader.api import Comment, Grade, Gradebook, GradeCell, MissingEntry, Notebook, SolutionCell

from autograder.gradebook.saved_grades import rename_answers
from toolbox.errors import KitError


class CellsChanged(KitError):
    """Graded cells are gone and others are new, and nobody has said which is which."""


def follow(gradebook: Gradebook, assignment: str, source: NotebookNode, renamed: Mapping[str, str]) -> None:
    """Make the cells of the gradebook those of the source notebook, where hand-ins have been entered already.

    renamed: old name -> new name, "" where the cell is gone. Raises CellsChanged where it does not tell enough.
    """
    try:
        known = gradebook.find_notebook(assignment, assignment)
    except MissingEntry:
        return
    if not known.submissions:  # nbgrader makes the notebook anew
        return
    marks = [cell.metadata.nbgrader for cell in source.cells if "nbgrader" in cell.metadata]
    names = {own["grade_id"] for own in marks}
    before = {cell.name for cell in known.source_cells}
    for old, new in renamed.items():
        if old in before and new in names and new not in before:
            for kind in ("source_cells", "grade_cells", "solution_cells", "task_cells"):
                for cell in getattr(known, kind):
                    if cell.name == old:
                        cell.name = new
            before = before - {old} | {new}
            rename_answers(gradebook.db, [one.id for one in known.submissions], old, new)
    gradebook.db.flush()
    gone = {cell.name for kind in (known.grade_cells, known.solution_cells, known.task_cells) for cell in kind} - names
    added = {own["grade_id"] for own in marks if own.get("grade") or own.get("solution")} - before
    if unclear := sorted(gone - {old for old, new in renamed.items() if not new}):
        if added:
            gradebook.db.rollback()
            raise CellsChanged(_ask(assignment, unclear, sorted(added)))
    _drop(gradebook, known, names)
    _add(gradebook, known, source, before)
    gradebook.db.commit()


def _drop(gradebook: Gradebook, known: Notebook, names: set[str]) -> None:
    for kind in (known.grade_cells, known.solution_cells, known.task_cells):
        for cell in [cell for cell in kind if cell.name not in names]:
            for entry in [*cell.grades, *cell.comments]:
                gradebook.db.delete(entry)
            gradebook.db.delete(cell)
    for cell in [cell for cell in known.source_cells if cell.name not in names]:
        gradebook.db.delete(cell)
    gradebook.db.flush()
    gradebook.db.refresh(known)


def _add(gradebook: Gradebook, known: Notebook, source: NotebookNode, before: set[str]) -> None:
    """The new cells as nbgrader keeps them, and a row of each for every hand-in that is there; it fills them in."""
    entered = list(known.submissions)
    for cell in source.cells:
        name = cell.metadata.get("nbgrader", {}).get("grade_id")
        if name is None or name in before:
            continue
        gradebook.add_source_cell(
            name, known.name, known.assignment.name, cell_type=cell.cell_type, locked=utils.is_locked(cell),
            source=cell.source, checksum=utils.compute_checksum(cell),
        )  # fmt: skip
        if utils.is_grade(cell):
            points = float(cell.metadata.nbgrader["points"])
            graded = GradeCell(name=name, notebook=known, max_score=points, cell_type=cell.cell_type)
            gradebook.db.add(graded)
            gradebook.db.flush()
            gradebook.db.add_all(Grade(cell_id=graded.id, notebook_id=one.id) for one in entered)
        if utils.is_solution(cell):
            solution = SolutionCell(name=name, notebook=known)
            gradebook.db.add(solution)
            gradebook.db.flush()
            gradebook.db.add_all(Comment(cell_id=solution.id, notebook_id=one.id) for one in entered)
    gradebook.db.flush()


def _ask(assignment: str, gone: list[str], added: list[str]) -> str:
    return (
        f"{assignment}: hand-ins have been graded, and the notebook has no {', '.join(gone)} any more, but "
        f"{', '.join(added)}, which is new. Say in classroom/course.toml, below [assignments.{assignment}], which is "
        f'which: renamed = {{ {gone[0]} = "{added[0]}" }} moves the marks along, renamed = {{ {gone[0]} = "" }} says '
        "that it is gone."
    )
