"""What the suite of `tensors` compares with: operations written forwards in PyTorch, differentiated by autograd.

Steps, for each operation: the true Jacobian or gradients, in float64; then the values that known mistakes lead to, as
clues for `toolbox.checks.diagnose`, mostly by differentiating an operation that was changed on purpose.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor
from torch.nn.functional import relu

from toolbox.probes.planted_faults import right_backward

Forms = dict[str, list[Tensor]]


def pull(function: Callable[..., Tensor], upstream: Tensor, *inputs: Tensor) -> list[Tensor]:
    """The gradients of sum(upstream * function(*inputs)) with respect to each input, in float64."""
    return right_backward(function)(upstream.double(), *(value.double() for value in inputs))


def slopes(function: Callable[[Tensor], Tensor], x: Tensor) -> Tensor:
    """The Jacobian of `function` at x, outputs x inputs, in float64: a row for each unit upstream gradient.

    (What torch.func.jacrev does; that one takes two seconds to load.)
    """
    y = function(x.double())
    units = torch.eye(y.numel(), dtype=y.dtype).reshape(y.numel(), *y.shape)
    rows = [pull(function, unit, x)[0] for unit in units]
    return torch.stack(rows).reshape(*y.shape, *x.shape)


def relu_jacobian_forms(x: Tensor) -> Forms:
    x = x.double()
    mask = slopes(relu, x)
    return {
        "jacobian-diagonal-only": [mask.diagonal(), mask.diagonal()[:, None], mask.diagonal()[None]],
        "relu-values-instead-of-mask": [slopes(lambda v: relu(v).square() / 2, x)],
        "relu-mask-missing": [torch.eye(len(x)).double()],
        "relu-mask-inverted": [slopes(lambda v: v.clamp(max=0), x)],
        "jacobian-rows-filled": [mask.sum(dim=0).expand(len(x), -1), mask.sum(dim=1)[:, None].expand(-1, len(x))],
        "jacobian-summed": [mask.sum(), mask.sum(dim=0)],
    }


def softmax_jacobian_forms(x: Tensor) -> Forms:
    x = x.double()
    whole, y = slopes(_softmax, x), _softmax(x)
    alone = torch.diag(y)
    return {
        "softmax-cross-terms-missing": [torch.diag(whole.diagonal()), alone],
        "jacobian-diagonal-only": [whole.diagonal()],
        "softmax-sign-of-cross-terms": [2 * alone - whole],
        "softmax-diagonal-missing": [whole - alone, whole - torch.diag(whole.diagonal())],
        "softmax-unnormalised": [torch.diag(x.exp()), slopes(_log_softmax, x)],
        "softmax-of-softmax": [slopes(_softmax, y)],
        "softmax-of-inputs": [torch.diag(x) - torch.outer(x, x)],
    }


def relu_forms(upstream: Tensor, x: Tensor) -> Forms:
    g, x = upstream.double(), x.double()
    return {
        "relu-mask-missing": [g],
        "relu-mask-from-upstream": [relu(g)],
        "relu-mask-inverted": pull(lambda v: v.clamp(max=0), g, x),
        "relu-mask-alone": pull(relu, torch.ones_like(g), x),
        "relu-values-instead-of-mask": pull(lambda v: relu(v).square() / 2, g, x),
        "relu-forward-again": [relu(x)],
        "relu-sign-for-mask": pull(torch.abs, g, x),
    }


def softmax_forms(upstream: Tensor, y: Tensor) -> Forms:
    g, y = upstream.double(), y.double()
    own, inner = y * g, (y * g).sum(dim=-1, keepdim=True)
    return {
        "softmax-cross-terms-missing": [own * (1 - y), own],
        "softmax-shared-too-far": [
            own - y * own.sum(),
            *(own - y * own.sum(dim=axis, keepdim=True) for axis in range(y.dim() - 1)),
        ],
        "softmax-upstream-unweighted": [own - y * g.sum(dim=-1, keepdim=True), own - y * g.mean(dim=-1, keepdim=True)],
        "softmax-cross-terms-averaged": [own - y * own.mean(dim=-1, keepdim=True)],
        "softmax-sign-of-cross-terms": [own + y * inner],
        "softmax-term-unscaled": [own - inner, g - y * inner, g - inner],
        "softmax-diagonal-missing": [-y * inner],
        "softmax-of-softmax": pull(_softmax, g, y),
        "upstream-taken-as-ones": [y * (1 - y), torch.zeros_like(y)],
    }


def matmul_forms(upstream: Tensor, x: Tensor, w: Tensor, place: int) -> Forms:
    """place: 0 for the gradient of x, 1 for that of w."""
    g = upstream.double()
    ones = torch.ones_like(g)
    product = lambda a, b: a @ b  # noqa: E731
    forms = {
        "upstream-taken-as-ones": [pull(product, ones, x, w)[place]],
        "upstream-summed-first": [pull(product, g.mean(dim=axis, keepdim=True).expand_as(g), x, w)[place]
                                  for axis in (0, 1)],
        "local-gradient-only": [(x, w)[1 - place].double(), (x, w)[1 - place].T.double()],
    }  # fmt: skip
    forms["upstream-summed-first"] += [
        value * g.shape[axis] for axis, value in zip((0, 1), forms["upstream-summed-first"], strict=True)
    ]
    if x.shape[0] == x.shape[1] == w.shape[1]:  # only then do these products exist at all
        a = (x, w)[1 - place].double()
        forms["factor-not-transposed"] = [g @ a if place == 0 else a @ g]
        forms["factors-swapped"] = [a.T @ g if place == 0 else g @ a.T, a @ g if place == 0 else g @ a]
        forms["upstream-transposed"] = [pull(product, g.T, x, w)[place]]
    return forms


def broadcast_forms(upstream: Tensor, shape: Sequence[int], true: Tensor) -> Forms:
    """For summing `upstream` down to `shape`."""
    g, shape = upstream.double(), tuple(shape)
    lead = g.dim() - len(shape)
    stretched = [axis for axis in range(g.dim()) if axis < lead or shape[axis - lead] == 1 != g.shape[axis]]
    forms: Forms = {}
    if stretched:
        forms["broadcast-axes-lost"] = [g.sum(dim=stretched)]
        forms["broadcast-axes-kept"] = [g.sum(dim=stretched, keepdim=True)]
        groups = [stretched, stretched[: min(lead, len(stretched))], stretched[lead:]]
        forms["broadcast-averaged"] = [
            g.mean(dim=group, keepdim=True).sum(dim=stretched).reshape(shape) for group in groups if group
        ]
        first = g[tuple(slice(1) if axis in stretched else slice(None) for axis in range(g.dim()))]
        forms["broadcast-one-copy-only"] = [first.reshape(shape)]
    # who sums along every axis of size 1, copied or not, loses those too
    singles = [axis for axis in range(g.dim()) if axis < lead or shape[axis - lead] == 1]
    if singles:
        forms.setdefault("broadcast-axes-lost", []).append(g.sum(dim=singles))
    if lead:
        forms["broadcast-size-one-forgotten"] = [g.sum(dim=tuple(range(lead)))]
    ones = [lead + axis for axis, size in enumerate(shape) if size == 1 != g.shape[lead + axis]]
    if ones:
        forms["broadcast-new-axes-forgotten"] = [g.sum(dim=ones, keepdim=True)]
    if len(stretched) > 1:
        forms["broadcast-axes-partly"] = [g.sum(dim=axis, keepdim=keep) for axis in stretched for keep in (False, True)]
    forms["broadcast-not-summed"] = [g]
    padded = [*shape, *[1] * lead]
    if lead and all(size in (1, there) for size, there in zip(padded, g.shape, strict=True)):
        left = g.sum(dim=[axis for axis, size in enumerate(padded) if size == 1], keepdim=True)
        forms["broadcast-aligned-left"] = [left.reshape(shape)]
    forms["broadcast-summed-completely"] = [g.sum(), g.sum().expand(shape)]
    return {name: [value for value in values if value.shape != true.shape or not torch.allclose(value, true)]
            for name, values in forms.items()}  # fmt: skip


def mul_forms(upstream: Tensor, own: Tensor, other: Tensor) -> Forms:
    """For the gradient of the factor `own` of a product with `other`, both broadcast."""
    g, own, other = upstream.double(), own.double(), other.double()
    add = pull(lambda a: a.expand(g.shape), g, own)[0]
    true = pull(lambda a: a * other, g, own)[0]
    forms = broadcast_forms(g * other, own.shape, true)
    forms["mul-local-missing"] = [add]
    forms["mul-gate-not-swapped"] = pull(lambda a: (a * a / 2).expand(g.shape), g, own)
    forms["upstream-taken-as-ones"] = pull(lambda a: a * other, torch.ones_like(g), own)
    if other.numel() == own.numel():
        forms["mul-summed-before-multiplying"] = [add * other.reshape(own.shape)]
    return forms


def correlate(x: Tensor, w: Tensor, b: Tensor) -> Tensor:
    """The correlation layer as torch has it."""
    return torch.nn.functional.conv1d(x[None, None], w[None, None])[0, 0] + b


def correlate_changed() -> dict[str, list[Callable[[Tensor, Tensor, Tensor], Tensor]]]:
    """misconception id -> correlation layers with that mistake."""
    return {
        "correlation-flipped": [lambda x, w, b: correlate(x, w.flip(0), b)],
        "correlation-shifted": [lambda x, w, b: correlate(x.roll(-1), w, b), lambda x, w, b: correlate(x.roll(1), w, b),
                                lambda x, w, b: correlate(x.roll(len(w) - 1), w, b)],
        "correlation-tap-missing": [lambda x, w, b: correlate(x, _without(w, -1), b),
                                    lambda x, w, b: correlate(x, _without(w, 0), b)],
        "correlation-first-tap-only": [lambda x, w, b: correlate(x, _only(w, 0), b),
                                       lambda x, w, b: correlate(x, _only(w, -1), b)],
        "correlation-bias-missing": [lambda x, w, b: correlate(x, w, 0 * b)],
        "correlation-input-reversed": [lambda x, w, b: correlate(x.flip(0), w, b)],
        "correlation-weights-ignored": [lambda x, w, b: correlate(x, w / w.detach(), b)],
    }  # fmt: skip


def correlate_forms(upstream: Tensor, x: Tensor, w: Tensor, place: int) -> Forms:
    """place: 0, 1, 2 for the gradients of x, w and b."""
    g, b = upstream.double(), torch.zeros_like(upstream).double()
    forms = {name: [pull(layer, g, x, w, b)[place] for layer in layers] for name, layers in correlate_changed().items()}
    if place < 2:
        del forms["correlation-bias-missing"]  # the other gradients do not see it
    forms["upstream-taken-as-ones"] = [pull(correlate, torch.ones_like(g), x, w, b)[place]]
    forms["correlation-upstream-reversed"] = [pull(correlate, g.flip(0), x, w, b)[place]]
    if place == 0:
        n = len(g)
        whole = pull(correlate, g, x, w, b)[0]
        last = torch.zeros_like(whole)
        for k, weight in enumerate(w.double()):
            last[k : k + n] = weight * g
        forms["overwritten-not-accumulated"] = [last]
        forms["correlation-border-cut"] = [_padded(whole[:n], len(x)), _padded(whole[:n], n),
                                           _padded(whole[-n:], len(x), front=True)]  # fmt: skip
    if place == 1:
        total = (x.double()[: len(g)] * g).sum()
        forms["correlation-one-sum-for-all"] = [total.expand(len(w))]
        forms["mean-for-sum"] = [pull(correlate, g, x, w, b)[1] / len(g)]
    if place == 2:
        forms["bias-summed-completely"] = [g.sum(), g.sum().expand(len(g)), g.sum()[None]]
        forms["bias-averaged"] = [g.mean(), g.mean().expand(len(g)), g / len(g)]
        forms["correlation-weights-in-bias"] = [g * w.double().sum()]
    return forms


def _softmax(x: Tensor) -> Tensor:
    return torch.softmax(x, dim=-1)


def _log_softmax(x: Tensor) -> Tensor:
    return torch.log_softmax(x, dim=-1)


def _without(w: Tensor, k: int) -> Tensor:
    keep = torch.ones_like(w)
    keep[k] = 0
    return w * keep


def _only(w: Tensor, k: int) -> Tensor:
    return w - _without(w, k)


def _padded(part: Tensor, size: int, front: bool = False) -> Tensor:
    gap = size - len(part)
    return torch.nn.functional.pad(part, (gap, 0) if front else (0, gap))
