"""Apply a student's `torch.autograd.Function` or `nn.Module`, and bring back numbers: values, gradients, second ones.

Every step is one of a script, none is code of the kit's own that a student's could exchange; what the steps bring back
is judged here. Autograd doing the work of the backward pass is noticed in two ways: the value must come from one node
of the student's own, right above the leaves, and `toolbox.probes.function_watch` takes notes of what is called within.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any

from torch import Tensor

from toolbox.calling.forbid import MESSAGE
from toolbox.calling.script import Ref, Script
from toolbox.errors import Forbidden, Malformed, Missing, StudentError

# What a module is built of, instead of the student's own operations
OPERATIONS: dict[str, Callable[[Script], Ref]] = {
    "sigmoid": lambda s: s.torch.sigmoid,
    "tanh": lambda s: s.torch.tanh,
    "softmax": lambda s: s.function(lambda x: s.torch.softmax(x, dim=-1)),
    "log_softmax": lambda s: s.function(lambda x: s.torch.log_softmax(x, dim=-1)),
    "linear": lambda s: s.function(lambda x, w, b: x @ w + b, 3),
    "linear_negated": lambda s: s.function(lambda x, w, b: -(x @ w) - b, 3),
}


def derivatives(
    s: Script,
    function: Ref,
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
    wanted = [True] * len(inputs) if wanted is None else list(wanted)
    if s.fetch(s.facts.derived(function, s.torch.autograd.Function)) != [True]:
        raise Malformed("this must be a class derived from torch.autograd.Function")
    given = [s.keep(x) for x in inputs]
    for x, needs in zip(given, wanted, strict=True):
        x.requires_grad_(needs)
    upstream = s.keep(grad_out)
    upstream.requires_grad_(second is not None)
    leaves = [x for x, needs in zip(given, wanted, strict=True) if needs]
    watch = s.toolbox.function_watch.Watch(function)
    watch.begin()
    notes: list[Any] = []
    try:
        value = s.keep(function.apply(*given))
        present, kind, name, nodes = s.fetch(
            s.facts.present(value), s.facts.kind(value), s.builtins.getattr(function, "__name__"),
            s.facts.nodes(value, s.facts.held(function, "_backward_cls")),
        )  # fmt: skip
        if not present:
            raise Missing(f"{name}.forward returns nothing yet")
        if kind != "Tensor":
            raise Malformed(f"{name}.forward must return one tensor")
        assert_own_node(nodes)
        answer = {"value": s.fetch(value)[0], "grads": [None] * len(leaves), "second": [None] * (len(leaves) + 1)}
        if answer["value"].shape == grad_out.shape:
            grads = s.keep(s.facts.gradients([value], leaves, [upstream], second is not None))
            (answer["grads"],) = s.fetch(grads)
            if second is not None:
                answer["second"] = _second(s, grads, second, [*leaves, upstream])
        answer["inputs"], answer["grad_out"] = s.fetch(given, upstream)
    finally:
        with suppress(StudentError):
            (notes,) = s.fetch(watch.end())
        if notes:
            raise Forbidden(MESSAGE.format(str(notes[0])[:100])) from None
    return answer


def assert_own_node(nodes: Any) -> None:
    """Raises Forbidden where the value does not come from one node of this Function, right above the leaves.

    nodes: [whether the value's node is of the Function's own class, the names of the classes of those above it].
    """
    own, above = nodes
    if own is not True:
        raise Forbidden(MESSAGE.format("the value does not come from your own node"))
    if set(above) - {"AccumulateGrad", "NoneType"}:
        raise Forbidden(MESSAGE.format("there is another node behind yours"))


def _second(s: Script, grads: Ref, weights: Sequence[Tensor], leaves: Sequence[Ref]) -> list[Any]:
    """The gradients of sum(weight * gradient), zeros where it does not depend on a leaf."""
    each = [s.operator.getitem(grads, place) for place in range(len(weights))]
    moving = s.fetch(*[s.facts.present(s.facts.held(grad, "grad_fn")) for grad in each])
    found: list[Any] = [None] * len(leaves)
    if any(moving):
        pairs = [(grad, weight) for grad, weight, moves in zip(each, weights, moving, strict=True) if moves]
        outputs, upstream = [grad for grad, _ in pairs], [weight for _, weight in pairs]
        (found,) = s.fetch(s.facts.gradients(outputs, list(leaves), upstream, False))
    zeros = s.fetch(*[s.torch.zeros_like(leaf) for leaf in leaves])
    return [zero if grad is None else grad for grad, zero in zip(found, zeros, strict=True)]


def module(
    s: Script,
    kind: Ref,
    sizes: Sequence[int],
    state: Mapping[str, Tensor],
    x: Tensor,
    grad_out: Tensor,
    operations: Mapping[str, Ref],
) -> dict[str, Any]:
    """Make a student's module, give its parameters the values in `state`, run it, and let autograd walk back.

    operations: those to build it of, by keyword, instead of the student's own.
    Returns {"value", "grads": by parameter, "grad_x", "again": the value of a second call}.
    """
    model, params = _made(s, kind, sizes, operations, list(state))
    model.double()
    for name, (found, *_) in zip(
        state, s.fetch(*[[s.builtins.list(params[name].shape)] for name in state]), strict=True
    ):
        if tuple(found) != tuple(state[name].shape):
            raise Malformed(f"{name} has shape {tuple(found)}; it must be {tuple(state[name].shape)}")
        params[name].data = state[name]
    given = s.keep(x)
    given.requires_grad_()
    value = s.keep(model(given))
    present, what, needs = s.fetch(s.facts.present(value), s.facts.kind(value), s.facts.held(value, "requires_grad"))
    if not present:
        raise Missing("forward returns nothing yet")
    if what != "Tensor":
        raise Malformed("forward must return one tensor")
    if needs is not True:
        raise Malformed("what forward returns is cut off from the parameters: autograd cannot walk back from it")
    leaves = [*[params[name] for name in state], given]
    found, shown, again = s.fetch(s.facts.gradients([value], leaves, [grad_out], False), value, model(given))
    return {"value": shown, "grads": dict(zip(state, found, strict=False)), "grad_x": found[-1], "again": again}


def newborn(s: Script, kind: Ref, sizes: Sequence[int]) -> dict[str, Tensor]:
    """The parameters of a module that has just been made, by name."""
    names = ["w1", "b1", "w2", "b2"]
    _, params = _made(s, kind, sizes, {}, names)
    return dict(zip(names, s.fetch(*[params[name] for name in names]), strict=True))


def _made(
    s: Script, kind: Ref, sizes: Sequence[int], operations: Mapping[str, Ref], names: Sequence[str]
) -> tuple[Ref, dict[str, Ref]]:
    """A module of the student's, and its parameters by name."""
    model = s.keep(kind(*sizes, **operations))
    if s.fetch(s.facts.derived(s.builtins.type(model), s.torch.nn.Module)) != [True]:
        raise Malformed("this must be a class derived from torch.nn.Module")
    params = s.keep(s.builtins.dict(model.named_parameters()))
    (found,) = s.fetch(s.builtins.list(params))
    if not found:
        raise Missing("the module has no parameters yet")
    if set(found) != set(names):
        raise Malformed(f"the parameters must be named {', '.join(names)}; PyTorch finds {', '.join(map(str, found))}")
    return model, {name: s.operator.getitem(params, name) for name in names}
