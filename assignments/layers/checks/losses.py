"""What the losses and the penalty must do."""

from __future__ import annotations

from typing import Any

import torch

from toolbox.checks.compare import as_tensor, assert_grad, assert_unchanged, assert_value
from toolbox.checks.layer_runs import check_dtype, lay_out, stored
from toolbox.checks.reference.models import LOSSES, MISTAKES
from toolbox.checks.reference.tensor import pull
from toolbox.checks.suite import item
from toolbox.errors import Malformed, Mismatch, Missing

from .inputs import D, K, M, N

# Losses


def loss_and_grad(answer: Any) -> tuple[Any, Any]:
    """(loss, grad_scores). Raises Missing or Malformed."""
    if answer is None:
        raise Missing("nothing is returned yet: end the function with its `return` line")
    if not isinstance(answer, list | tuple) or len(answer) != 2:
        raise Malformed("return two values: loss, grad_scores")
    for value, name in zip(answer, ("loss", "grad_scores"), strict=True):
        if value is None:
            raise Missing(f"{name} is not written yet (it is None)")
    return answer[0], answer[1]


def loss_is_right(
    student, name: str, kind: str, scores: torch.Tensor, y: torch.Tensor, layout: str = "rows", part: str = "loss grad"
):
    """Call a loss, and look at its value, its gradient, and what it did to the scores."""
    script = student.script()
    sent, behind = lay_out(script, scores, layout)
    answer, after = script.fetch(getattr(script.losses, name)(sent, y), behind)
    loss, grad = loss_and_grad(answer)
    kept = isinstance(after, torch.Tensor) and torch.equal(after, stored(scores, layout))
    assert_unchanged([] if kept else ["scores"])
    wide = scores.double()
    wild = scores.abs().max().item() / 100 if kind == "softmax" else 1.0
    rough = 4.0 * max(1.0, wild)  # exp makes of a score's last digit a relative error
    if "loss" in part:
        value = lambda loss: loss(wide, y)  # noqa: E731
        small = 1.0 if kind == "softmax" else 0.0  # near certainty log(1 + e) is all rounding
        assert_value(loss, value(LOSSES[kind]), inputs=scores.dtype, if_single="dtype-changed", condition=rough,
                     terms=small, if_not_finite="softmax-unstabilised",
                     clues=lambda: loss_clues(kind, wide, y, value))  # fmt: skip
        check_dtype(loss, scores.dtype, "loss")
    if "grad" in part:
        slope = lambda loss: pull(lambda s: loss(s, y), torch.ones(()), wide)[0]  # noqa: E731
        assert_grad(grad, slope(LOSSES[kind]), name="scores", inputs=scores.dtype, condition=rough,
                    if_single="dtype-changed", if_not_finite="softmax-unstabilised",
                    clues=lambda: loss_clues(kind, wide, y, slope))  # fmt: skip
        check_dtype(grad, scores.dtype, "gradient scores")


def loss_clues(kind: str, scores: torch.Tensor, y: torch.Tensor, take) -> dict[str, Any]:
    if len(y) < 2:
        return {"batch": 1}
    forms = {name: [take(loss) for loss in losses] for name, losses in MISTAKES[kind].items()}
    return {"batch": len(y), "classes": scores.shape[1], "forms": forms}


def scores_for(make, kind: str, rows: int = N, classes: int = D, dtype=torch.float64):
    """Scores and labels, away from the hinge's kinks."""
    while True:
        scores, y = make.normal(rows, classes, scale=1.5), make.labels(rows, classes)
        margins = scores - scores[torch.arange(rows), y][:, None] + 1
        if (
            kind != "hinge"
            or margins.abs().min() > 0.01
            and (rows == 1 or ((margins > 0).any() and (margins < 0).any()))
        ):
            return scores.to(dtype), y


def loss_in_any_form(student, make, name: str, kind: str):
    for rows, classes, dtype in ((1, D, torch.float64), (N, 2, torch.float64), (N, D, torch.float32)):
        loss_is_right(student, name, kind, *scores_for(make, kind, rows, classes, dtype))
    loss_is_right(student, name, kind, *scores_for(make, kind, 4, 6), layout="columns")
    scores, _ = scores_for(make, kind, 1, D)
    while kind == "hinge" and ((scores[0][:, None] - scores[0] + 1).abs().min() < 0.01):
        scores, _ = scores_for(make, kind, 1, D)
    loss_is_right(student, name, kind, scores.repeat(N, 1), make.labels(N, D), layout="expanded")


@item("loss_cross_entropy")
def test_the_cross_entropy_has_its_value(student, make):
    loss_is_right(student, "softmax_cross_entropy", "softmax", *scores_for(make, "softmax"), part="loss")


@item("loss_cross_entropy")
def test_the_cross_entropy_has_its_gradient(student, make):
    loss_is_right(student, "softmax_cross_entropy", "softmax", *scores_for(make, "softmax"), part="grad")


@item("loss_hinge")
def test_the_hinge_loss_has_its_value(student, make):
    loss_is_right(student, "hinge", "hinge", *scores_for(make, "hinge"), part="loss")


