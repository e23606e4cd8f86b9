"""What the notebook must hold: predicted steps and losses, nets that were trained."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch

from toolbox.checks.compare import assert_value, lone
from toolbox.checks.reference.training import path, sequential
from toolbox.checks.suite import item
from toolbox.datasets.digits import load_digits
from toolbox.errors import Malformed, Mismatch, Missing

# Predicted by hand


def predicts(student, variable: str, key: str, true: float, **forms: float) -> None:
    """Compare one number of a dict of the notebook with the truth."""
    found = student.value(variable)
    if not isinstance(found, dict):
        raise Malformed(f"`{variable}` must be a dict that maps names to numbers")
    if found.get(key) is None:
        raise Missing(f"{variable}[{key!r}] is not filled in yet")
    given = {name.replace("_", "-"): [torch.tensor(value, dtype=torch.float64)] for name, value in forms.items()}
    got = lone(found[key])  # tried out in torch, perhaps, in float32
    if isinstance(got, int | float) and not isinstance(got, bool) and abs(got - true) <= 0.002 * abs(true):
        return  # worked out on paper: three digits are enough
    assert_value(got, torch.tensor(true, dtype=torch.float64), name=key, forms=given)


def hand_made(rho: float, loss: Callable[[torch.Tensor], torch.Tensor], steps: int) -> float:
    """Where torch.optim takes w = 1 on this loss in so many steps, with lr 0.1."""
    start = {"w": torch.ones((), dtype=torch.float64)}
    slopes: list[dict[str, torch.Tensor]] = []
    for _ in range(steps):
        here = path(start, slopes, [0.1] * len(slopes), momentum=rho)[-1] if slopes else start
        with torch.enable_grad():
            w = here["w"].clone().requires_grad_()
            slopes.append({"w": torch.autograd.grad(loss(w), w)[0]})
    return path(start, slopes, [0.1] * steps, momentum=rho)[-1]["w"].item()


@item("predict", says="the two predicted steps of gradient descent are right")
def test_two_steps_of_gradient_descent_are_foreseen(student, make):
    first = hand_made(0.0, lambda w: w * w, 1)
    predicts(student, "predicted", "sgd_w1", first, update_uphill=2 - first, rate_forgotten=10 * first - 9)
    predicts(student, "predicted", "sgd_w2", hand_made(0.0, lambda w: w * w, 2), update_uphill=(2 - first) ** 2)


@item("predict", says="the predicted first step with momentum is right")
def test_the_first_step_with_momentum_is_foreseen(student, make):
    first = hand_made(0.5, lambda w: w * w, 1)
    twice = 1.5 * first - 0.5
    predicts(student, "predicted", "momentum_w1", first, update_uphill=2 - first, velocity_starts_at_gradient=twice)


### BEGIN HIDDEN TESTS
@item("predict", says="the predicted second step with momentum is right")
def test_the_second_step_with_momentum_is_foreseen(student, make):
    true = hand_made(0.5, lambda w: w * w, 2)
    predicts(student, "predicted", "momentum_w2", true, velocity_not_kept=0.64, dampened=0.72,
             velocity_starts_at_gradient=0.7 - 0.1 * (1.5 + 1.4))  # fmt: skip


@item("predict", says="the predicted final velocity under a constant gradient is right")
def test_the_final_speed_under_a_constant_gradient_is_foreseen(student, make):
    predicts(student, "predicted", "final_velocity", 10.0, velocity_not_kept=1.0, dampened=0.1, velocity_not_faded=0.9)


### END HIDDEN TESTS


# The sanity ladder, predicted


@item("ladder", says="the predicted first loss is right")
def test_the_first_loss_is_foreseen(student, make):
    true = torch.nn.functional.cross_entropy(torch.zeros(1, 10).double(), torch.tensor([3])).item()
    decimal = true / math.log(10)
    predicts(student, "expected", "first_loss", true, log_base=decimal, sign_flipped=-true, probability_for_loss=0.1)


@item("ladder", says="the predicted number of steps in an epoch is right")
def test_the_number_of_steps_in_an_epoch_is_foreseen(student, make):
    images = load_digits("train")[1]
    steps = float(len(images.split(64)))
    predicts(student, "expected", "steps", steps, last_batch_dropped=steps - 1)


### BEGIN HIDDEN TESTS
@item("ladder", says="the predicted size of the last batch is right")
def test_the_size_of_the_last_batch_is_foreseen(student, make):
    predicts(student, "expected", "last_batch", 41.0, last_batch_padded=64.0)


@item("ladder", says="the predicted penalty of the initial weights is right")
def test_the_penalty_of_the_starting_weights_is_foreseen(student, make):
    predicts(student, "expected", "penalty", 0.1 * (200 + 20), reg_not_weighted=220.0, reg_half=11.0,
             reg_one_layer=20.0, kaiming_fan_out=0.1 * (128 + 200))  # fmt: skip


### END HIDDEN TESTS


# Trained nets: their parameters come from the notebook, their accuracy is worked out here


def trained(student, variable: str) -> torch.nn.Sequential:
    """A net of the notebook, as torch computes it. Raises Missing, Malformed or Mismatch."""
    found = student.value(variable)
    if found is None or found == {}:
        raise Missing(f"`{variable}` is not there yet: train it first")
    if not isinstance(found, dict) or set(found) != {"w1", "b1", "w2", "b2"}:
        raise Malformed(f"`{variable}` must be the dict of parameters w1, b1, w2, b2")
    for name, value in found.items():
        if not isinstance(value, torch.Tensor) or value.dim() != (2 if name[0] == "w" else 1):
            raise Malformed(f"{variable}[{name!r}] must be a tensor: (fan_in, fan_out) for w, (fan_out,) for b")
        if not torch.isfinite(value).all():
            raise Mismatch(f"{variable}[{name!r}] holds nan or inf", diagnosis=["training-diverged"])
    H, C = found["w2"].shape
    if found["w1"].shape != (64, H) or found["b1"].shape != (H,) or found["b2"].shape != (C,) or C != 10:
        raise Malformed(f"`{variable}` must have w1 (64, H), b1 (H,), w2 (H, 10), b2 (10,)")
    return sequential({name: value.double() for name, value in found.items()})


def share_right(net: torch.nn.Sequential, split: str, limit: int | None = None) -> float:
    x, y = load_digits(split, limit=limit)
    return (net(x).argmax(dim=1) == y).double().mean().item()


def at_least(net: torch.nn.Sequential, split: str, least: float, limit: int | None = None) -> None:
    found = share_right(net, split, limit)
    if found < least:
        known = ["not-trained"] if found < 0.3 else []
        what = f"the first {limit} images to train on" if limit else f"the {split} images"
        raise Mismatch(f"{found:.1%} of {what} are right; {least:.0%} are asked for", diagnosis=known)


@item("overfit", says="the net memorises fifty images")
def test_fifty_images_are_learnt_by_heart(student, make):
    at_least(trained(student, "small"), "train", 1.0, limit=50)


### BEGIN HIDDEN TESTS
@item("overfit")
def test_the_loss_on_fifty_images_goes_to_zero(student, make):
    x, y = load_digits("train", limit=50)
    found = torch.nn.functional.cross_entropy(trained(student, "small")(x), y).item()
    if found > 0.02:
        raise Mismatch(f"the loss on the 50 images is {found:.3g}; it should be below 0.02")


### END HIDDEN TESTS


@item("trained")
def test_the_trained_net_is_right_on_the_validation_images(student, make):
    at_least(trained(student, "net"), "validation", 0.95)


### BEGIN HIDDEN TESTS
@item("trained")
def test_the_trained_net_is_right_on_the_test_images(student, make):
    at_least(trained(student, "net"), "test", 0.95)


### END HIDDEN TESTS
