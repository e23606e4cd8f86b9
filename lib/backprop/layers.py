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
        # YOUR CODE HERE
        return out

    def backward(self, grad_out: Tensor) -> Tensor:
        """grad_out (N, M). Sets grads "w" (D, M) and "b" (M,), returns the gradient of x, (N, D)."""
        grad_x, w = None, self.params["w"]
        # YOUR CODE HERE
        return grad_x


class Maxout(Layer):
    """K linear layers side by side; of their K values for an output the largest one counts. w (K, D, M), b (K, M)."""

    def __init__(self, w: Tensor, b: Tensor):
        super().__init__(w=w, b=b)

    def forward(self, x: Tensor) -> Tensor:
        """x (N, D). Returns (N, M): out[n, m] = max over k of x[n] @ w[k, :, m] + b[k, m]."""
        out, w, b = None, self.params["w"], self.params["b"]
        # YOUR CODE HERE
        return out

    def backward(self, grad_out: Tensor) -> Tensor:
        """grad_out (N, M). Sets grads "w" (K, D, M) and "b" (K, M), returns the gradient of x, (N, D)."""
        grad_x, w = None, self.params["w"]
        # YOUR CODE HERE
        return grad_x


class Correlation1d(Layer):
    """Slides the weights w (K,) along every row: out[n, j] = sum over k of w[k] * x[n, j + k]. No bias."""

    def __init__(self, w: Tensor):
        super().__init__(w=w)

    def forward(self, x: Tensor) -> Tensor:
        """x (N, D), D >= K. Returns (N, D - K + 1): only where all K weights meet an x."""
        out, w = None, self.params["w"]
        # YOUR CODE HERE
        return out

    def backward(self, grad_out: Tensor) -> Tensor:
        """grad_out (N, D - K + 1). Sets grads "w" (K,), returns the gradient of x, (N, D)."""
        grad_x, w = None, self.params["w"]
        # YOUR CODE HERE
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
        # YOUR CODE HERE
        return out

    def backward(self, grad_out: Tensor) -> Tensor:
        """grad_out and the result: of x's shape. Goes back through what the latest forward pass dropped, if anything,
        whatever mode the layer is in by now.
        """
        grad_x = None
        # YOUR CODE HERE
        return grad_x


class Sequential(Layer):
    """Layers one after another, itself a layer: Sequential(Linear(w1, b1), ReLU(), Linear(w2, b2)).

    params and grads hold those of all layers under "0.w", "0.b", "2.w", ...: the place of the layer, counted from 0,
    a dot, the name within the layer. params are the layers' own tensors, not copies.
    """

    def __init__(self, *layers: Layer):
        super().__init__()
        self.layers = list(layers)
        # YOUR CODE HERE

    def forward(self, x: Tensor) -> Tensor:
        """Through all layers, first to last. Without layers: x."""
        out = None
        # YOUR CODE HERE
        return out

    def backward(self, grad_out: Tensor) -> Tensor:
        """Back through all layers, sets grads, returns the gradient of the net's input. Without layers: grad_out."""
        grad_x = None
        # YOUR CODE HERE
        return grad_x

    def train(self) -> None:
        """Sets `training` of the net and of all its layers to True."""
        # YOUR CODE HERE

    def eval(self) -> None:
        """Sets `training` of the net and of all its layers to False."""
        # YOUR CODE HERE


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
        # YOUR CODE HERE
        return out

    def backward(self, grad_out: Tensor) -> Tensor:
        """Back through all layers, a group of k at a time: forward again from its kept input, then back.

        Sets grads and returns the gradient of the net's input, as a Sequential does. May be called twice.
        """
        grad_x = None
        # YOUR CODE HERE
        return grad_x
