"""What the calls of each test need of processor time, beside what they may take: marks must not depend on speed.

Steps: judge the solution like a hand-in, in a real worker; note the longest call of each test; compare it with what
it may take in a hand-in that has shown that it hangs, or with the test's own. A need above a third of its limit is a
fault: a machine three times as slow, or the same one under load, would cost marks.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from autograder.judging.judge import Judge
from autograder.judging.one_thread import one_thread
from autograder.judging.solved import solution
from autograder.sandbox.patience import Patience
from toolbox.calling.student import Student
from toolbox.notebook.cells import code_cells

SHARE = 1 / 3


@dataclass(frozen=True)
class Need:
    """One test. seconds: of processor time, its longest call; limit: what it may take."""

    item: str
    test: str
    seconds: float
    limit: float

    @property
    def ok(self) -> bool:
        return self.seconds <= SHARE * self.limit

    def __str__(self) -> str:
        share = f"{100 * self.seconds / self.limit:.0f} % of its {self.limit:g} s"
        return f"{self.item}: {self.test} needs {self.seconds:.3f} s, {share}"


def needs(root: Path, assignment: str) -> list[Need]:
    """The need of every test of an assignment, the tightest first. Raises NotJudged where no worker can be had."""
    judge = Judge(root, assignment, seed="needs")
    try:
        hand_in = solution(root, judge.assignment)
        transport = judge.transport(hand_in, judge.cells(code_cells(json.loads(hand_in.notebook))))
        try:
            with one_thread():
                results = judge.suite.run(Student(transport), seed=judge.seed)
        finally:
            transport.close()
    finally:
        judge.close()
    curt = Patience().curt
    found = [Need(result.item, result.name, result.need, result.seconds or curt) for result in results]
    return sorted(found, key=lambda need: -need.seconds / need.limit)
