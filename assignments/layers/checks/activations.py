"""What the layers without parameters must do."""

from __future__ import annotations

from toolbox.checks.layer_runs import Trial, check_grads, check_out
from toolbox.checks.suite import item

from .inputs import (
    D,
    N,
    any_form_is_right,
    any_shape_is_right,
    at_zero_any_slope_between_is_right,
    backward_follows_the_latest_forward,
    backward_is_right,
    extremes_are_right,
    forward_is_right,
    is_right_at,
    off_zero,
)

# Activations


@item("relu_layer")
def test_the_relu_goes_forward(student, make):
    forward_is_right(student, make, "ReLU")


@item("relu_layer")
def test_the_relu_goes_back(student, make):
    backward_is_right(student, make, "ReLU")


@item("leaky_relu")
def test_the_leaky_relu_goes_forward(student, make):
    forward_is_right(student, make, "LeakyReLU", slope=0.2)


@item("leaky_relu")
def test_the_leaky_relu_goes_back(student, make):
    backward_is_right(student, make, "LeakyReLU", slope=0.2)


@item("elu")
def test_the_elu_goes_forward(student, make):
    forward_is_right(student, make, "ELU", alpha=1.7)


@item("elu")
def test_the_elu_goes_back(student, make):
    backward_is_right(student, make, "ELU", alpha=1.7)


@item("sigmoid_layer")
def test_the_sigmoid_goes_forward(student, make):
    forward_is_right(student, make, "Sigmoid")


@item("sigmoid_layer")
def test_the_sigmoid_goes_back(student, make):
    backward_is_right(student, make, "Sigmoid")


@item("tanh")
def test_the_tanh_goes_forward(student, make):
    forward_is_right(student, make, "Tanh")


@item("tanh")
def test_the_tanh_goes_back(student, make):
    backward_is_right(student, make, "Tanh")


@item("softmax_forward")
def test_the_softmax_makes_every_row_probabilities(student, make):
    forward_is_right(student, make, "Softmax")


@item("softmax_forward")
def test_the_softmax_of_scores_near_a_thousand_is_finite(student, make):
    is_right_at(student, make, "Softmax", 1000 + make.normal(N, D), "out")


@item("softmax_layer_backward")
def test_the_softmax_goes_back(student, make):
    backward_is_right(student, make, "Softmax")
