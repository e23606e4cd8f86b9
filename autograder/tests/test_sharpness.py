"""How sharp the suites are, from both sides: the right answers times 1.0001 fail in every item, times a rounding pass.

The numbers of right answers are changed on their way to the suite, all by one factor, whatever an item asks for. So no
test can hide behind a tolerance of its own.
"""

import pytest
import torch

from autograder import audit, mutants
from autograder.audit import loses_marks
from autograder.mutants import Answer
from toolbox.student import LocalTransport, Student
from toolbox.suite import Suite

ROOT = audit.ROOT
ASSIGNMENTS = ["flat", "scalar", "tensors", "layers", "training", "beyond"]
OFF = 1 + 1e-4
# Items that ask for no number that a factor could spoil, each with what they ask for instead.
NO_NUMBER = {}


class Scaled(Student):
    """A student whose every number comes out times a factor."""

    def __init__(self, transport, factor):
        super().__init__(transport)
        self._factor = factor

    def _read(self, blob, sent):
        return scaled(super()._read(blob, sent), self._factor)


def scaled(value, factor):
    """Plain data with every float, and every entry of a float tensor, times the factor for its dtype."""
    if isinstance(value, torch.Tensor) and value.is_floating_point():
        return value * factor(value.dtype)
    if isinstance(value, float):
        return value * factor(torch.float64)
    if isinstance(value, list | tuple):
        return type(value)(scaled(entry, factor) for entry in value)
    if isinstance(value, dict):
        return {key: scaled(entry, factor) for key, entry in value.items()}
    return value


def results(assignment, factor):
    """The suite's results for the solution, its numbers times a factor."""
    package = mutants.load(assignment)
    suite = Suite(ROOT / "autograder" / "suites" / f"test_{assignment}.py")
    solution = (ROOT / "solutions" / "backprop" / f"{package.MODULE}.py").read_text()
    transport = audit.answering(Answer("right", ()), package, solution)._transport
    assert isinstance(transport, LocalTransport)
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        return suite.run(Scaled(transport, factor), seed="sharp"), suite.items
    finally:
        torch.set_num_threads(before)


@pytest.mark.parametrize("assignment", ASSIGNMENTS)
def test_an_answer_that_is_off_by_one_part_in_ten_thousand_fails_in_every_item(assignment):
    found, items = results(assignment, lambda dtype: OFF)
    blind = set(items) - {result.item for result in found if loses_marks(result)}
    assert blind == set(NO_NUMBER.get(assignment, {}))


@pytest.mark.parametrize("assignment", ASSIGNMENTS)
def test_an_answer_that_is_off_by_a_rounding_passes_in_every_item(assignment):
    found, _ = results(assignment, lambda dtype: 1 + 4 * torch.finfo(dtype).eps)
    assert [(result.name, result.message) for result in found if loses_marks(result)] == []
