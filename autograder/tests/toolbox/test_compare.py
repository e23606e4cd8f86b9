"""The comparison of one answer with the truth: what passes, what fails, and what a person is told."""

import json
import math

import pytest
import torch

from toolbox.checks.compare import (
    assert_grad,
    assert_unchanged,
    assert_value,
    grad_of,
    grads_of,
    lone,
    loss_of,
    tolerance,
)
from toolbox.errors import Malformed, Mismatch, Missing


@pytest.fixture
def true():
    return torch.randn(5, 3, generator=torch.Generator().manual_seed(4), dtype=torch.float64)


def mismatch(got, true, **clues):
    with pytest.raises(Mismatch) as caught:
        assert_grad(got, true, name="w", **clues)
    return caught.value


@pytest.mark.parametrize("factor", [1 + 1e-4, 1 - 1e-4, 1 + 1e-6])
def test_a_gradient_that_is_slightly_off_is_rejected_in_float64(true, factor):
    assert mismatch(true * factor, true).evidence["relative_error"] == pytest.approx(abs(factor - 1), rel=1e-3)


def test_a_gradient_that_is_off_by_one_part_in_ten_thousand_is_rejected_in_float32_too(true):
    mismatch(true.float() * (1 + 1e-4), true)


def test_one_wrong_entry_is_enough(true):
    got = true.clone()
    got[2, 1] += 1e-4
    error = mismatch(got, true)
    assert error.evidence["worst"]["index"] == [2, 1] and error.evidence["wrong_entries"] == 1
    assert "1 of 15 entries" in str(error) and "[2, 1]" in str(error)


def test_float32_noise_is_accepted_in_a_float32_answer(true):
    noise = 1 + 10 * torch.finfo(torch.float32).eps
    assert_grad((true * noise).float(), true, name="w", inputs=torch.float32)


def test_float32_noise_is_accepted_in_a_float64_answer_to_float32_inputs(true):
    assert_grad(true * (1 + 1e-6), true, name="w", inputs=torch.float32)


@pytest.mark.parametrize("cut", [lambda t: t.float(), lambda t: t.float().double()])
def test_an_answer_in_float32_to_a_question_in_float64_is_rejected_and_told_why(true, cut):
    error = mismatch(cut(true), true)
    assert "only float32's digits" in str(error) and error.diagnosis == ["dtype-changed"] and error.single
    assert_grad(cut(true), true, name="w", inputs=torch.float32)


def test_differences_in_place_of_a_gradient_are_not_saved_by_rounding_them_to_float32(true):
    differences = true * (1 + 1e-9)
    mismatch(differences, true)
    mismatch(differences.float(), true)


def test_numbers_that_float32_holds_exactly_pass_in_any_dtype():
    true = torch.tensor([0.5, -3.0, 0.0], dtype=torch.float64)
    assert_grad(true.float(), true, name="w")


def test_float32_noise_is_rejected_in_float64(true):
    mismatch(true * (1 + 1e-6), true)


def test_rounding_in_float64_is_accepted(true):
    assert_grad(true * (1 + 1e-13), true, name="w")


def test_half_precision_is_too_coarse(true):
    mismatch(true.half(), true)


def test_an_ill_conditioned_problem_is_given_more_room_and_differences_for_a_gradient_are_not():
    assert tolerance(torch.float32, condition=100.0) == pytest.approx(100 * tolerance(torch.float32))
    assert tolerance(torch.float64) == 1e-12 and tolerance(torch.float64, condition=100.0) < 1e-11


def test_what_is_left_of_terms_that_cancel_may_be_off_by_the_roundings_of_the_terms_and_by_no_more():
    terms = torch.tensor([0.7, 0.4, -1.1], dtype=torch.float32)
    true, noisy = terms.double().sum(), terms[[2, 0, 1]].sum() + 2e-7
    size = terms.abs().sum().item()
    mismatch(noisy, true, inputs=torch.float32)
    assert_grad(noisy, true, name="b", inputs=torch.float32, terms=size)
    for wrong in (noisy + 1e-4, -terms[0], size):
        mismatch(torch.as_tensor(wrong), true, inputs=torch.float32, terms=size)
    total = torch.tensor(0.9, dtype=torch.float64)  # where little cancels, sharp as ever
    mismatch(total * 1.0001, total, terms=2.2)


@pytest.mark.parametrize("value", [torch.tensor(3), torch.tensor([3.0]), 3, 3.0])
def test_a_tensor_of_one_entry_is_the_number_in_it(value):
    assert lone(value) == 3 and type(lone(value)) in (int, float)


def test_a_truth_of_zeros_is_met_by_zeros_alone():
    zeros = torch.zeros(3, dtype=torch.float64)
    assert_grad(zeros, zeros, name="b")
    with pytest.raises(Mismatch):
        assert_grad(zeros + 1e-12, zeros, name="b")


@pytest.mark.parametrize("shape", [(1, 5, 3), (3, 5), (15,), (5,), (1, 1), ()])
def test_a_shape_that_would_broadcast_or_reshape_by_luck_is_wrong(true, shape):
    got = true.flatten()[: math.prod(shape)].reshape(shape)
    assert "(5, 3)" in str(mismatch(got, true))


