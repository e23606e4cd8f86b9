"""The rule that turns tests into marks.

An item's score is its points times the share of its tests that passed, or that failed by a mistake which has cost its
marks in an earlier item (`judging.carried_mistakes`), rounded to a hundredth. An item in which a test met something
forbidden earns nothing: what its other tests saw was not found in the way that was asked for either. An item in which a
test is not judged has no score: a person must look.
"""

from __future__ import annotations

from autograder.records.verdict import NOT_JUDGED, ItemVerdict
from toolbox.checks.items import TestResult

# The causes, the gravest first: an item without a passed test is named after the gravest of its tests.
CAUSES = (NOT_JUDGED, "forbidden", "timeout", "memory", "crashed", "malformed", "missing", "failed")


def judge_item(name: str, points: float, results: list[TestResult]) -> ItemVerdict:
    """Turn the tests of one item into its verdict. Raises ValueError where no test gives marks."""
    total = sum(result.share for result in results)
    if total <= 0:
        raise ValueError(f"item {name!r} has no test that gives marks")
    failed = [result for result in results if result.status != "passed"]
    if not failed:
        return ItemVerdict(name, points, points, "passed", "right", [_test(result) for result in results])
    counted = [result for result in failed if not result.follows]
    gravest = min(counted or failed, key=lambda result: CAUSES.index(result.status))
    earned = sum(result.share for result in results if result.status == "passed" or result.follows)
    score: float | None = round(points * earned / total, 2)
    if gravest.status == NOT_JUDGED:
        score = None
    elif any(result.status == "forbidden" for result in failed):
        score = 0.0
    status = "followed" if not counted else "partial" if score else gravest.status
    tests = [_test(result) for result in results]
    return ItemVerdict(name, score, points, status, gravest.message, tests, gravest.detail)


def refuse_item(name: str, points: float, cause: str, message: str) -> ItemVerdict:
    """The verdict on an item of a hand-in that could not be graded at all."""
    return ItemVerdict(name, 0.0, points, cause, message, [])


def loses_marks(test: TestResult) -> bool:
    """Whether this outcome costs marks: a test that finds something forbidden does, whatever its share."""
    return test.status == "forbidden" or (test.share > 0 and test.status != "passed")


def results_of(item: ItemVerdict) -> list[TestResult]:
    """The tests of an item as `toolbox.checks.table` shows them."""
    return [TestResult(item=item.id, **test) for test in item.tests]


def _test(result: TestResult) -> dict:
    content = result.as_dict()
    del content["item"]
    return content
