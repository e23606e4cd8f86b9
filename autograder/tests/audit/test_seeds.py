"""Many seeds: right answers keep their marks under all of them, and an answer that luck decides about is noticed."""

from dataclasses import replace

import pytest

from autograder.audit import suite_audit
from autograder.audit.seeds import stability
from autograder.course.answers import Answer, Edit
from autograder.tests.audit.test_suite_audit import FLAT, quiet

ITEMS = ["toy", "softmax_grad_w", "net_softmax_grad_first"]


def answers_are(monkeypatch, **given):
    """Have these and no other wrong (or right) answers been written for flat."""
    monkeypatch.setattr("autograder.audit.seeds.load", lambda name: replace(FLAT, **given))


@pytest.fixture
def lucky(monkeypatch):
    """An answer that is right unless the first number is large, which it is under about every second seed."""
    edit = Edit("toy", "p = x * y", "p = x * y if float(x) < 1.75 else x - y")
    answer = Answer("toy: right by luck", ("toy",), (edit,))
    answers_are(monkeypatch, wrong=[answer])
    return answer


def test_no_seed_and_no_number_of_threads_changes_a_verdict():
    found = stability("flat", 3, threads=(1, 2), items=ITEMS, jobs=2, console=quiet())
    assert found.slips == []
    for tally in (found.tallies[1], found.tallies[2]):
        assert tally.right > 3 * len(ITEMS) and tally.wrong > tally.right  # one seed judges other right answers too
    *counts, nearest = found.words()
    assert [line.partition(":")[0] for line in counts] == ["3 seeds on 1 thread", "3 seeds on 2 threads"]
    assert set(found.nearest) == set(ITEMS) and 0 < max(found.nearest.values()).share < 0.5
    assert nearest.startswith("the nearest right answer used ") and "of its tolerance, in " in nearest


def test_an_answer_that_is_right_by_luck_is_found_out(lucky):
    found = stability("flat", 12, items=["toy"], jobs=0, console=quiet())
    slips = [slip for slip in found.slips if slip.answer == lucky.name]
    assert 0 < len(slips) < 12 and not any(slip.right for slip in slips)
    assert "kept full marks in toy under the seed" in str(slips[0])


def test_a_right_answer_that_loses_marks_is_found_out(monkeypatch, lucky):
    answers_are(monkeypatch, right=[lucky], wrong=[])
    monkeypatch.setattr("autograder.audit.seeds.EVERY", 1)
    found = stability("flat", 12, items=["toy"], jobs=0, console=quiet())
    assert 0 < len(found.slips) < 12 and all(slip.right and slip.tests for slip in found.slips)
    assert "lost marks in toy (test_" in str(found.slips[0])


def test_the_audit_counts_a_slip_as_a_fault_and_keeps_it_in_its_json(tmp_path, lucky):
    report = tmp_path / "audit.json"
    assert suite_audit.run(["flat"], ["toy"], report, console=quiet(), seeds=12, jobs=0) == 1
    assert '"stability": {' in report.read_text() and "right by luck" in report.read_text()
