"""The two-layer nets: with the hinge loss and with softmax cross-entropy."""

from __future__ import annotations

from .classifier import Classifier
from .inputs import net, net_far_out


def parts(name: str) -> dict[str, str]:
    """The loss and each variable -> its item."""
    second, first = (dict.fromkeys(names.split(), f"{name}_grad_{layer}")
                     for names, layer in (("scores w2 b2", "second"), ("h a w1 b1", "first")))  # fmt: skip
    return {"loss": f"{name}_loss"} | second | first


SIZES = {"one": {"H": 7, "C": 5}, "other": {"H": 6, "C": 3}}
NO_FAR = dict.fromkeys(("far", "far too"), "max(0, .) does not overflow where scores lie near a thousand")
ONE = ("loss",)  # a mistake in the scores shows in one public check, that of their value
NETS = [
    Classifier("net_hinge", parts("net_hinge"), "hinge", net, shown_far=ONE, **SIZES, without=NO_FAR),
    Classifier("net_softmax", parts("net_softmax"), "softmax", net, net_far_out, ONE, **SIZES),
]
