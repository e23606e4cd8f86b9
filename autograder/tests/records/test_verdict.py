"""From test results to marks: shares, causes, and a file that is whole or not there."""

from __future__ import annotations

import json

import pytest

from autograder.judging.marks import judge_item
from autograder.records import verdict
from autograder.records.verdict import Judgement, Verdict
from toolbox.checks.items import TestResult


def result(status, share=1.0, message="", **rest):
    return TestResult("a", "test_a", False, share, status, message, **rest)


def test_all_right_earns_all_points():
    item = judge_item("a", 3, [result("passed"), result("passed", share=0)])
    assert (item.score, item.status) == (3, "passed")


def test_part_right_earns_its_share():
    item = judge_item("a", 2, [result("passed", share=1), result("failed", share=3)])
    assert (item.score, item.status) == (0.5, "partial")


def test_a_test_without_a_share_gives_nothing():
    item = judge_item("a", 2, [result("passed", share=0), result("failed")])
    assert (item.score, item.status) == (0, "failed")


@pytest.mark.parametrize("grave", ["forbidden", "timeout", "memory", "crashed", "malformed", "missing"])
def test_the_gravest_cause_names_the_item(grave):
    item = judge_item("a", 2, [result("failed", message="small"), result(grave, message="grave")])
    assert (item.status, item.message, item.score) == (grave, "grave", 0)


def test_an_item_in_which_something_forbidden_was_found_earns_nothing_whatever_the_share():
    item = judge_item("a", 2, [result("passed"), result("forbidden", share=0, message="by nudging")])
    assert (item.score, item.status, item.message) == (0, "forbidden", "by nudging")


def test_an_item_that_can_give_no_marks_is_refused():
    with pytest.raises(ValueError, match="no test that gives marks"):
        judge_item("a", 2, [result("passed", share=0)])


def test_the_file_holds_what_the_readme_promises(tmp_path):
    evidence = {"relative_error": float("inf"), "worst": {"yours": float("nan")}}
    items = [judge_item("a", 2, [result("failed", diagnosis=["sign-flipped"], evidence=evidence)])]
    done = Verdict("flat", "s01", {"sha256": "0", "received": None}, {"status": "accepted"}, items)
    path = verdict.write(Judgement(done), tmp_path)
    content = json.loads(path.read_text())
    assert path == tmp_path / "verdicts" / "flat" / "s01.json"
    head = "schema assignment student status message key judged_by hand_in intake left_out suspicions score max_score"
    assert list(content) == [*head.split(), "items"]
    assert content["schema"] == 2 and content["max_score"] == 2
    test = content["items"][0]["tests"][0]
    assert test["evidence"] == {"relative_error": "inf", "worst": {"yours": "nan"}}
    fields = "name says hidden share status message detail diagnosis evidence follows"
    assert set(test) == set(fields.split())
    assert verdict.read_all(tmp_path, "flat") == [content]
    assert sorted(p.name for p in path.parent.iterdir()) == ["cells", "s01.json"]
    assert verdict.read(tmp_path, "flat", "s01").verdict.as_dict() == content


def test_a_verdict_of_another_schema_is_not_taken_for_one_of_ours(tmp_path):
    path = verdict.path_of(tmp_path, "flat", "s01")
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps({"schema": 1, "assignment": "flat", "student": "s01", "items": []}))
    assert verdict.read(tmp_path, "flat", "s01") is None and verdict.read_all(tmp_path, "flat") == []


def test_an_item_that_is_not_judged_has_no_score_and_costs_nothing_else():
    open_item = judge_item("a", 2, [result("passed"), result("not judged", message="a fault of the kit")])
    assert (open_item.score, open_item.status) == (None, "not judged")
    found = Verdict("flat", "s01", {}, {}, [open_item, judge_item("a", 1, [result("passed")])])
    assert found.score == 1 and found.max_score == 3 and found.open_items == ["a"]
