"""Forward mode with matrix forms: block products, reciprocals, einsum, rows of the identity."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor


def as_dual(number: Dual | Tensor | float, like: Tensor | None = None) -> Dual:
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

    def __neg__(self) -> Dual:
        return Dual(-self.value, -self.tangent)

    def square(self) -> Dual:
        return Dual(self.value * self.value, 2 * self.value * self.tangent)

    def __add__(self, other: Dual | Tensor | float) -> Dual:
        other, result = as_dual(other, self.value), None
        result = Dual(torch.add(self.value, other.value), torch.add(self.tangent, other.tangent))
        return result

    def __sub__(self, other: Dual | Tensor | float) -> Dual:
        other, result = as_dual(other, self.value), None
        result = self + -other
        return result

    def __mul__(self, other: Dual | Tensor | float) -> Dual:
        other, result = as_dual(other, self.value), None
        both = torch.einsum("...,...->...", self.tangent, other.value)
        result = Dual(self.value * other.value, both.addcmul(self.value, other.tangent))
        return result

    def __truediv__(self, other: Dual | Tensor | float) -> Dual:
        other, result = as_dual(other, self.value), None
        inverse = Dual(1 / other.value, -other.tangent / (other.value * other.value))
        result = self * inverse
        return result

    def __matmul__(self, other: Dual | Tensor) -> Dual:
        other, result = as_dual(other, self.value), None
        # one product of block matrices: [dA A] times [B over dB]
        if self.value.dim() == 2 == other.value.dim():
            left = torch.cat([self.tangent, self.value], dim=1)
            tangent = left @ torch.cat([other.value, other.tangent], dim=0)
        else:
            tangent = torch.matmul(self.value, other.tangent) + torch.matmul(self.tangent, other.value)
        result = Dual(torch.matmul(self.value, other.value), tangent)
        return result

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

    def exp(self) -> Dual:
        result = Dual(torch.exp(self.value), self.tangent * torch.exp(self.value))
        return result

    def log(self) -> Dual:
        result = Dual(torch.log(self.value), self.value.reciprocal() * self.tangent)
        return result

    def tanh(self) -> Dual:
        result = Dual(torch.tanh(self.value), self.tangent / torch.cosh(self.value) ** 2)
        return result

    def relu(self) -> Dual:
        gate = (self.value >= 0).to(self.value.dtype)  # the other choice at the kink
        result = Dual(gate * self.value, gate * self.tangent)
        return result

    def sum(self, dim: int | None = None, keepdim: bool = False) -> Dual:
        both = torch.stack([self.value, self.tangent])
        axes = tuple(range(1, both.dim())) if dim is None else (dim % self.value.dim() + 1,)
        both = both.sum(dim=axes, keepdim=keepdim)
        result = Dual(both[0], both[1])
        return result

    def __getitem__(self, place: object) -> Dual:
        return Dual(self.value[place], self.tangent[place])

    @property
    def T(self) -> Dual:
        return Dual(self.value.T, self.tangent.T)

    def detach(self) -> Tensor:
        return self.value


def jvp(
    function: Callable[..., Dual | Tensor], inputs: Sequence[Tensor], tangents: Sequence[Tensor]
) -> tuple[Tensor, Tensor]:
    result = function(*map(Dual, inputs, tangents))
    if isinstance(result, Tensor):
        return result, torch.zeros_like(result)
    value, tangent = result.value.clone(), result.tangent.clone()
    return value, tangent


def jacobian_by_columns(push: Callable[[Tensor], Tensor], x: Tensor) -> Tensor:
    units = torch.eye(x.numel(), dtype=x.dtype).reshape(x.numel(), *x.shape)
    jacobian = torch.movedim(torch.stack([push(unit) for unit in units]), 0, -1)
    jacobian = jacobian.reshape(*jacobian.shape[:-1], *x.shape)
    return jacobian


def jacobian_by_rows(pull: Callable[[Tensor], Tensor], y: Tensor) -> Tensor:
    units = torch.eye(y.numel(), dtype=y.dtype).reshape(y.numel(), *y.shape)
    jacobian = torch.stack([pull(unit) for unit in units]).unflatten(0, y.shape) if y.dim() else pull(units[0])
    return jacobian
