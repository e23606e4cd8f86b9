"""The verdict: the one record of what grading a hand-in found, and the rule that turns tests into marks.

An item's score is its points times the share of its tests that passed, or that failed by a mistake which has cost its
marks in an earlier item (`autograder.follow`), rounded to a hundredth. An item in which a test met something forbidden
earns nothing: what its other tests saw was not found in the way that was asked for either. `status` is for machines,
`message` for people. The file format is described in autograder/README.md; `SCHEMA` grows when it changes.
"""

from __future__ import annotations

import json
import math
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from autograder import whole
from toolbox.items import TestResult

SCHEMA = 1
# The causes, the gravest first: an item without a passed test is named after the gravest of its tests.
CAUSES = ("forbidden", "timeout", "memory", "crashed", "malformed", "missing", "failed")


@dataclass
class ItemVerdict:
    """One graded item."""

    id: str
    score: float
    max_score: float
    status: str
    message: str
    tests: list[dict]


@dataclass
class Verdict:
    """One hand-in, graded. look: what in its source a TA may want to look at (`autograder.look`); it changes no mark."""

    assignment: str
    student: str
    hand_in: dict
    intake: dict
    items: list[ItemVerdict] = field(default_factory=list)
    schema: int = SCHEMA
    look: list[dict] = field(default_factory=list)

    @property
    def score(self) -> float:
        return round(sum(item.score for item in self.items), 2)

    @property
    def max_score(self) -> float:
        return round(sum(item.max_score for item in self.items), 2)

    def item(self, name: str) -> ItemVerdict | None:
        return next((item for item in self.items if item.id == name), None)

    def as_dict(self) -> dict:
        keys = ("schema", "assignment", "student", "hand_in", "intake", "score", "max_score", "items", "look")
        content = asdict(self) | {"score": self.score, "max_score": self.max_score}
        return {key: content[key] for key in keys}


def judge_item(name: str, points: float, results: list[TestResult]) -> ItemVerdict:
    """Turn the tests of one item into its verdict. Raises ValueError where no test gives marks."""
    total = sum(result.share for result in results)
    if total <= 0:
        raise ValueError(f"item {name!r} has no test that gives marks")
    failed = [result for result in results if result.status != "passed"]
    earned = sum(result.share for result in results if result.status == "passed" or result.follows)
    forbidden = any(result.status == "forbidden" for result in failed)
    score = 0.0 if forbidden else round(points * earned / total, 2)
    if not failed:
        status, message = "passed", "right"
    else:
        counted = [result for result in failed if not result.follows]
        gravest = min(counted or failed, key=lambda result: CAUSES.index(result.status))
        status = "followed" if not counted else "partial" if score > 0 else gravest.status
        message = gravest.message
    return ItemVerdict(name, score, points, status, message, [_test(result) for result in results])


def refuse_item(name: str, points: float, cause: str, message: str) -> ItemVerdict:
    """The verdict on an item of a hand-in that could not be graded at all."""
    return ItemVerdict(name, 0.0, points, cause, message, [])


def _test(result: TestResult) -> dict:
    content = result.as_dict()
    del content["item"]
    return content


def path_of(classroom: Path, assignment: str, student: str) -> Path:
    return classroom / "verdicts" / assignment / f"{student}.json"


def write(verdict: Verdict, classroom: Path) -> Path:
    """Write the verdict's file, whole or not at all; returns its path."""
    text = json.dumps(_finite(verdict.as_dict()), indent=1, allow_nan=False) + "\n"
    return whole.write(path_of(classroom, verdict.assignment, verdict.student), text.encode())


def _finite(value: Any) -> Any:
    """Numbers that JSON does not have (nan, inf) as text: students' answers are full of them."""
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if isinstance(value, dict):
        return {key: _finite(entry) for key, entry in value.items()}
    if isinstance(value, list):
        return [_finite(entry) for entry in value]
    return value


def read_all(classroom: Path, assignment: str) -> list[dict]:
    """All verdicts of an assignment, by student."""
    folder = classroom / "verdicts" / assignment
    return [json.loads(path.read_text(encoding="utf-8")) for path in sorted(folder.glob("[!.]*.json"))]
