"""Where judging happens: hand-ins go in, judgements come out, in the order in which they are finished.

An engine is anything with this interface. `local` has processes of this machine; another one may send hand-ins, which
are plain data, to a cluster. Grades do not depend on the engine.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

from autograder.records.hand_in import HandIn
from autograder.records.verdict import Judgement
from toolbox.errors import NotJudged

Outcome = tuple[HandIn, Judgement | NotJudged]


class Engine(Protocol):
    """One assignment's judges."""

    def submit(self, hand_in: HandIn) -> None:
        """Have a hand-in judged, after those that were submitted before."""

    def outcomes(self) -> Iterator[Outcome]:
        """What has been submitted and not yet been told of, each as soon as it is judged; ends when there is none left.

        NotJudged stands for a hand-in that the machine or the kit could not judge, whatever was tried.
        """

    def close(self) -> None:
        """End all judging; what has not been told of is forgotten."""
