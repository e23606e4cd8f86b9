"""Wrong answers that are made of every classifier alike. `flat` promises no dtype."""

from __future__ import annotations

from autograder.course.answers import Answer
from autograder.course.breaches import breaches

LINEAR = {"linear_hinge": "hinge", "linear_softmax": "softmax", "linear_squared": "squared", "logistic": "logistic"}
NETS = {"net_hinge": "net_hinge", "net_softmax": "net_softmax"}


RULES = "reused rounded"


def grads(items: dict[str, str]) -> dict[str, str]:
    return {f'grads["{name}"]': item for name, item in items.items()}


GENERATED: list[Answer] = []
for function, name in LINEAR.items():
    items = {part: f"{name}_grad_{part}" for part in ("scores", "w", "b")}
    GENERATED += breaches(function, "loss, grads", {"loss": f"{name}_loss"} | grads(items), rules=RULES)
for function, name in NETS.items():
    items = {part: f"{name}_grad_{place}" for part, place in (("w2", "second"), ("w1", "first"), ("b1", "first"))}
    GENERATED += breaches(function, "loss, grads", {"loss": f"{name}_loss"} | grads(items), rules=RULES)
