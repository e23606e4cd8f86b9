"""Backward passes with planted faults, and healthy ones: the examination for a gradient checker.

Steps, for one kind of fault: draw functions and inputs from the seed; take the right backward pass from autograd; plant
one fault in it; deal each function out twice, healthy and sick, with fresh inputs of the same make, all in a random
order. So neither the function nor its inputs tell which one is sick, and a checker that calls everything right, or
everything wrong, fails on every kind.

    for case in cases("entry", seed=1):
        print(gradcheck(case.forward, case.backward, case.inputs), healthy(case))

Both backward passes of a pair do the same work, fault included; only what they hand on differs. In grading they are
functions of the judge's (`given`), and what is sick is known there alone.

The kinds are the keys of KINDS. Each misjudged case names a misconception of `toolbox.checks.misconceptions`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from toolbox.calling.callbacks import Given, Like
from toolbox.calling.forbid import aside
from toolbox.calling.script import Ref, Script

WITHHELD = True  # while grading: its right gradients, and the faults planted in them, answer items

Forward = Callable[..., Tensor]
Backward = Callable[..., list[Tensor]]
Twist = Callable[[list[Tensor], tuple[Tensor, ...]], list[Tensor]]  # (gradients, inputs) -> gradients with a fault
Fault = Callable[..., list[Tensor]]  # (right backward pass, grad_out, *inputs) -> gradients with a fault


@dataclass(frozen=True)
class Case:
    """One backward pass to judge. what: in words. reveals: what a checker that misjudges it has not understood.

    shares: whether what `forward` returns lies in the memory of its input.
    """

    what: str
    forward: Forward
    backward: Backward
    inputs: list[Tensor]
    fault: str | None
    reveals: str
    shares: bool = False


def healthy(case: Case) -> bool:
    """Whether the case's backward pass is right."""
    return case.fault is None


def cases(kind: str, seed: int) -> list[Case]:
    """The examination of one kind, sick and healthy mixed. Raises KeyError for an unknown kind."""
    draw = torch.Generator().manual_seed(seed)
    found = list(KINDS[kind](draw))
    return [found[i] for i in torch.randperm(len(found), generator=draw).tolist()]


def dealt(case: Case, script: Script) -> tuple[Ref, Ref, list[Tensor]]:
    """What a student's checker gets: the case's functions as its code sees them, and the inputs."""
    inputs = [Like(x) for x in case.inputs]
    backward = script.give(Given(case.backward, Like(case.forward(*case.inputs)), *inputs))
    if case.shares:  # what travels shares no memory with what went out
        return script.function(case.forward, len(inputs)), backward, case.inputs
    return script.give(Given(case.forward, *inputs)), backward, case.inputs


def right_backward(forward: Forward) -> Backward:
    """The backward pass of `forward`, by autograd."""

    def backward(grad_out: Tensor, *inputs: Tensor) -> list[Tensor]:
        with torch.enable_grad():
            leaves = [value.detach().clone().requires_grad_() for value in inputs]
            y = forward(*leaves)
            return list(torch.autograd.grad(y, leaves, grad_out.to(y.dtype), materialize_grads=True))

    return backward


def twisted(twist: Twist) -> Fault:
    """The right backward pass with a fault in what comes out."""
    return lambda right, grad_out, *inputs: twist(right(grad_out, *inputs), inputs)


def misled(twist: Callable[[Tensor], Tensor]) -> Fault:
    """The right backward pass with a fault in how it uses its upstream gradient."""
    return lambda right, grad_out, *inputs: right(twist(grad_out), *inputs)


def at(place: int, change: Callable[[Tensor, Tensor], Tensor]) -> Twist:
    """Change the gradient of one input: change(gradient, input)."""
    return lambda grads, inputs: [change(grad, inputs[i]) if i == place else grad for i, grad in enumerate(grads)]


# The functions


def normal(draw: torch.Generator, *shape: int) -> Tensor:
    return torch.randn(shape, generator=draw, dtype=torch.float64)


def affine(x: Tensor, w: Tensor, b: Tensor) -> Tensor:
    return x @ w + b


def softmax(x: Tensor) -> Tensor:
    return torch.softmax(x, dim=-1)


def shifted_softmax(x: Tensor, s: Tensor) -> Tensor:
    """The softmax of x + s: the same s on all scores of a row changes nothing, so the gradient of s is 0."""
    return softmax(x + s)


def wave(x: Tensor) -> Tensor:
    return torch.sin(1.3 * x) + 0.4 * x * x


def keep(x: Tensor) -> Tensor:
    """x itself."""
    return x


def turned(x: Tensor) -> Tensor:
    """(n, m) -> (m, n): the same numbers in the same memory."""
    return x.T


