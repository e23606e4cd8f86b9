"""Forward mode: numbers that carry their own derivative along, and what can be done with them.

    a = Dual(torch.tensor([1.0, 2.0]), torch.tensor([1.0, 0.0]))    # a value, and how fast it moves
    b = a * a + 3
    b.value, b.tangent          # [4, 7] and [2, 0]

A Dual holds a tensor, `value`, and a tensor of the same shape, `tangent`: the speed of each entry when one knob is
turned. Every operation computes both, so the derivative arrives together with the result: no graph, no backward pass.
Pushing a tangent through a function is a Jacobian-vector product, J v; a backward pass is a vector-Jacobian product,
g J. (EECS 498-007, lecture 6, "Forward-mode automatic differentiation"; torch.func.jvp does the same.)

Functions for Duals are written with operators and methods (`x.exp()`, not `torch.exp(x)`): tensors have the same
ones, so each function works for both.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor


def as_dual(number: Dual | Tensor | float, like: Tensor | None = None) -> Dual:
    """A Dual as it is; a tensor or a number as a constant, of tangent 0. like: gives a number its dtype. Given."""
    if isinstance(number, Dual):
        return number
    if not isinstance(number, Tensor):
        number = torch.as_tensor(number, dtype=None if like is None else like.dtype)
    return Dual(number)


class Dual:
    """value: a floating tensor, any shape. tangent: of the same shape and dtype; zeros where it is not given.

    Numbers, tensors and Duals may stand on either side of + - * / @, and broadcast as tensors do. Raises ValueError
    where value and tangent differ in shape.
    """

    __slots__ = ("value", "tangent")

    def __init__(self, value: Tensor, tangent: Tensor | None = None):
        if tangent is None:
            tangent = torch.zeros_like(value)
        if tangent.shape != value.shape:
            shapes = f"{tuple(tangent.shape)} and the value {tuple(value.shape)}"
            raise ValueError(f"a tangent has the shape of its value; this tangent has shape {shapes}")
        self.value = value
        self.tangent = tangent

    def __repr__(self) -> str:
        return f"Dual(value={self.value.tolist()}, tangent={self.tangent.tolist()})"

    # Given, as examples: two beats, the value and the tangent.

    def __neg__(self) -> Dual:
        return Dual(-self.value, -self.tangent)

    def square(self) -> Dual:
        return Dual(self.value * self.value, 2 * self.value * self.tangent)

    # Arithmetic. Values of different shapes broadcast, and so do their tangents.

    def __add__(self, other: Dual | Tensor | float) -> Dual:
        other, result = as_dual(other, self.value), None
        # YOUR CODE HERE
        return result

    def __sub__(self, other: Dual | Tensor | float) -> Dual:
        other, result = as_dual(other, self.value), None
        # YOUR CODE HERE
        return result

    def __mul__(self, other: Dual | Tensor | float) -> Dual:
        other, result = as_dual(other, self.value), None
        # YOUR CODE HERE
        return result

    def __truediv__(self, other: Dual | Tensor | float) -> Dual:
        other, result = as_dual(other, self.value), None
        # YOUR CODE HERE
        return result

    def __matmul__(self, other: Dual | Tensor) -> Dual:
        """The matrix product: (N, D) @ (D, M), or a vector on either side."""
        other, result = as_dual(other, self.value), None
        # YOUR CODE HERE
        return result

    # A number or a tensor on the left: Python asks the Dual on the right. Given.

    def __radd__(self, other: Tensor | float) -> Dual:
        return as_dual(other, self.value) + self

    def __rsub__(self, other: Tensor | float) -> Dual:
        return as_dual(other, self.value) - self

    def __rmul__(self, other: Tensor | float) -> Dual:
        return as_dual(other, self.value) * self

    def __rtruediv__(self, other: Tensor | float) -> Dual:
        return as_dual(other, self.value) / self

    def __rmatmul__(self, other: Tensor) -> Dual:
        return as_dual(other, self.value) @ self

    # Functions, entry by entry.

    def exp(self) -> Dual:
        result = None
        # YOUR CODE HERE
        return result

    def log(self) -> Dual:
        """The natural logarithm, for values above 0."""
        result = None
        # YOUR CODE HERE
        return result

    def tanh(self) -> Dual:
        """The hyperbolic tangent. Its slope is 1 - tanh(x)**2."""
        result = None
        # YOUR CODE HERE
        return result

    def relu(self) -> Dual:
        """max(0, x). At 0 any slope from 0 to 1 is right."""
        result = None
        # YOUR CODE HERE
        return result

    def sum(self, dim: int | None = None, keepdim: bool = False) -> Dual:
        """The sum along `dim`, or of everything; with keepdim the axis stays, with size 1. Tensors take the same."""
        result = None
        # YOUR CODE HERE
        return result

    # Moving entries about moves their tangents along. Given.

    def __getitem__(self, place: object) -> Dual:
        return Dual(self.value[place], self.tangent[place])

    @property
    def T(self) -> Dual:
        return Dual(self.value.T, self.tangent.T)

    def detach(self) -> Tensor:
        """The value alone, as a constant (a tensor's own `detach` does the same for autograd)."""
        return self.value


def jvp(
    function: Callable[..., Dual | Tensor], inputs: Sequence[Tensor], tangents: Sequence[Tensor]
) -> tuple[Tensor, Tensor]:
    """Value and directional derivative: how fast function(*inputs) moves when the inputs move with the tangents.

    function: takes as many Duals as there are inputs, returns one (or a tensor, where it depends on none of them: its
    tangent is then zero). inputs: floating tensors. tangents: one for each input, of its shape.
    Returns (y, dy), both of the shape of y, in one pass. The same as torch.func.jvp(function, inputs, tangents).
    """
    value, tangent = None, None
    # YOUR CODE HERE
    return value, tangent


# A whole Jacobian from products. Each call of `push` or `pull` is a pass through the whole function.


def jacobian_by_columns(push: Callable[[Tensor], Tensor], x: Tensor) -> Tensor:
    """The Jacobian from Jacobian-vector products, one for each entry of x: forward mode.

    push(v): for v of x's shape and dtype, J v, of the shape of y. x: any shape, at least one entry; not changed.
    Returns a tensor of shape y.shape + x.shape.
    """
    jacobian = None
    # YOUR CODE HERE
    return jacobian


def jacobian_by_rows(pull: Callable[[Tensor], Tensor], y: Tensor) -> Tensor:
    """The Jacobian from vector-Jacobian products, one for each entry of y: reverse mode.

    pull(g): for g of y's shape and dtype, g J, of the shape of x. y: any shape, at least one entry; not changed.
    Returns a tensor of shape y.shape + x.shape.
    """
    jacobian = None
    # YOUR CODE HERE
    return jacobian
