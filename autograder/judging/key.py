"""What a verdict depends on, as a digest: a hand-in whose key has not changed need not be judged again."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from functools import cache
from importlib.metadata import version
from pathlib import Path

from autograder.masters.sources import checks_of, kinds_of
from autograder.records.hand_in import HandIn

# Of the grader, beside the suite: what runs the work, compares it and turns it into marks.
PARTS = ("autograder/judging", "autograder/sandbox", "autograder/records", "lib/toolbox")


def key(root: Path, hand_in: HandIn, seed: str, pictures: bool) -> str:
    """The digest of a hand-in and of all that it is judged by."""
    digest = hashlib.sha256(f"{judging(root, hand_in.assignment)}|{seed}|{pictures}".encode())
    receipt = hand_in.receipt.to_dict()
    digest.update(repr([receipt[name] for name in ("status", "code", "message", "repairs", "sha256")]).encode())
    for name, content in sorted({**hand_in.modules, "": hand_in.notebook}.items()):
        digest.update(name.encode() + b"\0" + hashlib.sha256(content).digest())
    return digest.hexdigest()


@cache
def versions(root: Path, assignment: str) -> dict[str, str]:
    """What a verdict says that it was judged by: digests of the checks, and of all that judges."""
    checks = sorted(checks_of(root, assignment).glob("*.py"))
    return {"checks": _digest("", checks), "grader": judging(root, assignment)}


@cache
def judging(root: Path, assignment: str) -> str:
    """The digest of what an assignment is judged by: the suite, the solutions, the release, the kit's code, torch."""
    given = sorted(checks_of(root, assignment).glob("*.py")) + kinds_of(root)
    given += sorted((root / "solutions" / "backprop").glob("*.py"))
    given += sorted((root / "assignments" / assignment).glob("*.*"))
    for part in PARTS:
        given += sorted((root / part).rglob("*.py"))
    return _digest(f"torch {version('torch')}", given)


def _digest(told: str, paths: Iterable[Path]) -> str:
    """A digest of some words and of the contents of files; what is no plain file does not count."""
    digest = hashlib.sha256(told.encode())
    for path in paths:
        if path.is_file() and not path.is_symlink():
            digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()
