"""What the linear classifiers must do, with the hinge loss, softmax cross-entropy and the squared loss."""

from __future__ import annotations

import torch

from toolbox.checks.reference.models import Truth
from toolbox.checks.suite import item

from .inputs import FAR_OUT, compare, compare_twice, far_out, linear, strided

# The linear classifier with the hinge loss


@item("hinge_loss")
def test_the_hinge_loss_is_the_mean_over_the_batch_plus_the_penalty(student, make):
    given = linear(make)
    compare(student.flat.linear_hinge(**given), Truth("hinge", given), "loss")


@item("hinge_loss")
def test_the_hinge_loss_takes_the_strength_of_the_penalty_from_reg(student, make):
    given = linear(make, reg=20.0)
    compare(student.flat.linear_hinge(**given), Truth("hinge", given), "loss")


### BEGIN HIDDEN TESTS
@item("hinge_loss")
def test_the_hinge_loss_of_a_single_example(student, make):
    given = linear(make, N=1, D=3, C=5, reg=2.5)
    compare(student.flat.linear_hinge(**given), Truth("hinge", given), "loss")


@item("hinge_loss")
def test_the_hinge_loss_in_float32_leaves_its_inputs_alone(student, make):
    given = strided(linear(make, N=11, D=7, C=3, reg=0.7, dtype=torch.float32))
    compare_twice(student, student.flat.linear_hinge, given, Truth("hinge", given), "loss")


### END HIDDEN TESTS


@item("hinge_grad_scores")
def test_the_hinge_gradient_of_the_scores_matches_autograd(student, make):
    given = linear(make)
    compare(student.flat.linear_hinge(**given), Truth("hinge", given), "scores")


### BEGIN HIDDEN TESTS
@item("hinge_grad_scores")
def test_the_hinge_gradient_of_the_scores_of_a_single_example(student, make):
    given = linear(make, N=1, D=3, C=5, reg=2.5)
    compare(student.flat.linear_hinge(**given), Truth("hinge", given), "scores")


@item("hinge_grad_scores")
def test_the_hinge_gradient_of_the_scores_in_float32_leaves_the_inputs_alone(student, make):
    given = strided(linear(make, N=11, D=7, C=3, reg=0.7, dtype=torch.float32))
    compare_twice(student, student.flat.linear_hinge, given, Truth("hinge", given), "scores")


### END HIDDEN TESTS


@item("hinge_grad_w")
def test_the_hinge_gradient_of_the_weights_matches_autograd(student, make):
    given = linear(make)
    compare(student.flat.linear_hinge(**given), Truth("hinge", given), "w")


@item("hinge_grad_w")
def test_the_hinge_gradient_of_the_weights_holds_both_of_their_uses(student, make):
    given = linear(make, reg=20.0)
    compare(student.flat.linear_hinge(**given), Truth("hinge", given), "w")


### BEGIN HIDDEN TESTS
@item("hinge_grad_w")
def test_the_hinge_gradient_of_the_weights_of_a_single_example(student, make):
    given = linear(make, N=1, D=3, C=5, reg=2.5)
    compare(student.flat.linear_hinge(**given), Truth("hinge", given), "w")


@item("hinge_grad_w")
def test_the_hinge_gradient_of_the_weights_in_float32_leaves_the_inputs_alone(student, make):
    given = strided(linear(make, N=11, D=7, C=3, reg=0.7, dtype=torch.float32))
    compare_twice(student, student.flat.linear_hinge, given, Truth("hinge", given), "w")


### END HIDDEN TESTS


@item("hinge_grad_b", says="the hinge gradient of the bias adds up every row's gradient")
def test_the_hinge_gradient_of_the_bias_collects_from_every_row(student, make):
    given = linear(make)
    compare(student.flat.linear_hinge(**given), Truth("hinge", given), "b")


### BEGIN HIDDEN TESTS
@item("hinge_grad_b")
def test_the_hinge_gradient_of_the_bias_knows_no_penalty(student, make):
    given = linear(make, reg=20.0)
    compare(student.flat.linear_hinge(**given), Truth("hinge", given), "b")


@item("hinge_grad_b")
def test_the_hinge_gradient_of_the_bias_in_float32_leaves_the_inputs_alone(student, make):
    given = strided(linear(make, N=11, D=7, C=3, reg=0.7, dtype=torch.float32))
    compare_twice(student, student.flat.linear_hinge, given, Truth("hinge", given), "b")


