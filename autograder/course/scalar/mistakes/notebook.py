"""Wrong answers to the items that are written in the notebook: predicted numbers, and the names of patterns."""

from __future__ import annotations

from typing import Any

from autograder.course.answers import Answer

PREDICTED = {"q": 3, "f": -12, "df_dq": -4, "df_dz": 3, "df_dx": -4, "df_dy": -4}
TRACED = {
    "s": 1.0,
    "a": -1.0,
    "b": 0.37,
    "c": 1.37,
    "f": 0.73,
    "df_dc": -0.53,
    "df_db": -0.53,
    "df_da": -0.2,
    "df_ds": 0.2,
    "df_dw2": 0.2,
    "df_dw0": -0.2,
    "df_dx0": 0.39,
    "df_dw1": -0.39,
    "df_dx1": -0.59,
}
PATTERNS = {"add": "distributor", "copy": "adder", "multiply": "swap multiplier", "max": "router"}
NOTEBOOK = {"predicted": PREDICTED, "traced": TRACED, "patterns": PATTERNS}


def note(item: str, name: str, what: str, diagnosis: str | None = None, **changes: Any) -> Answer:
    """A wrong answer in one of the notebook's dicts."""
    ids = (diagnosis,) if diagnosis else ()
    return Answer(f"{name}: {what}", (item,), diagnosis=ids, notebook={name: NOTEBOOK[name] | changes})


def predicted(what: str, diagnosis: str | None = None, **changes: Any) -> Answer:
    return note("predict_sum", "predicted", what, diagnosis, **changes)


def traced(what: str, diagnosis: str | None = None, **changes: Any) -> Answer:
    return note("predict_neuron", "traced", what, diagnosis, **changes)


def patterns(what: str, diagnosis: str | None = "pattern-mistaken", **changes: Any) -> Answer:
    return note("patterns", "patterns", what, diagnosis, **changes)


NOTES: list[Answer] = [
    predicted("miscounts the sum", q=-7),
    predicted("loses the sign of the product", "sign-flipped", f=12),
    predicted("does not swap the gate of q", "mul-gate-not-swapped", df_dq=3),
    predicted("does not swap the gate of z", "mul-gate-not-swapped", df_dz=-4),
    predicted("stops at the local gradient", "local-gradient-only", df_dx=1),
    predicted("stops at the local gradient, both times", "local-gradient-only", df_dx=1, df_dy=1),
    predicted("treats the sum like a product", "add-gate-swapped", df_dx=-20),
    predicted("treats the sum like a product for y", "add-gate-swapped", df_dy=8),
    predicted("flips a sign", "sign-flipped", df_dz=-3),
    predicted("leaves one out", df_dy=None),
    predicted("splits the gradient at the sum", "factor-two-missing", df_dx=-2, df_dy=-2),
    predicted("writes a word", df_dx="minus four"),
    Answer("predicted: is a list", ("predict_sum",), notebook={"predicted": [3, -12, -4, 3, -4, -4]}),
    traced("forgets the bias", s=4.0),
    traced("forgets the minus of the first node", "sign-flipped", a=1.0),
    traced("forgets the one in the reciprocal's input", c=0.37),
    traced("forgets the reciprocal's square", "reciprocal-not-squared", df_dc=-0.73),
    traced("forgets the reciprocal's sign", "sign-flipped", df_dc=0.53),
    traced("multiplies at the sum", "add-gate-swapped", df_db=-0.2),
    traced("takes exp's input for its slope", "exp-of-input", df_da=0.53),
    traced("passes exp by", "upstream-alone", df_da=-0.53),
    traced("passes the minus by", "chain-step-skipped", df_ds=-0.2),
    traced("takes the bias's gradient to be one", "local-gradient-only", df_dw2=1.0),
    traced("does not swap the gate of w0", "mul-gate-not-swapped", df_dw0=0.39),
    traced("does not swap the gate of x1", "mul-gate-not-swapped", df_dx1=-0.39),
    traced("stops at the local gradient", "local-gradient-only", df_dx0=2.0),
    traced("rounds too much", df_dx0=0.4, df_dx1=-0.6, f=0.75),
    traced("leaves the inputs out", df_dx0=None, df_dx1=None),
    patterns("calls everything a distributor", **dict.fromkeys(PATTERNS, "distributor")),
    patterns("confuses add and copy", add="adder", copy="distributor"),
    patterns("confuses multiply and max", multiply="router", max="swap multiplier"),
    patterns("calls max a distributor", max="distributor"),
    patterns("calls multiply an adder", multiply="adder"),
    patterns("calls copy a router", copy="router"),
    patterns("calls add a swap multiplier", add="swap multiplier"),
    patterns("leaves max open", None, max=""),
    patterns("invents a word", None, multiply="multiplier of everything"),
    patterns("answers with numbers", None, add=7),
]
