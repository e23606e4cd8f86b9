"""A table of answers, made with a seed that everybody knows, is worth nothing under the seed of a class.

The answers are the solution's own, each with the question that it belongs to. Whoever has the repository can make such
a table for any seed that stands in it: that is why each classroom draws its own.
"""

from __future__ import annotations

from pathlib import Path

from autograder.course import rooms
from autograder.course.answers import Answer
from autograder.course.students import answering
from autograder.judging.marks import judge_item
from autograder.masters.sources import checks_of
from autograder.records.seed import class_seed
from toolbox.calling import calls
from toolbox.calling.student import LocalTransport, Student
from toolbox.checks.suite import PUBLIC_SEED, Suite

ROOT = Path(__file__).resolve().parents[3]


class Table:
    """A transport that writes down what the solution answers, and later knows nothing else."""

    allowed = 0

    def __init__(self, solution: LocalTransport):
        self._solution = solution
        self._known: dict[tuple, bytes] = {}
        self.learning = True

    def call(self, module: str, name: str, payload: bytes) -> bytes:
        return self._answer((module, name, payload), lambda: self._solution.call(module, name, payload))

    def value(self, name: str) -> bytes:
        return self._answer((name,), lambda: self._solution.value(name))

    def script(self, number: int, payload: bytes) -> bytes:
        return self._answer((payload,), lambda: self._solution.script(number, payload))

    def _answer(self, question: tuple, work) -> bytes:
        if self.learning:
            self._known[question] = work()
        return self._known.get(question) or calls.failure("missing", "it is not in the table")

    @property
    def desk(self):
        return self._solution.desk

    @desk.setter
    def desk(self, desk) -> None:
        self._solution.desk = desk


def earned(suite: Suite, transport: Table, seed: str) -> dict[str, float]:
    """item -> the share of its points."""
    found = suite.run(Student(transport), seed=seed)
    verdicts = [judge_item(name, 1.0, [result for result in found if result.item == name]) for name in suite.items]
    return {verdict.id: verdict.score or 0.0 for verdict in verdicts}


def test_a_table_of_answers_earns_nothing_under_the_seed_of_a_class(tmp_path):
    suite = Suite(checks_of(ROOT, "flat"))
    solution = answering(Answer("right", ()), rooms.load("flat"))._transport
    assert isinstance(solution, LocalTransport)
    table, own = Table(solution), class_seed(tmp_path)
    assert own not in ("", PUBLIC_SEED, class_seed(tmp_path / "another"))
    assert set(earned(suite, table, "of the repository").values()) == {1.0}
    table.learning = False  # it holds nearly all that is asked under a seed that is known
    assert min(earned(suite, table, "of the repository").values()) > 0.8
    found = earned(suite, table, own)
    assert {item for item, share in found.items() if share} == {"predict", "bugs_found"}  # numbers and names by hand
