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


@item("linear_backward")
def test_the_linear_layer_has_a_gradient_for_its_weights(student, make):
    backward_is_right(student, make, "Linear", only="w")


@item("linear_backward")
def test_the_linear_layer_has_a_gradient_for_its_bias(student, make):
    backward_is_right(student, make, "Linear", only="b")


@item("linear_backward")
def test_the_linear_layer_returns_the_gradient_of_its_input(student, make):
    backward_is_right(student, make, "Linear", only="x")


# Maxout


@item("maxout_forward")
def test_the_maxout_takes_the_largest_of_its_pieces(student, make):
    forward_is_right(student, make, "Maxout")


@item("maxout_backward")
def test_the_maxout_has_a_gradient_for_its_weights(student, make):
    backward_is_right(student, make, "Maxout", only="w")


@item("maxout_backward")
def test_the_maxout_returns_the_gradient_of_its_input(student, make):
    backward_is_right(student, make, "Maxout", only="x")


# Correlation


@item("correlation_forward")
def test_the_correlation_slides_its_weights_along_every_row(student, make):
    forward_is_right(student, make, "Correlation1d")


@item("correlation_backward")
def test_the_correlation_has_a_gradient_for_its_weights(student, make):
    backward_is_right(student, make, "Correlation1d", only="w")


@item("correlation_backward")
def test_the_correlation_returns_the_gradient_of_its_input(student, make):
    backward_is_right(student, make, "Correlation1d", only="x")
