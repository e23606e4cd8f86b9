"""The losses, and what the penalty must do."""

from __future__ import annotations

from typing import Any

import torch

from toolbox.checks.compare import as_tensor, assert_grad, assert_unchanged, assert_value
from toolbox.checks.layer_runs import check_dtype
from toolbox.checks.reference.tensor import pull
from toolbox.checks.rows import Story
from toolbox.checks.suite import item
from toolbox.errors import Malformed, Mismatch

from .inputs import D, K, M
from .loss import Loss, loss_and_grad

SMOOTH = {"kink": "smooth everywhere"}
LOSSES = [
    Loss("softmax_cross_entropy", "loss_cross_entropy", "softmax", without=SMOOTH),
    Loss("hinge", "loss_hinge", "hinge"),
    Loss("squared", "loss_squared", "squared", without=SMOOTH),
    Story("l2", "it takes the parameters of a net, no scores"),
]


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
    true = reg * sum(sizes)
    if not as_tensor(penalty, "penalty").any():
        raise Mismatch("the penalty is zero: no weight was found", diagnosis=["reg-names"])
    assert_value(penalty, true, name="penalty", inputs=next(iter(params.values())).dtype, condition=4.0)
    check_dtype(penalty, next(iter(params.values())).dtype, "penalty")
    check_penalty_grads(grads, params, weights, reg)


def check_penalty_grads(grads: dict[str, Any], params: dict, weights: dict, reg: float) -> None:
    if extra := [name for name in grads if name not in weights]:
        found = "reg-names" if all("w" in name for name in extra) else "reg-on-bias"
        raise Mismatch(f"grads has an entry for {', '.join(map(str, extra))}", diagnosis=[found])
    for name, w in weights.items():
        if grads.get(name) is None:
            raise Mismatch(f"grads has no entry for {name}", diagnosis=["reg-names"])
        one = torch.ones(())
        true = reg * pull(lambda v: v.square().sum(), one, w)[0]
        assert_grad(grads[name], true, name=name, inputs=params[name].dtype)
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


### BEGIN HIDDEN TESTS
@item("l2_penalty")
def test_the_penalty_with_a_very_large_and_a_very_small_reg(student, make):
    for reg in (1e6, 1e-6):
        penalty_is_right(student, parameters_of_a_net(make), reg)


@item("l2_penalty")
def test_the_penalty_knows_weights_by_the_last_part_of_their_name(student, make):
    shapes = {"1.0.w": (2, 3), "10.b": (2,), "window": (4,), "w.b": (2,), "2.raw": (3,), "w": (K, D, M), "3.w": (4,)}
    penalty_is_right(student, {name: make.normal(*shape) for name, shape in shapes.items()}, 0.7)


@item("l2_penalty")
def test_the_penalty_in_float32(student, make):
    penalty_is_right(student, {name: p.float() for name, p in parameters_of_a_net(make).items()}, 0.4)


@item("l2_penalty")
def test_the_penalty_without_weights_or_without_reg_is_zero(student, make):
    penalty, grads = penalty_of(student, {"0.b": make.normal(3)}, 2.0)
    assert_value(penalty, torch.zeros(()).double(), name="penalty")
    if grads:
        raise Mismatch("grads must be empty: there is no weight", diagnosis=["reg-on-bias"])
    w = make.normal(3, 2)
    penalty, grads = penalty_of(student, {"0.w": w}, 0.0)
    assert_value(penalty, torch.zeros(()).double(), name="penalty")
    assert_grad(grads.get("0.w"), torch.zeros(3, 2).double(), name="0.w")


### END HIDDEN TESTS
