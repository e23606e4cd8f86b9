"""The activations in NumPy: a tensor comes in, its array is worked on, a tensor goes out."""

import numpy as np
import torch

from toolbox.given.layer import Layer


class Entrywise(Layer):
    """value(x) and slope(x), entry by entry; x itself is all that is kept."""

    def forward(self, x):
        self.cache = x.numpy().copy()
        return torch.from_numpy(np.asarray(self.value(self.cache), dtype=self.cache.dtype))

    def backward(self, grad_out):
        slope = np.asarray(self.slope(self.cache), dtype=self.cache.dtype)
        return torch.from_numpy(np.multiply(grad_out.numpy(), slope))


class ReLU(Entrywise):
    def value(self, x):
        return np.maximum(x, 0)

    def slope(self, x):
        return np.heaviside(x, 0.5)  # at the kink, the middle of all subgradients


class LeakyReLU(Entrywise):
    def __init__(self, slope=0.01):
        super().__init__()
        self.leak = slope

    def value(self, x):
        return np.where(x > 0, x, self.leak * x)

    def slope(self, x):
        return np.where(x > 0, 1, self.leak)


class ELU(Entrywise):
    def __init__(self, alpha=1.0):
        super().__init__()
        self.alpha = alpha

    def value(self, x):
        return np.where(x > 0, x, self.alpha * np.expm1(np.minimum(x, 0)))

    def slope(self, x):
        return np.where(x > 0, 1, self.alpha * np.exp(np.minimum(x, 0)))


class Sigmoid(Entrywise):
    def value(self, x):
        small = np.exp(-np.abs(x))
        return np.where(x < 0, small, 1) / (1 + small)

    def slope(self, x):
        small = np.exp(-np.abs(x))
        return small / (1 + small) ** 2


class Tanh(Entrywise):
    def value(self, x):
        return np.tanh(x)

    def slope(self, x):
        return 1 - np.tanh(x) ** 2


class Softmax(Layer):
    def forward(self, x):
        x = x.numpy()
        raised = np.exp(x - x.max(axis=-1, keepdims=True))
        self.cache = raised / raised.sum(axis=-1, keepdims=True)
        return torch.from_numpy(self.cache.copy())

    def backward(self, grad_out):
        weighted = grad_out.numpy() * self.cache
        return torch.from_numpy(weighted - self.cache * weighted.sum(axis=-1, keepdims=True))
