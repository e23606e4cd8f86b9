"""How long a student waits for `check("item")`: every item of every assignment, in a notebook, from call to table."""

from __future__ import annotations

import json
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from autograder.masters.catalogue import catalogue

ROOT = Path(__file__).resolve().parents[2]
ROUNDS = 3
IN_A_NOTEBOOK = """
import json, sys, time
from pathlib import Path
lib = Path.cwd().parents[1] / "lib"
sys.path.insert(0, str(lib))
from toolbox.notebook.cells import Notebook, code_cells
notebook = Notebook(Path.cwd())
for cell in code_cells(Path.cwd() / (Path.cwd().name + ".ipynb")):
    if not cell.is_check and not cell.only_shows:
        notebook.run(cell.source)
times = {{}}
for _ in range({rounds}):
    for item in {items}:
        begin = time.perf_counter()
        notebook.run(f"check({{item!r}})")
        times.setdefault(item, []).append(time.perf_counter() - begin)
print(json.dumps(times))
"""


def measure() -> list[dict]:
    """The slowest check of the course: the median of its runs, in seconds."""
    medians: dict[str, float] = {}
    for name, assignment in catalogue(ROOT).items():
        for item, times in timed(name, list(assignment.points)).items():
            medians[f"{name}: {item}"] = statistics.median(times)
    slowest = max(medians, key=medians.__getitem__)
    detail = f"{slowest}; {len(medians)} items, median of all {statistics.median(medians.values()):.3f} s"
    return [
        {
            "name": "check_seconds",
            "value": round(medians[slowest], 3),
            "reach": 1.0,
            "better": "lower",
            "detail": detail,
        }
    ]


def timed(name: str, items: list[str]) -> dict[str, list[float]]:
    """item -> seconds of each round, in a student's folder that holds the solved modules and notebook."""
    with tempfile.TemporaryDirectory(prefix="bench-") as scratch:
        house = Path(scratch)
        for part in ("assignments", "lib", "data"):
            shutil.copytree(ROOT / part, house / part, ignore=shutil.ignore_patterns("__pycache__"))
        shutil.copytree(ROOT / "solutions" / "backprop", house / "lib" / "backprop", dirs_exist_ok=True)
        shutil.copy(ROOT / "solutions" / name / f"{name}.ipynb", house / "assignments" / name)
        script = IN_A_NOTEBOOK.format(rounds=ROUNDS, items=items)
        done = subprocess.run(
            [sys.executable, "-c", script], cwd=house / "assignments" / name, capture_output=True, text=True, check=True
        )
        return json.loads(done.stdout.splitlines()[-1])
