"""A gradient checker that counts instead of checking earns nothing, whatever is asked of it twice."""

from __future__ import annotations

import pytest

from autograder.tests.naming import suite_of
from toolbox.calling.student import LocalTransport, Student


@pytest.mark.parametrize("calls", [0, 1, 5, 9, 10, 11, 17, 18, 19, 40])
def test_a_checker_that_says_yes_at_first_and_no_later_earns_nothing(calls):
    asked = []

    def gradcheck(forward, backward, inputs):
        asked.append(1)
        return len(asked) <= calls

    suite = suite_of("tensors")
    for check in (check for check in suite.checks if check.item.startswith("gradcheck") and check.share > 0):
        asked.clear()
        student = Student(LocalTransport({"tensors": {"gradcheck": gradcheck}}, {}))
        (result,) = suite.run(student, items=[check.item], tests=[check.id], seed="x")
        assert result.status == "failed", check.id
