"""What every layer has, given: its parameters, their gradients, a cache, and the mode it is in.

    layer = Linear(w, b)
    out = layer.forward(x)                  # keeps in layer.cache what the backward pass needs
    grad_x = layer.backward(grad_out)       # and sets layer.grads["w"], layer.grads["b"]

That is the whole contract: whoever keeps it can be put into a net without the net knowing what it is (EECS 498-007,
lecture 6: the modular API).
"""

from __future__ import annotations

from typing import Any

from torch import Tensor


class Layer:
    """A piece of a net with a forward and a backward pass.

    params: name -> tensor, the very tensors that were given. grads: the same names -> gradients of the latest backward
    pass. cache: whatever the latest forward pass keeps for the backward pass. training: True at first; a few layers
    compute something else when it is False.
    """

    def __init__(self, **params: Tensor):
        self.params: dict[str, Tensor] = params
        self.grads: dict[str, Tensor] = {}
        self.cache: Any = None
        self.training = True

    def forward(self, x: Tensor) -> Tensor:
        raise NotImplementedError(f"{type(self).__name__} has no forward yet")

    def backward(self, grad_out: Tensor) -> Tensor:
        raise NotImplementedError(f"{type(self).__name__} has no backward yet")

    def train(self) -> None:
        """From now on the layer is trained."""
        self.training = True

    def eval(self) -> None:
        """From now on the layer is used."""
        self.training = False
