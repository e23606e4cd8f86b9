"""Optimisers by torch's in-place operations, with velocities that are filled in place."""

import torch


class SGD:
    def __init__(self, params, lr):
        self.params, self.lr, self.velocity = params, lr, {}

    def step(self, grads):
        for name, w in self.params.items():
            w.add_(grads[name], alpha=-self.lr)


class Momentum:
    def __init__(self, params, lr, rho=0.9):
        self.params, self.lr, self.rho = params, lr, rho
        self.velocity = {name: torch.zeros(w.shape, dtype=w.dtype) for name, w in params.items()}

    def step(self, grads):
        for (name, w), v in zip(self.params.items(), self.velocity.values(), strict=True):
            v.mul_(self.rho).add_(grads[name])
            w.sub_(v, alpha=self.lr)
