"""Forward mode in place, on buffers of its own: what is changed is never what came in."""

from __future__ import annotations

import torch


def as_dual(number, like=None):
    if isinstance(number, Dual):
        return number
    if not isinstance(number, torch.Tensor):
        number = torch.as_tensor(number, dtype=None if like is None else like.dtype)
    return Dual(number)


class Dual:
    __slots__ = ("value", "tangent")

    def __init__(self, value, tangent=None):
        if tangent is None:
            tangent = torch.zeros_like(value)
        if tangent.shape != value.shape:
            raise ValueError("a tangent has the shape of its value")
        self.value = value
        self.tangent = tangent

    def __neg__(self):
        return Dual(-self.value, -self.tangent)

    def square(self):
        return Dual(self.value * self.value, 2 * self.value * self.tangent)

    def with_(self, other):
        """Copies of value and tangent, large enough for what comes of self and other; and other."""
        other = as_dual(other, self.value)
        shape = torch.broadcast_shapes(self.value.shape, other.value.shape)
        return self.value.expand(shape).clone(), self.tangent.expand(shape).clone(), other

    def __add__(self, other):
        value, tangent, other = self.with_(other)
        value += other.value
        tangent += other.tangent
        return Dual(value, tangent)

    def __sub__(self, other):
        value, tangent, other = self.with_(other)
        return Dual(value.sub_(other.value), tangent.sub_(other.tangent))

    def __mul__(self, other):
        value, tangent, other = self.with_(other)
        tangent *= other.value
        tangent.addcmul_(value, other.tangent.expand_as(value))  # while value is still the left factor's
        value *= other.value
        return Dual(value, tangent)

    def __truediv__(self, other):
        value, tangent, other = self.with_(other)
        value /= other.value
        tangent.sub_(value * other.tangent).div_(other.value)
        return Dual(value, tangent)

    def __matmul__(self, other):
        other = as_dual(other, self.value)
        tangent = torch.matmul(self.tangent, other.value)
        tangent += torch.matmul(self.value, other.tangent)
        return Dual(torch.matmul(self.value, other.value), tangent)

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
        value = self.value.clone().exp_()
        return Dual(value, self.tangent.clone().mul_(value))

    def log(self):
        return Dual(self.value.clone().log_(), self.tangent.clone().div_(self.value))

    def tanh(self):
        value, tangent = self.value.clone().tanh_(), self.tangent.clone()
        tangent -= tangent * value.square()
        return Dual(value, tangent)

    def relu(self):
        value, tangent = self.value.clone(), self.tangent.clone()
        tangent[value < 0] = 0
        value[value < 0] = 0
        return Dual(value, tangent)

    def sum(self, dim=None, keepdim=False):
        if dim is None:
            shape = [1] * self.value.dim() if keepdim else []
            ones = torch.ones(self.value.numel(), dtype=self.value.dtype)
            return Dual(*[(part.reshape(-1) @ ones).reshape(shape) for part in (self.value, self.tangent)])
        shape = list(self.value.shape)
        shape[dim] = 1
        value, tangent = torch.zeros(shape, dtype=self.value.dtype), torch.zeros(shape, dtype=self.value.dtype)
        for entry in range(self.value.shape[dim]):
            value += self.value.narrow(dim, entry, 1)
            tangent += self.tangent.narrow(dim, entry, 1)
        return Dual(value, tangent) if keepdim else Dual(value.squeeze(dim), tangent.squeeze(dim))

    def __getitem__(self, place):
        return Dual(self.value[place], self.tangent[place])

    @property
    def T(self):
        return Dual(self.value.T, self.tangent.T)

    def detach(self):
        return self.value


def jvp(function, inputs, tangents):
    duals = [Dual(x.clone(), torch.zeros_like(x).add_(v)) for x, v in zip(inputs, tangents, strict=True)]
    answer = function(*duals)
    tangent = getattr(answer, "tangent", None)
    return getattr(answer, "value", answer), torch.zeros_like(answer) if tangent is None else tangent


def jacobian_by_columns(push, x):
    """One vector for all passes: the one in it wanders."""
    unit, jacobian = torch.zeros(x.numel(), dtype=x.dtype), None
    for entry in range(x.numel()):
        unit[entry] = 1
        column = push(unit.view(x.shape))
        unit[entry] = 0
        if jacobian is None:
            jacobian = torch.empty(*column.shape, x.numel(), dtype=x.dtype)
        jacobian[..., entry] = column
    return jacobian.reshape(*jacobian.shape[:-1], *x.shape)


def jacobian_by_rows(pull, y):
    """From the last row to the first."""
    unit, rows = torch.zeros(y.numel(), dtype=y.dtype), []
    for entry in reversed(range(y.numel())):
        unit.zero_()
        unit[entry] = 1
        rows.insert(0, pull(unit.view(y.shape)))
    return torch.cat([row[None] for row in rows]).view(*y.shape, *rows[0].shape)
