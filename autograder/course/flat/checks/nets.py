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


### BEGIN HIDDEN TESTS
@item("net_hinge_loss")
def test_the_hinge_net_loss_of_a_single_example(student, make):
    given = net(make, N=1, D=3, H=7, C=5, reg=2.5)
    compare(student.flat.net_hinge(**given), Truth("hinge", given), "loss")


@item("net_hinge_loss")
def test_the_hinge_net_loss_in_float32_leaves_its_inputs_alone(student, make):
    given = strided(net(make, N=11, D=7, H=6, C=3, reg=0.7, dtype=torch.float32))
    compare_twice(student, student.flat.net_hinge, given, Truth("hinge", given), "loss")


### END HIDDEN TESTS


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


### BEGIN HIDDEN TESTS
@item("net_hinge_grad_second")
def test_the_hinge_net_gradients_of_the_second_layer_for_a_single_example(student, make):
    given = net(make, N=1, D=3, H=7, C=5, reg=2.5)
    compare(student.flat.net_hinge(**given), Truth("hinge", given), "scores", "w2", "b2")


@item("net_hinge_grad_second")
def test_the_hinge_net_gradients_of_the_second_layer_in_float32_leave_the_inputs_alone(student, make):
    given = strided(net(make, N=11, D=7, H=6, C=3, reg=0.7, dtype=torch.float32))
    compare_twice(student, student.flat.net_hinge, given, Truth("hinge", given), "scores", "w2", "b2")


### END HIDDEN TESTS


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


### BEGIN HIDDEN TESTS
@item("net_hinge_grad_first")
def test_the_hinge_net_gradients_of_the_first_layer_for_a_single_example(student, make):
    given = net(make, N=1, D=3, H=7, C=5, reg=2.5)
    compare(student.flat.net_hinge(**given), Truth("hinge", given), "h", "a", "w1", "b1")


@item("net_hinge_grad_first")
def test_the_hinge_net_gradients_of_the_first_layer_in_float32_leave_the_inputs_alone(student, make):
    given = strided(net(make, N=11, D=7, H=6, C=3, reg=0.7, dtype=torch.float32))
    compare_twice(student, student.flat.net_hinge, given, Truth("hinge", given), "h", "a", "w1", "b1")
    check_dead_row(student.flat.net_hinge(**dead_row(net(make))))


### END HIDDEN TESTS


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


### BEGIN HIDDEN TESTS
@item("net_softmax_loss")
def test_the_softmax_net_loss_of_a_single_example(student, make):
    given = net(make, N=1, D=3, H=7, C=5, reg=2.5)
    compare(student.flat.net_softmax(**given), Truth("softmax", given), "loss")


@item("net_softmax_loss")
def test_the_softmax_net_loss_in_float32_leaves_its_inputs_alone(student, make):
    given = strided(net(make, N=11, D=7, H=6, C=3, reg=0.7, dtype=torch.float32))
    compare_twice(student, student.flat.net_softmax, given, Truth("softmax", given), "loss")


### END HIDDEN TESTS


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


### BEGIN HIDDEN TESTS
@item("net_softmax_grad_second")
def test_the_softmax_net_gradients_of_the_second_layer_for_a_single_example(student, make):
    given = net(make, N=1, D=3, H=7, C=5, reg=2.5)
    compare(student.flat.net_softmax(**given), Truth("softmax", given), "scores", "w2", "b2")


@item("net_softmax_grad_second")
def test_the_softmax_net_gradients_of_the_second_layer_in_float32_leave_the_inputs_alone(student, make):
    given = strided(net(make, N=11, D=7, H=6, C=3, reg=0.7, dtype=torch.float32))
    compare_twice(student, student.flat.net_softmax, given, Truth("softmax", given), "scores", "w2", "b2")


@item("net_softmax_grad_second")
def test_the_softmax_net_gradient_of_the_scores_stays_finite_for_scores_of_a_thousand(student, make):
    for level in (1000.0, -1000.0):
        given = net_far_out(net(make), level)
        compare(student.flat.net_softmax(**given), Truth("softmax", given), "scores", **FAR_OUT)


### END HIDDEN TESTS


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


### BEGIN HIDDEN TESTS
@item("net_softmax_grad_first")
def test_the_softmax_net_gradients_of_the_first_layer_for_a_single_example(student, make):
    given = net(make, N=1, D=3, H=7, C=5, reg=2.5)
    compare(student.flat.net_softmax(**given), Truth("softmax", given), "h", "a", "w1", "b1")


@item("net_softmax_grad_first")
def test_the_softmax_net_gradients_of_the_first_layer_in_float32_leave_the_inputs_alone(student, make):
    given = strided(net(make, N=11, D=7, H=6, C=3, reg=0.7, dtype=torch.float32))
    compare_twice(student, student.flat.net_softmax, given, Truth("softmax", given), "h", "a", "w1", "b1")
    check_dead_row(student.flat.net_softmax(**dead_row(net(make))))


### END HIDDEN TESTS
