"""What Linear, Maxout and Correlation1d must do."""

from __future__ import annotations

import torch

from toolbox.checks.compare import as_tensor, assert_grad
from toolbox.checks.diagnose import verdicts_only
from toolbox.checks.layer_runs import Trial, check_grads, check_out
from toolbox.checks.reference.layer import TWINS
from toolbox.checks.reference.tensor import pull
from toolbox.checks.suite import item
from toolbox.errors import Mismatch

from .inputs import (
    D,
    K,
    M,
    N,
    any_form_is_right,
    backward_follows_the_latest_forward,
    backward_is_right,
    edges_are_right,
    far_apart,
    forward_is_right,
    off_zero,
)

# The linear layer


@item("linear_forward")
def test_the_linear_layer_multiplies_and_adds_its_bias(student, make):
    forward_is_right(student, make, "Linear")


### BEGIN HIDDEN TESTS
@item("linear_forward")
def test_the_linear_layer_takes_a_single_row_and_no_row(student, make):
    edges_are_right(student, make, "Linear", backward=False)


@item("linear_forward")
def test_the_linear_layer_takes_tensors_in_any_form(student, make):
    any_form_is_right(student, make, "Linear", backward=False)


@item("linear_forward")
def test_the_linear_layer_is_right_where_all_sizes_agree(student, make):
    x, w, b = make.normal(3, 3), make.normal(3, 3), make.normal(3)
    check_out(Trial(student, "Linear", w, b).forward(x), "Linear", x, w, b)


### END HIDDEN TESTS


@item("linear_backward")
def test_the_linear_layer_has_a_gradient_for_its_weights(student, make):
    backward_is_right(student, make, "Linear", only="w")


@item("linear_backward")
def test_the_linear_layer_has_a_gradient_for_its_bias(student, make):
    backward_is_right(student, make, "Linear", only="b")


@item("linear_backward")
def test_the_linear_layer_returns_the_gradient_of_its_input(student, make):
    backward_is_right(student, make, "Linear", only="x")


### BEGIN HIDDEN TESTS
@item("linear_backward")
def test_the_linear_layer_goes_back_through_its_latest_forward_pass(student, make):
    backward_follows_the_latest_forward(student, make, "Linear")


@item("linear_backward")
def test_the_linear_layer_goes_back_through_a_single_row_and_no_row(student, make):
    edges_are_right(student, make, "Linear", backward=True)


@item("linear_backward")
def test_the_linear_layer_goes_back_through_tensors_in_any_form(student, make):
    any_form_is_right(student, make, "Linear", backward=True)


@item("linear_backward")
def test_the_linear_layer_goes_back_where_all_sizes_agree(student, make):
    x, w, b, g = make.normal(3, 3), make.normal(3, 3), make.normal(3), make.normal(3, 3)
    trial = Trial(student, "Linear", w, b)
    trial.forward(x)
    check_grads(trial.backward(g), "Linear", g, x, w, b)


### END HIDDEN TESTS


# Maxout


@item("maxout_forward")
def test_the_maxout_takes_the_largest_of_its_pieces(student, make):
    forward_is_right(student, make, "Maxout")


### BEGIN HIDDEN TESTS
@item("maxout_forward")
def test_the_maxout_of_a_single_row_and_of_no_row(student, make):
    edges_are_right(student, make, "Maxout", backward=False)


@item("maxout_forward")
def test_the_maxout_takes_tensors_in_any_form(student, make):
    any_form_is_right(student, make, "Maxout", backward=False)


@item("maxout_forward")
def test_the_maxout_is_right_where_all_sizes_agree_and_many_of_its_values_are_negative(student, make):
    x, w, b = far_apart(make, 3, 3, 3, 3)
    b = b - 1.5  # now many outputs are below zero
    check_out(Trial(student, "Maxout", w, b).forward(x), "Maxout", x, w, b)


### END HIDDEN TESTS


@item("maxout_backward")
def test_the_maxout_has_a_gradient_for_its_weights(student, make):
    backward_is_right(student, make, "Maxout", only="w")


@item("maxout_backward")
def test_the_maxout_returns_the_gradient_of_its_input(student, make):
    backward_is_right(student, make, "Maxout", only="x")


### BEGIN HIDDEN TESTS
@item("maxout_backward")
def test_the_maxout_has_a_gradient_for_its_biases(student, make):
    backward_is_right(student, make, "Maxout", only="b")