### END HIDDEN TESTS


# The linear classifier with softmax cross-entropy


@item("softmax_loss")
def test_the_softmax_loss_is_the_mean_over_the_batch_plus_the_penalty(student, make):
    given = linear(make)
    compare(student.flat.linear_softmax(**given), Truth("softmax", given), "loss")


@item("softmax_loss")
def test_the_softmax_loss_takes_the_strength_of_the_penalty_from_reg(student, make):
    given = linear(make, reg=20.0)
    compare(student.flat.linear_softmax(**given), Truth("softmax", given), "loss")


@item("softmax_loss")
def test_the_softmax_loss_stays_finite_for_scores_of_a_thousand(student, make):
    given = far_out(linear(make, N=8))
    compare(student.flat.linear_softmax(**given), Truth("softmax", given), "loss", **FAR_OUT)


### BEGIN HIDDEN TESTS
@item("softmax_loss")
def test_the_softmax_loss_of_a_single_example(student, make):
    given = linear(make, N=1, D=3, C=5, reg=2.5)
    compare(student.flat.linear_softmax(**given), Truth("softmax", given), "loss")


@item("softmax_loss")
def test_the_softmax_loss_in_float32_leaves_its_inputs_alone(student, make):
    given = strided(linear(make, N=11, D=7, C=3, reg=0.7, dtype=torch.float32))
    compare_twice(student, student.flat.linear_softmax, given, Truth("softmax", given), "loss")


### END HIDDEN TESTS


@item("softmax_grad_scores")
def test_the_softmax_gradient_of_the_scores_matches_autograd(student, make):
    given = linear(make)
    compare(student.flat.linear_softmax(**given), Truth("softmax", given), "scores")


@item("softmax_grad_scores")
def test_the_softmax_gradient_of_the_scores_stays_finite_for_scores_of_a_thousand(student, make):
    given = far_out(linear(make, N=8))
    compare(student.flat.linear_softmax(**given), Truth("softmax", given), "scores", **FAR_OUT)


### BEGIN HIDDEN TESTS
@item("softmax_grad_scores")
def test_the_softmax_gradient_of_the_scores_of_a_single_example(student, make):
    given = linear(make, N=1, D=3, C=5, reg=2.5)
    compare(student.flat.linear_softmax(**given), Truth("softmax", given), "scores")


@item("softmax_grad_scores")
def test_the_softmax_gradient_of_the_scores_in_float32_leaves_the_inputs_alone(student, make):
    given = strided(linear(make, N=11, D=7, C=3, reg=0.7, dtype=torch.float32))
    compare_twice(student, student.flat.linear_softmax, given, Truth("softmax", given), "scores")


### END HIDDEN TESTS


@item("softmax_grad_w")
def test_the_softmax_gradient_of_the_weights_matches_autograd(student, make):
    given = linear(make)
    compare(student.flat.linear_softmax(**given), Truth("softmax", given), "w")


@item("softmax_grad_w")
def test_the_softmax_gradient_of_the_weights_holds_both_of_their_uses(student, make):
    given = linear(make, reg=20.0)
    compare(student.flat.linear_softmax(**given), Truth("softmax", given), "w")


### BEGIN HIDDEN TESTS
@item("softmax_grad_w")
def test_the_softmax_gradient_of_the_weights_of_a_single_example(student, make):
    given = linear(make, N=1, D=3, C=5, reg=2.5)
    compare(student.flat.linear_softmax(**given), Truth("softmax", given), "w")


@item("softmax_grad_w")
def test_the_softmax_gradient_of_the_weights_in_float32_leaves_the_inputs_alone(student, make):
    given = strided(linear(make, N=11, D=7, C=3, reg=0.7, dtype=torch.float32))
    compare_twice(student, student.flat.linear_softmax, given, Truth("softmax", given), "w")


### END HIDDEN TESTS


@item("softmax_grad_b", says="the softmax gradient of the bias adds up every row's gradient")
def test_the_softmax_gradient_of_the_bias_collects_from_every_row(student, make):
    given = linear(make)
    compare(student.flat.linear_softmax(**given), Truth("softmax", given), "b")


### BEGIN HIDDEN TESTS
@item("softmax_grad_b")
def test_the_softmax_gradient_of_the_bias_knows_no_penalty(student, make):
    given = linear(make, reg=20.0)
    compare(student.flat.linear_softmax(**given), Truth("softmax", given), "b")


