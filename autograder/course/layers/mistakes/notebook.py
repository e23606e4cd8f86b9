"""What the right notebook holds, and wrong numbers in it."""

from __future__ import annotations

from typing import Any

from autograder.course.answers import Answer

PREDICTED = {
    "out": [0.5, 7.5],
    "grad_w": [-5.0, 4.0],
    "grad_b": -1.0,
    "grad_x": [[2.0, -1.0], [-4.0, 2.0]],
    "kept": 8.0,
    "normal": [-1.0, 1.0],
}
NOTEBOOK: dict[str, Any] = {"predicted": PREDICTED}


def noted(what: str, diagnosis: str | None, **changed: Any) -> Answer:
    predicted = {name: value for name, value in {**PREDICTED, **changed}.items() if value != "nothing"}
    ids = (diagnosis,) if diagnosis else ()
    return Answer(f"layers_by_hand: {what}", ("layers_by_hand",), (), ids, notebook={"predicted": predicted})


NOTES: list[Answer] = [
    noted("forgets the bias", "layer-bias-missing", out=[0.0, 7.0]),
    noted("takes the upstream gradients to be one", "upstream-taken-as-ones", grad_w=[4.0, 1.0]),
    noted("averages the weights' gradient", "layer-averaged", grad_w=[-2.5, 2.0]),
    noted("averages the bias gradient", "bias-averaged", grad_b=-0.5),
    noted("counts the rows for the bias", "upstream-taken-as-ones", grad_b=2.0),
    noted("gives w for the gradient of x", "upstream-taken-as-ones", grad_x=[[2.0, -1.0], [2.0, -1.0]]),
    noted("transposes the gradient of x", "transposed", grad_x=[[2.0, -4.0], [-1.0, 2.0]]),
    noted("does not scale what dropout keeps", "dropout-unscaled", kept=6.0),
    noted("divides by p", "dropout-p-kept", kept=24.0),
    noted("scales down", "dropout-scaled-twice", kept=4.5),
    noted("divides by N - 1", "batchnorm-unbiased", normal=[-0.7071, 0.7071]),
    noted("divides by the variance", "batchnorm-root-missing", normal=[-0.25, 0.25]),
    noted("centres only", "batchnorm-not-divided", normal=[-4.0, 4.0]),
    noted("flips a sign", "sign-flipped", grad_w=[5.0, -4.0]),
    noted("leaves one out", None, normal="nothing"),
]
