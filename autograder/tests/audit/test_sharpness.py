"""How sharp the suites are, from both sides: right answers off by one to two parts in ten thousand fail in
every item that asks for a number, off by a rounding they pass.

The numbers of right answers are changed on their way to the suite, whatever an item asks for. So no test can hide
behind a tolerance of its own.
"""

import zlib

import pytest
import torch

from autograder.audit import suite_audit
from autograder.audit.suite_audit import loses_marks
from autograder.course import rooms
from autograder.course.answers import Answer
from autograder.course.students import answering
from autograder.masters.sources import checks_of
from toolbox.calling.student import LocalTransport, Student
from toolbox.checks.suite import Suite

ROOT = suite_audit.ROOT
ASSIGNMENTS = ["flat", "scalar", "tensors", "layers", "training", "beyond"]
OFF = 1e-4  # up to twice that, by content: an answer that agrees with its own wrong upstream gradient is right
# Items that no factor can spoil, with what they ask for instead of a number that was worked out.
WHOLE, DIGITS, SENT = "whole numbers, names or verdicts", "numbers by hand, to three digits", "what was sent, unchanged"
LUCK = "random numbers, or a net judged by what it can do"
BLIND = {
    "flat": {"bugs_found": WHOLE, "predict": DIGITS},
    "scalar": {"gate_max": SENT, "patterns": WHOLE, "predict_neuron": DIGITS, "predict_sum": DIGITS,
               "value_order": WHOLE},
    "tensors": {"corr_grad_b": SENT, "product_cost": WHOLE, "suspects": WHOLE}
    | dict.fromkeys(["gradcheck_entry", "gradcheck_float32", "gradcheck_kinks", "gradcheck_scales",
                     "gradcheck_upstream", "gradcheck_wrong", "gradcheck_zero"], WHOLE),
    "layers": {"graph_by_hand": DIGITS, "graph_order": WHOLE, "graph_skip": WHOLE, "layers_by_hand": DIGITS},
    "training": {"atomic": SENT, "checkpoint": SENT, "confusion": WHOLE, "kaiming": LUCK, "ladder": DIGITS,
                 "minibatches": SENT, "overfit": LUCK, "predict": DIGITS, "trained": LUCK},
    "beyond": {"by_hand": WHOLE, "jacobians": SENT},
}  # fmt: skip
# Items whose numbers are handed on and never worked with: there a rounding is a change.
EXACT = {"batchnorm_running", "resume", "search"}


class Scaled(Student):
    """A student whose every number comes out times a factor, but for those that went in: they are given back as is."""

    def __init__(self, transport, factor):
        super().__init__(transport)
        self._factor = factor
        self._tensors, self._numbers = [], {0.0}

    def _call(self, module, name, args, kwargs):
        self._note([*args, kwargs])
        return super()._call(module, name, args, kwargs)

    def _send_script(self, number, request):
        self._note(request)
        return super()._send_script(number, request)

    def _read(self, blob, sent):
        return self._scaled(super()._read(blob, sent))

    def _times(self, value):
        """The factor of a tensor or a number; the same for the same one."""
        value = torch.as_tensor(value, dtype=None if isinstance(value, torch.Tensor) else torch.float64)
        return self._factor(value.dtype, zlib.crc32(value.contiguous().numpy().tobytes()))

    def _note(self, value):
        """Remember every number and tensor in plain data."""
        if isinstance(value, torch.Tensor):
            self._tensors.append(value.clone())
        elif isinstance(value, float):
            self._numbers.add(value)
        elif isinstance(value, dict | list | tuple):
            for entry in value.values() if isinstance(value, dict) else value:
                self._note(entry)

    def _scaled(self, value):
        """Plain data with every float, and every entry of a float tensor, times the factor for its dtype."""
        if isinstance(value, torch.Tensor) and value.is_floating_point():
            known = any(value.dtype == one.dtype and torch.equal(value, one) for one in self._tensors)
            return value if known else value * self._times(value)
        if isinstance(value, float):
            return value if value in self._numbers else value * self._times(value)
        if isinstance(value, list | tuple):
            return type(value)(self._scaled(entry) for entry in value)
        if isinstance(value, dict):
            return {key: self._scaled(entry) for key, entry in value.items()}
        return value


def results(assignment, factor):
    """The suite's results for the solution, its numbers times a factor."""
    suite = Suite(checks_of(ROOT, assignment))
    transport = answering(Answer("right", ()), rooms.load(assignment))._transport
    assert isinstance(transport, LocalTransport)
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        return suite.run(Scaled(transport, factor), seed="sharp"), suite.items
    finally:
        torch.set_num_threads(before)


@pytest.mark.parametrize("assignment", ASSIGNMENTS)
def test_an_answer_that_is_off_by_one_part_in_ten_thousand_fails_in_every_item(assignment):
    found, items = results(assignment, lambda dtype, content: 1 + OFF * (1 + content % 97 / 97))
    accused = [result.name for result in found if "input-changed" in result.diagnosis]
    assert accused == [], "what went in must come out as it was, or this test proves nothing"
    blind = set(items) - {result.item for result in found if loses_marks(result)}
    assert blind == set(BLIND[assignment])


@pytest.mark.parametrize("assignment", ASSIGNMENTS)
def test_an_answer_that_is_off_by_a_rounding_passes_in_every_item(assignment):
    found, _ = results(assignment, lambda dtype, content: 1 + 4 * torch.finfo(dtype).eps)
    lost = [(result.name, result.message) for result in found if loses_marks(result) and result.item not in EXACT]
    assert lost == []
