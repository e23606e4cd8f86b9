"""What the suite of `beyond` compares forward mode with: torch's own forward mode, and what mistakes lead to.

Steps: `push` is a Jacobian-vector product by torch.autograd.forward_ad, in float64; the `forms` are the tangents that
known mistakes give, for `toolbox.checks.diagnose`, most of them by pushing other tangents through the same operation.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
import torch.autograd.forward_ad as forward_ad
from torch import Tensor

Forms = dict[str, list[Tensor]]
Function = Callable[..., Tensor]


def push(function: Function, inputs: Sequence[Tensor], tangents: Sequence[Tensor]) -> tuple[Tensor, Tensor]:
    """(y, J v) of a function, in float64."""
    with forward_ad.dual_level():
        duals = [
            forward_ad.make_dual(x.detach().double().clone(), v.detach().double().clone())
            for x, v in zip(inputs, tangents, strict=True)
        ]
        y, dy = forward_ad.unpack_dual(function(*duals))
    y = y.detach().clone()
    return y, torch.zeros_like(y) if dy is None else dy.detach().clone()


def slopes(function: Function, x: Tensor) -> Tensor:
    """f'(x) of an operation that works entry by entry."""
    return push(function, [x], [torch.ones_like(x)])[1]


def binary_forms(name: str, inputs: Sequence[Tensor], tangents: Sequence[Tensor]) -> Forms:
    """Wrong tangents of a + b, a - b, a * b, a / b or a @ b; name: "add", "sub", "mul", "truediv", "matmul"."""
    function = OPERATIONS[name]
    a, b, da, db = (value.double() for value in (*inputs, *tangents))
    y, true = push(function, (a, b), (da, db))
    first = push(function, (a, b), (da, torch.zeros_like(db)))[1]
    second = push(function, (a, b), (torch.zeros_like(da), db))[1]
    forms: Forms = {
        "dual-term-missing": [first, second],
        "dual-value-for-tangent": [y],
        "dual-sign-of-term": [first - second, second - first],
    }
    if name == "sub":
        forms["sign-flipped"] = [-true]
    if name in ("mul", "truediv", "matmul"):
        forms["dual-tangents-only"] = [function(da, db)]
    if name in ("mul", "truediv"):
        forms["dual-sum-rule"] = [(da + db).expand_as(true), (da - db).expand_as(true)]
    if name == "mul":
        forms["dual-factors-not-swapped"] = [(da * a + db * b).expand_as(true)]
        forms["dual-term-twice"] = [2 * first + second, first + 2 * second, true + da * db]
    if name == "matmul" and a.shape == b.shape:  # a square: every order and every transpose has a shape
        forms["dual-matmul-order"] = [b @ da + db @ a, da @ b + db @ a, b @ da + a @ db, da @ a + b @ db]
        forms["factor-not-transposed"] = [da @ b.T + a.T @ db, da @ b.T + a @ db, da @ b + a.T @ db]
    if name == "truediv":
        forms["dual-quotient-square"] = [
            first + (second * b),
            second + first / b,
            true / b,
            true * b,
            first * b + second,
            true * b * b,
        ]
        forms["dual-quotient-by-numerator"] = [(da * b - a * db) / (a * a)]
    forms["dual-tangent-averaged"] = [true / 2]
    return forms


OPERATIONS: dict[str, Function] = {
    "add": lambda a, b: a + b,
    "sub": lambda a, b: a - b,
    "mul": lambda a, b: a * b,
    "truediv": lambda a, b: a / b,
    "matmul": lambda a, b: a @ b,
}
UNARY: dict[str, Function] = {"exp": torch.exp, "log": torch.log, "tanh": torch.tanh, "relu": torch.relu}


