"""Layers with parameters, Dropout, and Sequential; the activations and BatchNorm are passed on from their own files.

Every layer keeps the contract of `toolbox.given.layer.Layer`. `forward(x)` keeps in `self.cache` what the backward pass needs;
`backward(grad_out)` takes the upstream gradient, sets `self.grads` (the names of `self.params`; set anew each time, not
added up) and returns the gradient of x, always, even where the layer is the first of a net. Gradients belong to the
latest forward pass. Batches are rows: x is (N, D).

Tensors may come in any floating dtype, on any device, expanded or not contiguous; results have the same dtype and
device. Neither x nor the parameters nor the upstream gradient nor the cache is changed: `backward` may be called twice.
No autograd.
"""

from __future__ import annotations

import torch
from torch import Tensor

from backprop.activations import ELU, LeakyReLU, ReLU, Sigmoid, Softmax, Tanh
from backprop.batchnorm import BatchNorm
from toolbox.given.layer import Layer

__all__ = [
    "ELU", "BatchNorm", "Correlation1d", "Dropout", "LeakyReLU", "Linear", "Maxout", "ReLU", "Recomputing",
    "Sequential", "Sigmoid", "Softmax", "Tanh",
]  # fmt: skip


class Linear(Layer):
    """out = x @ w + b, with w (D, M) and b (M,)."""

    def __init__(self, w: Tensor, b: Tensor):
        super().__init__(w=w, b=b)

    def forward(self, x: Tensor) -> Tensor:
        """x (N, D). Returns (N, M)."""
        out, w, b = None, self.params["w"], self.params["b"]
        ### BEGIN SOLUTION
        self.cache = x
        out = x @ w + b
        ### END SOLUTION
        return out

    def backward(self, grad_out: Tensor) -> Tensor:
        """grad_out (N, M). Sets grads "w" (D, M) and "b" (M,), returns the gradient of x, (N, D)."""
        grad_x, w = None, self.params["w"]
        ### BEGIN SOLUTION
        x = self.cache
        self.grads = {"w": x.T @ grad_out, "b": grad_out.sum(dim=0)}
        grad_x = grad_out @ w.T
        ### END SOLUTION
        return grad_x


class Maxout(Layer):
    """K linear layers side by side; of their K values for an output the largest one counts. w (K, D, M), b (K, M)."""

    def __init__(self, w: Tensor, b: Tensor):
        super().__init__(w=w, b=b)

    def forward(self, x: Tensor) -> Tensor:
        """x (N, D). Returns (N, M): out[n, m] = max over k of x[n] @ w[k, :, m] + b[k, m]."""
        out, w, b = None, self.params["w"], self.params["b"]
        ### BEGIN SOLUTION
        pieces = x @ w + b[:, None, :]  # (K, N, M)
        out, winner = pieces.max(dim=0)
        self.cache = x, winner
        ### END SOLUTION
        return out

    def backward(self, grad_out: Tensor) -> Tensor:
        """grad_out (N, M). Sets grads "w" (K, D, M) and "b" (K, M), returns the gradient of x, (N, D)."""
        grad_x, w = None, self.params["w"]
        ### BEGIN SOLUTION
        x, winner = self.cache
        K = w.shape[0]
        mask = winner == torch.arange(K, device=w.device)[:, None, None]  # (K, N, M): who won
        grad_pieces = grad_out * mask
        self.grads = {"w": x.T @ grad_pieces, "b": grad_pieces.sum(dim=1)}
        grad_x = (grad_pieces @ w.mT).sum(dim=0)
        ### END SOLUTION
        return grad_x


class Correlation1d(Layer):
    """Slides the weights w (K,) along every row: out[n, j] = sum over k of w[k] * x[n, j + k]. No bias."""

    def __init__(self, w: Tensor):
        super().__init__(w=w)

    def forward(self, x: Tensor) -> Tensor:
        """x (N, D), D >= K. Returns (N, D - K + 1): only where all K weights meet an x."""
        out, w = None, self.params["w"]
        ### BEGIN SOLUTION
        self.cache = x
        n = x.shape[1] - w.shape[0] + 1
        out = x.new_zeros(x.shape[0], n)
        for k in range(w.shape[0]):
            out = out + w[k] * x[:, k : k + n]
        ### END SOLUTION
        return out

    def backward(self, grad_out: Tensor) -> Tensor:
        """grad_out (N, D - K + 1). Sets grads "w" (K,), returns the gradient of x, (N, D)."""
        grad_x, w = None, self.params["w"]
        ### BEGIN SOLUTION
        x, n = self.cache, grad_out.shape[1]
        self.grads = {"w": torch.stack([(grad_out * x[:, k : k + n]).sum() for k in range(w.shape[0])])}
        grad_x = x.new_zeros(x.shape)
        for k in range(w.shape[0]):
            grad_x[:, k : k + n] += w[k] * grad_out
        ### END SOLUTION
        return grad_x


