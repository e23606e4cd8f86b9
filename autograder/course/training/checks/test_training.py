"""What `training` must do: every item of the assignment, in public tests and in hidden ones.

Optimisers are compared with torch.optim, in float64 and to 1e-12, over many steps and several parameters, with learning
rates that change on the way. Random numbers are judged by their distribution and by their seed, files by what is in
them after a disk was full or a run was killed, trained nets by what they say about the digits. A loop gets an optimiser
and a loss of the check's own, a checkpoint gets a writer of its own: one mistake costs one item.
"""
# ruff: noqa: F811 (a test takes the fixtures that it imports as its arguments)

from __future__ import annotations

import json
import math
from collections.abc import Callable
from functools import cache, partial
from typing import Any

import torch

from toolbox.compare import assert_grad, assert_unchanged, assert_value, lone
from toolbox.data import load_digits
from toolbox.diagnose import verdicts_only
from toolbox.errors import Malformed, Mismatch, Missing, Raised
from toolbox.rehearse import Recorder, bowl
from toolbox.rehearse_files import result_of
from toolbox.suite import item, make, student  # noqa: F401
from toolbox.truths.training import (
    momentum_mistakes,
    net_mistakes,
    net_path,
    path,
    sequential,
    sgd_mistakes,
    velocity,
)

# Foreseen by hand


def foreseen(student, variable: str, key: str, true: float, **forms: float) -> None:
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


@item("predict")
def test_two_steps_of_gradient_descent_are_foreseen(student, make):
    first = hand_made(0.0, lambda w: w * w, 1)
    foreseen(student, "predicted", "sgd_w1", first, update_uphill=2 - first, rate_forgotten=10 * first - 9)
    foreseen(student, "predicted", "sgd_w2", hand_made(0.0, lambda w: w * w, 2), update_uphill=(2 - first) ** 2)


@item("predict")
def test_the_first_step_with_momentum_is_foreseen(student, make):
    first = hand_made(0.5, lambda w: w * w, 1)
    twice = 1.5 * first - 0.5
    foreseen(student, "predicted", "momentum_w1", first, update_uphill=2 - first, velocity_starts_at_gradient=twice)


### BEGIN HIDDEN TESTS
@item("predict")
def test_the_second_step_with_momentum_is_foreseen(student, make):
    true = hand_made(0.5, lambda w: w * w, 2)
    foreseen(student, "predicted", "momentum_w2", true, velocity_not_kept=0.64, dampened=0.72,
             velocity_starts_at_gradient=0.7 - 0.1 * (1.5 + 1.4))  # fmt: skip


@item("predict")
def test_the_final_speed_under_a_constant_gradient_is_foreseen(student, make):
    foreseen(student, "predicted", "final_velocity", 10.0, velocity_not_kept=1.0, dampened=0.1, velocity_not_faded=0.9)


### END HIDDEN TESTS


# Optimisers

SHAPES = {"w1": (4, 3), "b1": (3,), "w2": (3, 2), "scale": ()}
TWINS = {"left": (3, 2), "right": (3, 2)}


def some(make, shapes: dict[str, tuple[int, ...]], dtype=torch.float64) -> dict[str, torch.Tensor]:
    return {name: make.normal(*shape, dtype=dtype) for name, shape in shapes.items()}


def steer(
    student, make, name: str, shapes=SHAPES, steps: int = 12, rates: Any = None, dtype=torch.float64, rho=None
) -> None:
    """Let the student's optimiser make some steps, and compare every parameter with torch.optim's."""
    params = some(make, shapes, dtype)
    gradients = [some(make, shapes, dtype) for _ in range(steps)]
    rates = [0.07] * steps if rates is None else rates(steps)
    options = {} if rho is None else {"rho": rho}
    s = student.script()
    found = s.fetch(s.toolbox.rehearse.optimise(getattr(s.optim, name), params, gradients, rates, **options))[0]
    exact = [{key: value.double() for key, value in part.items()} for part in [params, *gradients]]
    params64, gradients64 = exact[0], exact[1:]
    true = path(params64, gradients64, rates, momentum=rho or 0.0)
    theirs = found["params"]
    if not found["looked"] and all(torch.equal(theirs[-1][key], params[key]) for key in params):
        raise Missing(f"{name}.step is not written yet: it never looks at the gradients")
    if found["changed"]:
        message = f"step() wrote into the gradient of {', '.join(found['changed'])}: it belongs to the caller"
        raise Mismatch(message, diagnosis=["gradient-changed"])

    @cache
    def mistakes() -> dict[str, list]:
        given = params64, gradients64, rates
        return sgd_mistakes(*given) if rho is None else momentum_mistakes(*given, rho)

    def clues(number: int, key: str) -> dict[str, Any]:
        return {"forms": {what: [wrong[number][key] for wrong in paths] for what, paths in mistakes().items()}}

    for number in (steps - 1, *range(steps - 1)):  # the last first: by then mistakes have grown apart
        for key in shapes:
            assert_value(theirs[number][key], true[number][key], name=f"{key} after step {number + 1}", inputs=dtype,
                         condition=4.0, terms=params64[key].abs().max().item(),
                         clues=partial(clues, number, key))  # fmt: skip
    if rho is not None:
        check_velocity(found["velocity"], params64, gradients64, rho, dtype)


def steer_beside_others(student, make, name: str, **options: float) -> None:
    """One step with the gradients of a whole flat net: those of scores and hidden layers are there, too."""
    params, gradients = some(make, SHAPES, torch.float64), some(make, SHAPES, torch.float64)
    more = {"scores": make.normal(5, 3), "h": make.normal(5, 4)} | gradients | {"a": make.normal(5, 4)}
    s = student.script()
    try:
        found = s.fetch(s.toolbox.rehearse.optimise(getattr(s.optim, name), params, [more], [0.07], **options))[0]
    except Raised as error:
        known = ["names-of-gradients"] if "KeyError" in str(error) else []
        raise Raised(str(error), diagnosis=known) from None
    if not found["looked"]:
        raise Missing(f"{name}.step is not written yet: it never looks at the gradients")
    true = path(params, [gradients], [0.07], momentum=options.get("rho", 0.0))[0]
    with verdicts_only():
        for key in SHAPES:
            assert_value(found["params"][0][key], true[key], name=f"{key} after a step", condition=4.0,
                         terms=params[key].abs().max().item())  # fmt: skip


def check_velocity(found: Any, params: dict, gradients: list, rho: float, dtype: torch.dtype) -> None:
    true = velocity(params, gradients, rho)
    if not isinstance(found, dict) or set(found) != set(true):
        names = ", ".join(found) if isinstance(found, dict) and found else "nothing"
        raise Mismatch(f"velocity must hold one tensor for each of {', '.join(true)}; it holds {names}")
    for key, value in true.items():
        largest = max(part[key].abs().max().item() for part in gradients)  # they may cancel in the velocity
        assert_value(found[key], value, name=f"velocity[{key!r}]", inputs=dtype, condition=4.0, terms=largest)


