"""Batch normalisation (Ioffe and Szegedy, 2015), forward in both modes and backward twice: node by node, in one line.

In training every feature (column of x) is shifted and scaled to mean 0 and variance 1 *over the batch*, then scaled by
gamma and shifted by beta, which are learned. The rows of a batch thus see each other, in the forward pass and in the
gradient. At test time there may be no batch: then running averages kept in training replace the batch's statistics.
"""

from __future__ import annotations

import torch
from torch import Tensor

from toolbox.given.layer import Layer


class BatchNorm(Layer):
    """out = gamma * (x - mean) / sqrt(var + eps) + beta for x (N, D), column by column; gamma and beta are (D,).

    In training mean and var are the batch's, var the mean of the squared deviations (divided by N). Each such call also
    moves the running statistics: running = (1 - momentum) * running + momentum * batch, where the batch's variance is
    the unbiased one, N / (N - 1) times var, as in PyTorch (for N = 1, which tells nothing, it counts as 0). They start
    at 0 and 1. Otherwise mean and var are the running ones, and nothing is moved.
    """

    def __init__(self, gamma: Tensor, beta: Tensor, momentum: float = 0.1, eps: float = 1e-5):
        super().__init__(gamma=gamma, beta=beta)
        self.momentum, self.eps = momentum, eps
        self.running_mean, self.running_var = torch.zeros_like(gamma), torch.ones_like(gamma)

    def forward(self, x: Tensor) -> Tensor:
        """x (N, D), N >= 1. Returns (N, D)."""
        out, gamma, beta = None, self.params["gamma"], self.params["beta"]
        # In training: one named intermediate on each line, so that `backward_by_nodes` can go back over them.
        # YOUR CODE HERE
        return out

    def backward_by_nodes(self, grad_out: Tensor) -> Tensor:
        """The backward pass after a forward pass in training, node by node: out, normal, inv, std, var, centred, mean, x.

        grad_out (N, D). Sets grads "gamma" and "beta", both (D,), returns the gradient of x, (N, D).
        """
        grad_x, gamma = None, self.params["gamma"]
        # YOUR CODE HERE
        return grad_x

    def backward(self, grad_out: Tensor) -> Tensor:
        """The backward pass after a forward pass in either mode, in one line for each; the mode of that pass is what counts.

        grad_out (N, D). Sets grads "gamma" and "beta", both (D,), returns the gradient of x, (N, D).
        """
        grad_x, gamma = None, self.params["gamma"]
        # YOUR CODE HERE
        return grad_x
