"""Apply a student's `torch.autograd.Function` or `nn.Module` and bring back plain data: values, gradients, second ones.

It runs where the student's code runs. Nothing is compared in here: the test does that, where the student's code is not.
What is noticed here is autograd doing the work of the backward pass: a Function whose rules are torch's own, a backward
pass that starts the engine again, or that calls a ready-made one. As in `calling.forbid`, that is evidence, not a wall.

In the engine torch's modes are off; so the sensor for names is set inside each call of the Function's backward.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor

from toolbox.calling.forbid import ENGINES, MESSAGE, START, _Names
from toolbox.errors import Forbidden, Malformed, Missing

TWINS: dict[str, Callable] = {
    "multiply": torch.mul,
    "sigmoid": torch.sigmoid,
    "softmax": lambda x: torch.softmax(x, dim=-1),
    "linear": lambda x, w, b: x @ w + b,
    "tanh": torch.tanh,
    "log_softmax": lambda x: torch.log_softmax(x, dim=-1),
    "linear_negated": lambda x, w, b: -(x @ w) - b,
}


def twin(name: str) -> Callable:
    """PyTorch's own operation of that name."""
    return TWINS[name]


class _Watch:
    """Lets the engine start where `starting` was called just before, and nowhere else."""

    def __init__(self, function: Any):
        self.function, self.seen, self.open = function, [], False

    def notice(self, what: str) -> None:
        self.seen.append(what)
        raise Forbidden(MESSAGE.format(what))

    def grad(self, *args: Any, **kwargs: Any) -> tuple[Tensor | None, ...]:
        """torch.autograd.grad, by permission."""
        self.open = True
        return torch.autograd.grad(*args, **kwargs)

    @contextmanager
    def on(self) -> Iterator[None]:
        before = [getattr(holder, START) for holder in ENGINES]
        node = getattr(self.function, "_backward_cls", None)
        rule = node.apply if node is not None else None

        def started(*args: Any, **kwargs: Any) -> Any:
            if not self.open:
                self.notice("its engine was started")
            self.open = False
            return before[0](*args, **kwargs)

        def apply(ctx: Any, *args: Any) -> Any:
            with _Names(self.notice):
                return rule(ctx, *args)

        for holder in ENGINES:
            setattr(holder, START, started)
        if node is not None:
            node.apply = apply
        try:
            yield
        finally:
            for holder, function in zip(ENGINES, before, strict=True):
                setattr(holder, START, function)
            if node is not None:
                del node.apply
            if self.seen:
                raise Forbidden(MESSAGE.format(self.seen[0])) from None


def derivatives(
    function: Any,
    inputs: Sequence[Tensor],
    grad_out: Tensor,
    second: Sequence[Tensor] | None = None,
    wanted: Sequence[bool] | None = None,
) -> dict[str, Any]:
    """Apply a Function; returns {"value", "grads", "second", "inputs", "grad_out"}, the last two as they are then.

    inputs: its arguments. grad_out: the upstream gradient. second: weights, one for each input, in the sum of all
    entries of weight * gradient that is differentiated once more; "second" then holds that sum's gradients with
    respect to the inputs and to grad_out. wanted: which inputs need a gradient; all by default.
    Raises Missing, Malformed, Forbidden.
    """
    if not (isinstance(function, type) and issubclass(function, torch.autograd.Function)):
        raise Malformed("this must be a class derived from torch.autograd.Function")
    wanted = [True] * len(inputs) if wanted is None else list(wanted)
    for x, needs in zip(inputs, wanted, strict=True):
        x.requires_grad_(needs)
    upstream = grad_out.requires_grad_(second is not None)
    watch = _Watch(function)
    with watch.on(), torch.enable_grad():
        with _Names(watch.notice):
            value = function.apply(*inputs)
        if value is None:
            raise Missing(f"{function.__name__}.forward returns nothing yet")
        if not isinstance(value, Tensor):
            raise Malformed(f"{function.__name__}.forward must return one tensor")
        _assert_own_node(function, value)
        leaves = [x for x, needs in zip(inputs, wanted, strict=True) if needs]
        grads = watch.grad(value, leaves, upstream, create_graph=second is not None, allow_unused=True)
        answer = {"value": value.detach(), "grads": [None if grad is None else grad.detach() for grad in grads]}
        if second is not None:
            answer["second"] = _second(watch, grads, second, [*leaves, upstream])
    return answer | {"inputs": [x.detach() for x in inputs], "grad_out": grad_out.detach()}


