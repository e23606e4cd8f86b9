"""The kit's grading beside stock nbgrader's, on the same hand-ins, in one run, in turn.

Stock: `nbgrader autograde` and `nbgrader generate_feedback` as shipped, in a course of its own whose only change is
that nbgrader's own `Execute` runs the notebooks: the same notebooks, whose check cells then run the public checks in
the student's kernel. The kit: `grade`, with intake, sandbox, hidden tests, gradebook, feedback and class report, the
assignment known to the gradebook on both sides. Rounds alternate, the figures are medians of the ratios of neighbours.

Start-up counts on both sides, for a class of CLASS: the kit grades that many; stock, which would take a quarter of an
hour for it, grades 1 and then STOCK more, which tells its start-up from its cost of a hand-in.
"""

from __future__ import annotations

import json
import os
import shutil
import statistics
import tempfile
import time
from pathlib import Path

from autograder import intake
from autograder.bench.classes import command, course, end, start, typical, write_class
from autograder.bench.memory import Peak
from autograder.bench.steps import steps

ROUNDS = 3
CLASS = 40
STOCK = 3
SMALL, MIDDLE, LARGE = 10, 100, 1000  # KIT_BENCH_LARGE=1 measures the large one
REPEATS = 3  # of the sizes that take seconds: their differences are what counts


def measure() -> list[dict]:
    """`grading_vs_nbgrader`, `grading_vs_two_nbgrader`, with the steps behind them, and `grading_flatness`."""
    with tempfile.TemporaryDirectory(prefix="bench-") as scratch:
        place = Path(scratch)
        kit = course(place / "kit")
        stocks = [course(place / f"stock{number}", stock=True) for number in range(2)]
        kinds = typical(kit, place / "demo")
        one, two, own, pictures = [], [], [], []
        peak = Peak()
        for number in range(ROUNDS):
            chosen = kinds[number:] + kinds[:number]
            one.append(stock_seconds(stocks[:1], chosen))
            own.append(kit_seconds(kit, chosen, CLASS, peak=peak) / CLASS)
            two.append(stock_seconds(stocks, chosen))
            pictures.append(kit_seconds(kit, chosen, SMALL, "--pictures") / SMALL)
        rates = {"stock": one, "two stock": two, "kit": own, f"kit with pictures (a class of {SMALL})": pictures}
        said = ", ".join(f"{who} {60 / statistics.median(seconds):.1f}" for who, seconds in rates.items())
        detail = (
            f"hand-ins a minute: {said}; medians of {ROUNDS} interleaved rounds, a class of {CLASS}, start-up incl."
        )
        fresh(kit)
        found = [
            figure("grading_vs_nbgrader", ratio(one, own), 20.0, f"{detail}; {peak}; {steps(kit, kinds)}"),
            figure("grading_vs_two_nbgrader", ratio(two, own), 10.0, "the same, beside two stock processes at once"),
        ]
        return [*found, flatness(kit, kinds)]


def ratio(slow: list[float], quick: list[float]) -> float:
    return round(statistics.median(theirs / ours for theirs, ours in zip(slow, quick, strict=True)), 1)


def figure(name: str, value: float | None, reach: float, detail: str, better: str = "higher") -> dict:
    return {"name": name, "value": value, "reach": reach, "better": better, "detail": detail}


def flatness(kit: Path, kinds: list[bytes]) -> dict:
    """Cost of a hand-in in a large class over that in a small one, start-up taken off both.

    Start-up is taken from a class of one hand-in a core: with a single one the other cores would stand idle, and what
    they could have done in that time would count as start-up.
    """
    large = bool(os.environ.get("KIT_BENCH_LARGE"))
    few = min(os.cpu_count() or 1, SMALL // 2)
    sizes: dict[int, list[float]] = {few: [], SMALL: [], MIDDLE: []}
    peaks: dict[int, Peak] = {}
    for _ in range(REPEATS):
        for size, seconds in sizes.items():
            seconds.append(kit_seconds(kit, kinds, size, peak=peaks.setdefault(size, Peak())))
    if large:
        sizes[LARGE] = [kit_seconds(kit, kinds, LARGE, peak=peaks.setdefault(LARGE, Peak()))]
    begin = statistics.median(sizes.pop(few))
    cost = {size: (statistics.median(seconds) - begin) / (size - few) for size, seconds in sizes.items()}
    said = ", ".join(f"{size}: {seconds:.3f} s ({peaks[size]})" for size, seconds in cost.items())
    detail = f"cost a hand-in, start-up and the first {few} ({begin:.1f} s) off: {said}"
    if not large:
        detail += f"; not measured: {LARGE} hand-ins, which KIT_BENCH_LARGE=1 adds"
    value = round(cost[LARGE] / cost[SMALL], 3) if large else None
    return figure("grading_flatness", value, 1.15, detail, better="lower")


def stock_seconds(stocks: list[Path], kinds: list[bytes]) -> float:
    """Seconds a hand-in of stock nbgrader's autograde and generate_feedback, for a class of CLASS, in as many processes
    at once as there are courses.
    """
    first, rest = (_stock_run(stocks, kinds, count) for count in (1, 1 + STOCK))
    each = max((rest - first) / STOCK, 0.0)  # of one process
    return (first - each + each * CLASS / len(stocks)) / CLASS


def _stock_run(stocks: list[Path], kinds: list[bytes], count: int) -> float:
    """Seconds in which every course grades `count` hand-ins of its own."""
    for number, stock in enumerate(stocks):
        chosen = kinds[number * count :] + kinds[: number * count]
        fresh(stock)
        released = stock / "assignments" / "flat" / "flat.ipynb"
        intake.intake(
            write_class(chosen, count, stock / "incoming"), stock / "classroom" / "submitted", "flat", released
        )
    begin = time.perf_counter()
    for step in ("autograde", "generate_feedback"):
        for process in [start(stock, "nbgrader", step, "flat") for stock in stocks]:
            end(process)
    return time.perf_counter() - begin


def kit_seconds(kit: Path, kinds: list[bytes], count: int, *options: str, peak: Peak | None = None) -> float:
    """Seconds of the kit's `grade` on `count` students."""
    fresh(kit)
    source = write_class(kinds, count, kit / "incoming")
    seconds = command(kit, "autograder", "grade", "flat", "--from", str(source), *options, peak=peak)
    verdicts = list((kit / "classroom" / "verdicts" / "flat").glob("[!.]*.json"))
    if len(verdicts) != count or not all(json.loads(path.read_text())["score"] > 0 for path in verdicts):
        raise RuntimeError(f"the kit graded {len(verdicts)} of {count} hand-ins, or some without marks")
    return seconds


def fresh(where: Path) -> None:
    """An empty classroom, whose gradebook knows the assignment."""
    shutil.rmtree(where / "classroom", ignore_errors=True)
    command(where, "nbgrader", "generate_assignment", "flat", "--force")
