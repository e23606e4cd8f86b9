"""Wrong answers that are right but for what an earlier call leaves behind, or for the last bit of an input."""

from __future__ import annotations

from autograder.course.answers import Answer, Edit

STATES: list[Answer] = [
    Answer(
        "value_order: goes on with the order of the last call",
        ("value_order",),
        (Edit("topological", "order = []", 'order = topological.__dict__.setdefault("order", [])'),
         Edit("topological", "seen = set()", 'seen = topological.__dict__.setdefault("seen", set())')),
        ("call-remembered",),
    ),
    Answer(
        "numeric_gradient: puts the point back by arithmetic",
        ("numeric_gradient",),
        (Edit("numeric_gradient", """\
        up, down = list(point), list(point)
        up[i] += eps
        down[i] -= eps
        gradient.append((f(up) - f(down)) / (2 * eps))""", """\
        point[i] += eps
        up = f(list(point))
        point[i] -= 2 * eps
        down = f(list(point))
        point[i] += eps
        gradient.append((up - down) / (2 * eps))"""),),
        ("input-changed",),
    ),
]  # fmt: skip
