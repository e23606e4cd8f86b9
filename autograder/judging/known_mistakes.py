"""What the mistakes that we know lead to under a seed, for the judge to know them again: here it meets `course`."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.progress import track

from autograder.course.mistaken import Mistaken
from autograder.course.rooms import room_at
from autograder.judging.one_thread import one_thread
from autograder.masters.sources import checks_of
from toolbox.checks.collect import Check, collect


def known_mistakes(root: Path, assignment: str, checks: Sequence[Check], seed: str, kept: Path) -> Mistaken:
    """Whoever knows them. kept: the folder for what has been worked out."""
    return Mistaken(room_at(root, assignment), checks, seed, kept)


def all_worked_out(root: Path, assignment: str, seed: str) -> dict[str, bytes]:
    """All of it, as files by name."""
    with tempfile.TemporaryDirectory(prefix="mistakes-") as folder, one_thread():
        checks = collect(checks_of(root, assignment))
        known = known_mistakes(root, assignment, checks, seed, Path(folder))
        for check in track(checks, "running the mistakes that are known", console=Console(stderr=True)):
            known(check.id)
        return {path.name: path.read_bytes() for path in Path(folder).iterdir()}
