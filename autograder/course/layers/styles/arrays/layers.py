"""The layers of layers.py in NumPy; a Sequential that goes through its layers by recursion."""

import numpy as np
import torch

from toolbox.given.layer import Layer


def tensor(array):
    return torch.from_numpy(np.ascontiguousarray(array))


class Linear(Layer):
    def __init__(self, w, b):
        super().__init__(w=w, b=b)

    def forward(self, x):
        self.cache = x.numpy()
        return tensor(np.dot(self.cache, self.params["w"].numpy()) + self.params["b"].numpy())

    def backward(self, grad_out):
        g, w = grad_out.numpy(), self.params["w"].numpy()
        self.grads["w"] = tensor(np.tensordot(self.cache, g, axes=(0, 0)))
        self.grads["b"] = tensor(np.add.reduce(g, axis=0))
        return tensor(np.inner(g, w))


class Maxout(Layer):
    def __init__(self, w, b):
        super().__init__(w=w, b=b)

    def forward(self, x):
        x, w, b = x.numpy(), self.params["w"].numpy(), self.params["b"].numpy()
        pieces = np.matmul(x[None], w) + b[:, None]
        self.cache = x, np.argmax(pieces, axis=0)
        return tensor(np.take_along_axis(pieces, self.cache[1][None], axis=0)[0])

    def backward(self, grad_out):
        (x, winner), w, g = self.cache, self.params["w"].numpy(), grad_out.numpy()
        grad_w, grad_b = np.zeros_like(w), np.zeros_like(self.params["b"].numpy())
        grad_x = np.zeros(x.shape, dtype=x.dtype)
        for n, m in np.ndindex(*g.shape):
            k = winner[n, m]
            grad_w[k, :, m] += g[n, m] * x[n]
            grad_b[k, m] += g[n, m]
            grad_x[n] += g[n, m] * w[k, :, m]
        self.grads = {"w": tensor(grad_w), "b": tensor(grad_b)}
        return tensor(grad_x)


class Correlation1d(Layer):
    def __init__(self, w):
        super().__init__(w=w)

    def forward(self, x):
        w = self.params["w"].numpy()
        self.cache = np.ascontiguousarray(x.numpy())
        rows = [np.correlate(row, w, mode="valid") for row in self.cache]
        return tensor(np.array(rows, dtype=w.dtype).reshape(len(rows), self.cache.shape[1] - len(w) + 1))

    def backward(self, grad_out):
        x, w, g = self.cache, self.params["w"].numpy(), np.ascontiguousarray(grad_out.numpy())
        self.grads["w"] = tensor(sum((np.correlate(a, b, mode="valid") for a, b in zip(x, g, strict=True)),
                                     start=np.zeros_like(w)))  # fmt: skip
        return tensor(np.array([np.convolve(row, w) for row in g], dtype=w.dtype).reshape(x.shape))


class Dropout(Layer):
    def __init__(self, p, generator=None):
        super().__init__()
        self.p, self.generator = p, generator

    def forward(self, x):
        keep = np.ones(x.shape, dtype=bool)
        if self.training:
            keep = (torch.rand(*x.shape, generator=self.generator) > self.p).numpy() | (self.p == 0)
        self.cache = torch.from_numpy(keep), 1 - self.p if self.training else 1
        return x.where(self.cache[0], torch.zeros((), dtype=x.dtype)) / self.cache[1]

    def backward(self, grad_out):
        keep, share = self.cache
        return grad_out.masked_fill(~keep, 0) / share


class Sequential(Layer):
    def __init__(self, *layers):
        super().__init__()
        self.layers = layers
        for place, layer in enumerate(layers):
            self.params |= {".".join((str(place), name)): p for name, p in layer.params.items()}

    def forward(self, x, place=0):
        return x if place == len(self.layers) else self.forward(self.layers[place].forward(x), place + 1)

    def backward(self, grad_out, place=None):
        place = len(self.layers) if place is None else place
        if place == 0:
            self.grads = {f"{i}.{name}": g for i, layer in enumerate(self.layers) for name, g in layer.grads.items()}
            return grad_out
        return self.backward(self.layers[place - 1].backward(grad_out), place - 1)

    def train(self):
        for member in (super(), *self.layers):
            member.train()

    def eval(self):
        for member in (super(), *self.layers):
            member.eval()