def falling(steps: int) -> list[float]:
    return [0.3 * 0.8**step for step in range(steps)]


def warming(steps: int) -> list[float]:
    return [0.02 * (step + 1) for step in range(steps)]


@item("sgd")
def test_gradient_descent_follows_torch_optim_through_twelve_steps(student, make):
    steer(student, make, "SGD")


@item("sgd")
def test_gradient_descent_steps_through_its_parameters_whatever_else_has_a_gradient(student, make):
    steer_beside_others(student, make, "SGD")


@item("sgd")
def test_gradient_descent_obeys_a_learning_rate_that_changes(student, make):
    steer(student, make, "SGD", rates=falling)


### BEGIN HIDDEN TESTS
@item("sgd")
def test_gradient_descent_follows_torch_optim_through_sixty_steps(student, make):
    steer(student, make, "SGD", steps=60, rates=falling)


@item("sgd")
def test_gradient_descent_in_float32(student, make):
    steer(student, make, "SGD", dtype=torch.float32, steps=5)


### END HIDDEN TESTS


@item("momentum")
def test_momentum_follows_torch_optim_through_twelve_steps(student, make):
    steer(student, make, "Momentum", rho=0.9)


@item("momentum")
def test_momentum_steps_through_its_parameters_whatever_else_has_a_gradient(student, make):
    steer_beside_others(student, make, "Momentum", rho=0.9)


@item("momentum")
def test_momentum_obeys_a_learning_rate_that_changes(student, make):
    steer(student, make, "Momentum", rho=0.7, rates=falling)


@item("momentum")
def test_every_parameter_has_a_velocity_of_its_own(student, make):
    steer(student, make, "Momentum", shapes=TWINS, rho=0.7)


### BEGIN HIDDEN TESTS
@item("momentum")
def test_momentum_follows_torch_optim_through_sixty_steps(student, make):
    steer(student, make, "Momentum", steps=60, rho=0.95, rates=falling)


@item("momentum")
def test_momentum_obeys_a_learning_rate_that_grows(student, make):
    steer(student, make, "Momentum", shapes=TWINS, rho=0.6, rates=warming)


@item("momentum")
def test_momentum_in_float32(student, make):
    steer(student, make, "Momentum", dtype=torch.float32, steps=6, rho=0.45, rates=warming)


### END HIDDEN TESTS


# Initialisation


def drawn(student, module: str, name: str, seed: int, *args: Any, times: int = 1, global_seed: int = 0) -> list:
    s = student.script()
    function = getattr(getattr(s, module), name)
    call = s.toolbox.rehearse.seeded(function, seed, *args, times=times, global_seed=global_seed)
    found = s.fetch(call)[0]
    if found[0] is None:
        raise Missing(f"{name} is not written yet (it returns None)")
    if not all(isinstance(values, torch.Tensor) for values in found):
        raise Malformed(f"{name} must return a tensor")
    return found


def check_seed(student, module: str, name: str, seed: int, *args: Any) -> None:
    """The same numbers from the same seed, others from another seed and from a second call."""
    first, second = drawn(student, module, name, seed, *args, times=2)
    if torch.equal(first, second):
        raise Mismatch("two calls in a row give the same numbers", diagnosis=["always-the-same"])
    again = drawn(student, module, name, seed, *args, global_seed=1)[0]
    if not torch.equal(first, again):
        raise Mismatch("the same seed gives other numbers", diagnosis=["generator-ignored"])
    if torch.equal(first, drawn(student, module, name, seed + 1, *args)[0]):
        raise Mismatch("another seed gives the same numbers", diagnosis=["generator-ignored"])


def check_spread(w: torch.Tensor, fan_in: int, fan_out: int) -> None:
    if w.shape != (fan_in, fan_out):
        found = ["transposed"] if w.shape == (fan_out, fan_in) else []
        raise Mismatch(f"w has shape {tuple(w.shape)}, not {(fan_in, fan_out)}", diagnosis=found)
    w = w.double()
    spread, true = w.std().item(), math.sqrt(2 / fan_in)
    if not math.isfinite(spread):
        raise Mismatch("w holds nan or inf")
    if w.max() == w.min():
        raise Mismatch("all weights are equal: their units would stay equal for ever", diagnosis=["symmetry-unbroken"])
    if w.std(dim=1).min() < 0.5 * spread or w.std(dim=0).min() < 0.5 * spread:
        raise Mismatch("whole rows or columns of w are alike", diagnosis=["symmetry-unbroken"])
    if abs(w.mean().item()) > 0.05 * spread:
        raise Mismatch(f"the mean of the weights is {w.mean():.3g}; it should be 0", diagnosis=["weights-one-sided"])
    known = {
        "kaiming-fan-out": [math.sqrt(2 / fan_out)],
        "kaiming-variance-for-deviation": [2 / fan_in, 1 / fan_in, math.sqrt(true)],
        "kaiming-without-relu": [math.sqrt(1 / fan_in)],
        "kaiming-both-fans": [math.sqrt(2 / (fan_in + fan_out)), math.sqrt(1 / (fan_in + fan_out))],
        "kaiming-bound-for-deviation": [true / math.sqrt(3), 1 / math.sqrt(3 * fan_in)],
        "weights-not-scaled": [1.0, 1 / math.sqrt(3), 1 / math.sqrt(12), 0.01, 0.001, 0.1, math.sqrt(2)],
    }
    if abs(spread / true - 1) > 0.015:
        found = [name for name, values in known.items() if any(abs(spread / v - 1) < 0.015 for v in values)]
        raise Mismatch(f"the standard deviation is {spread:.4f}; it should be {true:.4f}", diagnosis=found)


@item("kaiming")
def test_starting_weights_have_the_spread_that_keeps_a_signal_alive(student, make):
    check_spread(drawn(student, "training", "kaiming", make.seed, 300, 500)[0], 300, 500)


@item("kaiming")
def test_starting_weights_come_from_the_generator(student, make):
    check_seed(student, "training", "kaiming", make.seed, 4, 3)


### BEGIN HIDDEN TESTS
@item("kaiming")
def test_starting_weights_of_a_narrowing_layer_have_the_right_spread(student, make):
    check_spread(drawn(student, "training", "kaiming", make.seed, 1200, 130)[0], 1200, 130)


@item("kaiming")
def test_starting_weights_have_the_dtype_that_is_asked_for(student, make):
    s = student.script()
    generator = s.toolbox.rehearse.fresh_generator(make.seed)
    kinds = [
        s.training.kaiming(220, 330, generator, dtype=s.toolbox.rehearse.double),
        s.training.kaiming(2, 3, generator),
    ]
    found = s.fetch(*kinds)
    if found[0] is None:
        raise Missing("kaiming is not written yet (it returns None)")
    for w, dtype in zip(found, (torch.float64, torch.float32), strict=True):
        if not isinstance(w, torch.Tensor) or w.dtype != dtype:
            raise Mismatch(f"w must be of dtype {dtype}")
    check_spread(found[0], 220, 330)