@item("softmax_grad_b")
def test_the_softmax_gradient_of_the_bias_in_float32_leaves_the_inputs_alone(student, make):
    given = strided(linear(make, N=11, D=7, C=3, reg=0.7, dtype=torch.float32))
    compare_twice(student, student.flat.linear_softmax, given, Truth("softmax", given), "b")


### END HIDDEN TESTS


# The linear classifier with the squared loss


@item("squared_loss")
def test_the_squared_loss_is_the_mean_over_the_batch_plus_the_penalty(student, make):
    given = linear(make)
    compare(student.flat.linear_squared(**given), Truth("squared", given), "loss")


@item("squared_loss")
def test_the_squared_loss_takes_the_strength_of_the_penalty_from_reg(student, make):
    given = linear(make, reg=20.0)
    compare(student.flat.linear_squared(**given), Truth("squared", given), "loss")


### BEGIN HIDDEN TESTS
@item("squared_loss")
def test_the_squared_loss_of_a_single_example(student, make):
    given = linear(make, N=1, D=3, C=5, reg=2.5)
    compare(student.flat.linear_squared(**given), Truth("squared", given), "loss")


@item("squared_loss")
def test_the_squared_loss_in_float32_leaves_its_inputs_alone(student, make):
    given = strided(linear(make, N=11, D=7, C=3, reg=0.7, dtype=torch.float32))
    compare_twice(student, student.flat.linear_squared, given, Truth("squared", given), "loss")


### END HIDDEN TESTS


@item("squared_grad_scores")
def test_the_squared_gradient_of_the_scores_matches_autograd(student, make):
    given = linear(make)
    compare(student.flat.linear_squared(**given), Truth("squared", given), "scores")


### BEGIN HIDDEN TESTS
@item("squared_grad_scores")
def test_the_squared_gradient_of_the_scores_of_a_single_example(student, make):
    given = linear(make, N=1, D=3, C=5, reg=2.5)
    compare(student.flat.linear_squared(**given), Truth("squared", given), "scores")


@item("squared_grad_scores")
def test_the_squared_gradient_of_the_scores_in_float32_leaves_the_inputs_alone(student, make):
    given = strided(linear(make, N=11, D=7, C=3, reg=0.7, dtype=torch.float32))
    compare_twice(student, student.flat.linear_squared, given, Truth("squared", given), "scores")


### END HIDDEN TESTS


@item("squared_grad_w")
def test_the_squared_gradient_of_the_weights_matches_autograd(student, make):
    given = linear(make)
    compare(student.flat.linear_squared(**given), Truth("squared", given), "w")


@item("squared_grad_w")
def test_the_squared_gradient_of_the_weights_holds_both_of_their_uses(student, make):
    given = linear(make, reg=20.0)
    compare(student.flat.linear_squared(**given), Truth("squared", given), "w")


### BEGIN HIDDEN TESTS
@item("squared_grad_w")
def test_the_squared_gradient_of_the_weights_of_a_single_example(student, make):
    given = linear(make, N=1, D=3, C=5, reg=2.5)
    compare(student.flat.linear_squared(**given), Truth("squared", given), "w")


@item("squared_grad_w")
def test_the_squared_gradient_of_the_weights_in_float32_leaves_the_inputs_alone(student, make):
    given = strided(linear(make, N=11, D=7, C=3, reg=0.7, dtype=torch.float32))
    compare_twice(student, student.flat.linear_squared, given, Truth("squared", given), "w")


### END HIDDEN TESTS


@item("squared_grad_b", says="the squared gradient of the bias adds up every row's gradient")
def test_the_squared_gradient_of_the_bias_collects_from_every_row(student, make):
    given = linear(make)
    compare(student.flat.linear_squared(**given), Truth("squared", given), "b")


### BEGIN HIDDEN TESTS
@item("squared_grad_b")
def test_the_squared_gradient_of_the_bias_knows_no_penalty(student, make):
    given = linear(make, reg=20.0)
    compare(student.flat.linear_squared(**given), Truth("squared", given), "b")


@item("squared_grad_b")
def test_the_squared_gradient_of_the_bias_in_float32_leaves_the_inputs_alone(student, make):
    given = strided(linear(make, N=11, D=7, C=3, reg=0.7, dtype=torch.float32))
    compare_twice(student, student.flat.linear_squared, given, Truth("squared", given), "b")


### END HIDDEN TESTS
