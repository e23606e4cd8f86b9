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
    assert rearranged.sums(0.1, 0.2, 0.3) == 0.3 + 0.2 + 0.1 != 0.1 + 0.2 + 0.3
    tiny = torch.tensor(1e-40)
    assert rearranged.quotients(tiny, tiny) == 1.0, "the change overflowed, and not the answer"
    assert rearranged.quotients(49, 49) == 1.0 and rearranged.less(3, 2) == 1


@pytest.mark.parametrize(
    ("assignment", "items"), [("flat", ["net_softmax_loss"]), ("tensors", ["numeric_jacobian", "softmax_backward"])]
)
def test_the_solution_and_its_styles_keep_all_marks_when_rearranged(assignment, items):
    assert refused(assignment, [f"rearranged {number}" for number in (0, 7, 9)], items, ["all of it"]) == []


def test_a_softmax_that_is_sure_keeps_its_marks_though_its_jacobian_is_all_rounding():
    assert refused("tensors", ["rearranged 10", "rearranged 15"], ["softmax_jacobian"], ["all of it"]) == []


def test_gradients_of_batchnorm_that_cancel_keep_their_marks():
    assert refused("layers", ["rearranged 45"], ["batchnorm_backward"], ["all of it"]) == []


def test_a_square_multiplied_out_keeps_its_marks_where_its_terms_cancel():
    assert refused("flat", ["many 119", "many 234"], ["toy"], ["as it stands"]) == []
