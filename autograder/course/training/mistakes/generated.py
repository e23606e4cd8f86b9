"""Wrong answers that are made of every function alike."""

from __future__ import annotations

from autograder.course.answers import Answer
from autograder.course.breaches import breaches

GENERATED: list[Answer] = [
    *breaches("scores", "out", {"out": "scores"}),
    *breaches("collapse", "w, b", dict.fromkeys("wb", "collapse")),
    *breaches("confusion", "counts", {"counts": "confusion"}, rules="reused"),
    *breaches("kaiming", "w", {"w": "kaiming"}, rules="reused widened"),
    *breaches("log_uniform", "values", {"values": "log_uniform"}, rules="reused"),
]
