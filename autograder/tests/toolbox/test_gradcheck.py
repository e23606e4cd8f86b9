"""The gradient check, tested as a tester: wrong gradients must be caught and right ones let pass."""

from __future__ import annotations

import math

import pytest
import torch

from toolbox.gradcheck import gradcheck, numeric_gradient

TORCH = torch.Generator().manual_seed(5)


def normal(*shape: int) -> torch.Tensor:
    return torch.randn(*shape, generator=TORCH, dtype=torch.float64)


X, W, B, T = normal(7, 5), normal(5, 3), normal(3), normal(7, 3)


def fit(x, w, b):
    """A smooth loss whose gradients are easy: half the mean squared distance of tanh(x @ w + b) from T."""
    out = torch.tanh(x @ w + b)
    loss = ((out - T) ** 2).sum() / 14
    grad_a = (out - T) / 7 * (1 - out**2)
    return loss, {"w": x.T @ grad_a, "b": grad_a.sum(0), "x": grad_a @ w.T}


def spoilt(name, how):
    def function(x, w, b):
        loss, grads = fit(x, w, b)
        grads[name] = how(grads[name])
        return loss, grads

    return function


def one_entry(grad):
    grad = grad.clone()
    grad.view(-1)[-1] += 1e-3
    return grad


FAULTS = {
    "a factor": lambda g: 7 * g,
    "a sign": lambda g: -g,
    "one part in two thousand": lambda g: g * 1.0005,
    "one entry": one_entry,
    "nothing but zeros": torch.zeros_like,
    "not a number": lambda g: g * float("nan"),
    "rows in another order": lambda g: g.flip(0),
    "an absolute error of a millionth": lambda g: g + 1e-6,
}


def test_right_gradients_pass_and_the_inputs_stay_as_they_were():
    before = X.clone(), W.clone(), B.clone()
    result = gradcheck(fit, {"x": X, "w": W, "b": B})
    assert result and result.passed
    assert [row.name for row in result.rows] == ["w", "b", "x"]
    assert all(row.checked == row.entries and row.kinks == 0 for row in result.rows)
    assert result.calls >= 2 * (X.numel() + W.numel() + B.numel())
    assert all(torch.equal(a, b) for a, b in zip(before, (X, W, B), strict=True))


@pytest.mark.parametrize("name", ["w", "b", "x"])
@pytest.mark.parametrize("fault", FAULTS)
def test_a_planted_fault_is_caught_and_only_its_input_named(name, fault):
    result = gradcheck(spoilt(name, FAULTS[fault]), {"x": X, "w": W, "b": B})
    assert not result
    assert [row.name for row in result.rows if row.status == "wrong"] == [name]


def test_the_worst_entry_is_named_with_both_numbers():
    result = gradcheck(spoilt("w", one_entry), {"x": X, "w": W, "b": B})
    row, right = result["w"], fit(X, W, B)[1]["w"]
    assert row.index == (4, 2) and row.wrong == 1
    assert row.yours == pytest.approx(float(right[4, 2]) + 1e-3)
    assert row.numeric == pytest.approx(float(right[4, 2]), rel=1e-6)
    assert "[4, 2]" in str(result) and "1 wrong" in str(result) and "[4, 2]" in result._repr_html_()


def test_a_derivative_of_2_001_instead_of_2_is_caught():
    assert not gradcheck(lambda x: (2 * x, {"x": 2.001}), {"x": 3.0})
    assert gradcheck(lambda x: (2 * x, {"x": 2.0}), {"x": 3.0})


def test_a_transposed_gradient_is_named_by_its_shape():
    result = gradcheck(spoilt("w", lambda g: g.T), {"x": X, "w": W, "b": B})
    assert result["w"].status == "wrong" and "transposed?" in result["w"].message


def test_a_transposed_gradient_of_a_square_matrix_is_caught_by_its_numbers():
    w, x = normal(4, 4), normal(6, 4)

    def function(w):
        return (x @ w).square().sum(), {"w": (2 * x.T @ (x @ w)).T}

    assert not gradcheck(function, {"w": w})


def test_a_gradient_at_a_minimum_that_is_off_by_less_than_the_curvature_is_still_wrong():
    assert gradcheck(lambda x: (x**2, {"x": 0.0}), {"x": 0.0})
    assert not gradcheck(lambda x: (x**2, {"x": 9e-6}), {"x": 0.0})


def test_numbers_stay_numbers_for_functions_written_with_math():
    result = gradcheck(lambda w, x: (math.exp(w * x), {"w": x * math.exp(w * x)}), {"w": 0.3, "x": -1.2})
    assert result["w"].status == "right"


@pytest.mark.parametrize("distance", [0.0, 1e-12, 3e-6, -3e-6, 9e-6, 2e-7])
@pytest.mark.parametrize("choice", [0.0, 0.25, 1.0])
def test_at_a_kink_every_slope_between_is_right_and_near_one_only_the_true_slope(distance, choice):
    x = torch.tensor([distance, 2.0, -2.0], dtype=torch.float64)

    def relu(x):
        grad = (x > 0).to(x)
        grad[0] = choice
        return x.clamp(min=0).sum(), {"x": grad}

    result = gradcheck(relu, {"x": x})
    # Nearer than the smallest step nobody can tell the side; farther away only one slope is right.
    unsure = abs(distance) < 1e-7
    assert bool(result) == (unsure or choice == float(distance > 0))
    if unsure:
        assert result["x"].kinks == 1 and "kink" in str(result)


