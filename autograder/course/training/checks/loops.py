"""What stands around the steps must do: starting weights, mini-batches, the loop."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import torch

from toolbox.calling.callbacks import Given, Plain, Told
from toolbox.checks.compare import assert_value
from toolbox.checks.suite import item
from toolbox.errors import Malformed, Mismatch, Missing, StudentError

# Initialisation


@contextmanager
def global_numbers(s, seed: int) -> Iterator[None]:
    """Inside, torch's global generator is seeded; afterwards it goes on as before."""
    before = s.keep(s.torch.get_rng_state())
    s.torch.manual_seed(seed)
    try:
        yield
    finally:
        s.torch.set_rng_state(before)
        with suppress(StudentError):
            s.fetch()


def drawn(student, module: str, name: str, seed: int, *args: Any, times: int = 1, global_seed: int = 0) -> list:
    s = student.script()
    generator = s.torch.Generator()
    generator.manual_seed(seed)
    with global_numbers(s, global_seed):
        function = getattr(getattr(s, module), name)
        made = [function(*args, generator)]
        found = s.fetch(made[0])
        for _ in range(times - 1):
            made.append(function(*args, generator))
            found += s.fetch(made[-1])
        (later,) = s.fetch(made[0])
    if found[0] is None:
        raise Missing(f"{name} is not written yet (it returns None)")
    if not all(isinstance(values, torch.Tensor) for values in found):
        raise Malformed(f"{name} must return a tensor")
    if not torch.equal(found[0], later):
        message = "the numbers of an earlier call change with the next call: each call makes a tensor of its own"
        raise Mismatch(message, diagnosis=["answer-reused"])
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


### BEGIN HIDDEN TESTS
@item("kaiming", says="initial weights of a layer with fewer outputs have the right spread")
def test_starting_weights_of_a_narrowing_layer_have_the_right_spread(student, make):
    check_spread(drawn(student, "training", "kaiming", make.seed, 600, 260)[0], 600, 260)


@item("kaiming", says="initial weights have the requested dtype")
def test_starting_weights_have_the_dtype_that_is_asked_for(student, make):
    s = student.script()
    generator = s.torch.Generator()
    generator.manual_seed(make.seed)
    kinds = [
        s.training.kaiming(220, 330, generator, dtype=s.torch.float64),
        s.training.kaiming(2, 3, generator),
    ]
    found = s.fetch(*kinds)
    if found[0] is None:
        raise Missing("kaiming is not written yet (it returns None)")
    for w, dtype in zip(found, (torch.float64, torch.float32), strict=True):
        if not isinstance(w, torch.Tensor) or w.dtype != dtype:
            raise Mismatch(f"w must be of dtype {dtype}", diagnosis=["dtype-changed"])
    check_spread(found[0], 220, 330)


### END HIDDEN TESTS


# Mini-batches


def walked(student, make, N: int, batch_size: int, times: int = 1, global_seed: int = 0, seed: int | None = None):
    """The epochs as lists of index tensors and of labels; x and y are made so that an index can be read off."""
    x = torch.stack([torch.arange(N) * 1.0, torch.arange(N) * -2.0], dim=1).double()[:, None]
    y = 100 + torch.arange(N)
    s, found = student.script(), []
    given, generator = [s.keep(x), s.keep(y)], s.torch.Generator()
    generator.manual_seed(make.seed if seed is None else seed)
    with global_numbers(s, global_seed):
        for _ in range(times):
            batches = s.keep(s.training.minibatches(*given, batch_size, generator))
            written = s.fetch(s.facts.present(batches))[0]
            few = s.itertools.islice(batches, 10 * N + 10)  # an endless one ends
            found.append([] if not written else s.fetch(s.builtins.list(s.builtins.map(s.builtins.list, few)))[0])
            if not found[-1]:
                raise Missing("minibatches is not written yet: it yields no batch")
    after = s.fetch(*given)
    epochs = []
    for epoch in found:
        if any(len(pair) != 2 or not all(isinstance(p, torch.Tensor) for p in pair) for pair in epoch):
            raise Malformed("every batch is a pair: rows of x, their labels")
        for rows, labels in epoch:
            if rows.shape[1:] != x.shape[1:] or labels.shape != rows.shape[:1]:
                shapes = f"{tuple(rows.shape)} and {tuple(labels.shape)}, from {tuple(x.shape)} and {tuple(y.shape)}"
                raise Mismatch(f"a batch has shapes {shapes}")
            if rows.dtype != x.dtype:
                raise Mismatch(f"rows of {x.dtype} come as {rows.dtype}", diagnosis=["dtype-changed"])
            if not torch.equal(labels - 100, rows[:, 0, 0].long()):
                message = "a row of x comes with the label of another one"
                raise Mismatch(message, diagnosis=["labels-shuffled-apart"])
        epochs.append([rows[:, 0, 0].long() for rows, _ in epoch])
    changed = [name for name, now, then in zip("xy", after, (x, y), strict=True) if not torch.equal(now, then)]
    if changed:
        message = f"minibatches wrote into {', '.join(changed)}: the caller still needs the old order"
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
@item("minibatches", says="the order of the examples comes from the generator")
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
    check_epoch(walked(student, make, 9, 4)[0], 9, 4)
    check_epoch(walked(student, make, 5, 1)[0], 5, 1)


