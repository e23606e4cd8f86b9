"""One way to train the two-layer net, in a process of its own: `python -m autograder.bench.step_variants VARIANT …`.

The parent (`step`) asks over the standard streams, a line of JSON each way: first this process tells the losses of its
first steps, then it answers each number of steps with the seconds that one of them took, until its input ends.

Every variant starts from the same weights, takes the same batches in the same order, float32, lr 0.001, rho 0.9.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable

os.environ.setdefault("TORCHINDUCTOR_COMPILE_THREADS", "1")

import torch  # noqa: E402
import torch.nn.functional as F  # noqa: E402
from torch import Tensor  # noqa: E402

LR, RHO, BATCHES, CHECKED = 1e-3, 0.9, 4, 8
Step = Callable[[int], Tensor]  # the number of a batch -> its loss


def data(N: int, D: int, H: int, C: int, device: str) -> tuple[torch.nn.Sequential, list[tuple[Tensor, Tensor]]]:
    """PyTorch's net with its own initial weights, and the batches: the same numbers in every process."""
    torch.manual_seed(0)
    net = torch.nn.Sequential(torch.nn.Linear(D, H), torch.nn.ReLU(), torch.nn.Linear(H, C))
    batches = [(torch.randn(N, D), torch.randint(0, C, (N,))) for _ in range(BATCHES)]
    return net.to(device), [(x.to(device), y.to(device)) for x, y in batches]


def optimiser(net: torch.nn.Module, fused: bool) -> torch.optim.SGD:
    return torch.optim.SGD(net.parameters(), lr=LR, momentum=RHO, fused=fused or None)


def autograd(net: torch.nn.Module, batches: list, *, fused: bool = False, compiled: bool = False) -> Step:
    """nn.Sequential, F.cross_entropy, SGD with momentum; `compiled`: forward and backward through torch.compile."""
    optim = optimiser(net, fused)

    def loss_of(x: Tensor, y: Tensor) -> Tensor:
        return F.cross_entropy(net(x), y)

    loss_of = torch.compile(loss_of) if compiled else loss_of

    def step(number: int) -> Tensor:
        optim.zero_grad(set_to_none=True)
        loss = loss_of(*batches[number])
        loss.backward()
        optim.step()
        return loss.detach()

    return step


def captured(net: torch.nn.Module, batches: list) -> Step:
    """Autograd's whole step, fused SGD included, as one CUDA graph; the best that PyTorch offers out of the box."""
    optim = optimiser(net, fused=True)
    x, y = (part.clone() for part in batches[0])
    before = [p.detach().clone() for p in net.parameters()]

    def whole() -> Tensor:
        loss = F.cross_entropy(net(x), y)
        loss.backward()
        optim.step()
        return loss.detach()

    stream = torch.cuda.Stream()
    stream.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(stream):  # the libraries set themselves up outside the graph
        for _ in range(3):
            optim.zero_grad(set_to_none=True)
            whole()
    torch.cuda.current_stream().wait_stream(stream)
    optim.zero_grad(set_to_none=True)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        loss = whole()
    with torch.no_grad():
        for p, start in zip(net.parameters(), before, strict=True):
            p.copy_(start)
            optim.state[p]["momentum_buffer"].zero_()

    def step(number: int) -> Tensor:
        x.copy_(batches[number][0])
        y.copy_(batches[number][1])
        graph.replay()
        return loss

    return step


def by_hand(net: torch.nn.Sequential, batches: list) -> Step:
    """The kit's own step, solutions/backprop/fast.py."""
    from autograder.bench.engine import reference

    fast = reference("fast")
    first, second = net[0], net[2]
    assert isinstance(first, torch.nn.Linear) and isinstance(second, torch.nn.Linear)
    (H, D), C = first.weight.shape, second.weight.shape[0]
    mine = fast.FastNet(len(batches[0][0]), D, H, C, rho=RHO, device=batches[0][0].device)
    with torch.no_grad():
        mine.w1.copy_(first.weight.T)
        mine.b1.copy_(first.bias)
        mine.w2.copy_(second.weight.T)
        mine.b2.copy_(second.bias)
    wide = [(fast.with_ones(x), y) for x, y in batches]
    return lambda number: mine.step(*wide[number], LR)


VARIANTS: dict[str, Callable[..., Step]] = {
    "eager": autograd,
    "fused": lambda net, batches: autograd(net, batches, fused=True),
    "compiled": lambda net, batches: autograd(net, batches, fused=True, compiled=True),
    "captured": captured,
    "by hand": by_hand,
}


def clock(device: str) -> float:
    """Seconds: processor time of this process on a CPU, so that neighbours do not count; the wall's on a GPU."""
    if device == "cpu":
        return time.process_time()
    torch.cuda.synchronize()
    return time.perf_counter()


def ceilings(device: str) -> tuple[float, float]:
    """The machine's own limits, measured: float32 operations a second of a large product, bytes a second of a copy."""

    def best(what: Callable[[], object]) -> float:
        times = []
        for _ in range(12):
            begin = clock(device)
            what()
            times.append(clock(device) - begin)
        return min(times[2:])

    side = 8192 if device == "cuda" else 1024
    a, b, out = (torch.randn(side, side, device=device) for _ in range(3))
    product = best(lambda: torch.mm(a, b, out=out))
    source = torch.randn(2**28 if device == "cuda" else 2**24, device=device)
    target = torch.empty_like(source)
    copy = best(lambda: target.copy_(source))
    return 2 * side**3 / product, 2 * 4 * source.numel() / copy


def main(variant: str, device: str, *shape: str) -> None:
    torch.set_num_threads(1)
    torch.backends.cuda.matmul.allow_tf32 = False
    if variant == "ceilings":
        print(json.dumps(ceilings(device)), flush=True)
        return
    N, D, H, C = map(int, shape)
    net, batches = data(N, D, H, C, device)
    step = VARIANTS[variant](net, batches)
    print(json.dumps([float(step(number % BATCHES)) for number in range(CHECKED)]), flush=True)
    for line in sys.stdin:
        steps = int(line)
        begin = clock(device)
        for number in range(steps):
            step(number % BATCHES)
        print(json.dumps((clock(device) - begin) / steps), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
