"""Backward passes with planted faults, and healthy ones: the examination for a gradient checker.

Steps, for one kind of fault: draw functions and inputs from the seed; take the right backward pass from autograd;
plant one fault in a copy of it; deal out the healthy and the sick in a random order. A checker that calls everything
right, or everything wrong, fails on every kind, because every kind holds both.

    for case in cases("entry", seed=1):
        print(gradcheck(case.forward, case.backward, case.inputs), healthy(case))

The kinds are the keys of KINDS. Each misjudged case names a misconception of `toolbox.misconceptions`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

Forward = Callable[..., Tensor]
Backward = Callable[..., list[Tensor]]
Twist = Callable[[list[Tensor], tuple[Tensor, ...]], list[Tensor]]  # (gradients, inputs) -> gradients with a fault


@dataclass(frozen=True)
class Case:
    """One backward pass to judge. what: in words. reveals: what a checker that misjudges it has not understood."""

    what: str
    forward: Forward
    backward: Backward
    inputs: list[Tensor]
    fault: str | None
    reveals: str


def healthy(case: Case) -> bool:
    """Whether the case's backward pass is right."""
    return case.fault is None


def cases(kind: str, seed: int) -> list[Case]:
    """The examination of one kind, sick and healthy mixed. Raises KeyError for an unknown kind."""
    draw = torch.Generator().manual_seed(seed)
    found = list(KINDS[kind](draw))
    return [found[i] for i in torch.randperm(len(found), generator=draw).tolist()]


def right_backward(forward: Forward) -> Backward:
    """The backward pass of `forward`, by autograd."""

    def backward(grad_out: Tensor, *inputs: Tensor) -> list[Tensor]:
        with torch.enable_grad():
            leaves = [value.detach().clone().requires_grad_() for value in inputs]
            y = forward(*leaves)
            return list(torch.autograd.grad(y, leaves, grad_out.to(y.dtype)))

    return backward


def sick(forward: Forward, twist: Twist) -> Backward:
    """The right backward pass with a fault in what comes out."""
    right = right_backward(forward)
    return lambda grad_out, *inputs: twist(right(grad_out, *inputs), inputs)


def misled(forward: Forward, twist: Callable[[Tensor], Tensor]) -> Backward:
    """The right backward pass with a fault in how it uses its upstream gradient."""
    right = right_backward(forward)
    return lambda grad_out, *inputs: right(twist(grad_out), *inputs)


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
    """x itself: lets a script hand the same tensor on twice, and look at it afterwards."""
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


def affine_inputs(draw: torch.Generator, N: int = 3, D: int = 4, M: int = 4) -> list[Tensor]:
    return [normal(draw, N, D), normal(draw, D, M), normal(draw, M)]


def spread(draw: torch.Generator, *shape: int) -> Tensor:
    """Numbers from 0.001 to 1000, evenly over the powers of ten, of either sign and in any order."""
    count = torch.Size(shape).numel()
    size = torch.logspace(-3, 3, count, dtype=torch.float64)[torch.randperm(count, generator=draw)]
    return size.reshape(shape) * torch.sign(normal(draw, *shape))


# The kinds


def good(what: str, forward: Forward, inputs: list[Tensor], reveals: str = "gradcheck-rejects-right") -> Case:
    return Case(f"{what}, all right", forward, right_backward(forward), inputs, None, reveals)


def bad(what: str, forward: Forward, twist: Twist, inputs: list[Tensor], reveals: str) -> Case:
    return Case(what, forward, sick(forward, twist), inputs, "planted", reveals)


def wrong(draw: torch.Generator) -> Iterator[Case]:
    """A factor, a sign, a transpose, a shape."""
    for name, factor in {"twice": 2, "one part in a hundred": 1.01, "one part in a thousand": 1.001}.items():
        place = int(torch.randint(3, (), generator=draw))
        yield bad(f"x @ w + b, one gradient too large ({name})", affine, at(place, lambda g, x, f=factor: f * g),
                  affine_inputs(draw), "gradcheck-too-lenient")  # fmt: skip
    yield bad("a gradient with the wrong sign", wave, at(0, lambda g, x: -g), [normal(draw, 3, 2)],
              "gradcheck-sign-ignored")  # fmt: skip
    yield bad("x @ w + b, the gradient of the square w transposed", affine, at(1, lambda g, x: g.T.contiguous()),
              affine_inputs(draw), "gradcheck-too-lenient")  # fmt: skip
    yield bad("x @ w + b, the gradient of b with the shape (1, M)", affine, at(2, lambda g, x: g[None]),
              affine_inputs(draw), "gradcheck-shape-ignored")  # fmt: skip
    yield bad("a gradient of shape (n, 1) for an input of shape (n,)", wave, at(0, lambda g, x: g[:, None]),
              [normal(draw, 4)], "gradcheck-shape-ignored")  # fmt: skip
    yield good("x @ w + b", affine, affine_inputs(draw, 2, 5, 3))
    yield good("a wave", wave, [normal(draw, 2, 3)])
    yield good("a transposition, whose result lies in the memory of x", turned, [normal(draw, 2, 3)])


