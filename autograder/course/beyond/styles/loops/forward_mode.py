"""Forward mode with loops: sums of outer products, matrices filled entry by entry, answers as a list."""

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
        value, tangent = self.value.clone(), self.tangent.clone()
        result = Dual(value + other.value, other.tangent + tangent)
        return result

    def __sub__(self, other: Dual | Tensor | float) -> Dual:
        other, result = as_dual(other, self.value), None
        result = Dual(self.value - other.value, self.tangent - other.tangent)
        return result

    def __mul__(self, other: Dual | Tensor | float) -> Dual:
        other, result = as_dual(other, self.value), None
        grown = other.value * self.tangent
        grown = grown + other.tangent * self.value
        result = Dual(other.value * self.value, grown)
        return result

    def __truediv__(self, other: Dual | Tensor | float) -> Dual:
        other, result = as_dual(other, self.value), None
        a, b, da, db = self.value, other.value, self.tangent, other.tangent
        result = Dual(a / b, (da * b - a * db) / b**2)
        return result

    def __matmul__(self, other: Dual | Tensor) -> Dual:
        other, result = as_dual(other, self.value), None
        a, da = (t if t.dim() == 2 else t[None] for t in (self.value, self.tangent))
        b, db = (t if t.dim() == 2 else t[:, None] for t in (other.value, other.tangent))
        value, tangent = 0, 0
        for k in range(a.shape[1]):  # a sum of outer products
            value = value + a[:, k, None] * b[None, k]
            tangent = tangent + da[:, k, None] * b[None, k] + a[:, k, None] * db[None, k]
        shape = (*self.value.shape[:-1], *other.value.shape[1:])
        result = Dual(value.reshape(shape), tangent.reshape(shape))
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
        result = Dual(self.value.exp(), self.tangent.clone().mul_(self.value.exp()))
        return result

    def log(self) -> Dual:
        result = Dual(self.value.log(), self.tangent / self.value)
        return result

    def tanh(self) -> Dual:
        up, down = self.value.exp(), (-self.value).exp()
        t = (up - down) / (up + down)
        result = Dual(t, self.tangent * (1 - t) * (1 + t))
        return result

    def relu(self) -> Dual:
        closed = self.value <= 0
        result = Dual(self.value.masked_fill(closed, 0), self.tangent.masked_fill(closed, 0))
        return result

    def sum(self, dim: int | None = None, keepdim: bool = False) -> Dual:

        def total(tensor):
            if dim is None:
                tensor, axis = tensor.reshape(-1), 0
            else:
                axis = dim
            out = sum(tensor.unbind(axis))
            return out.unsqueeze(axis) if keepdim else out

        result = Dual(total(self.value), total(self.tangent))
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
    duals = []
    for i in range(len(inputs)):
        duals.append(Dual(inputs[i].clone(), tangents[i].clone()))
    result = function(*duals)
    value = result.value if isinstance(result, Dual) else result
    tangent = result.tangent if isinstance(result, Dual) else 0 * result
    return [value, tangent]
    return value, tangent


def jacobian_by_columns(push: Callable[[Tensor], Tensor], x: Tensor) -> Tensor:
    jacobian = None
    for entry in range(x.numel()):
        v = torch.zeros_like(x).contiguous()
        v.view(-1)[entry] = 1
        column = push(v)
        if jacobian is None:
            jacobian = torch.zeros(column.numel(), x.numel(), dtype=column.dtype)
        jacobian[:, entry] = column.reshape(-1)
    jacobian = jacobian.reshape(*column.shape, *x.shape)
    return jacobian


def jacobian_by_rows(pull: Callable[[Tensor], Tensor], y: Tensor) -> Tensor:
    jacobian = None
    for entry in range(y.numel()):
        g = torch.zeros_like(y).contiguous()
        g.view(-1)[entry] = 1
        row = pull(g)
        if jacobian is None:
            jacobian = torch.zeros(y.numel(), row.numel(), dtype=row.dtype)
        jacobian[entry] = row.reshape(-1)
    jacobian = jacobian.reshape(*y.shape, *row.shape)
    return jacobian