### END HIDDEN TESTS


# Mini-batches


def walked(student, make, N: int, batch_size: int, times: int = 1, global_seed: int = 0, seed: int | None = None):
    """The epochs as lists of index tensors and of labels; x and y are made so that an index can be read off."""
    x = torch.stack([torch.arange(N) * 1.0, torch.arange(N) * -2.0], dim=1)
    y = 100 + torch.arange(N)
    s = student.script()
    report = s.fetch(
        s.toolbox.rehearse.epochs(
            s.training.minibatches, x, y, batch_size, make.seed if seed is None else seed, times=times,
            global_seed=global_seed,
        )
    )[0]  # fmt: skip
    found = report["epochs"]
    if found[0] is None:
        raise Missing("minibatches is not written yet: it yields no batch")
    epochs = []
    for epoch in found:
        if epoch is None or any(len(pair) != 2 or not all(isinstance(p, torch.Tensor) for p in pair) for pair in epoch):
            raise Malformed("every batch is a pair: rows of x, their labels")
        for rows, labels in epoch:
            if rows.dim() != 2 or rows.shape[1] != 2 or labels.shape != rows.shape[:1]:
                raise Mismatch(f"a batch has shapes {tuple(rows.shape)} and {tuple(labels.shape)}; rows are missing")
            if not torch.equal(labels - 100, rows[:, 0].long()):
                message = "a row of x comes with the label of another one"
                raise Mismatch(message, diagnosis=["labels-shuffled-apart"])
        epochs.append([rows[:, 0].long() for rows, _ in epoch])
    if report["changed"]:
        message = f"minibatches wrote into {', '.join(report['changed'])}: the caller still needs the old order"
        raise Mismatch(message, diagnosis=["input-changed"])
    return epochs


