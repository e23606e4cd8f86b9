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
        ### BEGIN SOLUTION
        N = x.shape[0]
        if self.training:
            mean = x.mean(dim=0)
            centred = x - mean
            var = (centred * centred).mean(dim=0)
            unbiased = var * (N / max(N - 1, 1))
            self.running_mean = (1 - self.momentum) * self.running_mean + self.momentum * mean
            self.running_var = (1 - self.momentum) * self.running_var + self.momentum * unbiased
        else:
            centred, var = x - self.running_mean, self.running_var
        std = torch.sqrt(var + self.eps)
        inv = 1 / std
        normal = centred * inv
        out = gamma * normal + beta
        self.cache = self.training, centred, std, inv, normal
        ### END SOLUTION
        return out

    def backward_by_nodes(self, grad_out: Tensor) -> Tensor:
        """The backward pass after a forward pass in training, node by node: out, normal, inv, std, var, centred, mean, x.

        grad_out (N, D). Sets grads "gamma" and "beta", both (D,), returns the gradient of x, (N, D).
        """
        grad_x, gamma = None, self.params["gamma"]
        ### BEGIN SOLUTION
        _, centred, std, inv, normal = self.cache
        N = grad_out.shape[0]
        self.grads = {"gamma": (grad_out * normal).sum(dim=0), "beta": grad_out.sum(dim=0)}
        grad_normal = grad_out * gamma
        grad_inv = (grad_normal * centred).sum(dim=0)  # inv serves all rows of its column
        grad_std = -grad_inv * inv * inv
        grad_var = grad_std / (2 * std)
        grad_centred = grad_normal * inv + 2 * centred * grad_var / N  # two uses
        grad_mean = -grad_centred.sum(dim=0)
        grad_x = grad_centred + grad_mean / N  # two uses again
        ### END SOLUTION
        return grad_x

    def backward(self, grad_out: Tensor) -> Tensor:
        """The backward pass after a forward pass in either mode, in one line for each; the mode of that pass is what counts.

        grad_out (N, D). Sets grads "gamma" and "beta", both (D,), returns the gradient of x, (N, D).
        """
        grad_x, gamma = None, self.params["gamma"]
        ### BEGIN SOLUTION
        batch, _, _, inv, normal = self.cache
        self.grads = {"gamma": (grad_out * normal).sum(dim=0), "beta": grad_out.sum(dim=0)}
        if batch:
            grad_x = gamma * inv * (grad_out - grad_out.mean(dim=0) - normal * (grad_out * normal).mean(dim=0))
        else:
            grad_x = gamma * inv * grad_out
        ### END SOLUTION
        return grad_x
