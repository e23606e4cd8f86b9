"""Arguments for the functions of `flat`, and how their answers are compared."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import torch

from toolbox.checks.compare import as_tensor, assert_grad, assert_unchanged, assert_value, grad_of, grads_of, loss_of
from toolbox.checks.reference.losses import picked
from toolbox.checks.reference.models import Truth, forward
from toolbox.errors import Mismatch

Given = dict[str, Any]
# scores of a thousand keep three digits fewer, and where they lead to nan or inf, the reason is known
FAR_OUT = {"condition": 1000.0, "if_not_finite": "softmax-unstabilised"}


def linear(make, N=9, D=6, C=4, reg=0.3, dtype=torch.float64) -> Given:
    """Arguments for a linear classifier."""
    while True:
        given = {"x": make.normal(N, D, dtype=dtype), "y": make.labels(N, C), "reg": reg}
        given |= {"w": make.normal(D, C, scale=0.6, dtype=dtype), "b": make.normal(C, dtype=dtype)}
        if smooth(given):
            return given


def binary(make, N=9, D=6, reg=0.3, dtype=torch.float64) -> Given:
    """Arguments for logistic regression."""
    given = {"x": make.normal(N, D, dtype=dtype), "y": make.labels(N, 2), "reg": reg}
    return given | {"w": make.normal(D, scale=0.6, dtype=dtype), "b": make.normal(dtype=dtype)}


def net(make, N=9, D=6, H=5, C=4, reg=0.3, dtype=torch.float64) -> Given:
    """Arguments for a two-layer net."""
    while True:
        given = {"x": make.normal(N, D, dtype=dtype), "y": make.labels(N, C), "reg": reg}
        given |= {"w1": make.normal(D, H, scale=0.6, dtype=dtype), "b1": make.normal(H, dtype=dtype)}
        given |= {"w2": make.normal(H, C, scale=0.6, dtype=dtype), "b2": make.normal(C, dtype=dtype)}
        if smooth(given):
            return given


def smooth(given: Given) -> bool:
    """Whether no max(0, .) is at its kink, gates are open and shut, the first row has margins of either sign, and what
    the rows collect in the bias of the scores is not 0 by chance.
    """
    parameters = {name: value.double() for name, value in given.items() if name[0] in "wb"}
    nodes = forward(given["x"].double(), parameters)
    if "a" in nodes and (nodes["a"].abs().min() < 1e-3 or not 0 < (nodes["a"] > 0).double().mean() < 1):
        return False
    margins = nodes["scores"] - picked(nodes["scores"], given["y"]) + 1
    lost, C = margins > 0, margins.shape[1]  # in each row the right class, too: its margin is 1
    collected = lost.sum(0) - torch.bincount(given["y"], lost.sum(1), minlength=C)
    return bool((margins.abs() > 1e-3).all() and 2 < lost[0].sum() < max(C, 4) and (nodes["scores"][0] > 0).any()
                and collected.any())  # fmt: skip


def strided(given: Given) -> Given:
    """The same arguments, with every matrix the transpose of a tensor: its rows are not contiguous."""
    return {name: value.T.contiguous().T if torch.is_tensor(value) and value.dim() == 2 else value
            for name, value in given.items()}  # fmt: skip


def compare(answer: Any, truth: Truth, *names: str, **more: Any) -> None:
    """Compare the loss or gradients `names` of an answer with the truth. more: for `toolbox.checks.compare`."""
    more = {"if_single": "dtype-changed"} | more
    for name in names:
        if name == "loss":
            assert_value(loss_of(answer), truth.loss, inputs=truth.inputs, clues=partial(truth.clues, "loss"), **more)
        else:
            compare_grad(answer, truth, name, **more)


def compare_grad(answer: Any, truth: Truth, name: str, **more: Any) -> None:
    """Compare one gradient; what follows rightly from a mistake before it, of the forward pass too, is right."""
    got, theirs = grad_of(answer, name), grads_of(answer)
    try:
        assert_grad(got, truth.grads[name], name=name, inputs=truth.inputs, accept=partial(truth.follows, name, theirs),
                    terms=truth.terms(name), clues=partial(truth.clues, name), **more)  # fmt: skip
    except Mismatch as wrong:
        world = truth.behind(answer[0], more.get("condition", 1.0))
        if world and not (world.straight and name == "a"):  # without a ReLU nobody would have to know its gradient
            return compare_grad([None, theirs], world, name, **more)
        if after := truth.diagnose_after(name, got, theirs):
            wrong.diagnosis, wrong.failed = after, None  # two mistakes in a row: no one of them gives this answer
        raise


def compare_twice(student, function: Callable[..., Any], given: Given, truth: Truth, *names: str) -> None:
    """Call twice with the same arguments: both answers must be right, and the arguments unchanged."""
    first = function(**given)
    changed = student.changed
    compare(first, truth, *names)
    compare(function(**given), truth, *names)
    assert_unchanged(changed)


def far_out(given: Given) -> list[Given]:
    """The same arguments, but row after row the scores lie near 1000, near -1000, or far apart from each other: all of
    them, one far above the others, one far below.
    """
    x, w, y = given["x"].clone(), given["w"].clone(), given["y"].clone()
    x[:, 0] = torch.tensor([1000.0, -1000.0]).repeat(len(x))[: len(x)]
    w[0], w[1] = 1.0, 0.0
    w[1, 0] = 1.0
    x[1:3, 1] = torch.tensor([2000.0, -2000.0])
    spread = x[0, 2:] @ w[2:]
    x[0, 2:] *= 1500.0 / (spread.max() - spread.min())
    y[0] = (x @ w + given["b"])[0].argmin()  # a row that is sure of itself, and wrong: its probability rounds to 0
    return [given | {"x": x, "w": w, "y": y}]


def sure(given: Given) -> list[Given]:
    """The same arguments with scores of 1000 and -1000 in the first rows, for either label; or with scores in between,
    for either label: what a shortcut for sure cases leaves out shows there.
    """
    x, y = given["x"].clone(), given["y"].clone()
    wanted = torch.tensor([1000.0, -1000.0, 1000.0, -1000.0], dtype=x.dtype)
    x[:4] = wanted[:, None] * given["w"] / given["w"].square().sum()
    y[:4] = torch.tensor([1, 1, 0, 0])
    between, labels = given["x"].clone(), given["y"].clone()
    wanted = torch.tensor([11.0, -13.0, 17.0, -25.0], dtype=x.dtype) - given["b"]
    between[:4] = wanted[:, None] * given["w"] / given["w"].square().sum()
    labels[:4] = torch.tensor([1, 0, 1, 0])
    other = torch.cat([1 - labels[:4], labels[4:]])
    return [given | {"x": x, "y": y}, *(given | {"x": between, "y": some} for some in (labels, other))]


def net_far_out(given: Given) -> list[Given]:
    """The same arguments, but the scores of the first row lie near 1000, or near -1000, one score of the second far
    above or below its others, the other rows where they were: each row has a largest score of its own.
    """
    found = []
    for level in (1000.0, -1000.0):
        changed = {name: given[name].clone() for name in ("x", "w1", "w2", "y")}
        x, w1, w2, y = changed.values()
        w1[:2] = 0
        w1[0, 0] = w1[1, 1] = 1.0  # one hidden unit lifts a row, another pulls its classes apart
        x[0, 0], x[1, 1] = abs(level), 2000.0
        w2[0], w2[1] = (1.0 if level > 0 else -1.0), 0.0
        w2[1, 0] = w2[0, 0]
        y[1] = w2[1].argmin()
        found.append(given | changed)
    return found


def dead_row(given: Given) -> Given:
    """The same arguments, but some inputs of the ReLU are exactly 0: any slope from 0 to 1 is right there."""
    x, b1 = given["x"].clone(), given["b1"].clone()
    x[1], b1[0] = 0.0, 0.0
    return given | {"x": x, "b1": b1}


def check_dead_row(answer: Any) -> None:
    """What lies behind the ReLU is finite, whichever slope was chosen."""
    for name in ("a", "w1", "b1"):
        if not as_tensor(grad_of(answer, name), f"gradient {name}").isfinite().all():
            message = f"gradient {name} holds nan or inf where an input of the ReLU is 0"
            raise Mismatch(message, diagnosis=["zero-over-zero"])
