"""Optimisers: how a gradient becomes a step. Plain gradient descent, and gradient descent with momentum.

An optimiser is made once, for a dict of parameters, and then gets a dict of gradients at every step:

    optimizer = Momentum(params, lr=0.1, rho=0.9)
    optimizer.step(grads)                           # the tensors in params have changed

It changes the parameters **in place**: whoever holds one of those tensors sees it change. `lr` is an attribute and may
be changed at any time between two steps; it applies at once. No autograd; float32 and float64, any shape, any device.

Sources: EECS 498-007, lecture 4; the slides' form `v = rho * v + dw; w -= learning_rate * v` is that of torch.optim.SGD.
"""

from __future__ import annotations

import torch
from torch import Tensor


class SGD:
    """Stochastic gradient descent: w -= lr * dw.

    params: name -> tensor. lr: a float, may be changed between steps. velocity: stays empty; Momentum's is not.
    """

    def __init__(self, params: dict[str, Tensor], lr: float):
        self.params = params
        self.lr = lr
        self.velocity: dict[str, Tensor] = {}

    def step(self, grads: dict[str, Tensor]) -> None:
        """One step. grads: name -> tensor, one for each parameter at least; flat code also holds those of scores and
        hidden layers, which are not parameters. They are not changed. Returns nothing.
        """
        # Every parameter, in place: `w -= ...` writes into the tensor, `w = w - ...` makes a new one.
        # YOUR CODE HERE


class Momentum:
    """Gradient descent with momentum: v = rho * v + dw, then w -= lr * v.

    params, lr: as in SGD. rho: how much of its velocity a parameter keeps, a float below 1.
    velocity: name -> tensor of the parameter's shape, dtype and device; zero before the first step.
    """

    def __init__(self, params: dict[str, Tensor], lr: float, rho: float = 0.9):
        self.params = params
        self.lr = lr
        self.rho = rho
        self.velocity: dict[str, Tensor] = {}
        # Every parameter gets a velocity of its own, at rest.
        # YOUR CODE HERE

    def step(self, grads: dict[str, Tensor]) -> None:
        """One step. grads: name -> tensor, one for each parameter at least; flat code also holds those of scores and
        hidden layers, which are not parameters. They are not changed. Returns nothing.
        """
        # First the velocity, then the step along it.
        # YOUR CODE HERE
