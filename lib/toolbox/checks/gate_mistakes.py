"""What known mistakes make of a gate's gradients: values to compare a wrong answer with, never the right one.

The truth comes from autograd. Each mistake is a rule for the numbers that it leads to, from the upstream gradient g,
the inputs, the output z and the true gradients `true`; a gate of one input has one number, a gate of two a pair.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

FORWARD: dict[str, Callable[..., Tensor]] = {
    "add": lambda x, y: x + y,
    "sub": lambda x, y: x - y,
    "multiply": lambda x, y: x * y,
    "truediv": lambda x, y: x / y,
    "maximum": lambda x, y: x.max(y),
    "reciprocal": lambda x: x.reciprocal(),
    "exp": lambda x: x.exp(),
    "log": lambda x: x.log(),
    "tanh": lambda x: x.tanh(),
    "sigmoid": lambda x: x.sigmoid(),
    "relu": lambda x: x.relu(),
    "total": lambda *xs: torch.stack(xs).sum(),
    "mean": lambda *xs: torch.stack(xs).mean(),
}

Rules = dict[str, list[Callable[..., Any]]]
EVERY: Rules = {
    "local-gradient-only": [lambda g, x, z, true: true / g],
    "upstream-added": [lambda g, x, z, true: g + true / g],
}
PASSES = {"upstream-alone": [lambda g, x, z, true: torch.full_like(true, g)]}
ROUTES: Rules = {
    "max-not-routed": [lambda g, x, z, true: (g, g)],
    "max-split": [lambda g, x, z, true: (g / 2, g / 2)],
    "max-to-the-smaller": [lambda g, x, z, true: true.flip(0)],
    "max-times-value": [lambda g, x, z, true: true * z],
}
RULES: dict[str, Rules] = {
    "add": {
        "add-gate-swapped": [lambda g, x, z, true: (g * x[1], g * x[0])],
        "factor-two-missing": [lambda g, x, z, true: true / 2],
    },
    "sub": {"minus-lost": [lambda g, x, z, true: (g, g)], "operands-swapped": [lambda g, x, z, true: -true]},
    "multiply": {"mul-gate-not-swapped": [lambda g, x, z, true: true.flip(0)], **PASSES},
    "truediv": {
        "denominator-sign": [lambda g, x, z, true: true.abs() * torch.stack([true[0].sign(), -true[1].sign()])],
        "denominator-not-squared": [lambda g, x, z, true: (true[0], true[1] * x[1])],
        "operands-swapped": [lambda g, x, z, true: (-g * x[1] / x[0] ** 2, g / x[0])],
        "mul-gate-not-swapped": [lambda g, x, z, true: (g * x[1], g * x[0])],
    },
    "maximum": ROUTES,
    "reciprocal": {
        "reciprocal-sign": [lambda g, x, z, true: -true],
        "reciprocal-not-squared": [lambda g, x, z, true: true * x[0], lambda g, x, z, true: -true * x[0]],
        "reciprocal-of-output": [lambda g, x, z, true: true * x[0] ** 4],
        "log-itself": [lambda g, x, z, true: g * math.log(abs(x[0]))],
        **PASSES,
    },
    "exp": {
        "exp-of-input": [lambda g, x, z, true: g * x[0]],
        "exp-like-a-power": [lambda g, x, z, true: g * x[0] * math.exp(x[0] - 1)],
        "exp-twice": [lambda g, x, z, true: g * math.exp(z)],
        "upstream-added": [lambda g, x, z, true: math.exp(g + x[0])],
        "log-inverted": [lambda g, x, z, true: g / x[0]],
        **PASSES,
    },
    "log": {
        "log-inverted": [lambda g, x, z, true: g * x[0]],
        "log-of-output": [lambda g, x, z, true: g / z],
        "log-itself": [lambda g, x, z, true: g * z],
        "exp-twice": [lambda g, x, z, true: g * math.exp(x[0])],
        **PASSES,
    },
    "tanh": {
        "tanh-not-squared": [lambda g, x, z, true: g * (1 - z)],
        "tanh-of-input": [lambda g, x, z, true: g * (1 - x[0] ** 2)],
        "tanh-like-sigmoid": [lambda g, x, z, true: g * z * (1 - z)],
        **PASSES,
    },
    "sigmoid": {
        "sigmoid-of-wrong-value": [lambda g, x, z, true: g * x[0] * (1 - x[0])],
        "sigmoid-half": [lambda g, x, z, true: g * (1 - z), lambda g, x, z, true: g * z],
        "tanh-not-squared": [lambda g, x, z, true: g * (1 - z * z)],
        "sigmoid-gradient-twice": [lambda g, x, z, true: true * true / g],
        "sigmoid-local-missing": PASSES["upstream-alone"],
    },
    "relu": {
        "relu-by-value": [lambda g, x, z, true: g * max(x[0], 0.0)],
        "relu-mask-missing": [lambda g, x, z, true: true.new_tensor(g)],
        "relu-mask-inverted": [lambda g, x, z, true: true.new_tensor(g if x[0] < 0 else 0.0)],
    },
    "total": {
        "sum-averaged": [lambda g, x, z, true: true / len(x)],
        "sum-times-value": [lambda g, x, z, true: true * torch.tensor(x, dtype=true.dtype)],
        "not-a-list": [lambda g, x, z, true: true[0], lambda g, x, z, true: true.sum(), lambda g, x, z, true: true[:1]],
    },
    "mean": {
        "mean-without-count": [lambda g, x, z, true: true * len(x)],
        "averaged-twice": [lambda g, x, z, true: true / len(x)],
        "sum-times-value": [lambda g, x, z, true: true * torch.tensor(x, dtype=true.dtype),
                            lambda g, x, z, true: true * torch.tensor(x, dtype=true.dtype) * len(x)],
        "not-a-list": [lambda g, x, z, true: true[0], lambda g, x, z, true: true.sum(), lambda g, x, z, true: true[:1]],
    },
}  # fmt: skip


def truth(gate: str, inputs: list[float], grad_out: float = 1.0) -> tuple[Tensor, Tensor, dict[str, list[Tensor]]]:
    """The output, the gradients (a number for one input, else a vector), and what known mistakes make of them."""
    xs = [torch.tensor(x, dtype=torch.float64, requires_grad=True) for x in inputs]
    with torch.enable_grad():
        output = FORWARD[gate](*xs)
        grads = torch.autograd.grad(output, xs, torch.tensor(grad_out, dtype=torch.float64), allow_unused=True)
    filled = [torch.zeros(()).double() if grad is None else grad for grad in grads]
    listed = gate in ("total", "mean") or len(inputs) > 1
    true = torch.stack(filled) if listed else filled[0]
    output = output.detach()
    forms: dict[str, list[Tensor]] = {}
    for known in (RULES[gate], EVERY if grad_out not in (0.0, 1.0) else {}):
        for name, rules in known.items():
            values = [_number(rule, grad_out, inputs, output.item(), true) for rule in rules]
            forms.setdefault(name, []).extend(value for value in values if value is not None)
    return output, true, forms


def _number(rule: Callable, *given: Any) -> Tensor | None:
    try:
        value = rule(*given)
    except (ArithmeticError, ValueError):  # a mistake that leads out of the numbers is not told by its value
        return None
    return value.double() if isinstance(value, Tensor) else torch.tensor(value, dtype=torch.float64)
