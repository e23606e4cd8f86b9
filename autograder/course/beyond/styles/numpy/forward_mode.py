"""Forward mode by a detour through NumPy: every rule on arrays, every result a tensor again."""

from __future__ import annotations

import numpy as np
import torch


def as_dual(number, like=None):
    if isinstance(number, Dual):
        return number
    if not isinstance(number, torch.Tensor):
        number = torch.as_tensor(number, dtype=None if like is None else like.dtype)
    return Dual(number)


def of(value, tangent):
    """A Dual of two arrays."""
    return Dual(torch.as_tensor(value), torch.as_tensor(np.array(tangent)))


class Dual:
    __slots__ = ("value", "tangent")

    def __init__(self, value, tangent=None):
        if tangent is None:
            tangent = torch.zeros_like(value)
        if tangent.shape != value.shape:
            raise ValueError("a tangent has the shape of its value")
        self.value = value
        self.tangent = tangent

    def arrays(self):
        return self.value.detach().numpy(), self.tangent.detach().numpy()

    def __neg__(self):
        return Dual(-self.value, -self.tangent)

    def square(self):
        return Dual(self.value * self.value, 2 * self.value * self.tangent)

    def __add__(self, other):
        (a, da), (b, db) = self.arrays(), as_dual(other, self.value).arrays()
        return of(np.add(a, b), np.add(da, db))

    def __sub__(self, other):
        (a, da), (b, db) = self.arrays(), as_dual(other, self.value).arrays()
        return of(np.subtract(a, b), np.subtract(da, db))

    def __mul__(self, other):
        (a, da), (b, db) = self.arrays(), as_dual(other, self.value).arrays()
        return of(a * b, np.broadcast_to(da * b, np.broadcast_shapes(a.shape, b.shape)) + a * db)

    def __truediv__(self, other):
        (a, da), (b, db) = self.arrays(), as_dual(other, self.value).arrays()
        return of(a / b, (da * b - a * db) / np.square(b))

    def __matmul__(self, other):
        (a, da), (b, db) = self.arrays(), as_dual(other, self.value).arrays()
        return of(np.dot(a, b), np.dot(a, db) + np.dot(da, b))

    def __radd__(self, other):
        return as_dual(other, self.value) + self

    def __rsub__(self, other):
        return as_dual(other, self.value) - self

    def __rmul__(self, other):
        return as_dual(other, self.value) * self

    def __rtruediv__(self, other):
        return as_dual(other, self.value) / self

    def __rmatmul__(self, other):
        return as_dual(other, self.value) @ self

    def exp(self):
        a, da = self.arrays()
        return of(np.exp(a), np.multiply(np.exp(a), da))

    def log(self):
        a, da = self.arrays()
        return of(np.log(a), np.divide(da, a))

    def tanh(self):
        a, da = self.arrays()
        return of(np.tanh(a), da * (1 - np.tanh(a) ** 2))

    def relu(self):
        a, da = self.arrays()
        return of(np.maximum(a, 0), np.where(a > 0, da, 0).astype(da.dtype))

    def sum(self, dim=None, keepdim=False):
        a, da = self.arrays()
        return of(a.sum(axis=dim, keepdims=keepdim), np.asarray(da.sum(axis=dim, keepdims=keepdim)))

    def __getitem__(self, place):
        return Dual(self.value[place], self.tangent[place])

    @property
    def T(self):
        return Dual(self.value.T, self.tangent.T)

    def detach(self):
        return self.value


def jvp(function, inputs, tangents):
    answer = as_dual(function(*(Dual(x, v) for x, v in zip(inputs, tangents, strict=True))))
    return tuple(torch.as_tensor(array.copy()) for array in answer.arrays())


def jacobian_by_columns(push, x):
    units = torch.from_numpy(np.eye(x.numel(), dtype=x.numpy().dtype).reshape(x.numel(), *x.shape))
    columns = [push(unit).numpy() for unit in units]
    return torch.from_numpy(np.stack(columns, axis=-1).reshape(columns[0].shape + tuple(x.shape)))


def jacobian_by_rows(pull, y):
    rows = {}
    for place in np.ndindex(*y.shape):
        g = np.zeros(tuple(y.shape), dtype=y.numpy().dtype)
        g[place] = 1
        rows[place] = pull(torch.from_numpy(g)).numpy()
    return torch.from_numpy(np.array(list(rows.values())).reshape(tuple(y.shape) + next(iter(rows.values())).shape))
