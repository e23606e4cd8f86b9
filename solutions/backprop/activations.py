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
        ### BEGIN SOLUTION
        self.cache = x > 0
        out = x.clamp(min=0)
        ### END SOLUTION
        return out

    def backward(self, grad_out: Tensor) -> Tensor:
        """grad_out and the result: of x's shape."""
        grad_x = None
        ### BEGIN SOLUTION
        grad_x = grad_out * self.cache
        ### END SOLUTION
        return grad_x


class LeakyReLU(Layer):
    """x where x > 0, slope * x elsewhere. slope: a float between 0 and 1."""

    def __init__(self, slope: float = 0.01):
        super().__init__()
        self.slope = slope

    def forward(self, x: Tensor) -> Tensor:
        """x of any shape. Returns a tensor of the same shape."""
        out = None
        ### BEGIN SOLUTION
        self.cache = x > 0
        out = torch.where(self.cache, x, self.slope * x)
        ### END SOLUTION
        return out

    def backward(self, grad_out: Tensor) -> Tensor:
        """grad_out and the result: of x's shape."""
        grad_x = None
        ### BEGIN SOLUTION
        grad_x = torch.where(self.cache, grad_out, self.slope * grad_out)
        ### END SOLUTION
        return grad_x


class ELU(Layer):
    """x where x > 0, alpha * (exp(x) - 1) elsewhere: smooth at 0 for alpha = 1. alpha: a positive float."""

    def __init__(self, alpha: float = 1.0):
        super().__init__()
        self.alpha = alpha

    def forward(self, x: Tensor) -> Tensor:
        """x of any shape. Returns a tensor of the same shape; no inf for x = 1000."""
        out = None
        ### BEGIN SOLUTION
        below = self.alpha * torch.expm1(x)  # inf far right of 0, where it is not chosen
        out = torch.where(x > 0, x, below)
        self.cache = x > 0, below
        ### END SOLUTION
        return out

    def backward(self, grad_out: Tensor) -> Tensor:
        """grad_out and the result: of x's shape."""
        grad_x = None
        ### BEGIN SOLUTION
        positive, below = self.cache
        grad_x = torch.where(positive, grad_out, grad_out * (below + self.alpha))
        ### END SOLUTION
        return grad_x


class Sigmoid(Layer):
    """1 / (1 + exp(-x)), entry by entry."""

    def forward(self, x: Tensor) -> Tensor:
        """x of any shape. Returns a tensor of the same shape, without nan at x = 1000 and x = -1000."""
        out = None
        ### BEGIN SOLUTION
        out = torch.sigmoid(x)
        self.cache = out
        ### END SOLUTION
        return out

    def backward(self, grad_out: Tensor) -> Tensor:
        """grad_out and the result: of x's shape."""
        grad_x = None
        ### BEGIN SOLUTION
        out = self.cache
        grad_x = grad_out * out * (1 - out)
        ### END SOLUTION
        return grad_x


class Tanh(Layer):
    """(exp(x) - exp(-x)) / (exp(x) + exp(-x)), entry by entry."""

    def forward(self, x: Tensor) -> Tensor:
        """x of any shape. Returns a tensor of the same shape, without nan at x = 1000 and x = -1000."""
        out = None
        ### BEGIN SOLUTION
        out = torch.tanh(x)
        self.cache = out
        ### END SOLUTION
        return out

    def backward(self, grad_out: Tensor) -> Tensor:
        """grad_out and the result: of x's shape."""
        grad_x = None
        ### BEGIN SOLUTION
        out = self.cache
        grad_x = grad_out * (1 - out * out)
        ### END SOLUTION
        return grad_x


class Softmax(Layer):
    """exp(x_i) / sum over j of exp(x_j), along the last axis: every row becomes probabilities."""

    def forward(self, x: Tensor) -> Tensor:
        """x (..., C). Returns a tensor of the same shape, without nan for scores near 1000."""
        out = None
        ### BEGIN SOLUTION
        exps = torch.exp(x - x.amax(dim=-1, keepdim=True))  # the largest exponent is 0: nothing overflows
        out = exps / exps.sum(dim=-1, keepdim=True)
        self.cache = out
        ### END SOLUTION
        return out

    def backward(self, grad_out: Tensor) -> Tensor:
        """grad_out and the result: (..., C). No Jacobian needed: a sum over each row, and products."""
        grad_x = None
        ### BEGIN SOLUTION
        out = self.cache
        shared = (grad_out * out).sum(dim=-1, keepdim=True)
        grad_x = out * (grad_out - shared)
        ### END SOLUTION
        return grad_x
