"""Wrong answers that are right but for a small gradient beside a large one, or for the last bit of an input."""

from __future__ import annotations

from autograder.course.answers import Answer, Edit

BITS: list[Answer] = [
    Answer(
        "gradcheck_scales: measures a whole tensor by its largest entry",
        ("gradcheck_scales",),
        (Edit("gradcheck", "slack = 1e-5 * max(abs(left), abs(right)) + 1e-8",
              "slack = 1e-5 * claimed[place].abs().max() + 1e-8"),),
        ("gradcheck-too-lenient",),
    ),
    Answer(
        "numeric_jacobian: puts x back by arithmetic",
        ("numeric_jacobian",),
        (Edit("numeric_jacobian", "        columns.append((function(x + nudge) - function(x - nudge)) / (2 * h))", """\
        x += nudge
        up = function(x.clone())
        x -= 2 * nudge
        columns.append((up - function(x.clone())) / (2 * h))
        x += nudge"""),),
        ("input-changed",),
    ),
]  # fmt: skip
