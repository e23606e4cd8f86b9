"""Right answers whose arithmetic is rearranged are still right, and really are rearranged."""

from __future__ import annotations

import pytest
import torch

from autograder.audit import rearranged
from autograder.audit.rearranged import WAYS, refused

SOURCE = '''"""Words first."""
from __future__ import annotations

def third(x, y, z):
    return x + y + z, x * y * z, x / 3, (x - y).sum(dim=0), x.sum()

def others():
    return "a" + "b" + "c", [1] + [2] + [3], 7 / 49, 2 * 3 * [0], {1, 2} - {1}, 49 / 49 * 3, sum([1, 2])
'''


def run(kinds):
    names = {}
    exec(rearranged.rearranged(SOURCE, kinds), names)
    return names


def test_tensors_round_otherwise_and_everything_else_is_as_it_was():
    plain, changed = {}, run(WAYS["all of it"])
    exec(SOURCE, plain)
    x, y, z = (torch.randn(200, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(k)) for k in range(3))
    for before, after in zip(plain["third"](x, y, z), changed["third"](x, y, z), strict=True):
        torch.testing.assert_close(before, after, rtol=1e-12, atol=1e-12)
        assert not torch.equal(before, after)
    assert plain["others"]() == changed["others"]()


def test_a_tolerance_below_the_rounding_is_found():
    x = torch.randn(200, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    assert rearranged.summed(x) != x.sum() and rearranged.quotients(x, 3)[0] * 3 == pytest.approx(float(x[0]))
    assert rearranged.quotients(49, 49) == 1.0 and rearranged.less(3, 2) == 1


@pytest.mark.parametrize(("assignment", "items"), [("flat", ["net_softmax_loss"]), ("tensors", ["numeric_jacobian"])])
def test_the_solution_and_its_styles_keep_all_marks_when_rearranged(assignment, items):
    assert refused(assignment, ["rearranged 0"], items, ["all of it"]) == []
