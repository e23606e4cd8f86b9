"""Wrong answers to the items that are written in the notebook: predicted numbers, and the verdicts on the suspects."""

from __future__ import annotations

from autograder.course.answers import Answer

PREDICTED = {
    "relu_jacobian": [[1, 0, 0, 0], [0, 0, 0, 0], [0, 0, 1, 0], [0, 0, 0, 0]],
    "relu_grad_x": [4, 0, 5, 0],
    "softmax_dy0_dx0": 5 / 36,
    "softmax_dy0_dx1": -1 / 18,
    "softmax_grad_x": [5 / 6, -1 / 3, -1 / 2],
    "dy_dx_shape": [2, 4, 2, 3],
    "dy_dw_shape": [2, 4, 3, 4],
}
EXPLOSION = {
    "numbers_dy_dx": 2**36,
    "gib_dy_dx": 256,
    "numbers_dy_dw": 2**42,
    "tib_dy_dw": 16,
    "share_dy_dx": 1 / 64,
    "share_dy_dw": 1 / 4096,
}
VERDICTS = {
    "mean": False,
    "outer": False,
    "unit": False,
    "logsumexp": True,
    "cumsum": False,
    "top": True,
    "hypot": True,
    "swish": True,
}
NOTEBOOK = {"predicted": PREDICTED, "explosion": EXPLOSION, "verdicts": VERDICTS}


def noted(item: str, variable: str, what: str, diagnosis: str | None = None, **changes: object) -> Answer:
    """A wrong answer in one of the notebook's dicts."""
    ids = (diagnosis,) if diagnosis else ()
    return Answer(f"{variable}: {what}", (item,), diagnosis=ids, notebook={variable: NOTEBOOK[variable] | changes})


def by_hand(*rest: object, **changes: object) -> Answer:
    return noted("by_hand", "predicted", *rest, **changes)


def explosion(*rest: object, **changes: object) -> Answer:
    return noted("explosion", "explosion", *rest, **changes)


def suspects(what: str, **changes: object) -> Answer:
    return noted("suspects", "verdicts", what, **changes)


NOTES: list[Answer] = [
    by_hand("writes the diagonal only", "jacobian-diagonal-only", relu_jacobian=[1, 0, 1, 0]),
    by_hand(
        "puts values on the diagonal",
        "relu-values-instead-of-mask",
        relu_jacobian=[[1, 0, 0, 0], [0, 0, 0, 0], [0, 0, 3, 0], [0, 0, 0, 0]],
    ),
    by_hand(
        "leaves all gates open", "relu-mask-missing", relu_jacobian=[[int(i == j) for j in range(4)] for i in range(4)]
    ),
    by_hand("passes everything back", "relu-mask-missing", relu_grad_x=[4, -1, 5, 9]),
    by_hand("masks by the upstream gradient", "relu-mask-from-upstream", relu_grad_x=[4, 0, 5, 9]),
    by_hand("multiplies with the values", "relu-values-instead-of-mask", relu_grad_x=[4, 0, 15, 0]),
    by_hand("goes forward again", "relu-forward-again", relu_grad_x=[1, 0, 3, 0]),
    by_hand("stops at the local gradient", "relu-mask-alone", relu_grad_x=[1, 0, 1, 0]),
    by_hand("forgets the minus of the cross term", "softmax-sign-of-cross-terms", softmax_dy0_dx1=1 / 18),
    by_hand("leaves the cross term out", "all-zeros", softmax_dy0_dx1=0),
    by_hand("forgets that all probabilities shrink", "softmax-cross-terms-missing", softmax_dy0_dx0=1 / 6),
    by_hand("leaves the cross terms of the gradient out", "softmax-cross-terms-missing", softmax_grad_x=[5 / 6, 0, 0]),
    by_hand("forgets y in front", "softmax-term-unscaled", softmax_grad_x=[5, -1, -1]),
    by_hand("puts the inputs first", "jacobian-layout", dy_dx_shape=[2, 3, 2, 4]),
    by_hand("swaps the shapes of the two Jacobians", None, dy_dw_shape=[2, 4, 2, 3]),
    by_hand("leaves a number out", None, softmax_dy0_dx0=None),
    explosion("adds the sizes", "jacobian-size-added", numbers_dy_dx=64 * 4096 * 2),
    explosion("counts the batch once", "jacobian-batch-once", numbers_dy_dx=64 * 4096 * 4096),
    explosion("counts bytes", "bytes-for-numbers", numbers_dy_dx=2**38),
    explosion("forgets the four bytes", "bytes-for-numbers", gib_dy_dx=64),
    explosion("takes decimal gigabytes", "giga-for-gibi", gib_dy_dx=274.877906944),
    explosion("takes float64", "jacobian-double", gib_dy_dx=512),
    explosion("gives the other Jacobian", "jacobian-other-factor", numbers_dy_dw=2**36),
    explosion("believes that both take 256 GiB", None, tib_dy_dw=0.25 * 1.01),
    explosion("takes decimal terabytes", "giga-for-gibi", tib_dy_dw=17.6),
    explosion("gives GiB for TiB", "giga-for-gibi", tib_dy_dw=16384),
    explosion("mixes the shares up", "jacobian-other-factor", share_dy_dx=1 / 4096),
    explosion("mixes the shares up the other way", "jacobian-other-factor", share_dy_dw=1 / 64),
    explosion("gives the share of zeros", None, share_dy_dx=63 / 64),
    suspects("calls all of them right", **dict.fromkeys(VERDICTS, True)),
    suspects("calls all of them wrong", **dict.fromkeys(VERDICTS, False)),
    *(suspects(f"misjudges {name}", **{name: not right}) for name, right in VERDICTS.items()),
    suspects("turns everything round", **{name: not right for name, right in VERDICTS.items()}),
    suspects("leaves one open", swish=None),
    suspects("writes words", mean="wrong"),
]
