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


### BEGIN HIDDEN TESTS
@item("relu_layer")
def test_the_relu_takes_tensors_in_any_form(student, make):
    any_form_is_right(student, make, "ReLU", backward=False)


@item("relu_layer")
def test_the_relu_goes_back_through_its_latest_forward_pass(student, make):
    backward_follows_the_latest_forward(student, make, "ReLU")


@item("relu_layer")
def test_the_relu_goes_back_at_zero(student, make):
    at_zero_any_slope_between_is_right(student, make, "ReLU", left=0.0)


@item("relu_layer")
def test_the_relu_goes_back_through_tensors_in_any_form(student, make):
    any_form_is_right(student, make, "ReLU", backward=True)


@item("relu_layer")
def test_the_relu_is_right_far_from_zero_and_on_tensors_of_any_shape(student, make):
    extremes_are_right(student, make, "ReLU")
    any_shape_is_right(student, make, "ReLU")


### END HIDDEN TESTS


@item("leaky_relu")
def test_the_leaky_relu_goes_forward(student, make):
    forward_is_right(student, make, "LeakyReLU", slope=0.2)


@item("leaky_relu")
def test_the_leaky_relu_goes_back(student, make):
    backward_is_right(student, make, "LeakyReLU", slope=0.2)


### BEGIN HIDDEN TESTS
@item("leaky_relu")
def test_the_leaky_relu_takes_tensors_in_any_form(student, make):
    any_form_is_right(student, make, "LeakyReLU", backward=False, slope=0.2)


@item("leaky_relu")
def test_the_leaky_relu_goes_back_through_its_latest_forward_pass(student, make):
    backward_follows_the_latest_forward(student, make, "LeakyReLU", slope=0.2)


@item("leaky_relu")
def test_the_leaky_relu_goes_back_at_zero(student, make):
    at_zero_any_slope_between_is_right(student, make, "LeakyReLU", left=0.2, slope=0.2)


@item("leaky_relu")
def test_the_leaky_relu_goes_back_through_tensors_in_any_form(student, make):
    any_form_is_right(student, make, "LeakyReLU", backward=True, slope=0.2)


@item("leaky_relu")
def test_the_leaky_relu_is_right_far_from_zero_and_on_tensors_of_any_shape(student, make):
    extremes_are_right(student, make, "LeakyReLU", slope=0.2)
    any_shape_is_right(student, make, "LeakyReLU", slope=0.2)


@item("leaky_relu", says="the leaky ReLU has the right default slope")
def test_the_leaky_relu_has_its_slope_by_default(student, make):
    x, g = off_zero(make, N, D), off_zero(make, N, D)
    trial = Trial(student, "LeakyReLU")
    check_out(trial.forward(x), "LeakyReLU", x, slope=0.01)
    check_grads(trial.backward(g), "LeakyReLU", g, x, slope=0.01)


### END HIDDEN TESTS


@item("elu")
def test_the_elu_goes_forward(student, make):
    forward_is_right(student, make, "ELU", alpha=1.7)


@item("elu")
def test_the_elu_goes_back(student, make):
    backward_is_right(student, make, "ELU", alpha=1.7)


### BEGIN HIDDEN TESTS
@item("elu")
def test_the_elu_takes_tensors_in_any_form(student, make):
    any_form_is_right(student, make, "ELU", backward=False, alpha=1.7)


@item("elu")
def test_the_elu_goes_back_through_its_latest_forward_pass(student, make):
    backward_follows_the_latest_forward(student, make, "ELU", alpha=1.7)


@item("elu")
def test_the_elu_goes_back_at_zero(student, make):
    at_zero_any_slope_between_is_right(student, make, "ELU", left=1.7, alpha=1.7)


@item("elu")
def test_the_elu_goes_back_through_tensors_in_any_form(student, make):
    any_form_is_right(student, make, "ELU", backward=True, alpha=1.7)


@item("elu")
def test_the_elu_is_right_far_from_zero_and_on_tensors_of_any_shape(student, make):
    extremes_are_right(student, make, "ELU", alpha=1.7)
    any_shape_is_right(student, make, "ELU", alpha=1.7)