@item("loss_hinge")
def test_the_hinge_loss_has_its_gradient(student, make):
    loss_is_right(student, "hinge", "hinge", *scores_for(make, "hinge"), part="grad")


@item("loss_squared")
def test_the_squared_loss_has_its_value(student, make):
    loss_is_right(student, "squared", "squared", *scores_for(make, "squared"), part="loss")


@item("loss_squared")
def test_the_squared_loss_has_its_gradient(student, make):
    loss_is_right(student, "squared", "squared", *scores_for(make, "squared"), part="grad")


def penalty_of(student, params: dict[str, torch.Tensor], reg: float) -> tuple[Any, dict[str, Any]]:
    """l2's answer. Raises Missing, Malformed, or Mismatch where it changed a parameter."""
    script = student.script()
    kept = {name: script.keep(value) for name, value in params.items()}
    answer, after = script.fetch(script.losses.l2(kept, reg), kept)
    penalty, grads = loss_and_grad(answer)
    assert_unchanged([name for name, value in params.items() if not torch.equal(after[name], value)])
    if not isinstance(grads, dict):
        raise Malformed("the second value must be a dict from names to gradients")
    return penalty, grads


def penalty_is_right(student, params: dict[str, torch.Tensor], reg: float) -> None:
    penalty, grads = penalty_of(student, params, reg)
    weights = {name: value.double() for name, value in params.items() if name.rpartition(".")[2] == "w"}
    sizes = [w.square().sum() for w in weights.values()]
    others = [v.double() for name, v in params.items() if name not in weights]
    true = reg * sum(sizes)
    alike = [[v.double() for name, v in params.items() if name not in weights and like(name)]
             for like in (lambda name: name.endswith("w"), lambda name: "w" in name)]  # fmt: skip
    forms = {
        "reg-on-bias": [true + reg * sum(b.square().sum() for b in group) for group in
                        (others, [v.double() for name, v in params.items() if name.rpartition(".")[2] == "b"],
                         [v.double() for name, v in params.items() if name.rpartition(".")[2] in ("gamma", "beta")],
                         [v.double() for name, v in params.items() if name.rpartition(".")[2] == "gamma"],
                         *alike) if group],
        "reg-one-layer": [reg * sizes[0], reg * sizes[-1]],
        "reg-half": [true / 2],
        "reg-twice": [2 * true],
        "reg-sign": [-true],
        "reg-not-weighted": [sum(sizes)],
        "reg-not-squared": [reg * sum(part(w) for w in weights.values()) for part in
                            (torch.norm, lambda w: w.abs().sum(), torch.sum)],
        "reg-weight-squared": [reg * reg * sum(sizes)],
        "reg-mean": [reg * sum(w.square().mean() for w in weights.values())],
    }  # fmt: skip
    if not as_tensor(penalty, "penalty").any():
        raise Mismatch("the penalty is zero: no weight was found", diagnosis=["reg-names"])
    forms = {name: [torch.as_tensor(v) for v in values] for name, values in forms.items()}
    assert_value(penalty, true, name="penalty", inputs=next(iter(params.values())).dtype, condition=4.0, forms=forms)
    check_dtype(penalty, next(iter(params.values())).dtype, "penalty")
    check_penalty_grads(grads, params, weights, reg)


def check_penalty_grads(grads: dict[str, Any], params: dict, weights: dict, reg: float) -> None:
    if extra := [name for name in grads if name not in weights]:
        raise Mismatch(f"grads has an entry for {', '.join(map(str, extra))}", diagnosis=["reg-on-bias"])
    for name, w in weights.items():
        if grads.get(name) is None:
            raise Mismatch(f"grads has no entry for {name}", diagnosis=["reg-names"])
        one = torch.ones(())
        true = reg * pull(lambda v: v.square().sum(), one, w)[0]
        forms = {
            "reg-half": [true / 2],
            "reg-twice": [2 * true],
            "reg-sign": [-true],
            "reg-not-weighted": [true / reg],
            "reg-not-squared": [*pull(torch.norm, one, w), *pull(torch.abs, torch.ones_like(w), w)],
            "reg-weight-squared": [reg * true],
            "reg-mean": [true / w.numel()],
        }
        forms["reg-not-squared"] = [reg * v for v in forms["reg-not-squared"]] + [reg * w.square()]
        assert_grad(grads[name], true, name=name, inputs=params[name].dtype, forms=forms)
        check_dtype(grads[name], params[name].dtype, f"gradient {name}")


def parameters_of_a_net(make) -> dict[str, torch.Tensor]:
    shapes = {"0.w": (D, K), "0.b": (K,), "1.gamma": (K,), "1.beta": (K,), "3.w": (K, M), "3.b": (M,)}
    return {name: make.normal(*shape) for name, shape in shapes.items()}


@item("l2_penalty", says="the penalty of one layer counts its weights only")
def test_the_penalty_of_one_layer_counts_its_weights_alone(student, make):
    penalty_is_right(student, {"w": make.normal(D, M), "b": make.normal(M)}, 0.3)


@item("l2_penalty")
def test_the_penalty_of_a_net_counts_the_weights_of_all_its_layers(student, make):
    penalty_is_right(student, parameters_of_a_net(make), 0.05)