def twist(x: Tensor) -> Tensor:
    """(n,) -> (n - 1,): smooth, and different in every entry."""
    return torch.sin(x[1:]) * x[:-1] + x[0] ** 2


def cubes(x: Tensor) -> Tensor:
    """Any shape, elementwise: the central difference of x**3 over h is 3 x**2 + h**2 exactly."""
    return x**3


def rows_against_columns(x: Tensor) -> Tensor:
    """(n, m) -> (m, n): entry [j, i] mixes row i and column j."""
    return torch.tanh(x.T) + x.sum(dim=0)[:, None] * x[:, 0]


def ripple(x: Tensor) -> Tensor:
    return 1e-6 * wave(x)


def steep(x: Tensor) -> Tensor:
    return 1e8 * x


def first_only(x: Tensor, y: Tensor) -> Tensor:
    """x * x: y does not matter."""
    return x * x


def affine_inputs(draw: torch.Generator, N: int = 2, D: int = 3, M: int = 3) -> list[Tensor]:
    return [normal(draw, N, D), normal(draw, D, M), normal(draw, M)]


def spread(draw: torch.Generator, *shape: int) -> Tensor:
    """Numbers from 0.001 to 1000, evenly over the powers of ten, of either sign and in any order."""
    count = torch.Size(shape).numel()
    size = torch.logspace(-3, 3, count, dtype=torch.float64)[torch.randperm(count, generator=draw)]
    return size.reshape(shape) * torch.sign(normal(draw, *shape))


# The kinds


def pair(
    name: str,
    forward: Forward,
    make: Callable[[], list[Tensor]],
    faults: dict[str, tuple[Fault, str]],
    rejecting: str = "gradcheck-rejects-right",
    right: Backward | None = None,
    shares: bool = False,
) -> Iterator[Case]:
    """Each fault of a function twice: planted, and found out but not handed on.

    make: draws inputs. faults: what -> (fault, the misconception of who lets it go); rejecting: of who rejects the
    right one. right: the right backward pass, where it is not autograd's.
    """
    right = right or right_backward(forward)
    for what, (fault, reveals) in faults.items():
        sick, well = _backward(right, fault, sick=True), _backward(right, fault, sick=False)
        yield Case(f"{name}, {what}", forward, sick, make(), "planted", reveals, shares)
        yield Case(f"{name}, all right", forward, well, make(), None, rejecting, shares)


def _backward(right: Backward, fault: Fault, sick: bool) -> Backward:
    def backward(grad_out: Tensor, *inputs: Tensor) -> list[Tensor]:
        def both() -> tuple[list[Tensor], list[Tensor]]:
            return right(grad_out, *inputs), fault(right, grad_out, *inputs)

        return aside(both)[sick]

    return backward


def wrong(draw: torch.Generator) -> Iterator[Case]:
    """A factor, a sign, a transpose, a shape."""
    lenient = "gradcheck-too-lenient"
    faults = {}
    for name, factor in {"twice": 2, "one part in a hundred": 1.01, "one part in a thousand": 1.001}.items():
        place = int(torch.randint(3, (), generator=draw))
        fault = twisted(at(place, lambda g, x, f=factor: f * g))
        faults[f"one gradient too large ({name})"] = fault, lenient
    faults["the gradient of the square w transposed"] = twisted(at(1, lambda g, x: g.T.contiguous())), lenient
    faults["the gradient of b with the shape (1, M)"] = twisted(at(2, lambda g, x: g[None])), "gradcheck-shape-ignored"
    yield from pair("x @ w + b", affine, lambda: affine_inputs(draw), faults)
    yield from pair("a wave", wave, lambda: [normal(draw, 4)], {
        "the sign of its gradient wrong": (twisted(at(0, lambda g, x: -g)), "gradcheck-sign-ignored"),
        "its gradient of shape (n, 1) for an input of shape (n,)":
            (twisted(at(0, lambda g, x: g[:, None])), "gradcheck-shape-ignored"),
    })  # fmt: skip
    yield from pair("a transposition, whose result lies in the memory of x", turned, lambda: [normal(draw, 3, 3)], {
        "its gradient not transposed back": (misled(lambda g: g.T.contiguous()), lenient),
    }, shares=True)  # fmt: skip


