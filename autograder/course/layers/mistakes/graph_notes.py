"""Wrong answers to what is found on paper: a small graph whose input is read by three nodes."""

from __future__ import annotations

from autograder.course.answers import Answer

SMALL = {
    "a": -6,
    "h": -18,
    "y": -15,
    "x_from_a": -30,
    "x_from_h": -30,
    "x_from_y": 5,
    "grad_h": 5,
    "grad_a": 15,
    "grad_x": -55,
}
NOTEBOOK = {"small": SMALL}


def small(what: str, diagnosis: str | None = None, **changes: object) -> Answer:
    ids = (diagnosis,) if diagnosis else ()
    return Answer(f"small: {what}", ("graph_by_hand",), diagnosis=ids, notebook={"small": SMALL | changes})


NOTES: list[Answer] = [
    small("keeps the last gradient that came", "graph-one-reader-only", grad_x=-30),
    small("keeps the first gradient that came", "graph-one-reader-only", grad_x=5),
    small("hears two of three readers", "graph-partly-added", grad_x=-25),
    small("averages what comes back", "graph-averaged", grad_x=-55 / 3),
    small("hands the upstream gradient on", "graph-upstream-alone", grad_a=5),
    small("does not swap the factors for a", "graph-sources-swapped", grad_a=-30),
    small("does not swap the factors for x", "graph-sources-swapped", x_from_h=15),
    small("takes the op's slope as one", "graph-upstream-alone", x_from_a=15),
    small("flips a sign", "sign-flipped", x_from_a=30),
    small("sends nothing along the skip", "all-zeros", x_from_y=0),
    small("forgets the skip going forward", None, y=-18),
    small("multiplies the gradients that meet", "graph-multiplied", grad_x=4500),
    small("leaves the gradient of x out", None, grad_x=None),
]