@item("maxout_backward")
def test_the_maxout_goes_back_through_its_latest_forward_pass(student, make):
    backward_follows_the_latest_forward(student, make, "Maxout")


@item("maxout_backward")
def test_the_maxout_goes_back_where_two_pieces_tie(student, make):
    def wrong(x: torch.Tensor, w: torch.Tensor, b: torch.Tensor, doubled: bool = False) -> list[Mismatch]:
        """What is wrong with the three gradients; doubled: with half of them. Of w and b, with their sums over pieces:
        any split between pieces that tie is right."""
        trial, g, found = Trial(student, "Maxout", w, b), off_zero(make, N, M), []
        trial.forward(x)
        answers = trial.backward(g)
        for label, right in zip("xwb", pull(TWINS["Maxout"], g, x, w, b), strict=True):
            got = as_tensor(answers[label], f"gradient {label}") / (2 if doubled else 1)
            if label != "x" and got.shape == right.shape:
                got, right = got.sum(dim=0), right.sum(dim=0)
            try:
                with verdicts_only():
                    assert_grad(got, right, name=f"{label} at a tie", condition=8.0, terms=g.abs().sum().item())
            except Mismatch as error:
                found.append(error)
        return found

    tie = off_zero(make, N, D), make.normal(1, D, M).repeat(2, 1, 1), make.normal(1, M).repeat(2, 1)
    if mistakes := wrong(*tie):
        twice = not wrong(*far_apart(make, N, D, M, K)) and not wrong(*tie, doubled=True)
        raise Mismatch(str(mistakes[0]), diagnosis=["max-tie-counted-twice"] if twice else [])


@item("maxout_backward")
def test_the_maxout_goes_back_through_a_single_row_and_no_row(student, make):
    edges_are_right(student, make, "Maxout", backward=True)


@item("maxout_backward")
def test_the_maxout_goes_back_through_tensors_in_any_form(student, make):
    any_form_is_right(student, make, "Maxout", backward=True)


### END HIDDEN TESTS


# Correlation


@item("correlation_forward")
def test_the_correlation_slides_its_weights_along_every_row(student, make):
    forward_is_right(student, make, "Correlation1d")


### BEGIN HIDDEN TESTS
@item("correlation_forward")
def test_the_correlation_of_a_single_row_and_of_no_row(student, make):
    edges_are_right(student, make, "Correlation1d", backward=False)


@item("correlation_forward")
def test_the_correlation_takes_tensors_in_any_form(student, make):
    any_form_is_right(student, make, "Correlation1d", backward=False)


@item("correlation_forward")
def test_the_correlation_with_one_weight_and_with_as_many_weights_as_columns(student, make):
    for size in (1, D):
        x, w = make.normal(N, D), make.normal(size)
        check_out(Trial(student, "Correlation1d", w).forward(x), "Correlation1d", x, w)


### END HIDDEN TESTS


@item("correlation_backward")
def test_the_correlation_has_a_gradient_for_its_weights(student, make):
    backward_is_right(student, make, "Correlation1d", only="w")


@item("correlation_backward")
def test_the_correlation_returns_the_gradient_of_its_input(student, make):
    backward_is_right(student, make, "Correlation1d", only="x")


### BEGIN HIDDEN TESTS
@item("correlation_backward")
def test_the_correlation_goes_back_through_its_latest_forward_pass(student, make):
    backward_follows_the_latest_forward(student, make, "Correlation1d")


@item("correlation_backward")
def test_the_correlation_goes_back_through_a_single_row_and_no_row(student, make):
    edges_are_right(student, make, "Correlation1d", backward=True)


@item("correlation_backward")
def test_the_correlation_goes_back_through_tensors_in_any_form(student, make):
    any_form_is_right(student, make, "Correlation1d", backward=True)


@item("correlation_backward")
def test_the_correlation_goes_back_with_one_weight_and_with_as_many_weights_as_columns(student, make):
    for size in (1, D):
        x, w, g = make.normal(N, D), make.normal(size), make.normal(N, D - size + 1)
        trial = Trial(student, "Correlation1d", w)
        trial.forward(x)
        check_grads(trial.backward(g), "Correlation1d", g, x, w)


### END HIDDEN TESTS
