"""Rehearsals: what the checks of `training` do with a student's optimisers, loops and generators, in their process.

A check hands plain data in and gets plain data back. Between the two, objects are needed that do not travel: an
optimiser that keeps its velocity, a random generator, a generator function. Nothing is judged in here.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

NOT_WRITTEN = None


class Watched(dict):
    """A dict that knows whether anybody has looked into it."""

    looked = False

    def _look(self) -> None:
        self.looked = True

    def __getitem__(self, key: Any) -> Any:
        self._look()
        return super().__getitem__(key)

    def get(self, key: Any, default: Any = None) -> Any:
        self._look()
        return super().get(key, default)

    def items(self) -> Any:
        self._look()
        return super().items()

    def values(self) -> Any:
        self._look()
        return super().values()


def optimise(
    make: Callable[..., Any], params: dict[str, Tensor], gradients: Sequence[dict[str, Tensor]],
    rates: Sequence[float], **options: float,
) -> dict[str, Any]:  # fmt: skip
    """Make an optimiser and let it step through `gradients`, with the learning rate of each step in `rates`.

    The gradients arrive in the same tensors every time, as from a net that keeps its buffers.
    Returns "params": the caller's own tensors after each step, "velocity": what the optimiser holds at the end (tensors
    only), "looked": whether it ever read a gradient, "changed": the names of gradients that it wrote into.
    """
    held = {name: w.clone() for name, w in params.items()}
    optimizer = make(dict(held), lr=rates[0], **options)
    buffers = {name: torch.empty_like(grad) for name, grad in gradients[0].items()}
    path, changed, looked = [], set(), False
    for grads, rate in zip(gradients, rates, strict=True):
        for name, grad in grads.items():
            buffers[name].copy_(grad)
        optimizer.lr = rate
        given = Watched(buffers)
        optimizer.step(given)
        looked = looked or given.looked
        changed |= {name for name, grad in grads.items() if not torch.equal(buffers[name], grad)}
        path.append({name: w.clone() for name, w in held.items()})
    velocity = getattr(optimizer, "velocity", None)
    velocity = {k: v for k, v in velocity.items() if isinstance(v, Tensor)} if isinstance(velocity, dict) else None
    return {"params": path, "velocity": velocity, "looked": looked, "changed": sorted(changed)}


double = torch.float64  # dtypes do not travel


def fresh_generator(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def seeded(function: Callable[..., Any], seed: int, *args: Any, times: int = 1, global_seed: int = 0) -> list[Any]:
    """`function(*args, generator)` several times, one generator seeded once. The global generator is set apart."""
    before = torch.get_rng_state()
    torch.manual_seed(global_seed)
    try:
        generator = torch.Generator().manual_seed(seed)
        return [function(*args, generator) for _ in range(times)]
    finally:
        torch.set_rng_state(before)


def called(function: Callable[..., Any], params: dict[str, Tensor], *args: Any) -> dict[str, Any]:
    """`function(params, *args)`. Returns "answer", and "changed": the names of parameters that were written into."""
    held = {name: w.clone() for name, w in params.items()}
    answer = function(dict(held), *args)
    return {"answer": answer, "changed": [name for name, w in held.items() if not torch.equal(w, params[name])]}


def epochs(
    minibatches: Callable[..., Any], x: Tensor, y: Tensor, batch_size: int, seed: int, *, times: int = 1,
    global_seed: int = 0,
) -> dict[str, Any]:  # fmt: skip
    """The batches of several epochs, one generator through all.

    Returns "epochs": a list of [x, y] each, None where not written; "changed": the names of what was written into.
    """
    before = {"x": x.clone(), "y": y.clone()}

    def one_epoch(generator: torch.Generator) -> list[list[Tensor]] | None:
        found = minibatches(x, y, batch_size, generator)
        if found is None:
            return NOT_WRITTEN
        batches = []
        for pair in found:
            batches.append(list(pair))
            if len(batches) > 10 * len(x) + 10:  # an endless one
                break
        return batches or NOT_WRITTEN

    found = seeded(one_epoch, seed, times=times, global_seed=global_seed)
    changed = [name for name, values in (("x", x), ("y", y)) if not torch.equal(values, before[name])]
    return {"epochs": found, "changed": changed}


class Recorder:
    """Stands in for an optimiser: writes down what it is given, and moves the parameters by a rule of its own."""

    def __init__(self, params: dict[str, Tensor], lr: float = 0.1):
        self.params, self.lr = params, lr
        self.velocity = {name: torch.zeros_like(w) for name, w in params.items()}
        self.seen: list[dict[str, Tensor]] = []

    def step(self, grads: dict[str, Tensor]) -> None:
        self.seen.append({name: grad.clone() for name, grad in grads.items()})
        for name, w in self.params.items():
            self.velocity[name].add_(grads[name]).tanh_()
            w.copy_(torch.lerp(w, self.velocity[name], self.lr))


def bowl(x: Tensor, y: Tensor, params: dict[str, Tensor]) -> tuple[Tensor, dict[str, Tensor]]:
    """A loss to train on, with its gradients: no net, so that nothing but the loop is looked at."""
    gap = {name: w - x.mean() * (1 + y.double().mean()) for name, w in params.items()}
    return sum(d.square().sum() for d in gap.values()), {name: 2 * d for name, d in gap.items()}


def loop(
    train_epoch: Callable[..., Any], params: dict[str, Tensor], batches: Sequence[Sequence[Tensor]], once: bool = False
) -> dict[str, Any]:
    """Walk `train_epoch` through batches with `bowl` and a `Recorder`. once: hand them over as an iterator."""
    held = {name: w.clone() for name, w in params.items()}
    optimizer = Recorder(held)
    pairs = [tuple(pair) for pair in batches]
    losses = train_epoch(dict(held), optimizer, iter(pairs) if once else pairs, bowl)
    return {"losses": losses, "params": held, "steps": len(optimizer.seen)}


def buffered(
    make: Callable[..., Any], params: dict[str, Tensor], batches: Sequence[Sequence[Tensor]], N: int,
    **options: float,
) -> dict[str, Any]:  # fmt: skip
    """Steps of a BufferedNet.

    Returns the losses, the caller's parameters at the end, the batches it wrote into, and the bytes of the largest
    tensor that the last step made.
    """
    held = {name: w.clone() for name, w in params.items()}
    net = make(dict(held), N, **options)
    losses, changed, largest = [], [], 0
    for number, (x, y) in enumerate(batches):
        before = x.clone(), y.clone()
        with Made() as made:
            loss = net.step(x, y)
        losses.append(loss.clone() if isinstance(loss, Tensor) else loss)
        largest = made.largest
        if not (torch.equal(before[0], x) and torch.equal(before[1], y)):
            changed.append(number)
    return {"losses": losses, "params": held, "changed": changed, "largest": largest}


class Made(TorchDispatchMode):
    """Notes the largest tensor that operations make in new memory (in-place results, views and `out=` are not new)."""

    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        return False  # nothing is compiled here; True would load the compiler, which takes more than a second

    def __init__(self) -> None:
        super().__init__()
        self.largest = 0

    def __torch_dispatch__(self, func: Any, types: Any, args: tuple = (), kwargs: dict | None = None) -> Any:
        kwargs = kwargs or {}
        given = {t.untyped_storage().data_ptr() for t in _tensors([*args, *kwargs.values()])}
        result = func(*args, **kwargs)
        for tensor in _tensors([result]):
            if tensor.untyped_storage().data_ptr() not in given:
                self.largest = max(self.largest, tensor.numel() * tensor.element_size())
        return result


def _tensors(values: Sequence[Any]) -> list[Tensor]:
    found: list[Tensor] = []
    for value in values:
        if isinstance(value, Tensor):
            found.append(value)
        elif isinstance(value, list | tuple):
            found += _tensors(value)
    return found
