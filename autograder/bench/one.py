"""How long a TA waits for one hand-in: `grade flat --student X --again`, from call to verdict and page.

In a small class and in a large one, in turn: what one hand-in costs must not grow with the class around it.
"""

from __future__ import annotations

import os
import statistics
import tempfile
from pathlib import Path

from autograder.bench.classes import command, course, typical, write_class
from autograder.bench.grading import figure, fresh

SMALL, LARGE = 10, 100  # KIT_BENCH_LARGE=1 measures a class of 300
ROUNDS = 5
REACH, REACH_FLAT = 5.0, 1.2


def measure() -> list[dict]:
    """`one_hand_in_seconds` in the large class, and `one_hand_in_flatness`, over the small one."""
    large = 300 if os.environ.get("KIT_BENCH_LARGE") else LARGE
    with tempfile.TemporaryDirectory(prefix="bench-") as scratch:
        folder = Path(scratch)
        kits = {size: course(folder / str(size)) for size in (SMALL, large)}
        kinds = typical(kits[SMALL], folder / "demo")
        for size, kit in kits.items():
            fresh(kit)
            command(kit, "autograder", "grade", "flat", "--from", str(write_class(kinds, size, folder / "incoming")))
        seconds: dict[int, list[float]] = {size: [] for size in kits}
        for number in range(ROUNDS):
            for size, kit in kits.items():
                words = ("grade", "flat", "--student", f"student{number:04d}", "--again")
                seconds[size].append(command(kit, "autograder", *words))
    said = ", ".join(f"{statistics.median(times):.2f} s in a class of {size}" for size, times in seconds.items())
    detail = f"{said}; medians of {ROUNDS} interleaved rounds, start-up included"
    ratio = statistics.median(slow / quick for slow, quick in zip(seconds[large], seconds[SMALL], strict=True))
    return [
        figure("one_hand_in_seconds", round(statistics.median(seconds[large]), 2), REACH, detail, better="lower"),
        figure("one_hand_in_flatness", round(ratio, 2), REACH_FLAT, "the same, over the small class", better="lower"),
    ]
