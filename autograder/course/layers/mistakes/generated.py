"""Wrong answers that are made of every layer and every loss alike."""

from __future__ import annotations

from autograder.course import rooms
from autograder.course.answers import Answer, Edit
from autograder.course.breaches import breaches
from toolbox.checks.rows import Row


def of_pass(name: str, method: str, value: str, item: str) -> list[Answer]:
    return breaches(f"{name}.{method}", value, {value: item}, holder=f"type(self).{method}", indent=" " * 8)


def of_loss(name: str, item: str) -> list[Answer]:
    end = "return loss, grad_scores"
    sorts = Edit(name, end, f"y.copy_(y.sort().values)\n    {end}")
    return [
        *breaches(name, "loss, grad_scores", {"grad_scores": item, "loss": item}),
        Answer(f"{item}: leaves the labels sorted", (item,), (sorts,), ("input-changed",)),
    ]


def of_row(row: Row) -> list[Answer]:
    """Of a layer's passes, or of a loss."""
    if hasattr(row, "backward"):
        forward = of_pass(row.name, "forward", "out", row.forward) if row.forward else []
        return forward + of_pass(row.name, row.method, "grad_x", row.backward)
    return of_loss(row.name, row.item) if hasattr(row, "item") else []


GENERATED = [answer for row in rooms.rows("layers") for answer in of_row(row)]