### END HIDDEN TESTS


# The loop


def exact(numbers: Any) -> torch.Tensor:
    return torch.tensor(numbers, dtype=torch.float64)


def bowls(make, sizes: tuple[int, ...]) -> tuple[dict, list]:
    params = {"w": make.normal(3, 2), "b": make.normal(2)}
    return params, [[make.normal(n, 4) + 0.5, make.labels(n, 3)] for n in sizes]


def bowl(x: torch.Tensor, y: torch.Tensor, params: dict) -> tuple[torch.Tensor, dict]:
    """A loss to train on, with its gradients: no net, so that nothing but the loop is looked at."""
    gap = {name: w - x.mean() * (1 + y.double().mean()) for name, w in params.items()}
    return sum(d.square().sum() for d in gap.values()), {name: 2 * d for name, d in gap.items()}


class Loop:
    """Stands in for an optimiser and a loss, at the check's side: what each was called with comes back, in order."""

    def __init__(self, params: dict[str, torch.Tensor]):
        self.start = params
        self.anew()

    def anew(self) -> None:
        """As at the start."""
        self.now = {name: w.clone() for name, w in self.start.items()}
        self.velocity = {name: torch.zeros_like(w) for name, w in self.start.items()}
        self.steps = 0

    def loss(self, x: Any, y: Any, params: Any) -> list:
        """The loss and its gradients."""
        alike = isinstance(params, dict) and {k: getattr(w, "shape", None) for k, w in params.items()} == {
            k: w.shape for k, w in self.start.items()
        }
        if not alike or not isinstance(x, torch.Tensor) or not isinstance(y, torch.Tensor):
            raise Told("TypeError", "loss_and_grads takes x, y and the parameters")
        return list(bowl(x, y, params))

    def step(self, grads: Any) -> dict:
        """Move by a rule of its own; the parameters afterwards."""
        if not isinstance(grads, dict) or any(
            getattr(grads.get(k), "shape", None) != w.shape for k, w in self.now.items()
        ):
            raise Told("TypeError", "step takes the gradient of each parameter")
        self.steps += 1
        for name, w in self.now.items():
            self.velocity[name].add_(grads[name]).tanh_()
            w.copy_(torch.lerp(w, self.velocity[name], 0.1))
        return self.now


def walk(s, loop: Loop, batches: list, once: bool) -> tuple[Any, dict]:
    """`train_epoch` through batches: what it returns, and the parameters at the end. once: they come as an iterator."""
    held = {name: s.keep(w) for name, w in loop.start.items()}
    stepping, losing = s.give(Given(loop.step, Plain(), anew=loop.anew)), s.give(Given(loop.loss, *[Plain()] * 3))

    def step(grads: Any) -> None:
        moved = stepping(grads)
        for name, w in held.items():
            w.copy_(moved[name])

    optimizer = s.types.SimpleNamespace(
        params=s.keep(held), lr=0.1, velocity={}, step=s.function(step, names=["grads"])
    )
    loss = s.function(lambda x, y, params: losing(x, y, params), names=["x", "y", "params"])
    pairs = s.builtins.iter(batches) if once else batches
    losses, after = s.fetch(s.training.train_epoch(s.keep(held), optimizer, pairs, loss), held)
    return losses, after


def check_loop(student, make, sizes: tuple[int, ...], once: bool = False) -> None:
    params, batches = bowls(make, sizes)
    loop = Loop(params)
    losses, moved = walk(student.script(), loop, batches, once)
    if losses is None:
        raise Missing("train_epoch is not written yet (it returns None)")
    true, other = [], Loop(params)
    for x, y in batches:
        value, slope = bowl(x, y, other.now)
        true.append(value.item())
        other.step(slope)
    steps, due = loop.steps, len(batches)
    if steps != due:
        known = "step-forgotten" if steps == 0 else "loop-left-early" if steps < due else "batch-used-twice"
        raise Mismatch(f"the optimiser made {steps} steps in {due} batches", diagnosis=[known])
    for name in params:
        assert_value(moved[name], other.now[name], name=f"{name} at the end")
    if isinstance(losses, list):
        losses = [loss.item() if isinstance(loss, torch.Tensor) and loss.numel() == 1 else loss for loss in losses]
    assert_value(losses, exact(true), name="losses")


@item("train_epoch", says="an epoch makes one step for each batch and returns the losses")
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
