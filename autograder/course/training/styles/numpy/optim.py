"""Optimisers that write through NumPy's views of the tensors; momentum is a kind of descent."""

import torch


class SGD:
    def __init__(self, params, lr):
        self.params, self.lr, self.velocity = params, lr, {}

    def direction(self, name, slope):
        return slope

    def step(self, grads):
        for name in sorted(self.params):
            view = self.params[name].numpy()  # the same memory
            view -= self.lr * self.direction(name, grads[name].numpy())


class Momentum(SGD):
    def __init__(self, params, lr, rho=0.9):
        super().__init__(params, lr)
        self.rho, self.velocity = rho, {name: torch.full_like(w, 0.0) for name, w in params.items()}

    def direction(self, name, slope):
        fast = self.velocity[name].numpy()
        fast *= self.rho
        fast += slope
        return fast
