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
ELSEWHERE = {"kink": "the linear classifier of this loss is asked, where scores can be set one by one"}
NETS = [
    Classifier("net_hinge", "hinge", parts("net_hinge"), net, net_far_out, **SIZES, without=ELSEWHERE),
    Classifier("net_softmax", "softmax", parts("net_softmax"), net, net_far_out, **SIZES,
               without={"kink": "smooth everywhere"}),
]  # fmt: skip
