"""What an implicit layer saves: forward and backward of a deep equilibrium layer, against unrolling it.

Steps: draw layers whose iteration contracts more and more weakly; check that the gradients of both ways agree; take
both ways in turn, again and again, and report the median of the ratios of neighbours in time; measure once each the
most memory that their tensors take at one moment (that of the linear systems counts, too).
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from typing import Any

import torch

from autograder.bench.engine import reference
from toolbox.given.unrolling import layer, peak_bytes, steps_to_settle, unrolled

N, D, H = 256, 16, 32
RADII = (0.5, 0.9, 0.97, 0.99)
ROUNDS = 5
REACH = {"deq_memory": 0.1, "deq_time": 0.8}


def measure() -> list[dict]:
    """The two ratios at the last radius, with the curve over all radii in their details."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        curve = [compare(radius) for radius in RADII]
    finally:
        torch.set_num_threads(threads)
    found = []
    for place, name in enumerate(REACH):
        told = ", ".join(f"{radius:g} ({steps} steps): {row[place]:.3f}" for radius, steps, *row in curve)
        detail = f"implicit over unrolled, forward and backward, N={N} H={H}, by spectral radius: {told}"
        value = round(curve[-1][2 + place], 3)
        found.append({"name": name, "value": value, "reach": REACH[name], "better": "lower", "detail": detail})
    return found


def compare(radius: float) -> tuple[float, int, float, float]:
    """(radius, steps, ratio of memory, ratio of time) of one layer."""
    given: Any = layer(radius, N, D, H)
    grad_z = torch.randn(N, H, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    solved: Any = reference("implicit")

    def implicit() -> list:
        z = solved.deq_solve(**given, max_steps=100_000)
        return [z, *solved.deq_grads(solved.deq_adjoint(grad_z, z, given["w"]), z, given["x"], given["u"])]

    def unroll() -> list:
        return unrolled(grad_z, **given)

    for ours, theirs in zip(implicit(), unroll(), strict=True):
        if (ours - theirs).abs().max() > 1e-5 * theirs.abs().max():
            raise RuntimeError(f"the two ways disagree at radius {radius}")
    ratios = [clock(implicit) / clock(unroll) for _ in range(ROUNDS)]
    memory = peak_bytes(implicit) / peak_bytes(unroll)
    return radius, steps_to_settle(**given), memory, statistics.median(ratios)


def clock(run: Callable[[], object]) -> float:
    begin = time.process_time()
    run()
    return time.process_time() - begin


if __name__ == "__main__":
    for line in measure():
        print(line)
