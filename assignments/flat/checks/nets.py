"""What the two-layer nets must do, with the hinge loss and with softmax cross-entropy."""

from __future__ import annotations

import torch

from toolbox.checks.reference.models import Truth
from toolbox.checks.suite import item

from .inputs import FAR_OUT, check_dead_row, compare, compare_twice, dead_row, net, net_far_out, strided

# The two-layer net with the hinge loss


@item("net_hinge_loss")
def test_the_hinge_net_loss_is_the_mean_over_the_batch_plus_the_penalty(student, make):
    given = net(make)
    compare(student.flat.net_hinge(**given), Truth("hinge", given), "loss")


@item("net_hinge_loss")
def test_the_hinge_net_loss_has_a_penalty_for_both_layers(student, make):
    given = net(make, reg=20.0)
    compare(student.flat.net_hinge(**given), Truth("hinge", given), "loss")


@item("net_hinge_grad_second")
def test_the_hinge_net_gradient_of_the_scores_matches_autograd(student, make):
    given = net(make)
    compare(student.flat.net_hinge(**given), Truth("hinge", given), "scores")


@item("net_hinge_grad_second")
def test_the_hinge_net_gradient_of_the_second_weights_matches_autograd(student, make):
    given = net(make)
    compare(student.flat.net_hinge(**given), Truth("hinge", given), "w2")


@item("net_hinge_grad_second")
def test_the_hinge_net_gradient_of_the_second_bias_matches_autograd(student, make):
    given = net(make)
    compare(student.flat.net_hinge(**given), Truth("hinge", given), "b2")


@item("net_hinge_grad_first")
def test_the_hinge_net_gradient_of_the_hidden_layer_matches_autograd(student, make):
    given = net(make)
    compare(student.flat.net_hinge(**given), Truth("hinge", given), "h")


@item("net_hinge_grad_first")
def test_the_hinge_net_gradient_passes_only_open_gates(student, make):
    given = net(make)
    compare(student.flat.net_hinge(**given), Truth("hinge", given), "a")


@item("net_hinge_grad_first")
def test_the_hinge_net_gradient_of_the_first_weights_matches_autograd(student, make):
    given = net(make)
    compare(student.flat.net_hinge(**given), Truth("hinge", given), "w1")


@item("net_hinge_grad_first")
def test_the_hinge_net_gradient_of_the_first_bias_matches_autograd(student, make):
    given = net(make)
    compare(student.flat.net_hinge(**given), Truth("hinge", given), "b1")


# The two-layer net with softmax cross-entropy


@item("net_softmax_loss")
def test_the_softmax_net_loss_is_the_mean_over_the_batch_plus_the_penalty(student, make):
    given = net(make)
    compare(student.flat.net_softmax(**given), Truth("softmax", given), "loss")


@item("net_softmax_loss")
def test_the_softmax_net_loss_has_a_penalty_for_both_layers(student, make):
    given = net(make, reg=20.0)
    compare(student.flat.net_softmax(**given), Truth("softmax", given), "loss")


@item("net_softmax_loss")
def test_the_softmax_net_loss_stays_finite_for_scores_of_a_thousand(student, make):
    for level in (1000.0, -1000.0):
        given = net_far_out(net(make), level)
        compare(student.flat.net_softmax(**given), Truth("softmax", given), "loss", **FAR_OUT)


@item("net_softmax_grad_second")
def test_the_softmax_net_gradient_of_the_scores_matches_autograd(student, make):
    given = net(make)
    compare(student.flat.net_softmax(**given), Truth("softmax", given), "scores")


@item("net_softmax_grad_second")
def test_the_softmax_net_gradient_of_the_second_weights_matches_autograd(student, make):
    given = net(make)
    compare(student.flat.net_softmax(**given), Truth("softmax", given), "w2")


@item("net_softmax_grad_second")
def test_the_softmax_net_gradient_of_the_second_bias_matches_autograd(student, make):
    given = net(make)
    compare(student.flat.net_softmax(**given), Truth("softmax", given), "b2")


@item("net_softmax_grad_first")
def test_the_softmax_net_gradient_of_the_hidden_layer_matches_autograd(student, make):
    given = net(make)
    compare(student.flat.net_softmax(**given), Truth("softmax", given), "h")


@item("net_softmax_grad_first")
def test_the_softmax_net_gradient_passes_only_open_gates(student, make):
    given = net(make)
    compare(student.flat.net_softmax(**given), Truth("softmax", given), "a")


@item("net_softmax_grad_first")
def test_the_softmax_net_gradient_of_the_first_weights_matches_autograd(student, make):
    given = net(make)
    compare(student.flat.net_softmax(**given), Truth("softmax", given), "w1")


@item("net_softmax_grad_first")
def test_the_softmax_net_gradient_of_the_first_bias_matches_autograd(student, make):
    given = net(make)
    compare(student.flat.net_softmax(**given), Truth("softmax", given), "b1")