def entry(draw: torch.Generator) -> Iterator[Case]:
    """A fault in a single entry, also one that is not a number."""

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

    for place, name in enumerate("xwb"):
        change = spoil(somewhere(), lambda v: 1.1 * v + 0.01)
        yield bad(f"x @ w + b, one entry of {name}'s gradient wrong by a tenth", affine, at(place, change),
                  affine_inputs(draw, 3, 12, 9), "gradcheck-entry-missed")  # fmt: skip
    for where, name in ((0.0, "first"), (1.0, "last")):
        yield bad(f"a wave, the {name} entry wrong", wave, at(0, spoil(where, lambda v: v + 0.3)), [normal(draw, 4, 5)],
                  "gradcheck-entry-missed")  # fmt: skip
    for where, name in ((0.0, "first"), (0.5, "middle"), (1.0, "last")):  # where evenly spaced numbers may have a zero
        yield bad(f"a wave, the {name} entry twice too large", wave, at(0, spoil(where, lambda v: 2 * v)),
                  [normal(draw, 7)], "gradcheck-entry-missed")  # fmt: skip
    yield bad("a wave, one entry nan", wave, at(0, spoil(somewhere(), lambda v: v * torch.nan)), [normal(draw, 9)],
              "gradcheck-nan-passes")  # fmt: skip
    yield good("x @ w + b", affine, affine_inputs(draw, 3, 12, 9))
    yield good("a wave", wave, [normal(draw, 4, 5)])


def upstream(draw: torch.Generator) -> Iterator[Case]:
    """Faults that some upstream gradients hide."""
    twists = {
        "uses the mean of the upstream gradient": lambda g: torch.full_like(g, g.mean().item()),
        "reads the upstream gradient in the wrong order": lambda g: g.flip(0),
        "takes the upstream gradient to be all ones": torch.ones_like,
        "lets only the positive upstream gradient through": lambda g: g.clamp(min=0),
    }
    for what, twist in twists.items():  # with so many entries no upstream gradient is all positive by chance
        yield Case(f"a wave that {what}", wave, misled(wave, twist), [normal(draw, 8, 3)], "planted",
                   "gradcheck-constant-upstream")  # fmt: skip
    yield bad("a softmax with a gradient three times too large", softmax, at(0, lambda g, x: 3 * g),
              [normal(draw, 2, 4)], "gradcheck-constant-upstream")  # fmt: skip
    yield good("a softmax", softmax, [normal(draw, 3, 4)])
    yield good("a wave", wave, [normal(draw, 5, 3)])


