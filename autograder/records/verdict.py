"""The verdict: the one record of what grading a hand-in found. Every other part of the grader reads it.

`classroom/verdicts/<assignment>/<student>.json` holds plain data: codes for machines, messages for people. What the
notebook's cells showed lies beside it, in `cells/<student>.json`, as only the feedback page asks for it.
autograder/README.md describes the fields; `SCHEMA` grows when one changes its meaning.
"""

from __future__ import annotations

import glob
import json
import math
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from autograder.files import write_atomically

SCHEMA = 2
JUDGED, REFUSED, NOT_JUDGED = "judged", "refused", "not judged"


@dataclass
class ItemVerdict:
    """One graded item. score: None where it is not judged and a person must look. message: what the student may read;
    detail: all of it, where that is more. tests: `toolbox.checks.items.TestResult` as plain data, without the item.
    """

    id: str
    score: float | None
    max_score: float
    status: str
    message: str
    tests: list[dict]
    detail: str = ""


@dataclass
class Verdict:
    """One hand-in, graded. status: 'judged', 'refused' (by the intake), or 'not judged', which is nobody's mark: the
    machine or the kit was at fault, and `message` says how. key: a digest of all that it depends on. judged_by: digests
    of the `checks`, and of the `grader`, which is the checks and all else that judges. left_out: the statements of
    modules that do not load. suspicions: what a person should look at; marks do not depend on it.
    """

    assignment: str
    student: str
    hand_in: dict
    intake: dict
    items: list[ItemVerdict] = field(default_factory=list)
    status: str = JUDGED
    message: str = ""
    key: str = ""
    judged_by: dict = field(default_factory=dict)
    left_out: list[dict] = field(default_factory=list)
    suspicions: list[dict] = field(default_factory=list)
    schema: int = SCHEMA

    @property
    def score(self) -> float:
        return round(sum(item.score or 0.0 for item in self.items), 2)

    @property
    def max_score(self) -> float:
        return round(sum(item.max_score for item in self.items), 2)

    @property
    def open_items(self) -> list[str]:
        """The items that are not judged."""
        return [item.id for item in self.items if item.score is None]

    def item(self, name: str) -> ItemVerdict | None:
        return next((item for item in self.items if item.id == name), None)

    def as_dict(self) -> dict:
        keys = (
            "schema assignment student status message key judged_by hand_in intake left_out suspicions score max_score"
        )
        content = asdict(self) | {"score": self.score, "max_score": self.max_score}
        return _finite({key: content[key] for key in (*keys.split(), "items")})

    @classmethod
    def from_dict(cls, content: dict) -> Verdict:
        """The inverse of `as_dict`. Raises ValueError for another schema."""
        if content.get("schema") != SCHEMA:
            raise ValueError(f"a verdict of schema {content.get('schema')!r}; this kit reads {SCHEMA}: grade again")
        fields = {key: value for key, value in content.items() if key not in ("score", "max_score")}
        return cls(**fields | {"items": [ItemVerdict(**item) for item in content["items"]]})


@dataclass
class Judgement:
    """A verdict, and what the notebook's code cells showed: [{"source", "outputs"}] in order, outputs in notebook
    format. Plain data.
    """

    verdict: Verdict
    cells: list[dict] = field(default_factory=list)


def path_of(classroom: Path, assignment: str, student: str) -> Path:
    return classroom / "verdicts" / assignment / f"{student}.json"


def cells_of(classroom: Path, assignment: str, student: str) -> Path:
    return classroom / "verdicts" / assignment / "cells" / f"{student}.json"


def write(judgement: Judgement, classroom: Path) -> Path:
    """Write a judgement's two files, each whole or not at all, the verdict last; returns the verdict's path."""
    names = judgement.verdict.assignment, judgement.verdict.student
    write_atomically(cells_of(classroom, *names), _json(judgement.cells))
    return write_atomically(path_of(classroom, *names), _json(judgement.verdict.as_dict()))


def read(classroom: Path, assignment: str, student: str) -> Judgement | None:
    """The judgement of one hand-in, None where there is none of this schema."""
    try:
        verdict = Verdict.from_dict(json.loads(path_of(classroom, assignment, student).read_bytes()))
        cells = json.loads(cells_of(classroom, assignment, student).read_bytes())
    except (OSError, ValueError, TypeError, KeyError):
        return None
    return Judgement(verdict, cells)


def read_all(classroom: Path, assignment: str) -> list[dict]:
    """All verdicts of an assignment as plain data, by student; those of another schema are left out."""
    folder = classroom / "verdicts" / assignment
    found = (_plain(path) for path in sorted(folder.glob("[!.]*.json")))
    return [verdict for verdict in found if verdict is not None]


def read_all_of(classroom: Path, student: str) -> list[dict]:
    """All verdicts on one student's hand-ins as plain data, by assignment."""
    found = (_plain(path) for path in sorted((classroom / "verdicts").glob(f"*/{glob.escape(student)}.json")))
    return [verdict for verdict in found if verdict is not None]


def _plain(path: Path) -> dict | None:
    verdict = json.loads(path.read_bytes())
    return verdict if verdict.get("schema") == SCHEMA else None


def _json(content: Any) -> bytes:
    return (json.dumps(content, indent=1, allow_nan=False) + "\n").encode()


def _finite(value: Any) -> Any:
    """Numbers that JSON does not have (nan, inf) as text: students' answers are full of them."""
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if isinstance(value, dict):
        return {key: _finite(entry) for key, entry in value.items()}
    if isinstance(value, list):
        return [_finite(entry) for entry in value]
    return value