def check_epoch(batches: list[torch.Tensor], N: int, batch_size: int) -> torch.Tensor:
    """Every example once, in batches of the right sizes. Returns the order."""
    sizes = [len(batch) for batch in batches]
    order = torch.cat(batches)
    counts = torch.bincount(order, minlength=N)
    if counts.max() > 1:
        many = int((counts > 1).sum())
        padded = set(sizes) == {batch_size} and 0 < sum(sizes) - N < batch_size
        found = "last-batch-padded" if padded else "drawn-with-replacement"
        raise Mismatch(f"{many} examples come more than once in an epoch", diagnosis=[found])
    if counts.min() == 0:
        missing = int((counts == 0).sum())
        found = ["last-batch-dropped"] if missing == N % batch_size or missing == N else ["examples-left-out"]
        raise Mismatch(f"{missing} of {N} examples never come", diagnosis=found)
    whole = [batch_size] * (N // batch_size) + ([N % batch_size] if N % batch_size else [])
    if sizes != whole:
        raise Mismatch(f"the batches have sizes {sizes}, not {whole}", diagnosis=["batch-sizes"])
    return order


@item("minibatches")
def test_an_epoch_shows_every_example_once_with_its_own_label(student, make):
    check_epoch(walked(student, make, 23, 5)[0], 23, 5)


@item("minibatches")
def test_every_epoch_has_a_new_random_order(student, make):
    first, second = (check_epoch(epoch, 60, 12) for epoch in walked(student, make, 60, 12, times=2))
    if torch.equal(first, torch.arange(60)):
        raise Mismatch("the examples come in their own order", diagnosis=["not-shuffled"])
    if int((first.diff() == 1).sum()) > 20:
        message = "neighbours stay neighbours: only whole batches change places"
        raise Mismatch(message, diagnosis=["batches-shuffled-only"])
    if torch.equal(first, second):
        raise Mismatch("the second epoch has the order of the first", diagnosis=["shuffled-once"])


### BEGIN HIDDEN TESTS
@item("minibatches")
def test_the_order_comes_from_the_generator(student, make):
    first = torch.cat(walked(student, make, 40, 7)[0])
    if not torch.equal(first, torch.cat(walked(student, make, 40, 7, global_seed=1)[0])):
        raise Mismatch("the same seed gives another order", diagnosis=["generator-ignored"])
    if torch.equal(first, torch.cat(walked(student, make, 40, 7, seed=make.seed + 1)[0])):
        raise Mismatch("another seed gives the same order", diagnosis=["generator-ignored"])


@item("minibatches")
def test_batches_that_divide_the_examples_and_batches_larger_than_all(student, make):
    check_epoch(walked(student, make, 12, 4)[0], 12, 4)
    check_epoch(walked(student, make, 7, 50)[0], 7, 50)


@item("minibatches")
def test_a_last_batch_of_one_example_is_a_batch(student, make):
    check_epoch(walked(student, make, 13, 4)[0], 13, 4)
    check_epoch(walked(student, make, 5, 1)[0], 5, 1)


### END HIDDEN TESTS


# The sanity ladder, foreseen


@item("ladder")
def test_the_first_loss_is_foreseen(student, make):
    true = torch.nn.functional.cross_entropy(torch.zeros(1, 10).double(), torch.tensor([3])).item()
    decimal = true / math.log(10)
    foreseen(student, "expected", "first_loss", true, log_base=decimal, sign_flipped=-true, probability_for_loss=0.1)


@item("ladder")
def test_the_number_of_steps_in_an_epoch_is_foreseen(student, make):
    images = load_digits("train")[1]
    steps = float(len(images.split(64)))
    foreseen(student, "expected", "steps", steps, last_batch_dropped=steps - 1)


### BEGIN HIDDEN TESTS
@item("ladder")
def test_the_size_of_the_last_batch_is_foreseen(student, make):
    foreseen(student, "expected", "last_batch", 41.0, last_batch_padded=64.0)


@item("ladder")
def test_the_penalty_of_the_starting_weights_is_foreseen(student, make):
    foreseen(student, "expected", "penalty", 0.1 * (200 + 20), reg_not_weighted=220.0, reg_half=11.0,
             reg_one_layer=20.0, kaiming_fan_out=0.1 * (128 + 200))  # fmt: skip


### END HIDDEN TESTS


# The loop


def exact(numbers: Any) -> torch.Tensor:
    return torch.tensor(numbers, dtype=torch.float64)


def bowls(make, sizes: tuple[int, ...]) -> tuple[dict, list]:
    params = {"w": make.normal(3, 2), "b": make.normal(2)}
    return params, [[make.normal(n, 4) + 0.5, make.labels(n, 3)] for n in sizes]


def check_loop(student, make, sizes: tuple[int, ...], once: bool = False) -> None:
    params, batches = bowls(make, sizes)
    s = student.script()
    found = s.fetch(s.toolbox.rehearse.loop(s.training.train_epoch, params, batches, once=once))[0]
    if found["losses"] is None:
        raise Missing("train_epoch is not written yet (it returns None)")
    held = {name: w.clone() for name, w in params.items()}
    true, after, stand_in = [], [], Recorder(held)
    for x, y in batches:
        value, slope = bowl(x, y, held)
        true.append(value.item())
        stand_in.step(slope)
        after.append(bowl(x, y, held)[0].item())
    steps, due = found["steps"], len(batches)
    if steps != due:
        known = "step-forgotten" if steps == 0 else "loop-left-early" if steps < due else "batch-used-twice"
        raise Mismatch(f"the optimiser made {steps} steps in {due} batches", diagnosis=[known])
    for name in params:
        assert_value(found["params"][name], held[name], name=f"{name} at the end")
    losses = found["losses"]
    if isinstance(losses, list):
        losses = [loss.item() if isinstance(loss, torch.Tensor) and loss.numel() == 1 else loss for loss in losses]
    mean = sum(true) / due
    forms = {
        "loss-after-the-step": [exact(after)],
        "losses-summed-up": [
            *map(exact, (mean, sum(true), true[-1], [mean] * due, [mean], true[-1:])), exact(true).cumsum(0)
        ],
        "losses-divided": [exact([v / n for v, n in zip(true, sizes, strict=True)]), exact(true) / due],
    }  # fmt: skip
    assert_value(losses, exact(true), name="losses", forms=forms)


@item("train_epoch")
def test_an_epoch_makes_one_step_a_batch_and_keeps_the_losses(student, make):
    check_loop(student, make, (4, 4, 4, 2))


### BEGIN HIDDEN TESTS
@item("train_epoch")
def test_an_epoch_takes_batches_that_come_only_once(student, make):
    check_loop(student, make, (3, 3, 1), once=True)


@item("train_epoch")
def test_an_epoch_of_a_single_batch(student, make):
    check_loop(student, make, (6,))


### END HIDDEN TESTS


# Scores, and what came of them


def net_of(make, *sizes: int, dtype=torch.float64) -> dict[str, torch.Tensor]:
    params = {}
    for layer, (fan_in, fan_out) in enumerate(zip(sizes[:-1], sizes[1:], strict=True), 1):
        params[f"w{layer}"] = make.normal(fan_in, fan_out, dtype=dtype)
        params[f"b{layer}"] = make.normal(fan_out, dtype=dtype)
    return params


def changed_params(student, name: str, params: dict[str, torch.Tensor], *args: torch.Tensor) -> list[str]:
    """The names of the parameters that a function of training.py writes into."""
    s = student.script()
    return s.fetch(s.toolbox.rehearse.called(getattr(s.training, name), params, *args))[0]["changed"]


def check_scores(student, make, N: int, *sizes: int, dtype=torch.float64) -> None:
    params, x = net_of(make, *sizes, dtype=dtype), make.normal(N, sizes[0], dtype=dtype)
    exact = {name: value.double() for name, value in params.items()}
    true = sequential(exact)(x.double())
    unbiased = {name: value * (name[0] == "w") for name, value in exact.items()}
    two = {name: value for name, value in exact.items() if name[1:] in "12"}
    forms = {
        "relu-missing": [sequential(exact, torch.nn.Identity())(x.double())],
        "relu-at-the-end": [true.clamp(min=0)],
        "bias-missing": [sequential(unbiased)(x.double())],
        "scores-as-probabilities": [true.softmax(dim=1), true.log_softmax(dim=1)],
        "layers-left-out": [y for x2 in [sequential(two)(x.double())] for y in (x2, x2.clamp(min=0))]
        if len(sizes) > 3
        else [],
    }
    given = student.training.scores(params=params, x=x)
    changed = student.changed + changed_params(student, "scores", params, x)
    if given is None:
        raise Missing("scores is not written yet (it returns None)")
    if changed:
        raise Mismatch(f"the call changed {', '.join(changed)} in place", diagnosis=["input-changed"])
    assert_grad(given, true, name="scores", inputs=dtype, forms=forms, condition=20.0)


@item("scores")
def test_the_scores_of_a_net_of_two_layers(student, make):
    check_scores(student, make, 6, 5, 4, 3)


### BEGIN HIDDEN TESTS
@item("scores")
def test_the_scores_of_a_net_of_four_layers(student, make):
    check_scores(student, make, 5, 4, 6, 3, 5, 2)


@item("scores")
def test_the_scores_of_one_layer_and_of_one_example(student, make):
    check_scores(student, make, 7, 4, 3)
    check_scores(student, make, 1, 3, 5, 2)


@item("scores")
def test_the_scores_of_a_net_of_eleven_layers(student, make):
    # all positive, so that no ReLU closes: behind eleven of them nothing might be left to compare
    params, x = {name: value.abs() for name, value in net_of(make, *[3] * 12).items()}, make.normal(4, 3).abs()
    by_alphabet = dict(zip(map(str, range(1, 12)), sorted(map(str, range(1, 12))), strict=True))  # 1, 10, 11, 2, ...
    shuffled = sequential({name: params[name[0] + by_alphabet[name[1:]]] for name in params})(x)
    given = student.training.scores(params=params, x=x)
    try:
        with verdicts_only():
            assert_grad(given, sequential(params)(x), name="scores", condition=20.0)
    except Mismatch as error:
        same = isinstance(given, torch.Tensor) and given.shape == shuffled.shape and torch.allclose(given, shuffled)
        if same:
            error.diagnosis = ["layers-by-alphabet"]
        raise


### END HIDDEN TESTS


def check_confusion(student, make, C: int, most: int, empty: bool = False) -> None:
    """The counts are drawn first, and the labels made of them."""
    true = make.integers(0, most, (C, C))
    true[0, 1], true[1, 0] = most + 2, 1  # never symmetric, always a repeated pair
    if empty:
        true[-1], true[:, -1] = 0, 0  # the last one: it is the one that a count without a size forgets
    pairs = torch.cartesian_prod(torch.arange(C), torch.arange(C)).repeat_interleave(true.flatten(), dim=0)
    pairs = pairs[torch.argsort(make.uniform(len(pairs)))]
    rows = true.sum(dim=1, keepdim=True).clamp(min=1)
    forms = {
        "confusion-transposed": [true.T.double()],
        "counted-once": [true.clamp(max=1).double()],
        "counts-as-shares": [true / rows, true / true.sum(), true / true.sum(dim=0, keepdim=True).clamp(min=1)],
        "only-right-ones-counted": [torch.diag(true.diagonal()).double()],
        "only-mistakes-counted": [(true - torch.diag(true.diagonal())).double()],
    }
    given = student.training.confusion(y=pairs[:, 0].contiguous(), predicted=pairs[:, 1].contiguous(), C=C)
    changed = student.changed
    if given is None:
        raise Missing("confusion is not written yet (it returns None)")
    assert_grad(given, true.double(), name="counts", forms=forms)
    assert_unchanged(changed)


@item("confusion")
def test_the_confusion_matrix_counts_every_pair_as_often_as_it_occurs(student, make):
    check_confusion(student, make, 4, 5)


### BEGIN HIDDEN TESTS
@item("confusion")
def test_the_confusion_matrix_has_a_place_for_classes_that_never_occur(student, make):
    check_confusion(student, make, 5, 4, empty=True)


@item("confusion")
def test_the_confusion_matrix_of_ten_classes(student, make):
    check_confusion(student, make, 10, 20)


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


@item("overfit")
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


# Random search


def check_logs(values: torch.Tensor, low: float, high: float, count: int) -> None:
    if values.shape != (count,):
        raise Mismatch(f"the numbers have shape {tuple(values.shape)}, not {(count,)}")
    if values.dtype != torch.float64:
        raise Mismatch(f"the numbers are {values.dtype}; they should be torch.float64")
    if not torch.isfinite(values).all():
        raise Mismatch("some of the numbers are nan or inf")

    def apart(place: torch.Tensor) -> float:
        """How far numbers are from an even spread over [0, 1): Kolmogorov's distance."""
        steps = (torch.arange(count) + 0.5) / count
        return (place.sort().values - steps).abs().max().item()

    if values.min() < low or values.max() > high * (1 + 1e-12):
        logs = values.clamp(min=1e-300).log()
        exponents = apart((values - math.log10(low)) / math.log10(high / low)) < 0.02
        exponents |= apart((values - math.log(low)) / math.log(high / low)) < 0.02
        base = apart((logs * math.log10(math.e) - math.log(low)) / math.log(high / low)) < 0.05
        found = ["exponents-not-raised"] if exponents else ["log-base"] if base else []
        raise Mismatch(
            f"numbers from {values.min():.3g} to {values.max():.3g}; asked were {low:g} to {high:g}", diagnosis=found
        )
    if apart((values / low).log() / math.log(high / low)) > 0.02:
        even = apart((values - low) / (high - low)) < 0.02
        message = "the logarithms of the numbers are not spread evenly"
        raise Mismatch(message, diagnosis=["spread-evenly-not-by-logs"] if even else [])


@item("log_uniform")
def test_settings_are_spread_evenly_by_their_logarithm(student, make):
    check_logs(drawn(student, "training", "log_uniform", make.seed, 1e-3, 1.0, 20_000)[0], 1e-3, 1.0, 20_000)


### BEGIN HIDDEN TESTS
@item("log_uniform")
def test_settings_of_another_range_are_spread_evenly_by_their_logarithm(student, make):
    check_logs(drawn(student, "training", "log_uniform", make.seed, 2e-6, 0.5, 20_000)[0], 2e-6, 0.5, 20_000)
    check_logs(drawn(student, "training", "log_uniform", make.seed, 0.3, 0.7, 20_000)[0], 0.3, 0.7, 20_000)


@item("log_uniform")
def test_settings_come_from_the_generator(student, make):
    check_seed(student, "training", "log_uniform", make.seed, 0.01, 10.0, 6)


### END HIDDEN TESTS


def points_of(make, count: int) -> list[dict[str, float]]:
    return [{"lr": lr, "reg": reg} for lr, reg in zip(*make.uniform(2, count).tolist(), strict=True)]


def sought(student, runs: list, **options: int | bool) -> dict[str, Any]:
    s = student.script()
    found = s.fetch(s.toolbox.rehearse_files.searched(s.checkpoint.search, runs, **options))[0]
    if found["rows"][-1] is None and not found["asked"]:
        raise Missing("search is not written yet (it returns None)")
    return found


def check_rows(rows: Any, points: list[dict[str, float]]) -> None:
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise Malformed("search returns a list of dicts")
    if len(rows) != len(points):
        raise Mismatch(f"{len(rows)} rows came back for {len(points)} points", diagnosis=["search-rows"])
    for row, point in zip(rows, points, strict=True):
        if {name: row.get(name) for name in point} != point:
            raise Mismatch("the rows do not stand in the order of the points", diagnosis=["search-rows"])
        if row.get("result") != result_of(point):
            raise Mismatch(f"the result of {point} is {row.get('result')}, not {result_of(point)}")


def check_lines(lines: list[str], points: list[dict[str, float]]) -> None:
    """Each point once, whole."""
    try:
        rows = [json.loads(line) for line in lines]
    except ValueError:
        raise Mismatch("a line of the file is torn: it is no JSON", diagnosis=["line-torn"]) from None
    if not all(isinstance(row, dict) for row in rows):
        raise Mismatch("each line of the file holds one JSON object: the point, with its result")
    for point in points:
        fitting = [row for row in rows if {name: row.get(name) for name in point} == point]
        if len(fitting) != 1 or fitting[0].get("result") != result_of(point):
            message = f"{len(fitting)} lines of the file hold {point}"
            raise Mismatch(
                message, diagnosis=["lines-lost"] if not fitting else ["line-twice"] if len(fitting) > 1 else []
            )
    if len(rows) != len(points):
        raise Mismatch(f"the file has {len(rows)} lines for {len(points)} points")


@item("search")
def test_a_search_evaluates_every_point_and_writes_it_down_at_once(student, make):
    points = points_of(make, 4)
    found = sought(student, [points])
    check_rows(found["rows"][0], points)
    if found["lines_seen"] != [0, 1, 2, 3]:
        message = f"before the evaluations the file had {found['lines_seen']} lines, not 0, 1, 2, 3"
        raise Mismatch(message, diagnosis=["written-at-the-end"])
    check_lines(found["files"][0], points)


@item("search")
def test_a_search_that_was_killed_goes_on_where_it_stopped(student, make):
    points = points_of(make, 5)
    found = sought(student, [points, points], fail_at=3)
    if found["rows"][0] is not None:
        raise Mismatch("an interruption was swallowed", diagnosis=["interruption-swallowed"])
    if found["asked"] != points[:3] + points[2:]:
        again = len(found["asked"]) - 6
        known = ["evaluated-again"] if again > 0 else []
        raise Mismatch(f"{len(found['asked'])} evaluations; after the interruption there were 3 to do", diagnosis=known)
    check_rows(found["rows"][1], points)
    check_lines(found["files"][1], points)


### BEGIN HIDDEN TESTS
@item("search")
def test_a_search_knows_its_points_whatever_their_order(student, make):
    points = points_of(make, 5)
    later = [points[4], points[1], points[3], points[0]]
    found = sought(student, [points[:3], later], as_text=True)
    if found["asked"] != points[:3] + [points[4], points[3]]:
        message = "points are known by their values, not by their place in the list"
        everything = found["asked"] == points[:3] + later
        raise Mismatch(message, diagnosis=["evaluated-again" if everything else "points-known-by-place"])
    check_rows(found["rows"][1], later)
    check_lines(found["files"][1], points)


@item("search")
def test_a_search_leaves_whole_lines_when_the_disk_is_full(student, make):
    points = points_of(make, 4)
    found = sought(student, [points, points], disk_full_at=3)
    for lines in found["files"]:
        check_lines(lines, [point for point in points if any(repr(point["lr"]) in line for line in lines)])
    if found["rows"][1] is not None:
        check_rows(found["rows"][1], points)


### END HIDDEN TESTS


# Depth without activations


def check_collapse(student, make, *sizes: int, dtype=torch.float64) -> None:
    params = net_of(make, *sizes, dtype=dtype)
    exact = {name: value.double() for name, value in params.items()}
    line = sequential(exact, torch.nn.Identity())
    b = line(torch.zeros(sizes[0], dtype=torch.float64))
    w = line(torch.eye(sizes[0], dtype=torch.float64)) - b
    bent = sequential(exact)
    depth = len(sizes) - 1
    summed = sum(exact[f"b{k}"] for k in range(1, depth + 1)) if len(set(sizes[1:])) == 1 else b
    reverse = sequential({f"{kind}{k}": exact[f"{kind}{depth + 1 - k}"] for k in range(1, depth + 1) for kind in "wb"},
                         torch.nn.Identity()) if len(set(sizes)) == 1 else line  # fmt: skip
    zero, eye = torch.zeros(sizes[0], dtype=torch.float64), torch.eye(sizes[0], dtype=torch.float64)
    answer = student.training.collapse(params=params)
    if not isinstance(answer, list) or len(answer) != 2:
        raise Malformed("return two values, w and b")
    if answer[0] is None or answer[1] is None:
        raise Missing("collapse is not written yet (w or b is None)")
    forms = {
        "relu-kept": [bent(eye) - bent(zero), bent(eye)],
        "layers-in-reverse": [reverse(eye) - reverse(zero)],
        "bias-in-weights": [line(eye)],
        "layers-left-out": [exact["w1"]] if sizes[1] == sizes[-1] else [],
    }
    assert_grad(answer[0], w, name="w", inputs=dtype, forms=forms, condition=100.0)
    forms = {"bias-missing": [torch.zeros_like(b)], "last-bias-only": [exact[f"b{depth}"]],
             "biases-not-multiplied": [summed], "relu-kept": [bent(zero)],
             "layers-in-reverse": [reverse(zero)]}  # fmt: skip
    assert_grad(answer[1], b, name="b", inputs=dtype, forms=forms, condition=100.0)
    assert_unchanged(changed_params(student, "collapse", params))


@item("collapse")
def test_three_layers_without_activations_are_one(student, make):
    check_collapse(student, make, 4, 6, 5, 3)


### BEGIN HIDDEN TESTS
@item("collapse")
def test_layers_of_one_size_collapse_in_their_own_order(student, make):
    check_collapse(student, make, 4, 4, 4, 4)


@item("collapse")
def test_six_layers_collapse_and_a_single_one_stays(student, make):
    check_collapse(student, make, 3, 5, 4, 2, 5, 4, 3)
    check_collapse(student, make, 4, 3)


@item("collapse")
def test_eleven_layers_collapse(student, make):
    with verdicts_only():
        check_collapse(student, make, *[3] * 12)  # in the order of the alphabet w10 comes before w2


### END HIDDEN TESTS


# A step without new memory


def check_buffered(
    student, make, sizes: tuple[int, ...], D=6, H=5, C=4, dtype=torch.float64, far: bool = False, **options: float
) -> dict:
    """far: every other example of the first batch is stretched until the highest of its scores is near a thousand."""
    given = {"lr": 0.2, "rho": 0.8, "reg": 0.05} | options
    params = net_of(make, D, H, C, dtype=dtype)
    batches = [[make.normal(n, D, dtype=dtype), make.labels(n, C)] for n in sizes]
    stretch = stretched(params, batches[0][0][::2]) if far else 1.0
    s = student.script()
    found = s.fetch(s.toolbox.rehearse.buffered(s.buffers.BufferedNet, params, batches, max(sizes), **given))[0]
    if found["losses"][0] is None:
        raise Missing("BufferedNet.step is not written yet (it returns None)")
    exact = {name: value.double() for name, value in params.items()}
    pairs = [(x.double(), y) for x, y in batches]
    true = net_path(exact, pairs, **given)
    mistakes = net_mistakes(exact, pairs, **given)
    if found["changed"]:
        raise Mismatch("step() wrote into the batch that it was given", diagnosis=["input-changed"])
    if all(torch.equal(found["params"][name], params[name]) for name in params):
        raise Mismatch("the parameters have not moved: change them in place", diagnosis=["update-not-in-place"])
    losses = [loss.item() if isinstance(loss, torch.Tensor) and loss.numel() == 1 else loss for loss in found["losses"]]
    forms = {name: [torch.tensor(wrong[0], dtype=torch.float64)] for name, wrong in mistakes.items()}
    bare = net_path(exact, pairs, **given, bare=True)[0]
    forms["reg-missing"].append(torch.tensor(bare, dtype=torch.float64))
    wide = {"inputs": dtype, "condition": 50.0 * stretch, "if_not_finite": "softmax-unstabilised" if far else None}
    assert_value(losses, torch.tensor(true[0], dtype=torch.float64), name="losses", forms=forms, **wide)
    for name in params:
        forms = {what: [wrong[1][name]] for what, wrong in mistakes.items()}
        assert_value(found["params"][name], true[1][name], name=f"{name} at the end", forms=forms, **wide)
    return found


def stretched(params: dict[str, torch.Tensor], x: torch.Tensor) -> float:
    """Stretch the rows in place, and turn w2 round where the score farthest from zero is negative; the factor."""
    scores = (x @ params["w1"]).clamp(min=0) @ params["w2"]  # beside a thousand, biases are nothing
    farthest = scores.flatten()[scores.abs().argmax()].item()
    if farthest < 0:
        params["w2"].neg_()
    x *= 1000 / abs(farthest)
    return 1000 / abs(farthest)


@item("buffered_net")
def test_steps_without_new_memory_do_what_autograd_and_torch_optim_do(student, make):
    check_buffered(student, make, (7, 7, 7, 7, 7))


@item("buffered_net")
def test_a_smaller_last_batch_meets_nothing_of_the_batch_before(student, make):
    check_buffered(student, make, (8, 8, 3))


### BEGIN HIDDEN TESTS
@item("buffered_net")
def test_steps_without_new_memory_through_many_batches_of_all_sizes(student, make):
    check_buffered(student, make, (6, 1, 4, 6, 2) * 6, lr=0.05)


@item("buffered_net")
def test_steps_without_new_memory_in_float32_and_without_a_penalty(student, make):
    check_buffered(student, make, (5, 5, 2), dtype=torch.float32, reg=0.0, lr=0.05)


@item("buffered_net")
def test_steps_without_new_memory_with_a_large_penalty_and_no_momentum(student, make):
    check_buffered(student, make, (5, 5, 4), reg=1.5, rho=0.0, lr=0.02)


@item("buffered_net")
def test_a_step_without_new_memory_on_scores_of_a_thousand(student, make):
    check_buffered(student, make, (6,), H=40, far=True, lr=1e-4)


### END HIDDEN TESTS


def check_memory(student, make, sizes: tuple[int, ...], D: int, H: int) -> None:
    found = check_buffered(student, make, sizes, D=D, H=H, C=5, lr=0.01)
    limit = min(sizes[-1], D) * H * 8 // 2
    if found["largest"] >= limit:
        message = f"the last step made a tensor of {found['largest']:,} bytes; every large one should be a buffer"
        raise Mismatch(message, diagnosis=["tensor-made-anew"])


@item("buffers")
def test_a_step_makes_no_large_tensor(student, make):
    check_memory(student, make, (32, 32, 32), 48, 64)


### BEGIN HIDDEN TESTS
@item("buffers")
def test_a_step_on_a_smaller_batch_makes_no_large_tensor(student, make):
    check_memory(student, make, (40, 40, 24), 36, 50)


### END HIDDEN TESTS


# Files


def rehearsed(student, name: str, *args: Any, **options: Any) -> Any:
    """The report of a rehearsal of `toolbox.rehearse_files`; `args` name functions of checkpoint.py, or are data."""
    s = student.script()
    given = [getattr(s.checkpoint, arg[1:]) if isinstance(arg, str) and arg[:1] == "!" else arg for arg in args]
    return s.fetch(getattr(s.toolbox.rehearse_files, name)(*given, **options))[0]


def check_written(student, contents: list[str], as_text: bool = False) -> None:
    found = rehearsed(student, "written", "!write_atomically", contents, as_text=as_text)
    if all(content is None for content in found["found"]):
        raise Missing("write_atomically is not written yet: there is no file")
    if found["found"] != contents:
        grown = all(a is not None and b in a for a, b in zip(found["found"], contents, strict=True))
        raise Mismatch("the file does not hold what was written", diagnosis=["file-appended"] if grown else [])
    if any(old == new for old, new in zip(found["inodes"], found["inodes"][1:], strict=False)):
        message = "the old file itself was written to: whoever reads at that moment meets half of it"
        raise Mismatch(message, diagnosis=["written-in-place"])
    if found["files"] != ["runs/state.bin"]:
        others = ", ".join(name for name in found["files"] if name != "runs/state.bin")
        raise Mismatch(f"other files are left behind: {others}", diagnosis=["temporary-file-left"])


def check_full_disk(student, room: int, size: int) -> None:
    """A first write that works, then one that runs out of room half way."""
    report = rehearsed(student, "interrupted", "!write_atomically", "the old content", size, room)
    if report is None:
        return  # Windows: cannot be rehearsed
    if report["found"] == "the old content":
        if not report["raised"]:
            raise Mismatch("the disk was full, and nobody was told", diagnosis=["failure-swallowed"])
        if report["files"] != ["state.bin"]:
            raise Mismatch("half a temporary file is left behind", diagnosis=["temporary-file-left"])
        return
    if report["found"] is None:
        raise Mismatch("the disk was full, and the old file is gone", diagnosis=["old-file-deleted"])
    message = f"the disk was full, and of the old file this is left: {report['found'][:20]!r}"
    raise Mismatch(message, diagnosis=["written-in-place"])


@item("atomic")
def test_a_file_holds_what_was_written_last(student, make):
    check_written(student, ["first", "second, and longer", "3"])


@item("atomic")
def test_a_full_disk_leaves_the_old_file_as_it_was(student, make):
    check_written(student, ["first"])
    check_full_disk(student, 1000, 50_000)


@item("atomic")
def test_a_file_is_on_the_disk_before_it_takes_the_place_of_the_old_one(student, make):
    contents = ["first", "second, and longer"]
    check_written(student, contents)
    found = rehearsed(student, "written", "!write_atomically", contents)
    if found["on_disk"] != [len(content) for content in contents]:
        late = next(k for k, content in enumerate(contents) if found["on_disk"][k] != len(content))
        message = f"{found['on_disk'][late]} of {len(contents[late])} bytes were on the disk when the file was in place"
        raise Mismatch(message, diagnosis=["bytes-not-on-disk"])
    if not found["beside"]:
        message = "the temporary file lies in another folder: from another disk nothing takes its place in one go"
        raise Mismatch(message, diagnosis=["temporary-elsewhere"])


### BEGIN HIDDEN TESTS
@item("atomic")
def test_the_path_may_be_a_text(student, make):
    check_written(student, ["by name", "and again"], as_text=True)


@item("atomic")
def test_a_disk_that_is_full_from_the_start_leaves_the_old_file_as_it_was(student, make):
    check_written(student, ["first"])
    check_full_disk(student, 0, 100)


@item("atomic")
def test_a_disk_that_fills_up_late_leaves_the_old_file_as_it_was(student, make):
    check_written(student, ["first"])
    check_full_disk(student, 300_000, 900_000)


### END HIDDEN TESTS


def some_state(make) -> dict[str, torch.Tensor]:
    return {
        "params/w1": make.normal(5, 3), "params/b1": make.normal(3, dtype=torch.float32), "epoch": torch.tensor(7),
        "generator": make.integers(0, 256, (40,)).to(torch.uint8), "mask": make.integers(0, 2, (4,)).bool(),
        "velocity/w1": make.normal(3, 5).T, "nothing": torch.zeros(0, 3),
        "lr": torch.tensor(0.1, dtype=torch.float64), "small": torch.tensor([1e-310, -0.0], dtype=torch.float64),
    }  # fmt: skip


def check_loaded(found: Any, state: dict[str, torch.Tensor]) -> None:
    if found is None:
        raise Missing("load_checkpoint returns None: is it written yet, and save_checkpoint?")
    if not isinstance(found, dict) or set(found) != set(state):
        there = ", ".join(found) if isinstance(found, dict) else "no dict"
        raise Mismatch(f"the names should be {', '.join(state)}; loaded: {there}", diagnosis=["state-names-lost"])
    for name, true in state.items():
        got = found[name]
        if not isinstance(got, torch.Tensor):
            raise Malformed(f"{name} must be a tensor")
        if got.dtype != true.dtype:
            raise Mismatch(f"{name} was {true.dtype} and came back as {got.dtype}", diagnosis=["dtype-lost"])
        if got.shape != true.shape:
            known = ["shape-lost"] if got.numel() == true.numel() else []
            raise Mismatch(f"{name} was {tuple(true.shape)} and came back as {tuple(got.shape)}", diagnosis=known)
        if not torch.equal(got, true):
            raise Mismatch(f"{name} has other numbers now", diagnosis=["numbers-changed"])


@item("checkpoint")
def test_a_checkpoint_gives_every_tensor_back(student, make):
    state = {"params/w1": make.normal(4, 3), "params/b1": make.normal(3), "velocity/w1": make.normal(4, 3)}
    check_loaded(rehearsed(student, "round_trip", "!save_checkpoint", "!load_checkpoint", [state])[0], state)


@item("checkpoint")
def test_loading_a_checkpoint_runs_nothing_that_is_in_it(student, make):
    state = {"w": make.normal(2, 3)}
    check_loaded(rehearsed(student, "round_trip", "!save_checkpoint", "!load_checkpoint", [state])[0], state)
    report = rehearsed(student, "traps", "!load_checkpoint")
    if report["sprung"]:
        message = f"loading a booby-trapped file ({', '.join(report['sprung'])}) ran the code in it"
        raise Mismatch(message, diagnosis=["pickle-opened"])
    if report["loaded"]:
        raise Mismatch(f"a file that holds no plain arrays was loaded ({', '.join(report['loaded'])})")


### BEGIN HIDDEN TESTS
@item("checkpoint")
def test_a_checkpoint_keeps_every_dtype_shape_name_and_bit(student, make):
    state = some_state(make)
    check_loaded(rehearsed(student, "round_trip", "!save_checkpoint", "!load_checkpoint", [state])[0], state)


@item("checkpoint")
def test_a_later_checkpoint_takes_the_place_of_an_earlier_one(student, make):
    states = [{"a": make.normal(30), "b": make.normal(2)}, {"a": make.normal(2)}]
    found = rehearsed(student, "round_trip", "!save_checkpoint", "!load_checkpoint", states, as_text=True)
    check_loaded(found[0], states[0])
    check_loaded(found[1], states[1])


@item("checkpoint")
def test_a_checkpoint_stays_whole_until_the_next_one_is_there(student, make):
    states = [{"a": make.normal(3)}, {"a": make.normal(3)}]
    check_loaded(rehearsed(student, "round_trip", "!save_checkpoint", "!load_checkpoint", states)[0], states[0])
    if not all(rehearsed(student, "replaced", "!save_checkpoint", states)):
        message = "the old checkpoint itself was written to: killed right then, you have none"
        raise Mismatch(message, diagnosis=["written-in-place"])


@item("checkpoint")
def test_a_checkpoint_is_a_file_of_plain_arrays(student, make):
    state = {"params/w1": make.normal(3, 2), "epoch": torch.tensor(3)}
    found = rehearsed(student, "plain", "!save_checkpoint", state)
    if found == "no file":
        raise Missing("save_checkpoint is not written yet: there is no file")
    if found == "not plain":
        raise Mismatch("numpy cannot read the file without unpickling", diagnosis=["pickle-written"])
    due = [["epoch", "int64", []], ["params/w1", "float64", [3, 2]]]
    if found != due:
        known = ("state-names-lost", "dtype-lost", "shape-lost")
        columns = [[row[place] for row in found] != [row[place] for row in due] for place in range(3)]
        message = f"the arrays in the file are {found}"
        raise Mismatch(message, diagnosis=[known[columns.index(True)]])


@item("checkpoint")
def test_a_checkpoint_takes_tensors_from_any_device(student, make):
    state = {"params/w1": make.normal(3, 2), "epoch": torch.tensor(3)}
    found = rehearsed(student, "from_gpu", "!save_checkpoint", "!load_checkpoint", state)
    if isinstance(found, str):
        raise Mismatch(f"tensors on a GPU cannot be saved: {found}", diagnosis=["device-forgotten"])
    check_loaded(found, state)


### END HIDDEN TESTS


def check_resumed(student, make, dtype=torch.float64, velocity: bool = True) -> None:
    params = {"w1": make.normal(3, 4, dtype=dtype), "b1": make.normal(4, dtype=dtype)}
    report = rehearsed(student, "resumed", "!capture", "!restore", params, make.seed % 2**31, stop=4, steps=9,
                       velocity=velocity)  # fmt: skip
    if "missing" in report:
        raise Missing(f"{report['missing']} is not written yet (it returns None)")
    if any(not torch.equal(value, report["late"][name]) for name, value in report["early"].items()):
        message = "the state changed when training went on: it holds the run's own tensors"
        raise Mismatch(message, diagnosis=["state-aliased"])
    seen, back = report["seen"], report["put_back"]
    if report["epoch"] != 7:
        raise Mismatch(f"restore returned {report['epoch']}; 7 epochs were done", diagnosis=["epoch-off"])
    for what, known in (("params", "parameters-not-restored"), ("velocity", "velocity-not-restored")):
        for name, value in seen[what].items():
            if name not in back[what] or not torch.equal(back[what][name], value):
                raise Mismatch(f"{what}: {name} is not what it was when the run was captured", diagnosis=[known])
    if back["rate"] != seen["rate"]:
        message = f"the learning rate was {seen['rate']} and is {back['rate']} now"
        raise Mismatch(message, diagnosis=["rate-not-restored"])
    if not torch.equal(back["next"], seen["next"]):
        raise Mismatch("the generator goes on with other numbers", diagnosis=["generator-not-restored"])
    if any(not torch.equal(value, report["again"][name]) for name, value in report["whole"].items()):
        raise Mismatch("the run that was taken up ends with other weights than the one that was never stopped")
    if any(not torch.equal(value, report["given"][name]) for name, value in report["early"].items()):
        message = "the state that restore was given changed when training went on: it cannot be used a second time"
        raise Mismatch(message, diagnosis=["state-aliased"])


@item("resume")
def test_a_run_that_is_taken_up_ends_with_the_same_weights_bit_for_bit(student, make):
    check_resumed(student, make)


### BEGIN HIDDEN TESTS
@item("resume")
def test_a_run_in_float32_ends_with_the_same_weights_bit_for_bit(student, make):
    check_resumed(student, make, dtype=torch.float32)


@item("resume")
def test_a_velocity_comes_back_to_the_device_of_its_parameter(student, make):
    params = {"w1": make.normal(3, 4), "b1": make.normal(4)}
    found = rehearsed(student, "devices", "!capture", "!restore", params)
    if found is None:
        raise Missing("capture or restore is not written yet (it returns None)")
    if not found["same"]:
        raise Mismatch("restore exchanged the parameters", diagnosis=["parameters-not-restored"])
    if lone(found["rate"]) != 0.5 and lone(found["epoch"]) != 3:
        raise Missing("restore puts nothing back yet")
    if set(found["devices"].values()) != {"meta"}:
        raise Mismatch("a velocity is on the CPU, its parameter is not", diagnosis=["device-forgotten"])


@item("resume")
def test_a_run_without_momentum_ends_with_the_same_weights_bit_for_bit(student, make):
    check_resumed(student, make, velocity=False)


### END HIDDEN TESTS
