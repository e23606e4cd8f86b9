"""What becomes of a judgement: the verdict first, then everything that reads it.

Steps for a hand-in: write the verdict; enter it into the gradebook; write the feedback page; note that it is done. Each
is whole or not there, so a run that is killed is taken up at the step where it stopped.
"""

from __future__ import annotations

from pathlib import Path

from autograder.gradebook.enter import ClassEntry
from autograder.grading import ledger
from autograder.grading.feedback import make_page
from autograder.records import verdict as verdicts
from autograder.records.hand_in import HandIn
from autograder.records.verdict import NOT_JUDGED, Judgement, Verdict
from toolbox.errors import NotJudged


class Results:
    """Writes the results of one assignment, one hand-in after another."""

    def __init__(self, classroom: Path, assignment: str, entry: ClassEntry, feedback: bool):
        self._classroom, self._assignment, self._entry, self._feedback = classroom, assignment, entry, feedback

    def write(self, hand_in: HandIn, key: str, judgement: Judgement) -> None:
        """Write the verdict of a hand-in that has been judged."""
        ledger.forget(self._classroom, self._assignment, hand_in.student)
        judgement.verdict.key = key
        verdicts.write(judgement, self._classroom)

    def leave_open(self, hand_in: HandIn, error: NotJudged) -> Verdict:
        """Write that nothing is known of a hand-in, unless its last verdict is of this very hand-in."""
        receipt = hand_in.receipt.to_dict()
        verdict = Verdict(
            assignment=self._assignment,
            student=hand_in.student,
            hand_in={"sha256": receipt["sha256"], "received": receipt["received"]},
            intake={name: receipt[name] for name in ("status", "code", "message", "repairs")},
            status=NOT_JUDGED,
            message=str(error),
        )
        known = verdicts.read(self._classroom, self._assignment, hand_in.student)
        if known is None or known.verdict.hand_in["sha256"] != receipt["sha256"]:
            verdicts.write(Judgement(verdict), self._classroom)
        return verdict

    def enter(self, student: str, key: str) -> None:
        """Enter a written verdict into the gradebook, and make the feedback page."""
        self._entry.enter(self._assignment, student)
        if self._feedback:
            make_page(self._entry, self._assignment, student)
        ledger.mark(self._classroom, self._assignment, student, key)
