"""Wrong answers that are made of every layer and every loss alike."""

from __future__ import annotations

from autograder.course.answers import Answer, Edit
from autograder.course.breaches import breaches

# (class, item of its forward pass, item of its backward pass, name of the backward pass)
LAYERS = [
    ("ReLU", "relu_layer", "relu_layer", "backward"),
    ("LeakyReLU", "leaky_relu", "leaky_relu", "backward"),
    ("ELU", "elu", "elu", "backward"),
    ("Sigmoid", "sigmoid_layer", "sigmoid_layer", "backward"),
    ("Tanh", "tanh", "tanh", "backward"),
    ("Softmax", "softmax_forward", "softmax_layer_backward", "backward"),
    ("Linear", "linear_forward", "linear_backward", "backward"),
    ("Maxout", "maxout_forward", "maxout_backward", "backward"),
    ("Correlation1d", "correlation_forward", "correlation_backward", "backward"),
    ("BatchNorm", "batchnorm_forward", "batchnorm_backward", "backward"),
    ("BatchNorm", "", "batchnorm_nodes", "backward_by_nodes"),
]
LOSSES = [("softmax_cross_entropy", "loss_cross_entropy"), ("hinge", "loss_hinge"), ("squared", "loss_squared")]


def of_pass(name: str, method: str, value: str, item: str) -> list[Answer]:
    return breaches(f"{name}.{method}", value, {value: item}, holder=f"type(self).{method}", indent=" " * 8)


def of_loss(name: str, item: str) -> list[Answer]:
    end = "return loss, grad_scores"
    sorts = Edit(name, end, f"y.copy_(y.sort().values)\n    {end}")
    return [
        *breaches(name, "loss, grad_scores", {"grad_scores": item, "loss": item}),
        Answer(f"{item}: leaves the labels sorted", (item,), (sorts,), ("input-changed",)),
    ]


GENERATED = [
    answer
    for name, forward, backward, method in LAYERS
    for answer in (
        *(of_pass(name, "forward", "out", forward) if forward else []),
        *of_pass(name, method, "grad_x", backward),
    )
] + [answer for loss in LOSSES for answer in of_loss(*loss)]