@pytest.mark.parametrize("wrong", [-0.5, 1.5, 2.0, float("nan")])
def test_a_kink_does_not_excuse_a_slope_outside(wrong):
    def relu(x):
        return x.clamp(min=0).sum(), {"x": torch.tensor([wrong, 1.0], dtype=torch.float64)}

    assert not gradcheck(relu, {"x": torch.tensor([0.0, 2.0], dtype=torch.float64)})


def test_a_right_relu_net_with_inputs_on_many_kinks_passes_and_a_wrong_mask_does_not():
    x = normal(9, 4).round()
    w1 = torch.tensor([[1.0, -1, 0, 2], [0, 1, 1, -1], [1, 0, -2, 1], [-1, 1, 0, 0]], dtype=torch.float64)
    w2 = normal(4, 3)

    def net(w1, w2, mask_from_upstream=False):
        a = x @ w1
        h = a.clamp(min=0)
        grad_h = torch.ones(9, 3, dtype=torch.float64) @ w2.T
        mask = (grad_h > 0) if mask_from_upstream else (a > 0)
        return (h @ w2).sum(), {"w2": h.T @ torch.ones(9, 3, dtype=torch.float64), "w1": x.T @ (grad_h * mask)}

    assert (x @ w1 == 0).any()
    result = gradcheck(net, {"w1": w1, "w2": w2})
    assert result and result["w1"].kinks > 0
    assert not gradcheck(lambda w1, w2: net(w1, w2, True), {"w1": w1, "w2": w2})


def test_nothing_but_kinks_is_called_undecided_and_not_wrong():
    zeros = torch.zeros(3, dtype=torch.float64)
    result = gradcheck(lambda x: (x.abs().sum(), {"x": torch.full_like(x, 0.3)}), {"x": zeros})
    assert result["x"].status == "undecided" and not result
    assert "Not the gradient" not in str(result) and "move the inputs" in str(result)


def test_many_outputs_are_weighed_by_a_random_upstream_gradient():
    x, w = normal(6, 4), normal(4, 4)
    right = gradcheck(lambda x, w: x @ w, {"x": x, "w": w}, lambda g: {"x": g @ w.T, "w": x.T @ g})
    assert right and {row.name for row in right.rows} == {"x", "w"}
    # With an upstream gradient of ones these two would agree in sum; a random one tells them apart.
    softmax = lambda a: torch.softmax(a, 1)  # noqa: E731
    assert not gradcheck(softmax, {"a": x}, lambda g: {"a": softmax(x) * g - softmax(x) * g.sum(1, keepdim=True)})


def test_many_outputs_without_a_way_to_weigh_them_are_refused_with_what_to_do():
    with pytest.raises(ValueError, match="upstream"):
        gradcheck(lambda x: 2 * x, {"x": X}, {"x": 2 * torch.ones_like(X)})
    with pytest.raises(ValueError, match="grad_out"):
        numeric_gradient(lambda x: 2 * x, X)


def test_a_sample_checks_so_many_entries_and_says_so():
    result = gradcheck(fit, {"x": X, "w": W, "b": B}, samples=4)
    assert result["w"].checked == 4 and result["b"].checked == 3 and "4 of 15" in str(result)


def test_inputs_that_cannot_be_nudged_and_gradients_of_inner_values_are_left_out_and_said():
    labels = torch.tensor([0, 2, 1])

    def function(x, y, reg):
        return x[torch.arange(3), y].sum() + reg, {"scores": None, "x": torch.nn.functional.one_hot(y, 3).double()}

    result = gradcheck(function, {"x": normal(3, 3), "y": labels, "reg": 0.5})
    assert result and [row.name for row in result.rows] == ["x"] and "scores" in str(result)


def test_single_precision_gradients_are_judged_by_single_precision():
    inputs = {"x": X, "w": W, "b": B}
    single = {name: grad.float() for name, grad in fit(**inputs)[1].items()}
    assert gradcheck(lambda **k: fit(**k)[0], inputs, single)
    single["w"] = single["w"] * 1.001
    assert not gradcheck(lambda **k: fit(**k)[0], inputs, single)


def test_a_function_that_changes_its_input_in_place_is_told_and_judged_fairly():
    def function(x):
        x *= 2
        return x.sum(), {"x": torch.full_like(x, 2.0)}

    x = normal(3)
    before = x.clone()
    result = gradcheck(function, {"x": x})
    assert result and "in place" in str(result) and torch.equal(x, before)


def test_a_function_that_is_random_is_refused():
    with pytest.raises(ValueError, match="different value"):
        gradcheck(lambda x: (x.sum() + torch.rand(()), {"x": torch.ones_like(x)}), {"x": X})


@pytest.mark.parametrize("answer", [(None, {}), (torch.tensor(1.0), {}), (torch.tensor(1.0), {"q": 1.0})])
def test_nothing_to_check_is_said(answer):
    with pytest.raises(ValueError):
        gradcheck(lambda x: answer, {"x": X})


def test_a_missing_gradient_is_missing_and_not_right():
    result = gradcheck(lambda x, b: (x.sum() + b.sum(), {"x": torch.ones_like(x), "b": None}), {"x": X, "b": B})
    assert result["x"].status == "right" and result["b"].status == "missing" and not result


def test_the_numeric_gradient_agrees_with_autograd_and_its_error_falls_with_the_square_of_the_step():
    w = W.clone().requires_grad_()
    torch.exp(X @ w).sum().backward()
    errors = [
        float((numeric_gradient(lambda v: torch.exp(X @ v).sum(), W, step=h) - w.grad).abs().max())
        for h in (1e-2, 1e-3)
    ]
    assert 60 < errors[0] / errors[1] < 140
    assert torch.allclose(numeric_gradient(lambda v: torch.exp(X @ v).sum(), W), w.grad, rtol=1e-6)
