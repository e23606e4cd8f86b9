"""Types and import rules hold: mypy and import-linter, run as tests so that they take a turn beside the others."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from autograder.tests.checkout import ROOT


def said(*words: str | Path) -> str:
    """What a command prints where it fails, and nothing where it does not."""
    paths = os.pathsep.join([str(ROOT / "lib"), str(ROOT)])
    done = subprocess.run(
        words, cwd=ROOT, env=os.environ | {"PYTHONPATH": paths}, capture_output=True, text=True, timeout=600
    )
    return "" if done.returncode == 0 else done.stdout + done.stderr


def test_types_hold():
    assert said(sys.executable, "-m", "mypy") == ""


def test_imports_go_down_and_never_up():
    assert said(Path(sys.executable).with_name("lint-imports"), "--no-cache") == ""
