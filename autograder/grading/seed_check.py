"""Before a class is judged by it, a seed is tried on the solution: what fails the solution says nothing of students.

The solution is judged like a hand-in, by the same engine and under the same limits, as the last of the class. That it
keeps all its marks is noted in classroom/ledger, so that a seed is tried once for each version of what judges. A small
class does not wait for it: what is not known by its end is found out by the next run.
"""

from __future__ import annotations

from pathlib import Path

from autograder.files import write_atomically
from autograder.grading import ledger
from autograder.judging.key import key
from autograder.judging.solved import solution
from autograder.masters.catalogue import Assignment
from autograder.records.hand_in import HandIn
from autograder.records.verdict import Judgement
from toolbox.errors import NotJudged

SMALL = 8  # hand-ins


class SeedCheck:
    """One seed. hand_in: what the engine should judge for it; None where nothing is left to be tried."""

    def __init__(self, root: Path, assignment: Assignment, seed: str):
        self.hand_in: HandIn | None = None
        try:
            hand_in = solution(root, assignment)
        except NotJudged:
            return
        version = key(root, hand_in, seed, pictures=False)
        self._passed = ledger.path_of(root / "classroom", assignment.name, f".seed-{version[:32]}")
        if not self._passed.exists():
            self.hand_in = hand_in

    def failed(self, found: Judgement | NotJudged) -> list[str]:
        """The items in which the solution loses marks under this seed."""
        if isinstance(found, NotJudged):
            return []
        items = [item.id for item in found.verdict.items if item.score != item.max_score]
        if not items:
            write_atomically(self._passed, b"")
        return items