def entry(draw: torch.Generator) -> Iterator[Case]:
    """A fault in a single entry, also one that is not a number."""
    missed = "gradcheck-entry-missed"

    def spoil(where: float, how: Callable[[Tensor], Tensor]) -> Callable[[Tensor, Tensor], Tensor]:
        """where: from 0, the first entry, to 1, the last one."""

        def change(grad: Tensor, x: Tensor) -> Tensor:
            grad = grad.clone()
            flat = grad.view(-1)
            place = round(where * (flat.numel() - 1))
            flat[place] = how(flat[place])
            return grad

        return change

    def somewhere() -> float:
        return float(torch.rand((), generator=draw))

    faults = {}
    for place, name in enumerate("xwb"):
        change = spoil(somewhere(), lambda v: 1.1 * v + 0.01)
        faults[f"one entry of {name}'s gradient wrong by a tenth"] = twisted(at(place, change)), missed
    yield from pair("x @ w + b", affine, lambda: affine_inputs(draw, 2, 6, 5), faults)
    faults = {
        f"the {name} entry wrong": (twisted(at(0, spoil(where, lambda v: v + 0.3))), missed)
        for where, name in ((0.0, "first"), (1.0, "last"))
    }
    yield from pair("a wave", wave, lambda: [normal(draw, 4, 5)], faults)
    faults = {
        f"the {name} entry twice too large": (twisted(at(0, spoil(where, lambda v: 2 * v))), missed)
        for where, name in ((0.0, "first"), (0.5, "middle"), (1.0, "last"))  # where evenly spaced ones may have a zero
    }
    faults["one entry nan"] = twisted(at(0, spoil(somewhere(), lambda v: v * torch.nan))), "gradcheck-nan-passes"
    yield from pair("a wave", wave, lambda: [normal(draw, 7)], faults)


def upstream(draw: torch.Generator) -> Iterator[Case]:
    """Faults that some upstream gradients hide."""
    constant = "gradcheck-constant-upstream"
    twists = {
        "but it uses the mean of the upstream gradient": lambda g: torch.full_like(g, g.mean().item()),
        "but it reads the upstream gradient in the wrong order": lambda g: g.flip(0),
        "but it takes the upstream gradient to be all ones": torch.ones_like,
        "but it lets only the positive upstream gradient through": lambda g: g.clamp(min=0),
    }
    # With so many entries no upstream gradient is all positive by chance.
    faults = {what: (misled(twist), constant) for what, twist in twists.items()}
    yield from pair("a wave", wave, lambda: [normal(draw, 8, 3)], faults)
    yield from pair("a softmax", softmax, lambda: [normal(draw, 2, 4)], {
        "a gradient three times too large": (twisted(at(0, lambda g, x: 3 * g)), constant),
    })  # fmt: skip


