"""Layers without parameters: ReLU, LeakyReLU, ELU, Sigmoid, Tanh and Softmax.

Each has a `forward(x)`, which keeps in `self.cache` what the backward pass needs, and a `backward(grad_out)`, which takes
the upstream gradient, of the shape of the output, and returns the gradient of x. What is kept is up to you: x, the
output, a mask. All of them act on tensors of any shape, in the dtype and on the device they come in; they change
neither x nor the upstream gradient nor what they kept: `backward` may be called twice. No autograd.
"""

from __future__ import annotations

import torch
from torch import Tensor

from toolbox.given.layer import Layer


class ReLU(Layer):
    """max(0, x), entry by entry."""

    def forward(self, x: Tensor) -> Tensor:
        """x of any shape. Returns a tensor of the same shape."""
        out = None
        # YOUR CODE HERE
        return out

    def backward(self, grad_out: Tensor) -> Tensor:
        """grad_out and the result: of x's shape."""
        grad_x = None
        # YOUR CODE HERE
        return grad_x


class LeakyReLU(Layer):
    """x where x > 0, slope * x elsewhere. slope: a float between 0 and 1."""

    def __init__(self, slope: float = 0.01):
        super().__init__()
        self.slope = slope

    def forward(self, x: Tensor) -> Tensor:
        """x of any shape. Returns a tensor of the same shape."""
        out = None
        # YOUR CODE HERE
        return out

    def backward(self, grad_out: Tensor) -> Tensor:
        """grad_out and the result: of x's shape."""
        grad_x = None
        # YOUR CODE HERE
        return grad_x


class ELU(Layer):
    """x where x > 0, alpha * (exp(x) - 1) elsewhere: smooth at 0 for alpha = 1. alpha: a positive float."""

    def __init__(self, alpha: float = 1.0):
        super().__init__()
        self.alpha = alpha

    def forward(self, x: Tensor) -> Tensor:
        """x of any shape. Returns a tensor of the same shape; no inf for x = 1000."""
        out = None
        # YOUR CODE HERE
        return out

    def backward(self, grad_out: Tensor) -> Tensor:
        """grad_out and the result: of x's shape."""
        grad_x = None
        # YOUR CODE HERE
        return grad_x


class Sigmoid(Layer):
    """1 / (1 + exp(-x)), entry by entry."""

    def forward(self, x: Tensor) -> Tensor:
        """x of any shape. Returns a tensor of the same shape, without nan at x = 1000 and x = -1000."""
        out = None
        # YOUR CODE HERE
        return out

    def backward(self, grad_out: Tensor) -> Tensor:
        """grad_out and the result: of x's shape."""
        grad_x = None
        # YOUR CODE HERE
        return grad_x


class Tanh(Layer):
    """(exp(x) - exp(-x)) / (exp(x) + exp(-x)), entry by entry."""

    def forward(self, x: Tensor) -> Tensor:
        """x of any shape. Returns a tensor of the same shape, without nan at x = 1000 and x = -1000."""
        out = None
        # YOUR CODE HERE
        return out

    def backward(self, grad_out: Tensor) -> Tensor:
        """grad_out and the result: of x's shape."""
        grad_x = None
        # YOUR CODE HERE
        return grad_x


class Softmax(Layer):
    """exp(x_i) / sum over j of exp(x_j), along the last axis: every row becomes probabilities."""

    def forward(self, x: Tensor) -> Tensor:
        """x (..., C). Returns a tensor of the same shape, without nan for scores near 1000."""
        out = None
        # YOUR CODE HERE
        return out

    def backward(self, grad_out: Tensor) -> Tensor:
        """grad_out and the result: (..., C). No Jacobian needed: a sum over each row, and products."""
        grad_x = None
        # YOUR CODE HERE
        return grad_x