def test_equal_values_in_a_broadcastable_shape_are_wrong():
    ones = torch.ones(4, 3, dtype=torch.float64)
    assert "(1, 3)" in str(mismatch(ones[:1], ones))


@pytest.mark.parametrize("got", [2.5, torch.tensor(2.5), torch.tensor([2.5], dtype=torch.float64), [2.5]])
def test_a_loss_may_be_a_float_a_scalar_tensor_or_one_entry(got):
    assert_value(got, torch.tensor(2.5, dtype=torch.float64))


def test_a_loss_of_another_shape_is_wrong():
    with pytest.raises(Mismatch, match=r"\(1, 1\)"):
        assert_value(torch.tensor([[2.5]]), 2.5)
    with pytest.raises(Mismatch, match=r"\(3,\)"):
        assert_value(torch.full((3,), 2.5), 2.5)


def test_a_gradient_of_a_scalar_has_no_dimension():
    assert_grad(2.5, torch.tensor(2.5), name="b")
    with pytest.raises(Mismatch):
        assert_grad(torch.tensor([2.5]), torch.tensor(2.5), name="b")


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_nan_and_inf_have_a_message_and_a_reason_of_their_own(true, bad):
    got = true.clone()
    got[0, 2] = bad
    error = mismatch(got, true, if_not_finite="softmax-unstabilised")
    assert "nan or inf" in str(error) and error.diagnosis == ["softmax-unstabilised"]
    assert error.evidence["worst"]["index"] == [0, 2]
    json.dumps(error.evidence, allow_nan=False)


def test_booleans_are_no_gradient_even_where_they_would_be_equal():
    assert "mask" in str(mismatch(torch.tensor([True, False]), torch.tensor([1.0, 0.0])))


def test_whole_numbers_count_as_numbers():
    assert_value(4, 4.0)
    assert_grad(torch.tensor([1, -2]), torch.tensor([1.0, -2.0], dtype=torch.float64), name="b")
    mismatch(torch.tensor([1, -2]), torch.tensor([1.5, -2.0], dtype=torch.float64))


@pytest.mark.parametrize("got", ["2.5", True, {"w": 1}, [[1.0], [2.0, 3.0]], ["a"]])
def test_what_is_no_number_is_malformed(got):
    with pytest.raises(Malformed):
        assert_value(got, 2.5)


def test_a_missing_answer_is_not_written_yet():
    with pytest.raises(Missing, match="not written yet"):
        assert_value(None, 2.5)
    for answer in (None, [None, {}], [1.0, {}], [1.0, {"w": None}], [1.0, None]):
        with pytest.raises(Missing):
            loss_of(answer)
            grad_of(answer, "w")


@pytest.mark.parametrize("answer", [1.0, [1.0], [1.0, {}, 2.0], "loss", {"w": 1}])
def test_an_answer_that_is_not_a_pair_is_malformed(answer):
    with pytest.raises(Malformed, match="return two values"):
        loss_of(answer)


def test_gradients_that_are_no_dict_are_malformed():
    with pytest.raises(Malformed, match="dict"):
        grads_of([1.0, [2.0]])


def test_another_right_value_is_accepted_and_no_third_one(true):
    assert_grad(true * 3, true, name="w", accept=[true * 3])
    mismatch(true * 2, true, accept=[true * 3])
    mismatch(true, true * 3, accept=[true.T])


def test_clues_are_asked_for_only_when_an_answer_is_wrong(true):
    asked = []

    def clues():
        asked.append(1)
        return {"batch": 5}

    assert_grad(true, true, name="w", clues=clues)
    assert not asked
    assert mismatch(true * 5, true, clues=clues).diagnosis == ["batch-mean-missing"]


def test_clues_that_cannot_be_worked_out_leave_the_answer_wrong_and_without_a_name(true):
    wrong = mismatch(true * 5, true, clues=lambda: {"forms": {"w": torch.linalg.solve(torch.zeros(2, 2), true)}})
    assert wrong.diagnosis == [] and "is wrong in 15 of 15" in str(wrong)


def test_evidence_is_plain_json_with_the_worst_entry(true):
    got = true.clone()
    got[4, 0] = 100.0
    evidence = mismatch(got, true).evidence
    assert json.loads(json.dumps(evidence, allow_nan=False)) == evidence
    assert evidence["worst"] == {"index": [4, 0], "yours": 100.0, "true": true[4, 0].item()}
    assert evidence["shape_yours"] == evidence["shape_true"] == [5, 3] and evidence["entries"] == 15


def test_an_empty_or_huge_answer_does_not_break_the_comparison(true):
    assert "(0, 3)" in str(mismatch(true[:0], true))
    mismatch(true * 1e300 * 1e5, true)
    mismatch(torch.full((5, 3), 3e38), true)


def test_a_changed_input_is_named():
    assert_unchanged([])
    with pytest.raises(Mismatch, match="x, w") as caught:
        assert_unchanged(["x", "w"])
    assert caught.value.diagnosis == ["input-changed"]
