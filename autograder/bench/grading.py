"""The kit's grading beside stock nbgrader's, on the same hand-ins, in one run, in turn.

Stock: `nbgrader autograde` and `nbgrader generate_feedback` as shipped, sequential, in a course of its own whose only
change is that nbgrader's own `Execute` runs the notebooks: the same notebooks, whose check cells then run the public
checks in the student's kernel. The kit: `grade`, with intake, sandbox, hidden tests, gradebook and feedback. Start-up
counts on both sides. Rounds alternate, the figure is the median of the ratios of neighbours in time.
"""

from __future__ import annotations

import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from autograder import intake
from autograder.demo import make_class

ROOT = Path(__file__).resolve().parents[2]
ROUNDS = 3
STOCK_HAND_INS = 3
KIT_HAND_INS = 40
FLAT_SIZES = (10, 100)  # KIT_BENCH_LARGE=1 adds 1,000
# Students whose hand-ins run through: one that never ends would time its own limit, on both sides.
TYPICAL = ("s02", "s03", "s04", "s05", "s06", "s07", "s08", "s10", "s15", "s21")


def measure() -> list[dict]:
    """`grading_vs_nbgrader`, with the steps behind it, and `grading_flatness`."""
    with tempfile.TemporaryDirectory(prefix="bench-") as scratch:
        kit, stock = course(Path(scratch) / "kit"), course(Path(scratch) / "stock", stock=True)
        hand_ins = typical(kit, Path(scratch) / "hand-ins")
        ratios, rates = [], {"kit": [], "stock": [], "kit with pictures": []}
        for number in range(ROUNDS):
            slow = stock_seconds(stock, hand_ins, number)
            quick, _ = kit_seconds(kit, hand_ins, KIT_HAND_INS)
            shown, _ = kit_seconds(kit, hand_ins, len(hand_ins), "--pictures")
            rates["stock"].append(60 / slow)
            rates["kit"].append(60 / quick)
            rates["kit with pictures"].append(60 / shown)
            ratios.append(slow / quick)
        said = ", ".join(f"{who} {statistics.median(rate):.1f}" for who, rate in rates.items())
        detail = f"hand-ins a minute: {said}; medians of {ROUNDS} interleaved rounds, start-up included"
        found = [
            {
                "name": "grading_vs_nbgrader", "value": round(statistics.median(ratios), 1), "reach": 20.0,
                "better": "higher", "detail": detail,
            }
        ]  # fmt: skip
        return found + [flatness(kit, hand_ins)]


def flatness(kit: Path, hand_ins: list[Path]) -> dict:
    """Cost per hand-in of a large class over that of a small one, start-up taken off both."""
    sizes = (*FLAT_SIZES, 1000) if os.environ.get("KIT_BENCH_LARGE") else FLAT_SIZES
    start, _ = kit_seconds(kit, hand_ins, 1)
    cost, peak = {}, 0
    for size in sizes:
        each, peak = kit_seconds(kit, hand_ins, size)
        cost[size] = (each * size - start) / max(size - 1, 1)
    said = ", ".join(f"{size}: {seconds:.3f} s" for size, seconds in cost.items())
    detail = f"cost a hand-in, start-up off: {said}; peak memory of the grader {peak / 2**20:.0f} MiB"
    if sizes[-1] != 1000:
        detail += "; KIT_BENCH_LARGE=1 measures 1,000 hand-ins"
    value = round(cost[sizes[-1]] / cost[sizes[0]], 3)
    return {"name": "grading_flatness", "value": value, "reach": 1.15, "better": "lower", "detail": detail}


def course(where: Path, stock: bool = False) -> Path:
    """A course of its own: the masters, built; with nbgrader's own preprocessors where `stock`."""
    for part in ("assignments", "lib", "data", "solutions", "autograder"):
        shutil.copytree(ROOT / part, where / part, ignore=shutil.ignore_patterns("__pycache__", "*.egg-info"))
    for part in ("nbgrader_config.py", "requirements.txt", "README.md", "pyproject.toml"):
        shutil.copy(ROOT / part, where / part)
    if stock:
        config = where / "nbgrader_config.py"
        lines = config.read_text()
        begin, end = lines.index("# The judge in the place"), lines.index("c.OverwriteCells")
        config.write_text(lines[:begin] + lines[end:])
    command(where, "autograder", "build")
    return where


def typical(kit: Path, out: Path) -> list[Path]:
    """Hand-ins of the demo class that run through."""
    made = make_class(kit, out)
    chosen = [hand_in.path for hand_in in made if hand_in.student.startswith(TYPICAL)]
    for hand_in in made:
        if hand_in.path not in chosen:
            hand_in.path.unlink()
    return chosen


def command(where: Path, *words: str) -> float:
    """Run `python -m …` in a course; returns the seconds it took. Raises RuntimeError with what it printed."""
    environment = os.environ | {"PYTHONPATH": str(where / "lib")}
    begin = time.perf_counter()
    done = subprocess.run([sys.executable, "-m", *words], cwd=where, env=environment, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"{' '.join(words)} failed:\n{done.stdout[-1500:]}{done.stderr[-1500:]}")
    return time.perf_counter() - begin


def stock_seconds(stock: Path, hand_ins: list[Path], number: int) -> float:
    """Seconds a hand-in of stock nbgrader's autograde and generate_feedback."""
    classroom = stock / "classroom"
    shutil.rmtree(classroom, ignore_errors=True)
    chosen = [hand_ins[(number * STOCK_HAND_INS + step) % len(hand_ins)] for step in range(STOCK_HAND_INS)]
    source = stock / "incoming"
    shutil.rmtree(source, ignore_errors=True)
    source.mkdir()
    for path in chosen:
        shutil.copy2(path, source)
    released = stock / "assignments" / "flat" / "flat.ipynb"
    intake.intake(source, classroom / "submitted", "flat", released)
    command(stock, "nbgrader", "generate_assignment", "flat", "--force")
    seconds = command(stock, "nbgrader", "autograde", "flat") + command(stock, "nbgrader", "generate_feedback", "flat")
    return seconds / len(chosen)


def kit_seconds(kit: Path, hand_ins: list[Path], count: int, *options: str) -> tuple[float, int]:
    """Seconds a hand-in of the kit's `grade` on `count` students, and the largest peak memory of its processes."""
    shutil.rmtree(kit / "classroom", ignore_errors=True)
    source = kit / "incoming"
    shutil.rmtree(source, ignore_errors=True)
    source.mkdir()
    for number in range(count):
        shutil.copy2(hand_ins[number % len(hand_ins)], source / f"student{number:04d}.zip")
    seconds = command(kit, "autograder", "grade", "flat", "--from", str(source), *options)
    verdicts = list((kit / "classroom" / "verdicts" / "flat").glob("*.json"))
    if len(verdicts) != count or not all(json.loads(path.read_text())["score"] > 0 for path in verdicts):
        raise RuntimeError(f"the kit graded {len(verdicts)} of {count} hand-ins, or some without marks")
    return seconds / count, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024
