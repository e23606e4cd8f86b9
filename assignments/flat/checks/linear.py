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


@item("hinge_grad_scores")
def test_the_hinge_gradient_of_the_scores_matches_autograd(student, make):
    given = linear(make)
    compare(student.flat.linear_hinge(**given), Truth("hinge", given), "scores")


@item("hinge_grad_w")
def test_the_hinge_gradient_of_the_weights_matches_autograd(student, make):
    given = linear(make)
    compare(student.flat.linear_hinge(**given), Truth("hinge", given), "w")


@item("hinge_grad_w")
def test_the_hinge_gradient_of_the_weights_holds_both_of_their_uses(student, make):
    given = linear(make, reg=20.0)
    compare(student.flat.linear_hinge(**given), Truth("hinge", given), "w")


@item("hinge_grad_b", says="the hinge gradient of the bias adds up every row's gradient")
def test_the_hinge_gradient_of_the_bias_collects_from_every_row(student, make):
    given = linear(make)
    compare(student.flat.linear_hinge(**given), Truth("hinge", given), "b")


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


@item("softmax_grad_scores")
def test_the_softmax_gradient_of_the_scores_matches_autograd(student, make):
    given = linear(make)
    compare(student.flat.linear_softmax(**given), Truth("softmax", given), "scores")


@item("softmax_grad_scores")
def test_the_softmax_gradient_of_the_scores_stays_finite_for_scores_of_a_thousand(student, make):
    given = far_out(linear(make, N=8))
    compare(student.flat.linear_softmax(**given), Truth("softmax", given), "scores", **FAR_OUT)


@item("softmax_grad_w")
def test_the_softmax_gradient_of_the_weights_matches_autograd(student, make):
    given = linear(make)
    compare(student.flat.linear_softmax(**given), Truth("softmax", given), "w")


@item("softmax_grad_w")
def test_the_softmax_gradient_of_the_weights_holds_both_of_their_uses(student, make):
    given = linear(make, reg=20.0)
    compare(student.flat.linear_softmax(**given), Truth("softmax", given), "w")


@item("softmax_grad_b", says="the softmax gradient of the bias adds up every row's gradient")
def test_the_softmax_gradient_of_the_bias_collects_from_every_row(student, make):
    given = linear(make)
    compare(student.flat.linear_softmax(**given), Truth("softmax", given), "b")


# The linear classifier with the squared loss


@item("squared_loss")
def test_the_squared_loss_is_the_mean_over_the_batch_plus_the_penalty(student, make):
    given = linear(make)
    compare(student.flat.linear_squared(**given), Truth("squared", given), "loss")


@item("squared_loss")
def test_the_squared_loss_takes_the_strength_of_the_penalty_from_reg(student, make):
    given = linear(make, reg=20.0)
    compare(student.flat.linear_squared(**given), Truth("squared", given), "loss")


@item("squared_grad_scores")
def test_the_squared_gradient_of_the_scores_matches_autograd(student, make):
    given = linear(make)
    compare(student.flat.linear_squared(**given), Truth("squared", given), "scores")


@item("squared_grad_w")
def test_the_squared_gradient_of_the_weights_matches_autograd(student, make):
    given = linear(make)
    compare(student.flat.linear_squared(**given), Truth("squared", given), "w")


@item("squared_grad_w")
def test_the_squared_gradient_of_the_weights_holds_both_of_their_uses(student, make):
    given = linear(make, reg=20.0)
    compare(student.flat.linear_squared(**given), Truth("squared", given), "w")


@item("squared_grad_b", says="the squared gradient of the bias adds up every row's gradient")
def test_the_squared_gradient_of_the_bias_collects_from_every_row(student, make):
    given = linear(make)
    compare(student.flat.linear_squared(**given), Truth("squared", given), "b")
