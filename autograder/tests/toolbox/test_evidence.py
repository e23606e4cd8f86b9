"""What a mistake without a name looks like: where it is wrong, and by what ratio."""

from __future__ import annotations

import pytest
import torch

from toolbox.checks.compare import assert_grad
from toolbox.checks.evidence import COLUMNS, ROWS, pattern
from toolbox.checks.items import TestResult
from toolbox.checks.table import Report
from toolbox.errors import Mismatch

TRUE = torch.arange(1.0, 13.0, dtype=torch.float64).reshape(3, 4)


def test_a_wrong_column_shows_as_a_column():
    got = TRUE.clone()
    got[:, 2] += 100
    assert pattern(got, TRUE, 1e-9) == {"map": ["0030", "0030", "0030"], "ratio": None}


def test_small_and_large_errors_are_told_apart():
    got = TRUE.clone()
    got[0] += torch.tensor([0.0, 0.05, 3.0, 50.0])
    assert pattern(got, TRUE, 1e-9)["map"] == ["0123", "0000", "0000"]


def test_one_ratio_everywhere_is_found_and_a_ratio_by_chance_is_not():
    assert pattern(TRUE * 0.7, TRUE, 1e-9)["ratio"] == pytest.approx(0.7)
    assert pattern(TRUE + 0.7, TRUE, 1e-9)["ratio"] is None
    assert pattern(torch.ones(3), torch.zeros(3), 1e-9)["ratio"] is None


def test_a_large_tensor_is_shrunk_and_no_wrong_entry_gets_lost():
    true = torch.ones(500, 700)
    got = true.clone()
    got[499, 3] = 9
    rows = pattern(got, true, 1e-9)["map"]
    assert len(rows) == ROWS and {len(row) for row in rows} == {COLUMNS}
    assert rows[-1][0] == "3" and "".join(rows).count("3") == 1


def test_vectors_numbers_more_dimensions_and_what_is_not_finite():
    assert pattern(torch.tensor([1.0, 9.0]), torch.ones(2), 1e-9)["map"] == ["03"]
    assert pattern(torch.tensor(2.0), torch.tensor(1.0), 1e-9) == {"map": None, "ratio": 2.0}
    assert len(pattern(torch.zeros(2, 3, 4), torch.ones(2, 3, 4), 1e-9)["map"]) == 6
    assert pattern(torch.tensor([float("nan"), 1.0]), torch.ones(2), 1e-9)["map"] == ["30"]


def wrong(got, **clues):
    with pytest.raises(Mismatch) as caught:
        assert_grad(got, TRUE, name="w", **clues)
    error = caught.value
    return TestResult("w", "test_w", False, 1.0, "failed", str(error), error.diagnosis, error.evidence)


def test_the_table_draws_a_mistake_without_a_name_and_says_that_it_has_none():
    odd = TRUE.clone()
    odd[1] = 0
    report = Report("w", [wrong(odd)])
    assert "<svg" in report._repr_html_() and "no known mistake explains this" in repr(report)
    assert "0.7 times the truth" in repr(Report("w", [wrong(TRUE * 0.7)]))


def test_a_mistake_with_a_name_needs_no_picture():
    report = Report("w", [wrong(-TRUE)])
    assert "<svg" not in report._repr_html_() and "no known mistake" not in repr(report)


def test_nothing_but_known_fields_is_drawn():
    result = wrong(TRUE * 0.7)
    result.evidence["map"] = ['3<script>"', "0"]
    drawn = Report("w", [result])._repr_html_()
    assert "<script" not in drawn and drawn.count("<rect") == 2
