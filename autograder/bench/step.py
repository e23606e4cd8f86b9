"""How fast the kit's training step is: solutions/backprop/fast.py beside PyTorch autograd, same net, same losses.

Steps, for each shape (N, D, H, C): start every variant in a process of its own (`step_variants`); check that their
first losses agree; let each do a few steps, in turn and again and again; report the median of the ratios of neighbours
in time, so that a slow moment of the machine hits both sides. One thread; processor time on a CPU.

    python -m autograder bench step            on a machine with a GPU: its figures, too
    python -m autograder.bench.step cuda       the same without the kit's other libraries: torch is enough
"""

from __future__ import annotations

import contextlib
import json
import os
import statistics
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
ROUNDS, SECONDS = 9, 0.15  # of a variant in a round, about
Shape = tuple[int, int, int, int]
REACH: dict[Shape, float] = {
    (64, 64, 256, 10): 0.45,
    (256, 784, 512, 10): 0.90,
    (512, 3072, 1024, 10): 1.00,
    (64, 4096, 4096, 10): 0.70,
}
# On a GPU a small step is all launches, and a large one all products, which no order of calls makes faster.
GPU_REACH: dict[Shape, float | None] = dict(zip(REACH, (0.25, 0.25, None, None), strict=True))
GPU_REACH_CAPTURED = 0.95
VARIANTS: dict[str, tuple[str, ...]] = {"cpu": ("eager", "fused", "compiled", "by hand")}
VARIANTS["cuda"] = (*VARIANTS["cpu"], "captured")


class Worker:
    """A variant in its process. `failed` is None, or why there are no figures of it."""

    def __init__(self, variant: str, device: str, shape: Shape):
        self.process = start(variant, device, *map(str, shape))
        self._to: Any = self.process.stdin
        self._from: Any = self.process.stdout
        self._errors: Any = self.process.stderr
        self.failed: str | None = None
        self.losses: list[float] = self.answer() or []

    def seconds(self, steps: int) -> float:
        """Of one step, as the mean of `steps`. Raises RuntimeError where the process has died."""
        try:
            self._to.write(f"{steps}\n")
            self._to.flush()
            found = self.answer()
        except BrokenPipeError:
            found = None
        if found is None:
            raise RuntimeError(f"a process died while it was measured: {self.failed}")
        return found

    def answer(self) -> Any:
        line = self._from.readline()
        if line:
            return json.loads(line)
        said = self._errors.read().strip().splitlines()
        # what it said first counts: a second reading finds nothing
        self.failed = self.failed or (said[-1][:200] if said else "it ended without a word")
        return None

    def close(self) -> None:
        with contextlib.suppress(BrokenPipeError):  # of a process that died
            self._to.close()
        self.process.wait()
        self._from.close()
        self._errors.close()