def _second(
    watch: _Watch, grads: Sequence[Tensor | None], weights: Sequence[Tensor], leaves: Sequence[Tensor]
) -> list[Tensor]:
    """The gradients of sum(weight * gradient), zeros where it does not depend on a leaf."""
    parts = [(grad, weight) for grad, weight in zip(grads, weights, strict=True) if grad is not None and grad.grad_fn]
    found: Sequence[Tensor | None] = [None] * len(leaves)
    if parts:
        found = watch.grad([grad for grad, _ in parts], leaves, [weight for _, weight in parts], allow_unused=True)
    return [torch.zeros_like(x) if grad is None else grad.detach() for grad, x in zip(found, leaves, strict=True)]


def _assert_own_node(function: type, value: Tensor) -> None:
    """Raises Forbidden where the value does not come from one node of this Function, right above the leaves."""
    node = value.grad_fn
    if not isinstance(node, getattr(function, "_backward_cls", ())):
        raise Forbidden(MESSAGE.format("the value does not come from your own node"))
    for above, _ in node.next_functions:
        if above is not None and type(above).__name__ != "AccumulateGrad":
            raise Forbidden(MESSAGE.format("there is another node behind yours"))


def module(
    kind: Any,
    sizes: Sequence[int],
    state: Mapping[str, Tensor],
    x: Tensor,
    grad_out: Tensor,
    operations: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """Make a student's module, give its parameters the values in `state`, run it, and let autograd walk back.

    operations: keyword -> name in TWINS: the operations to build it of, instead of the student's own.
    Returns {"value", "grads": by parameter, "grad_x", "again": the value of a second call}.
    """
    model = kind(*sizes, **{keyword: TWINS[name] for keyword, name in (operations or {}).items()})
    if not isinstance(model, torch.nn.Module):
        raise Malformed("this must be a class derived from torch.nn.Module")
    params = dict(model.to(x.dtype).named_parameters())
    _assert_named(params, state)
    with torch.no_grad():
        for name, param in params.items():
            if param.shape != state[name].shape:
                raise Malformed(f"{name} has shape {tuple(param.shape)}; it must be {tuple(state[name].shape)}")
            param.data = state[name].clone()
    x.requires_grad_()
    value = model(x)
    if value is None:
        raise Missing("forward returns nothing yet")
    if not isinstance(value, Tensor):
        raise Malformed("forward must return one tensor")
    if not value.requires_grad:
        raise Malformed("what forward returns is cut off from the parameters: autograd cannot walk back from it")
    found = torch.autograd.grad(value, [*params.values(), x], grad_out, allow_unused=True)
    grads = {name: grad for name, grad in zip(params, found, strict=False)}
    return {"value": value.detach(), "grads": grads, "grad_x": found[-1], "again": model(x).detach()}


def newborn(kind: Any, sizes: Sequence[int]) -> dict[str, Tensor]:
    """The parameters of a module that has just been made, by name."""
    params = dict(kind(*sizes).named_parameters())
    _assert_named(params, {name: None for name in ("w1", "b1", "w2", "b2")})
    return {name: param.detach() for name, param in params.items()}


def _assert_named(params: Mapping[str, Tensor], names: Mapping[str, Any]) -> None:
    if not params:
        raise Missing("the module has no parameters yet")
    if set(params) != set(names):
        raise Malformed(f"the parameters must be named {', '.join(names)}; PyTorch finds {', '.join(params)}")
