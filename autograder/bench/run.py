"""`make bench`: run every part's measurements, print a table with the machine, write classroom/bench.json.

A part is a module of this package with `measure() -> list[dict]`; each dict has `name`, `value` (null where it could
not be measured here), `reach`, `better` ("higher" or "lower") and `detail`. A part that fails is named and the rest
goes on.
"""

from __future__ import annotations

import importlib
import json
import os
import platform
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.table import Column, Table

PARTS = ("engine", "checks", "grading", "one", "step", "accuracy", "second_order", "implicit")


def run(root: Path, only: list[str] | None = None, console: Console | None = None) -> int:
    """Run the named parts (default: all); returns 0 where each reached what it should, 1 otherwise."""
    console = console or Console()
    if unknown := set(only or ()) - set(PARTS):
        console.print(f"no part is called {', '.join(sorted(unknown))}; there are: {', '.join(PARTS)}", style="red")
        return 2
    console.print(machine(), highlight=False)
    found: list[dict] = []
    failed = []
    for part in only or PARTS:
        with console.status(f"measuring: {part}"):
            try:
                found += importlib.import_module(f"autograder.bench.{part}").measure()
            except Exception as error:  # the other parts' figures are still worth having
                failed.append(part)
                console.print(
                    f"{part} could not be measured: {type(error).__name__}: {error}", style="red", markup=False
                )
    path = root / "classroom" / "bench.json"
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    console.print(table(found))
    console.print(f"written: {path}", highlight=False)
    return 1 if failed or any(reached(entry) is False for entry in found) else 0


def reached(entry: dict) -> bool | None:
    """Whether the figure reaches what it should; None where it could not be measured or has nothing to reach."""
    if entry["value"] is None or entry["reach"] is None:
        return None
    return entry["value"] >= entry["reach"] if entry["better"] == "higher" else entry["value"] <= entry["reach"]


def table(found: list[dict]) -> Table:
    """A row a figure. Names are shown whole, however narrow the terminal: one looks them up in bench.json."""
    shown = Table(Column("figure", no_wrap=True), "value", "should be", "", "detail")
    words = {True: "[green]reached[/green]", False: "[red]missed[/red]", None: ""}
    for entry in found:
        sign = {"higher": "≥", "lower": "≤"}[entry["better"]]
        value = "–" if entry["value"] is None else f"{entry['value']:g}"
        reach = "" if entry["reach"] is None else f"{sign} {entry['reach']:g}"
        word = "not measured" if entry["value"] is None else words[reached(entry)]
        shown.add_row(entry["name"], value, reach, word, escape(entry["detail"]))
    return shown


def machine() -> str:
    """One line about the machine that the figures belong to."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        cpu = next(line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        cpu = platform.processor() or platform.machine()
    system = f"{platform.system()} {platform.release()}"
    return f"{os.cpu_count()} cores, {cpu}, {system}, Python {platform.python_version()}"