def zero(draw: torch.Generator) -> Iterator[Case]:
    """Faults at inputs or gradients that are exactly zero, where excuses are near."""
    excused, undefined = "gradcheck-zero-excused", "gradcheck-zero-over-zero"

    def holes(*shape: int) -> list[Tensor]:
        x = normal(draw, *shape)
        x.view(-1)[torch.randperm(x.numel(), generator=draw)[: x.numel() // 2]] = 0.0
        return [x]

    for name, function in {"tanh": torch.tanh, "elu": torch.nn.functional.elu, "exp": torch.exp}.items():
        yield from pair(f"{name} at 0", function, lambda: holes(6), {
            "smooth there, with the gradient 0": (twisted(at(0, lambda g, x: torch.where(x == 0, 0.0, g))), excused),
        }, rejecting="gradcheck-kink-rejected" if name == "elu" else undefined)  # fmt: skip
    yield from pair("a square at 0", torch.square, lambda: holes(5), {
        "whose true gradient is 0 there, with 0.01":
            (twisted(at(0, lambda g, x: torch.where(x == 0, 0.01, g))), excused),
    }, rejecting=undefined)  # fmt: skip
    yield from pair("x * x of x and y", first_only, lambda: [normal(draw, 3), normal(draw, 2)], {
        "with a gradient of 0.01 for the y that it does not use": (twisted(at(1, lambda g, x: g + 0.01)), excused),
    }, rejecting=undefined)  # fmt: skip
    yield from pair(
        "the softmax of x + s, whose gradient of s is 0 (nudging finds a little rounding there)",
        shifted_softmax, lambda: [normal(draw, 12, 3), normal(draw, 12, 1)],
        {"with 0.01 in its place": (twisted(at(1, lambda g, x: g + 0.01)), excused)}, rejecting=undefined,
    )  # fmt: skip


def kinks(draw: torch.Generator) -> Iterator[Case]:
    """Inputs on a kink and near one: every slope between left and right is right, and no other."""
    rejected, excuses = "gradcheck-kink-rejected", "gradcheck-kink-excuses-all"

    def bent(left: float) -> Forward:
        """x right of 0, left * x left of it."""
        return lambda x: torch.maximum(x, left * x)

    def sloped(left: float, slope: float, elsewhere: float = 1.0) -> Backward:
        """`slope` is claimed at 0, `elsewhere` times the truth off it."""

        def backward(grad_out: Tensor, x: Tensor) -> list[Tensor]:
            slopes = torch.where(x > 0, 1.0, left).to(x.dtype) * elsewhere
            return [grad_out * torch.where(x == 0, slope, slopes)]

        return backward

    def points(*near: float) -> list[Tensor]:
        x = (normal(draw, 7).abs() + 0.1) * torch.tensor([1.0, -1, 1, -1, 1, -1, 1])
        x[: len(near)] = torch.tensor(near, dtype=x.dtype)
        return [x[torch.randperm(7, generator=draw)]]

    for left, slope, bad in ((0.0, 0.0, 2.0), (0.0, 1.0, -0.5), (0.0, 0.5, 1.5), (-1.0, 0.0, -3.0), (0.1, 0.1, 0.0)):
        what = f"with the slope {bad:g} at 0"
        fault = sloped(left, bad)
        yield from pair(f"max(x, {left:g} x)", bent(left), lambda: points(0.0, 0.0), {
            what: (lambda right, g, x, fault=fault: fault(g, x), excuses),
        }, rejecting=rejected, right=sloped(left, slope))  # fmt: skip
    for near in ((0.0,), (1e-8, -1e-8)):
        fault = sloped(0.0, 0.5, elsewhere=1.1)
        yield from pair("max(x, 0)" if near == (0.0,) else "max(x, 0) just beside its kink", bent(0.0),
            lambda near=near: points(*near), {
            "right at 0, a tenth too large elsewhere": (lambda right, g, x, fault=fault: fault(g, x), excuses),
        }, rejecting=rejected, right=sloped(0.0, 0.5))  # fmt: skip


def float32(draw: torch.Generator) -> Iterator[Case]:
    """Inputs in single precision."""

    def hundredth(place: int) -> Fault:
        return twisted(at(place, lambda g, x: 1.01 * g))

    def single(inputs: list[Tensor]) -> list[Tensor]:
        return [value.float() for value in inputs]

    what = "one gradient too large by one part in a hundred"
    for name, function, make, places in (
        ("x @ w + b in float32", affine, lambda: affine_inputs(draw), range(3)),
        ("a wave in float32", wave, lambda: [normal(draw, 4, 3)], [0]),
        ("a softmax in float32", softmax, lambda: [normal(draw, 2, 5)], [0]),
    ):
        for place in places:
            yield from pair(name, function, lambda make=make: single(make()),
                            {what: (hundredth(place), "gradcheck-too-lenient")},
                            rejecting="gradcheck-single-precision")  # fmt: skip


def scales(draw: torch.Generator) -> Iterator[Case]:
    """Inputs and gradients from very small to very large."""
    absolute, lenient = "gradcheck-absolute-tolerance", "gradcheck-too-lenient"

    def lopsided() -> list[Tensor]:
        x, w, b = affine_inputs(draw)
        return [100 * x, 0.01 * w, b]

    def where_extreme(largest: bool, factor: float) -> Fault:
        return twisted(at(0, lambda g, x: torch.where(x.abs() == (x.abs().max() if largest else x.abs().min()),
                                                      factor * g, g)))  # fmt: skip

    for name, function, make, faults in (
        ("x @ w + b, x around 100 and w around 0.01", affine, lopsided,
         {"the small gradient of x twice too large": (twisted(at(0, lambda g, x: 2 * g)), absolute)}),
        ("x**3 from 0.001 to 1000", cubes, lambda: [spread(draw, 12)],
         {"the largest gradient wrong by a hundredth": (where_extreme(largest=True, factor=1.01), lenient)}),
        ("1 / x from 0.001 to 1000", torch.reciprocal, lambda: [spread(draw, 12)],
         {"the gradient at the smallest x wrong by a tenth":
             (where_extreme(largest=False, factor=1.1), "gradcheck-step-too-large")}),
        ("1e8 x, x from 0.001 to 1000", steep, lambda: [spread(draw, 12)],
         {"the gradient at the largest x wrong by a hundredth": (where_extreme(largest=True, factor=1.01), lenient)}),
        ("a wave, 1e-6 times", ripple, lambda: [normal(draw, 8)],
         {"with half its gradient": (twisted(at(0, lambda g, x: g / 2)), absolute)}),
    ):  # fmt: skip
        yield from pair(name, function, make, faults, rejecting=absolute)


KINDS: dict[str, Callable[[torch.Generator], Iterator[Case]]] = {
    kind.__name__: kind for kind in (wrong, entry, upstream, zero, kinks, float32, scales)
}