def unary_forms(name: str, a: Tensor, da: Tensor) -> Forms:
    """Wrong tangents of exp, log, tanh and relu."""
    a, da = a.double(), da.double()
    function = UNARY[name]
    y, slope = function(a), slopes(function, a)
    forms: Forms = {
        "dual-slope-missing": [da],
        "dual-tangents-only": [function(da)],
        "dual-value-for-tangent": [y],
        "dual-tangent-missing": [slope],
        "dual-added-not-multiplied": [slope + da],
    }
    if name != "relu":
        forms["dual-slope-divided"] = [da / slope]
    if name == "exp":
        forms["dual-slope-at-wrong-place"] = [a * da, da.exp() * da, (a - 1).exp() * a * da, slopes(torch.exp, y) * da]
    elif name == "log":
        forms["dual-slope-at-wrong-place"] = [da / y, y * da]
        forms["dual-slope-squared"] = [da / a**2, -da / a**2]
    elif name == "tanh":
        forms["dual-slope-at-wrong-place"] = [(1 - a * a) * da, (1 - y.tanh() ** 2) * da]
        forms["dual-square-missing"] = [(1 - y) * da]
        forms["dual-other-slope"] = [y * (1 - y) * da, (1 + y * y) * da, (y * y - 1) * da, -y * y * da, y * y * da]
    else:
        forms["dual-mask-from-tangent"] = [torch.relu(da), (da > 0) * da]
        forms["dual-mask-inverted"] = [(a < 0) * da]
        forms["relu-values-instead-of-mask"] = [y * da]
        forms["dual-sign-for-mask"] = [torch.sign(a) * da]
    return forms


def sum_forms(a: Tensor, da: Tensor, dim: int | None, keepdim: bool) -> Forms:
    """Wrong tangents of a sum."""
    a, da = a.double(), da.double()
    true = da.sum(dim=dim, keepdim=keepdim)
    count = a.numel() if dim is None else a.shape[dim]
    return {
        "dual-value-for-tangent": [a.sum(dim=dim, keepdim=keepdim)],
        "mean-for-sum": [true / count],
        "dual-tangent-missing": [torch.full_like(true, count), torch.ones_like(true)],
        "summed-too-far": [] if dim is None else [da.sum()],
    }


def jvp_forms(function: Function, inputs: Sequence[Tensor], tangents: Sequence[Tensor]) -> Forms:
    """Wrong directional derivatives of a whole function."""
    x, v = [value.double() for value in inputs], [value.double() for value in tangents]
    zeros = [torch.zeros_like(value) for value in v]
    y, true = push(function, x, v)
    alone = [push(function, x, [*zeros[:i], v[i], *zeros[i + 1 :]])[1] for i in range(len(v))]
    length = torch.cat([value.flatten() for value in v]).norm()
    forms: Forms = {
        "jvp-seeded-with-ones": [push(function, x, [torch.ones_like(value) for value in v])[1]],
        "jvp-seeded-with-values": [push(function, x, x)[1]],
        "jvp-first-input-only": alone if len(v) > 1 else [],
        "dual-value-for-tangent": [y],
        "jvp-normalised": [true / length, push(function, x, [value / value.norm() for value in v])[1]],
        "jvp-finite-step": [function(*[a + b for a, b in zip(x, v, strict=True)]) - y],
        "jvp-function-at-tangent": [function(*v)],
        "jvp-summed": [true.sum(), true.mean()] if true.dim() else [],
    }
    if len(v) > 1:
        forms["jvp-tangents-swapped"] = [
            push(function, x, list(reversed(v)))[1]
        ] if v[0].shape == v[-1].shape else []  # fmt: skip
    return forms


def jacobian_forms(jacobian: Tensor, axes: int) -> Forms:
    """Wrong layouts of a Jacobian whose first `axes` axes are those of y."""
    J = jacobian.double()
    y_axes, x_axes = range(axes), range(axes, J.dim())
    swapped = J.permute(*x_axes, *y_axes)
    flat = J.reshape(J.shape[:axes].numel(), -1)
    return {
        "jacobian-layout": [swapped, swapped.reshape(J.shape), flat.T, flat.T.reshape(J.shape)],
        "jacobian-flat": [flat, flat.flatten(), J.reshape(*J.shape[:axes], -1), J.reshape(-1, *J.shape[axes:])],
        "jacobian-summed": [J.sum(dim=tuple(x_axes)), J.sum(dim=tuple(y_axes)), J.sum()],
        "jacobian-passes-pile-up": [flat.cumsum(dim=1).reshape(J.shape), flat.cumsum(dim=0).reshape(J.shape)],
        "jacobian-one-pass-missing": [_without(flat, 0).reshape(J.shape), _without(flat.T, 0).T.reshape(J.shape),
                                      _without(flat, -1).reshape(J.shape), _without(flat.T, -1).T.reshape(J.shape)],
    }  # fmt: skip


def _without(matrix: Tensor, row: int) -> Tensor:
    matrix = matrix.clone()
    matrix[row] = 0
    return matrix
