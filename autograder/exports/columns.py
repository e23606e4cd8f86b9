"""Which column of a platform's file belongs to which assignment.

A column that a person has named; else the only one whose title is the assignment's name; else the only one that has the
name as a word in its title, where no other assignment's name stands there and the points are ours. Never a guess: what
is left is an error, or a note where other assignments have their columns.
"""

from __future__ import annotations

from autograder.exports import numbers
from autograder.exports.outcome import Outcome
from autograder.exports.platform import Column, Layout, Options, words
from autograder.exports.problems import ExportError
from autograder.exports.rows import GradeRow
from autograder.roster.names import fold


def choose(
    layout: Layout, rows: list[GradeRow], known: list[str], options: Options, one_column: bool, outcome: Outcome
) -> dict[str, Column]:
    """The column of each assignment in `rows` that has one. Raises ExportError where none has, or one is closed."""
    points = {row.assignment: row.max_score for row in rows}
    found: dict[str, Column] = {}
    for assignment in points:
        column: Column | None
        named = options.columns.get(assignment) or options.columns.get("", "")
        if named:
            column = _named(layout, named)
        elif one_column:
            column = _only(layout, assignment, known)
        else:
            column = _by_title(layout, assignment, points[assignment], known)
        if column is None:
            continue
        if column.closed:
            raise ExportError(f"the column {column.heading!r} takes no scores: {column.closed}")
        found[assignment] = column
        _compare_points(column, points[assignment], outcome)
    if not found:
        there = ", ".join(repr(column.heading) for column in layout.columns) or "none"
        raise ExportError(
            f"no column of the file is certainly that of {' or '.join(map(repr, points))}. Name it: --column HEADING. "
            f"Columns for grades there: {there}"
        )
    for assignment in points:
        if assignment not in found:
            outcome.note("file", text=f"{assignment}: the file has no column for it")
        else:
            outcome.note("file", text=f"{assignment}: column {found[assignment].heading!r}")
            outcome.titles[assignment] = found[assignment].title or assignment
    if len({column.index for column in found.values()}) < len(found):
        raise ExportError("two assignments would go into one column: name one column for each, --column NAME=HEADING")
    return found


def _named(layout: Layout, heading: str) -> Column:
    for wanted in (lambda column: column.heading, lambda column: column.title):
        matching = [column for column in layout.columns if fold(wanted(column)) == fold(heading)]
        if len(matching) == 1:
            return matching[0]
    there = ", ".join(repr(column.heading) for column in layout.columns) or "none"
    raise ExportError(f"no single column for grades is called {heading!r}; there are: {there}")


def _only(layout: Layout, assignment: str, known: list[str]) -> Column | None:
    """The one column of a file about one assignment, unless its title names another one."""
    if len(layout.columns) != 1:
        return None
    (column,) = layout.columns
    others = [name for name in known if name != assignment and fold(name) == fold(column.title)]
    if others:
        raise ExportError(f"the file is about {others[0]!r}, not about {assignment!r}")
    return column


def _by_title(layout: Layout, assignment: str, points: float, known: list[str]) -> Column | None:
    exact = [column for column in layout.columns if fold(column.title) == fold(assignment)]
    if len(exact) == 1:
        return exact[0]
    name = words(assignment)
    others = [words(other) for other in known if other != assignment]
    holding = [
        column
        for column in layout.columns
        if _holds(words(column.title), name) and not any(_holds(words(column.title), other) for other in others)
    ]
    if len(exact) == 0 and len(holding) == 1 and _same_points(holding[0].points, points):
        return holding[0]
    return None


def _holds(title: list[str], name: list[str]) -> bool:
    return any(title[place : place + len(name)] == name for place in range(len(title)))


def _same_points(theirs: str, ours: float) -> bool:
    return any(numbers.read(theirs, comma) == numbers.read(numbers.write(ours)) for comma in (False, True))


def _compare_points(column: Column, points: float, outcome: Outcome) -> None:
    if column.points and not _same_points(column.points, points):
        outcome.note(
            "file",
            text=f"{column.heading!r} counts up to {column.points} points and the kit up to {numbers.write(points)}: "
            "the scores go in as they are; change the points there if they should count in full",
        )
