"""Use a bundle as a student does before it is written: unpack it, import it, ask its checks of the empty skeleton.

Steps: write the files into a folder of their own; in a fresh Python that knows only that folder, import the toolbox and
its catalogue of mistakes, collect every assignment's checks, and ask them of the released modules. Every check must be
red, and none may break: a check that passes gives marks for nothing, one that breaks lacks what it needs.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from autograder.masters.problems import Problem

TRIAL = """
import importlib, json, sys
from pathlib import Path
sys.path.insert(0, str(Path("lib").resolve()))
import torch
torch.set_num_threads(1)
import toolbox, toolbox.check, toolbox.checks.misconceptions, toolbox.handin
from toolbox.calling.student import LocalTransport, Student
from toolbox.checks.suite import Suite
found = []
for listing in sorted(Path("assignments").glob("*/checks.json")):
    modules = json.loads(listing.read_text(encoding="utf-8"))["modules"]
    spaces = {name: vars(importlib.import_module(f"backprop.{name}")) for name in modules}
    suite = Suite(listing.parent / "checks")
    lines = {check.id: (check.file, check.line) for check in suite.checks}
    for result in suite.run(Student(LocalTransport(spaces, {})), faults=True):
        if result.status in ("passed", "not judged") and result.share > 0:
            file, line = lines[result.name]
            where = f"{listing.parent.as_posix()}/checks/{file.name}"
            found.append([where, line, result.name, result.status, result.message])
print("\\n" + json.dumps(found))
"""


def problems(content: Mapping[str, bytes]) -> list[Problem]:
    """What is wrong with a bundle in use. content: its files by their paths."""
    with tempfile.TemporaryDirectory(prefix="bundle-") as folder:
        for path, data in content.items():
            file = Path(folder) / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(data)
        bare = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
        done = subprocess.run([sys.executable, "-c", TRIAL], cwd=folder, env=bare, capture_output=True, text=True)
    if done.returncode != 0:
        said = (done.stderr.strip().split("\n") or [""])[-1]
        return [Problem("the release", 0, f"cannot be used: {said}")]
    return [Problem(path, line, _said(check, status, message))
            for path, line, check, status, message in json.loads(done.stdout.strip().split("\n")[-1])]  # fmt: skip


def _said(check: str, status: str, message: str) -> str:
    if status == "passed":
        return f"{check} passes on the empty skeleton: let it ask for something that is written"
    return f"{check} breaks on the empty skeleton: {message}"
