"""Follow-through: one root cause costs its marks once in an assignment.

Who believes that the penalty has a 1/2 in front writes it so in every model. That is one mistake, not eight. Steps: go
through the items in the notebook's order; where every name that an item's failed tests give has cost marks in an
earlier item, they are marked with that item, and their share of the marks is given (`records.verdict.judge_item`).
The tests stay failed, and the table says why they cost nothing. A failed test without a name, such as one with a batch
of one, in which too many mistakes look alike, goes with the named ones of its item.

Only misconceptions that leave the rest of the work visible are carried: the answer equals the right one but for a
factor, a sign, a layout, a term or a convention, so all else must have been worked out. An answer that is zero
everywhere, or one that skips the upstream gradient, has not been worked out and is not carried.
"""

from __future__ import annotations

from toolbox.checks.items import TestResult

CARRIED = frozenset(
    """
    batch-mean-missing averaged-twice averaged-over-classes factor-two-missing factor-two-extra sign-flipped
    transposed kept-dimension bias-averaged bias-wrong-axis bias-not-summed bias-missing
    reg-on-bias reg-missing reg-half reg-twice reg-sign reg-averaged reg-not-weighted reg-not-squared
    hinge-correct-class-missing hinge-margin-missing hinge-scores-swapped hinge-mask-inverted
    softmax-unstabilised softmax-wrong-axis sigmoid-unstabilised sigmoid-overflows log-base
    relu-mask-missing relu-mask-from-upstream relu-mask-inverted input-changed
    jacobian-layout broadcast-averaged broadcast-axes-kept correlation-flipped
    layer-averaged grads-pile-up dtype-changed
    """.split()
)


def follow_through(order: list[str], results: list[TestResult]) -> None:
    """Mark, in place, the failed tests whose mistake has cost its marks in an earlier item. order: ids of the items."""
    charged: dict[str, str] = {}
    for name in order:
        lost = [result for result in results if result.item == name and result.share > 0 and result.status != "passed"]
        causes = list(dict.fromkeys(cause for result in lost for cause in result.diagnosis))
        if not causes or not CARRIED.issuperset(causes) or any(result.status != "failed" for result in lost):
            continue
        if all(cause in charged for cause in causes):
            for result in lost:
                result.follows = charged[(result.diagnosis or causes)[0]]
        for cause in causes:
            charged.setdefault(cause, name)
