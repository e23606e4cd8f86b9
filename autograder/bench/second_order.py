"""What Hessian-vector products and the two modes cost: the R-operator in gradients, forward against reverse mode.

Steps: build a two-layer net of the lecture's kind (N = 256, D = 784, H = 100, C = 10, float32) and a random direction;
check that the R-operator and backpropagating twice agree; time a gradient by hand, the R-operator and double backward
in turn, many times over, and report the medians of the ratios of neighbours in time. Then the whole Jacobian of a
function with one input and many outputs, and of its mirror image, by forward and by reverse mode: passes counted,
seconds measured the same way. Processor time, one thread.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

import torch
import torch.nn.functional as F

from autograder.bench.engine import reference

NET, DIGITS = (256, 784, 100, 10), (1257, 64, 32, 10)  # N, D, H, C
MANY, ROUNDS = 256, 31
REACH = {"rop_gradients": 1.6, "rop_vs_double_backward": 0.75, "forward_one_in": 0.1, "reverse_one_out": 0.1}


def measure() -> list[dict]:
    """Four ratios, as entries of bench.json; all of them the lower the better."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        return [*products(), *modes()]
    finally:
        torch.set_num_threads(threads)


def products() -> list[dict]:
    """The R-operator's cost in gradients, and over double backward's."""
    gradients, doubles, words = [], [], []
    for sizes in (NET, DIGITS):
        one, rop, two = interleaved(three_ways(*sizes))
        gradients.append(ratio(rop, one))
        doubles.append(ratio(rop, two))
        times = ", ".join(f"{statistics.median(run) * 1e3:.2f} ms" for run in (one, rop, two))
        words.append(f"N, D, H, C = {sizes}: gradient, R-operator, double backward {times}")
    other = f"; on {DIGITS} {gradients[1]:.2f} and {doubles[1]:.2f}"
    return [entry("rop_gradients", gradients[0], words[0] + other),
            entry("rop_vs_double_backward", doubles[0], words[0] + other)]  # fmt: skip


def three_ways(N: int, D: int, H: int, C: int) -> list[Callable]:
    """A gradient by hand, H v by the R-operator, H v by backpropagating twice, on one net. Raises where they differ."""
    second_order, draw = reference("second_order"), torch.Generator().manual_seed(0)
    shapes = {"w1": (D, H), "b1": (H,), "w2": (H, C), "b2": (C,)}
    x, y = torch.randn(N, D, generator=draw), torch.randint(0, C, (N,), generator=draw)
    net = {name: torch.randn(shape, generator=draw) / shape[0] ** 0.5 for name, shape in shapes.items()}
    v = {name: torch.randn(shape, generator=draw) for name, shape in shapes.items()}
    reg = 1e-3

    def loss(w1, b1, w2, b2):
        penalty = reg * ((w1 * w1).sum() + (w2 * w2).sum())
        return F.cross_entropy(torch.tanh(x @ w1 + b1) @ w2 + b2, y) + penalty

    runs = [
        lambda: second_order.net_gradient(x, y, net, reg),
        lambda: second_order.hvp_rop(x, y, net, v, reg),
        lambda: second_order.hvp_twice(loss, list(net.values()), list(v.values())),
    ]
    for name, other in zip(shapes, runs[2](), strict=True):
        torch.testing.assert_close(runs[1]()[name], other, rtol=1e-3, atol=1e-5)
    return runs


def modes() -> list[dict]:
    """The cheaper mode over the other one, for one input and many outputs and for many inputs and one output."""
    forward_mode = reference("forward_mode")
    c, found = torch.linspace(-1, 1, MANY), []
    cases = {
        "forward_one_in": (lambda t, c: ((t * c).tanh() * c).exp(), torch.tensor(0.3)),
        "reverse_one_out": (lambda t, c: ((t * c).tanh() * c).exp().sum(), c.flip(0)),
    }
    for name, (function, x) in cases.items():
        passes = {"forward": 0, "reverse": 0}

        def push(v, function=function, x=x, passes=passes):
            passes["forward"] += 1
            return forward_mode.jvp(lambda t: function(t, c), [x], [v])[1]

        def pull(g, function=function, x=x, passes=passes):
            passes["reverse"] += 1
            leaf = x.clone().requires_grad_()
            return torch.autograd.grad(function(leaf, c), leaf, g)[0]

        columns = lambda push=push, x=x: forward_mode.jacobian_by_columns(push, x)  # noqa: E731
        y = function(x, c)
        rows = lambda pull=pull, y=y: forward_mode.jacobian_by_rows(pull, y)  # noqa: E731
        torch.testing.assert_close(columns(), rows())
        counted = ", ".join(f"{mode} {count} passes" for mode, count in passes.items())
        forward, reverse = interleaved([columns, rows], rounds=7)
        value = ratio(forward, reverse) if name == "forward_one_in" else ratio(reverse, forward)
        seconds = f"{statistics.median(forward) * 1e3:.2f} ms and {statistics.median(reverse) * 1e3:.2f} ms"
        found.append(entry(name, value, f"the whole Jacobian, {MANY} numbers: {counted}; {seconds}"))
    return found


def interleaved(runs: list[Callable], rounds: int = ROUNDS) -> list[list[float]]:
    """Processor seconds of each function, called in turn, round after round; the first round only warms up."""
    times: list[list[float]] = [[] for _ in runs]
    for turn in range(rounds + 1):
        for run, seconds in zip(runs, times, strict=True):
            start = time.process_time()
            run()
            if turn:
                seconds.append(time.process_time() - start)
    return times


def ratio(ours: list[float], base: list[float]) -> float:
    return statistics.median(a / b for a, b in zip(ours, base, strict=True))


def entry(name: str, value: float, detail: str) -> dict:
    return {"name": name, "value": round(value, 3), "reach": REACH[name], "better": "lower", "detail": detail}


if __name__ == "__main__":
    for line in measure():
        print(line)