class Dropout(Layer):
    """In training every entry is dropped, set to 0, with probability p, and what stays is divided by 1 - p: so the
    expected value of each entry is x, and nothing has to be done when the net is used. Otherwise out = x.

    p: 0 <= p < 1. generator: of the random numbers, on the device of x; without one, torch's own.
    """

    def __init__(self, p: float, generator: torch.Generator | None = None):
        super().__init__()
        self.p, self.generator = p, generator

    def forward(self, x: Tensor) -> Tensor:
        """x of any shape. Returns a tensor of the same shape; in training, every call draws anew."""
        out = None
        # torch.rand(shape, generator=self.generator, dtype=x.dtype, device=x.device) is even in [0, 1).
        ### BEGIN SOLUTION
        if self.training:
            draw = torch.rand(x.shape, generator=self.generator, dtype=x.dtype, device=x.device)
            self.cache = (draw >= self.p).to(x.dtype) / (1 - self.p)
        else:
            self.cache = torch.ones_like(x)
        out = x * self.cache
        ### END SOLUTION
        return out

    def backward(self, grad_out: Tensor) -> Tensor:
        """grad_out and the result: of x's shape. Goes back through what the latest forward pass dropped, if anything,
        whatever mode the layer is in by now.
        """
        grad_x = None
        ### BEGIN SOLUTION
        grad_x = grad_out * self.cache
        ### END SOLUTION
        return grad_x


class Sequential(Layer):
    """Layers one after another, itself a layer: Sequential(Linear(w1, b1), ReLU(), Linear(w2, b2)).

    params and grads hold those of all layers under "0.w", "0.b", "2.w", ...: the place of the layer, counted from 0,
    a dot, the name within the layer. params are the layers' own tensors, not copies.
    """

    def __init__(self, *layers: Layer):
        super().__init__()
        self.layers = list(layers)
        ### BEGIN SOLUTION
        self.params = {f"{i}.{name}": p for i, layer in enumerate(layers) for name, p in layer.params.items()}
        ### END SOLUTION

    def forward(self, x: Tensor) -> Tensor:
        """Through all layers, first to last. Without layers: x."""
        out = None
        ### BEGIN SOLUTION
        out = x
        for layer in self.layers:
            out = layer.forward(out)
        ### END SOLUTION
        return out

    def backward(self, grad_out: Tensor) -> Tensor:
        """Back through all layers, sets grads, returns the gradient of the net's input. Without layers: grad_out."""
        grad_x = None
        ### BEGIN SOLUTION
        grad_x = grad_out
        for layer in reversed(self.layers):
            grad_x = layer.backward(grad_x)
        self.grads = {f"{i}.{name}": g for i, layer in enumerate(self.layers) for name, g in layer.grads.items()}
        ### END SOLUTION
        return grad_x

    def train(self) -> None:
        """Sets `training` of the net and of all its layers to True."""
        ### BEGIN SOLUTION
        super().train()
        for layer in self.layers:
            layer.train()
        ### END SOLUTION

    def eval(self) -> None:
        """Sets `training` of the net and of all its layers to False."""
        ### BEGIN SOLUTION
        super().eval()
        for layer in self.layers:
            layer.eval()
        ### END SOLUTION


class Recomputing(Sequential):
    """A Sequential that keeps only the inputs of layers 0, k, 2k, ..., and computes the rest again when it goes back.

    every: k, at least 1. `self.cache` is the list of the kept inputs, first to last. Between two calls no layer holds a
    cache (each `layer.cache` is None), and at no time do more than k of them. The layers must compute the same when they
    run again on the same input, which a Dropout does not. (Chen and others, 2016, "Training deep nets with sublinear
    memory cost"; torch.utils.checkpoint.)
    """

    def __init__(self, every: int, *layers: Layer):
        super().__init__(*layers)
        self.every = every

    def forward(self, x: Tensor) -> Tensor:
        """Through all layers, first to last. Without layers: x."""
        out = None
        # After a layer has run, its cache goes: layer.cache = None.
        ### BEGIN SOLUTION
        self.cache, out = [], x
        for place, layer in enumerate(self.layers):
            if place % self.every == 0:
                self.cache.append(out)
            out = layer.forward(out)
            layer.cache = None
        ### END SOLUTION
        return out

    def backward(self, grad_out: Tensor) -> Tensor:
        """Back through all layers, a group of k at a time: forward again from its kept input, then back.

        Sets grads and returns the gradient of the net's input, as a Sequential does. May be called twice.
        """
        grad_x = None
        ### BEGIN SOLUTION
        grad_x = grad_out
        for number in reversed(range(len(self.cache))):
            group, out = self.layers[number * self.every : (number + 1) * self.every], self.cache[number]
            for layer in group:
                out = layer.forward(out)
            for layer in reversed(group):
                grad_x = layer.backward(grad_x)
                layer.cache = None
        self.grads = {f"{i}.{name}": g for i, layer in enumerate(self.layers) for name, g in layer.grads.items()}
        ### END SOLUTION
        return grad_x