def start(*words: str) -> subprocess.Popen:
    """The process of a variant: one thread, and nothing of it on the terminal."""
    environment = os.environ | {name: "1" for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")}
    return subprocess.Popen(
        [sys.executable, "-m", "autograder.bench.step_variants", *words],
        cwd=ROOT, env=environment, text=True,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip


def measure() -> list[dict]:
    """The figures of the CPU, then those of the GPU, whose value is None and whose detail says why without one."""
    import torch

    found = [cpu_entry(shape) for shape in REACH]
    if torch.cuda.is_available():
        return found + gpu()
    why = f"torch {torch.__version__} finds no GPU here"
    return found + [entry(*named, why) for shape in REACH for named in gpu_names(shape)]


def times(shape: Shape, device: str) -> dict[str, list[float] | str]:
    """variant -> seconds a step in each round, or why it could not run. Raises RuntimeError where losses differ."""
    workers = {variant: Worker(variant, device, shape) for variant in VARIANTS[device]}
    try:
        for needed in ("eager", "by hand"):
            if workers[needed].failed:
                raise RuntimeError(f"{needed} does not run: {workers[needed].failed}")
        running = {variant: worker for variant, worker in workers.items() if not worker.failed}
        agree({variant: worker.losses for variant, worker in running.items()})
        count = max(2, round(SECONDS / running["eager"].seconds(2)))
        seconds: dict[str, list[float]] = {variant: [] for variant in running}
        for _ in range(ROUNDS):
            for variant, worker in running.items():
                seconds[variant].append(worker.seconds(count))
        return dict(seconds) | {variant: worker.failed for variant, worker in workers.items() if worker.failed}
    finally:
        for worker in workers.values():
            worker.close()


def agree(losses: dict[str, list[float]]) -> None:
    """Raises RuntimeError unless every variant found eager's losses to 1e-6, of the loss where that is above 1."""
    for variant, found in losses.items():
        worst = max(abs(a - b) / max(1.0, abs(b)) for a, b in zip(found, losses["eager"], strict=True))
        if not worst <= 1e-6:
            raise RuntimeError(f"the losses of {variant!r} differ from autograd's by {worst:.1e}")


def ratio(found: dict, over: str) -> float:
    """The hand-made step's time over that of `over`: the median over neighbours in time."""
    return statistics.median(a / b for a, b in zip(found["by hand"], found[over], strict=True))


def said(found: dict) -> str:
    """The times in words, and what did not run."""
    ran = {variant: statistics.median(t) * 1e6 for variant, t in found.items() if not isinstance(t, str)}
    text = "µs a step: " + ", ".join(f"{variant} {value:.0f}" for variant, value in ran.items())
    failed = [f"; {variant} does not run here ({why})" for variant, why in found.items() if isinstance(why, str)]
    return text + "".join(failed)


def cpu_entry(shape: Shape) -> dict:
    name, reach = f"step_{tail(shape)}", REACH[shape]
    try:
        found = times(shape, "cpu")
    except RuntimeError as error:
        return entry(name, reach, str(error))
    others = [variant for variant in ("fused", "compiled") if not isinstance(found[variant], str)]
    over = "".join(f", {ratio(found, variant):.2f} of {variant}" for variant in others)
    return entry(name, reach, f"over eager autograd{over}; {said(found)}; 1 thread", ratio(found, "eager"))


def gpu_names(shape: Shape) -> list[tuple[str, float | None]]:
    """Name and reach of a shape's figures on a GPU: over eager, over the captured step, over the floor."""
    return [
        (f"step_gpu_{tail(shape)}", GPU_REACH[shape]),
        (f"step_gpu_captured_{tail(shape)}", GPU_REACH_CAPTURED),
        (f"step_gpu_floor_{tail(shape)}", None),
    ]


def gpu(device: str = "cuda") -> list[dict]:
    """The figures of the GPU, with its name and measured ceilings. A shape that fails says why; the rest goes on."""
    import torch

    process = start("ceilings", device)
    out, errors = process.communicate()
    if process.returncode:
        raise RuntimeError(f"the ceilings could not be measured: {errors[-300:]}")
    rate, bandwidth = json.loads(out)
    card = torch.cuda.get_device_name() if device == "cuda" else device
    limits = f"{card}, float32 without TF32: {rate / 1e12:.3g} TFLOP/s, {bandwidth / 1e12:.3g} TB/s measured"
    entries = []
    for shape in REACH:
        eager, captured, bound = gpu_names(shape)
        try:
            found = times(shape, device)
        except RuntimeError as error:
            entries += [entry(*named, str(error)) for named in (eager, captured, bound)]
            continue
        least = floor(shape, rate, bandwidth)
        entries.append(entry(*eager, f"over eager autograd; {said(found)}; {card}", ratio(found, "eager")))
        value = None if isinstance(found["captured"], str) else ratio(found, "captured")
        entries.append(entry(*captured, f"over autograd and fused SGD as one CUDA graph; {said(found)}", value))
        value = statistics.median(map(float, found["by hand"])) / least
        entries.append(entry(*bound, f"over the floor of {least * 1e6:.3g} µs; {limits}", value))
    return entries


def floor(shape: Shape, rate: float, bandwidth: float) -> float:
    """Seconds below which no step can come: its products at the full rate, or its arrays read and written once.

    Five products: two forward, three backward (no gradient of x). Weights and velocities are read and written.
    """
    N, D, H, C = shape
    operations = 2 * N * (2 * D * H + 3 * H * C)
    moved = 4 * (4 * (D * H + H + H * C + C) + N * D)
    return max(operations / rate, moved / bandwidth)


def tail(shape: Shape) -> str:
    return "_".join(map(str, shape))


def entry(name: str, reach: float | None, detail: str, value: float | None = None) -> dict:
    value = None if value is None else round(value, 3)
    return {"name": name, "value": value, "reach": reach, "better": "lower", "detail": detail}


if __name__ == "__main__":
    for line in gpu() if "cuda" in sys.argv else measure():
        print(line)