def zero(draw: torch.Generator) -> Iterator[Case]:
    """Faults at inputs or gradients that are exactly zero, where excuses are near."""

    def holes(*shape: int) -> list[Tensor]:
        x = normal(draw, *shape)
        x.view(-1)[torch.randperm(x.numel(), generator=draw)[: x.numel() // 2]] = 0.0
        return [x]

    for name, function in {"tanh": torch.tanh, "elu": torch.nn.functional.elu, "exp": torch.exp}.items():
        yield bad(f"{name}, smooth at 0, with the gradient 0 there", function,
                  at(0, lambda g, x: torch.where(x == 0, 0.0, g)), holes(6), "gradcheck-zero-excused")  # fmt: skip
        blamed = "gradcheck-kink-rejected" if name == "elu" else "gradcheck-zero-over-zero"
        yield good(f"{name} at 0", function, holes(6), blamed)
    yield bad("a square, whose true gradient at 0 is 0, with 0.01 there", torch.square,
              at(0, lambda g, x: torch.where(x == 0, 0.01, g)), holes(5), "gradcheck-zero-excused")  # fmt: skip
    yield good("a square at 0", torch.square, holes(5), "gradcheck-zero-over-zero")
    yield Case("an input that the function does not use, all right", _first_only, _first_only_backward,
               [normal(draw, 3), normal(draw, 2)], None, "gradcheck-zero-over-zero")  # fmt: skip
    yield good("the softmax of x + s, whose gradient of s is 0 (nudging finds a little rounding there)",
               shifted_softmax, [normal(draw, 12, 3), normal(draw, 12, 1)], "gradcheck-zero-over-zero")  # fmt: skip


def _first_only(x: Tensor, y: Tensor) -> Tensor:
    return x * x


def _first_only_backward(grad_out: Tensor, x: Tensor, y: Tensor) -> list[Tensor]:
    return [grad_out * (x + x), torch.zeros_like(y)]


def kinks(draw: torch.Generator) -> Iterator[Case]:
    """Inputs on a kink and near one: every slope between left and right is right, and no other."""

    def bent(left: float, *, slope: float, elsewhere: float = 1.0) -> tuple[Forward, Backward]:
        """y = x right of 0, left * x left of it; `slope` is claimed at 0, `elsewhere` times the truth off it."""

        def forward(x: Tensor) -> Tensor:
            return torch.maximum(x, left * x)

        def backward(grad_out: Tensor, x: Tensor) -> list[Tensor]:
            slopes = torch.where(x > 0, 1.0, left).to(x.dtype) * elsewhere
            return [grad_out * torch.where(x == 0, slope, slopes)]

        return forward, backward

    def points(*near: float) -> list[Tensor]:
        x = (normal(draw, 7).abs() + 0.1) * torch.tensor([1.0, -1, 1, -1, 1, -1, 1])
        x[: len(near)] = torch.tensor(near, dtype=x.dtype)
        return [x[torch.randperm(7, generator=draw)]]

    for left, slope in ((0.0, 0.0), (0.0, 1.0), (0.0, 0.5), (-1.0, 0.0), (0.1, 0.1)):
        yield Case(f"max(x, {left:g} x) with the slope {slope:g} at 0, right", *bent(left, slope=slope),
                   points(0.0, 0.0), None, "gradcheck-kink-rejected")  # fmt: skip
    yield Case("max(x, 0) just beside its kink, right", *bent(0.0, slope=0.0), points(1e-8, -1e-8), None,
               "gradcheck-kink-rejected")  # fmt: skip
    for what, pair in {
        "max(x, 0) with the slope 2 at 0": bent(0.0, slope=2.0),
        "|x| with the slope -3 at 0": bent(-1.0, slope=-3.0),
        "max(x, 0), right at 0, a tenth too large elsewhere": bent(0.0, slope=0.5, elsewhere=1.1),
    }.items():
        yield Case(what, *pair, points(0.0), "planted", "gradcheck-kink-excuses-all")


def float32(draw: torch.Generator) -> Iterator[Case]:
    """Inputs in single precision."""

    def single(inputs: list[Tensor]) -> list[Tensor]:
        return [value.float() for value in inputs]

    for what, function, inputs in (
        ("x @ w + b", affine, affine_inputs(draw, 4, 6, 5)),
        ("a wave", wave, [normal(draw, 4, 3)]),
        ("a softmax", softmax, [normal(draw, 2, 5)]),
    ):
        yield good(f"{what} in float32", function, single(inputs), "gradcheck-single-precision")
    for place in range(3):
        yield bad("x @ w + b in float32, one gradient too large by one part in a hundred", affine,
                  at(place, lambda g, x: 1.01 * g), single(affine_inputs(draw)), "gradcheck-too-lenient")  # fmt: skip


def scales(draw: torch.Generator) -> Iterator[Case]:
    """Inputs and gradients from very small to very large."""

    def lopsided() -> list[Tensor]:
        x, w, b = affine_inputs(draw)
        return [100 * x, 0.01 * w, b]

    def where_extreme(largest: bool, factor: float) -> Callable[[Tensor, Tensor], Tensor]:
        return lambda g, x: torch.where(x.abs() == (x.abs().max() if largest else x.abs().min()), factor * g, g)

    for what, function, inputs in (
        ("x @ w + b, x around 100 and w around 0.01", affine, lopsided()),
        ("x**3 from 0.001 to 1000", cubes, [spread(draw, 12)]),
        ("1 / x from 0.001 to 1000", torch.reciprocal, [spread(draw, 12)]),
        ("1e8 x, x from 0.001 to 1000", steep, [spread(draw, 12)]),
    ):
        yield good(what, function, inputs, "gradcheck-absolute-tolerance")
    yield good("a wave, 1e-6 times", ripple, [normal(draw, 8)])
    yield bad("a wave, 1e-6 times, with half its gradient", ripple, at(0, lambda g, x: g / 2), [normal(draw, 8)],
              "gradcheck-absolute-tolerance")  # fmt: skip
    yield bad("x @ w + b, x around 100 and w around 0.01, the small gradient of x twice too large", affine,
              at(0, lambda g, x: 2 * g), lopsided(), "gradcheck-absolute-tolerance")  # fmt: skip
    yield bad("1 / x, the gradient at the smallest x wrong by a tenth", torch.reciprocal,
              at(0, where_extreme(largest=False, factor=1.1)), [spread(draw, 12)],
              "gradcheck-step-too-large")  # fmt: skip
    yield bad("x**3, the largest gradient wrong by a hundredth", cubes, at(0, where_extreme(largest=True, factor=1.01)),
              [spread(draw, 12)], "gradcheck-too-lenient")  # fmt: skip


KINDS: dict[str, Callable[[torch.Generator], Iterator[Case]]] = {
    kind.__name__: kind for kind in (wrong, entry, upstream, zero, kinks, float32, scales)
}
