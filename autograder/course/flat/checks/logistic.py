"""What logistic regression must do."""

from __future__ import annotations

import torch

from toolbox.checks.reference.models import Truth
from toolbox.checks.suite import item

from .inputs import FAR_OUT, Given, binary, compare, compare_twice, strided

# Logistic regression


def sure(given: Given) -> Given:
    """The same arguments with scores of 1000 and -1000 in the first rows, for either label."""
    x, y = given["x"].clone(), given["y"].clone()
    wanted = torch.tensor([1000.0, -1000.0, 1000.0, -1000.0], dtype=x.dtype)
    x[:4] = wanted[:, None] * given["w"] / given["w"].square().sum()
    y[:4] = torch.tensor([1, 1, 0, 0])
    return given | {"x": x, "y": y}


@item("logistic_loss")
def test_the_logistic_loss_is_the_mean_over_the_batch_plus_the_penalty(student, make):
    given = binary(make)
    compare(student.flat.logistic(**given), Truth("logistic", given), "loss")


@item("logistic_loss")
def test_the_logistic_loss_takes_the_strength_of_the_penalty_from_reg(student, make):
    given = binary(make, reg=20.0)
    compare(student.flat.logistic(**given), Truth("logistic", given), "loss")


@item("logistic_loss")
def test_the_logistic_loss_stays_finite_for_scores_of_a_thousand(student, make):
    given = sure(binary(make, N=12))
    far_out = FAR_OUT | {"if_not_finite": "sigmoid-unstabilised"}
    compare(student.flat.logistic(**given), Truth("logistic", given), "loss", **far_out)


### BEGIN HIDDEN TESTS
@item("logistic_loss")
def test_the_logistic_loss_of_a_single_example(student, make):
    given = binary(make, N=1, D=3, reg=2.5)
    compare(student.flat.logistic(**given), Truth("logistic", given), "loss")


@item("logistic_loss")
def test_the_logistic_loss_in_float32_leaves_its_inputs_alone(student, make):
    given = strided(binary(make, N=11, D=7, reg=0.7, dtype=torch.float32))
    compare_twice(student, student.flat.logistic, given, Truth("logistic", given), "loss")


### END HIDDEN TESTS


@item("logistic_grad_scores")
def test_the_logistic_gradient_of_the_scores_matches_autograd(student, make):
    given = binary(make)
    compare(student.flat.logistic(**given), Truth("logistic", given), "scores")


@item("logistic_grad_scores")
def test_the_logistic_gradient_of_the_scores_stays_finite_for_scores_of_a_thousand(student, make):
    given = sure(binary(make, N=12))
    far_out = FAR_OUT | {"if_not_finite": "sigmoid-unstabilised"}
    compare(student.flat.logistic(**given), Truth("logistic", given), "scores", **far_out)


### BEGIN HIDDEN TESTS
@item("logistic_grad_scores")
def test_the_logistic_gradient_of_the_scores_of_a_single_example(student, make):
    given = binary(make, N=1, D=3, reg=2.5)
    compare(student.flat.logistic(**given), Truth("logistic", given), "scores")


@item("logistic_grad_scores")
def test_the_logistic_gradient_of_the_scores_in_float32_leaves_the_inputs_alone(student, make):
    given = strided(binary(make, N=11, D=7, reg=0.7, dtype=torch.float32))
    compare_twice(student, student.flat.logistic, given, Truth("logistic", given), "scores")


### END HIDDEN TESTS


@item("logistic_grad_w")
def test_the_logistic_gradient_of_the_weights_matches_autograd(student, make):
    given = binary(make)
    compare(student.flat.logistic(**given), Truth("logistic", given), "w")


@item("logistic_grad_w")
def test_the_logistic_gradient_of_the_weights_holds_both_of_their_uses(student, make):
    given = binary(make, reg=20.0)
    compare(student.flat.logistic(**given), Truth("logistic", given), "w")


### BEGIN HIDDEN TESTS
@item("logistic_grad_w")
def test_the_logistic_gradient_of_the_weights_of_a_single_example(student, make):
    given = binary(make, N=1, D=3, reg=2.5)
    compare(student.flat.logistic(**given), Truth("logistic", given), "w")


@item("logistic_grad_w")
def test_the_logistic_gradient_of_the_weights_in_float32_leaves_the_inputs_alone(student, make):
    given = strided(binary(make, N=11, D=7, reg=0.7, dtype=torch.float32))
    compare_twice(student, student.flat.logistic, given, Truth("logistic", given), "w")


### END HIDDEN TESTS


@item("logistic_grad_b", says="the logistic gradient of the bias adds up every row's gradient")
def test_the_logistic_gradient_of_the_bias_collects_from_every_row(student, make):
    given = binary(make)
    compare(student.flat.logistic(**given), Truth("logistic", given), "b")


### BEGIN HIDDEN TESTS
@item("logistic_grad_b")
def test_the_logistic_gradient_of_the_bias_knows_no_penalty(student, make):
    given = binary(make, reg=20.0)
    compare(student.flat.logistic(**given), Truth("logistic", given), "b")


@item("logistic_grad_b")
def test_the_logistic_gradient_of_the_bias_in_float32_leaves_the_inputs_alone(student, make):
    given = strided(binary(make, N=11, D=7, reg=0.7, dtype=torch.float32))
    compare_twice(student, student.flat.logistic, given, Truth("logistic", given), "b")


### END HIDDEN TESTS
