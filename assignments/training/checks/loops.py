"""What stands around the steps must do: starting weights, mini-batches, the loop."""

from __future__ import annotations

import math
from typing import Any

import torch

from toolbox.checks.compare import assert_value
from toolbox.checks.suite import item
from toolbox.errors import Malformed, Mismatch, Missing
from toolbox.probes.optimiser_probe import Recorder, bowl

# Initialisation


def drawn(student, module: str, name: str, seed: int, *args: Any, times: int = 1, global_seed: int = 0) -> list:
    s = student.script()
    function = getattr(getattr(s, module), name)
    call = s.toolbox.optimiser_probe.seeded(function, seed, *args, times=times, global_seed=global_seed)
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


@item("kaiming", says="initial weights have the spread that keeps a signal's size")
def test_starting_weights_have_the_spread_that_keeps_a_signal_alive(student, make):
    check_spread(drawn(student, "training", "kaiming", make.seed, 300, 500)[0], 300, 500)


@item("kaiming", says="initial weights come from the generator")
def test_starting_weights_come_from_the_generator(student, make):
    check_seed(student, "training", "kaiming", make.seed, 4, 3)


# Mini-batches


def walked(student, make, N: int, batch_size: int, times: int = 1, global_seed: int = 0, seed: int | None = None):
    """The epochs as lists of index tensors and of labels; x and y are made so that an index can be read off."""
    x = torch.stack([torch.arange(N) * 1.0, torch.arange(N) * -2.0], dim=1)
    y = 100 + torch.arange(N)
    s = student.script()
    report = s.fetch(
        s.toolbox.optimiser_probe.epochs(
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


# The loop


def exact(numbers: Any) -> torch.Tensor:
    return torch.tensor(numbers, dtype=torch.float64)


def bowls(make, sizes: tuple[int, ...]) -> tuple[dict, list]:
    params = {"w": make.normal(3, 2), "b": make.normal(2)}
    return params, [[make.normal(n, 4) + 0.5, make.labels(n, 3)] for n in sizes]


def check_loop(student, make, sizes: tuple[int, ...], once: bool = False) -> None:
    params, batches = bowls(make, sizes)
    s = student.script()
    found = s.fetch(s.toolbox.optimiser_probe.loop(s.training.train_epoch, params, batches, once=once))[0]
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


@item("train_epoch", says="an epoch makes one step for each batch and returns the losses")
def test_an_epoch_makes_one_step_a_batch_and_keeps_the_losses(student, make):
    check_loop(student, make, (4, 4, 4, 2))