@item("elu", says="the ELU has the right default alpha")
def test_the_elu_has_its_alpha_by_default(student, make):
    x, g = off_zero(make, N, D), off_zero(make, N, D)
    trial = Trial(student, "ELU")
    check_out(trial.forward(x), "ELU", x, alpha=1.0)
    check_grads(trial.backward(g), "ELU", g, x, alpha=1.0)


### END HIDDEN TESTS


@item("sigmoid_layer")
def test_the_sigmoid_goes_forward(student, make):
    forward_is_right(student, make, "Sigmoid")


@item("sigmoid_layer")
def test_the_sigmoid_goes_back(student, make):
    backward_is_right(student, make, "Sigmoid")


### BEGIN HIDDEN TESTS
@item("sigmoid_layer")
def test_the_sigmoid_takes_tensors_in_any_form(student, make):
    any_form_is_right(student, make, "Sigmoid", backward=False)


@item("sigmoid_layer")
def test_the_sigmoid_goes_back_through_its_latest_forward_pass(student, make):
    backward_follows_the_latest_forward(student, make, "Sigmoid")


@item("sigmoid_layer")
def test_the_sigmoid_goes_back_through_tensors_in_any_form(student, make):
    any_form_is_right(student, make, "Sigmoid", backward=True)


@item("sigmoid_layer")
def test_the_sigmoid_is_right_far_from_zero_and_on_tensors_of_any_shape(student, make):
    extremes_are_right(student, make, "Sigmoid")
    any_shape_is_right(student, make, "Sigmoid")


### END HIDDEN TESTS


@item("tanh")
def test_the_tanh_goes_forward(student, make):
    forward_is_right(student, make, "Tanh")


@item("tanh")
def test_the_tanh_goes_back(student, make):
    backward_is_right(student, make, "Tanh")


### BEGIN HIDDEN TESTS
@item("tanh")
def test_the_tanh_takes_tensors_in_any_form(student, make):
    any_form_is_right(student, make, "Tanh", backward=False)


@item("tanh")
def test_the_tanh_goes_back_through_its_latest_forward_pass(student, make):
    backward_follows_the_latest_forward(student, make, "Tanh")


@item("tanh")
def test_the_tanh_goes_back_through_tensors_in_any_form(student, make):
    any_form_is_right(student, make, "Tanh", backward=True)


@item("tanh")
def test_the_tanh_is_right_far_from_zero_and_on_tensors_of_any_shape(student, make):
    extremes_are_right(student, make, "Tanh")
    any_shape_is_right(student, make, "Tanh")


### END HIDDEN TESTS


@item("softmax_forward")
def test_the_softmax_makes_every_row_probabilities(student, make):
    forward_is_right(student, make, "Softmax")


@item("softmax_forward")
def test_the_softmax_of_scores_near_a_thousand_is_finite(student, make):
    is_right_at(student, make, "Softmax", 1000 + make.normal(N, D), "out")


### BEGIN HIDDEN TESTS
@item("softmax_forward")
def test_the_softmax_takes_tensors_in_any_form(student, make):
    any_form_is_right(student, make, "Softmax", backward=False)


@item("softmax_forward")
def test_the_softmax_is_right_for_extreme_scores_and_on_tensors_of_any_shape(student, make):
    extremes_are_right(student, make, "Softmax", parts="out")
    any_shape_is_right(student, make, "Softmax", parts="out")


### END HIDDEN TESTS


@item("softmax_layer_backward")
def test_the_softmax_goes_back(student, make):
    backward_is_right(student, make, "Softmax")


### BEGIN HIDDEN TESTS
@item("softmax_layer_backward")
def test_the_softmax_goes_back_through_its_latest_forward_pass(student, make):
    backward_follows_the_latest_forward(student, make, "Softmax")


@item("softmax_layer_backward")
def test_the_softmax_goes_back_through_tensors_in_any_form(student, make):
    any_form_is_right(student, make, "Softmax", backward=True)


@item("softmax_layer_backward")
def test_the_softmax_goes_back_from_extreme_scores_and_through_tensors_of_any_shape(student, make):
    extremes_are_right(student, make, "Softmax", parts="grads")
    any_shape_is_right(student, make, "Softmax", parts="grads")


### END HIDDEN TESTS
