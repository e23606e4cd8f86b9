"""Your own operations inside PyTorch's autograd, a module built of them, and the same net by hand.

A `torch.autograd.Function` is a node of PyTorch's graph whose two rules you write: `forward` computes the value and saves
what `backward` will need; `backward` gets the upstream gradient and returns one downstream gradient for each argument
of `forward` (without `ctx`). Call it with `Multiply.apply(x, y)`. PyTorch does the rest: order, accumulation, leaves.

Save tensors with `ctx.save_for_backward(...)`, inputs and outputs only: then `backward`, made of tensor operations, can
itself be differentiated, and second derivatives come out right as well. Sources: EECS 498-007, lecture 6, "PyTorch
Autograd Functions" and "nn.Module"; BEV033DLA, lecture 2, the softmax as a Function.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn


class Multiply(torch.autograd.Function):
    """z = x * y, entry by entry."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, y: Tensor) -> Tensor:
        """x, y: one shape, any. Returns z, of that shape."""
        z = None
        # YOUR CODE HERE
        return z

    @staticmethod
    def backward(ctx: Any, grad_out: Tensor) -> tuple[Tensor, Tensor]:
        """grad_out: the shape of z. Returns (grad_x, grad_y)."""
        grad_x, grad_y = None, None
        # YOUR CODE HERE
        return grad_x, grad_y


class Sigmoid(torch.autograd.Function):
    """y = 1 / (1 + exp(-x)), entry by entry; finite for every x."""

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        """x: any shape. Returns y, of that shape. `torch.sigmoid` may be used."""
        y = None
        # YOUR CODE HERE
        return y

    @staticmethod
    def backward(ctx: Any, grad_out: Tensor) -> Tensor:
        """grad_out: the shape of y. Returns grad_x."""
        grad_x = None
        # YOUR CODE HERE
        return grad_x


class Softmax(torch.autograd.Function):
    """y = softmax(x) along the last axis; finite for scores of a thousand."""

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        """x: any shape, each row along the last axis a softmax of its own. Returns y, of that shape."""
        y = None
        # YOUR CODE HERE
        return y

    @staticmethod
    def backward(ctx: Any, grad_out: Tensor) -> Tensor:
        """grad_out: the shape of y. Returns grad_x."""
        grad_x = None
        # YOUR CODE HERE
        return grad_x


class Linear(torch.autograd.Function):
    """y = x @ w + b."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, w: Tensor, b: Tensor) -> Tensor:
        """x (N, D), w (D, M), b (M,). Returns y (N, M)."""
        y = None
        # YOUR CODE HERE
        return y

    @staticmethod
    def backward(ctx: Any, grad_out: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """grad_out (N, M). Returns (grad_x, grad_w, grad_b)."""
        grad_x, grad_w, grad_b = None, None, None
        # YOUR CODE HERE
        return grad_x, grad_w, grad_b


class MLP(nn.Module):
    """A net with one hidden layer: x -> linear -> sigmoid -> linear -> softmax.

    Its parameters are w1 (D, H), b1 (H,), w2 (H, C) and b2 (C,), each an `nn.Parameter`: so PyTorch finds them, in this
    order, with `parameters()`. At first the weights are normal numbers of standard deviation 1 / sqrt(D) in w1 and
    1 / sqrt(H) in w2, the biases 0.
    linear, sigmoid, softmax: the operations to build the net of, so that yours can be exchanged for PyTorch's own.
    """

    def __init__(
        self, D: int, H: int, C: int,
        linear: Callable = Linear.apply, sigmoid: Callable = Sigmoid.apply, softmax: Callable = Softmax.apply,
    ):  # fmt: skip
        super().__init__()
        self.linear, self.sigmoid, self.softmax = linear, sigmoid, softmax
        # YOUR CODE HERE

    def forward(self, x: Tensor) -> Tensor:
        """x (N, D). Returns probabilities (N, C)."""
        probabilities = None
        # YOUR CODE HERE
        return probabilities


def mlp_by_hand(
    x: Tensor, w1: Tensor, b1: Tensor, w2: Tensor, b2: Tensor, grad_out: Tensor
) -> tuple[Tensor, dict[str, Tensor]]:
    """The net of MLP, forwards and backwards, in plain tensor operations and without autograd.

    x (N, D), w1 (D, H), b1 (H,), w2 (H, C), b2 (C,); grad_out (N, C), the upstream gradient of the probabilities.
    Returns (probabilities (N, C), grads); grads has, in the order of the backward pass, "scores", "w2", "b2", "h", "a",
    "w1", "b1" and "x", each of the shape of its variable. Nothing that is given is changed.
    """
    probabilities, grads = None, {}
    # forward: a, h, scores, probabilities. Then the same lines, read backwards.
    # YOUR CODE HERE
    return probabilities, grads
