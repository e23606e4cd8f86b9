"""How fast the kit's scalar engine is: the same net, forward and backward, on micrograd and on `backprop.tape`.

Steps: build one multilayer perceptron three times with the same numbers (micrograd's nodes, the tape's, the tape's
with a fused dot product for each neuron); check that losses and gradients agree; let each do a few steps in a row, as
in training, in turn and again and again; report the median of the ratios of neighbours in time, so that a slow moment
of the machine hits both sides. Processor time, collecting one's own garbage included: cyclic graphs are a cost, too.

micrograd is no part of the kit: `pip install -e ".[bench]"` brings what benches compare with.
"""

from __future__ import annotations

import gc
import importlib.util
import random
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
SIZES = (2, 16, 16, 1)  # the net of micrograd's own demonstration
POINTS, STEPS, ROUNDS = 12, 5, 15
REACH = {"scalar_vs_micrograd": 5.0, "scalar_fused_vs_micrograd": 12.0}
Layers = list[list[tuple[list[float], float]]]


def measure() -> list[dict]:
    """The two ratios, as entries of bench.json; value None where micrograd is not installed."""
    if importlib.util.find_spec("micrograd") is None:
        how = 'micrograd is not installed: pip install -e ".[bench]"'
        return [entry(name, None, how) for name in REACH]
    layers, points = numbers()
    runs = [micrograd_run(layers, points), tape_run(layers, points), tape_run(layers, points, fused=True)]
    agree([run() for run in runs])
    times: list[list[float]] = [[], [], []]
    for _ in range(ROUNDS):
        for run, seconds in zip(runs, times, strict=True):
            gc.collect()  # nobody cleans up after the engine before, everybody after themselves
            start = time.process_time()
            for _ in range(STEPS):
                run()
            seconds.append((time.process_time() - start) / STEPS)
    count = operations()
    base, *ours = times
    found = []
    for name, seconds in zip(REACH, ours, strict=True):
        ratio = statistics.median(slow / quick for slow, quick in zip(base, seconds, strict=True))
        each = [statistics.median(values) / count * 1e6 for values in (base, seconds)]
        detail = f"{count} operations, forward and backward: micrograd {each[0]:.2f} µs each, here {each[1]:.3f} µs; "
        found.append(entry(name, round(ratio, 2), detail + f"median of {ROUNDS} interleaved rounds of {STEPS} steps"))
    return found


def entry(name: str, value: float | None, detail: str) -> dict:
    return {"name": name, "value": value, "reach": REACH[name], "better": "higher", "detail": detail}


def numbers() -> tuple[Layers, list[tuple[list[float], float]]]:
    """Weights and biases of every neuron, and labelled points: the same for all three engines."""
    draw = random.Random(1)
    layers = [
        [([draw.uniform(-1, 1) for _ in range(inputs)], draw.uniform(-1, 1)) for _ in range(outputs)]
        for inputs, outputs in zip(SIZES, SIZES[1:], strict=False)
    ]
    points = [[draw.uniform(-1, 1), draw.uniform(-1, 1)] for _ in range(POINTS)]
    return layers, [(point, 1.0 if point[0] * point[1] > 0 else -1.0) for point in points]


def operations() -> int:
    """Scalar operations of one forward pass: product and sum for each weight, ReLUs, losses, their sum."""
    weights = sum(a * b for a, b in zip(SIZES, SIZES[1:], strict=False))
    return POINTS * (2 * weights + sum(SIZES[1:-1]) + 4) - 1


def step(layers: list, points: list, neuron: Callable) -> Any:
    """The hinge loss of the net on all points, with any engine's numbers."""
    loss = None
    for point, label in points:
        x = point
        for depth, layer in enumerate(layers):
            x = [neuron(w, x, b) for w, b in layer]
            if depth < len(layers) - 1:
                x = [value.relu() for value in x]
        here = (x[0] * -label + 1.0).relu()
        loss = here if loss is None else loss + here
    return loss


def by_parts(w: list, x: list, b: Any) -> Any:
    """A neuron's sum, an operation at a time."""
    total = b
    for weight, entry in zip(w, x, strict=True):
        total = total + weight * entry
    return total


def micrograd_run(layers: Layers, points: list) -> Callable:
    from micrograd.engine import Value

    own = [[([Value(w) for w in ws], Value(b)) for ws, b in layer] for layer in layers]
    parameters = [p for layer in own for ws, b in layer for p in [*ws, b]]

    def run() -> tuple[float, list[float]]:
        for parameter in parameters:
            parameter.grad = 0
        loss = step(own, points, by_parts)
        loss.backward()
        return loss.data, [p.grad for p in parameters]

    return run


def tape_run(layers: Layers, points: list, fused: bool = False) -> Callable:
    tape = reference("tape")
    own = [[([tape.Var(w) for w in ws], tape.Var(b)) for ws, b in layer] for layer in layers]
    parameters = [p for layer in own for ws, b in layer for p in [*ws, b]]
    mark = len(tape.TAPE)

    def run() -> tuple[float, list[float]]:
        tape.forget(mark)
        loss = step(own, points, tape.dot if fused else by_parts)
        loss.backward()
        return loss.data, [p.grad for p in parameters]

    return run


def reference(module: str) -> Any:
    """The kit's own solution of a module, from its file, as `backprop` may be a student's. A fresh tape each time."""
    spec = importlib.util.spec_from_file_location(
        f"reference_{module}", ROOT / "solutions" / "backprop" / f"{module}.py"
    )
    assert spec is not None and spec.loader is not None
    loaded = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(loaded)
    return loaded


def agree(answers: list[tuple[float, list[float]]]) -> None:
    """Raises RuntimeError unless all engines found the same loss and the same gradients."""
    (loss, grads), *others = answers
    for other, found in others:
        worst = max(abs(a - b) for a, b in zip(grads, found, strict=True))
        if abs(other - loss) > 1e-9 * abs(loss) or worst > 1e-9 * max(map(abs, grads)):
            raise RuntimeError(f"the engines disagree: losses {loss} and {other}, gradients apart by {worst}")


if __name__ == "__main__":
    for line in measure():
        print(line)
