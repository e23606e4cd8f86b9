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
    return lambda grads, inputs: [
        change(grad, inputs[i]) if i == place else grad for i, grad in enumerate(grads)
    ]


# The functions


def normal(draw: torch.Generator, *shape: int) -> Tensor:
    return torch.randn(shape, generator=draw, dtype=torch.float64)


def affine(x: Tensor, w: Tensor, b: Tensor) -> Tensor:
    return x @ w + b


def softmax(x: Tensor) -> Tensor:
    return torch.softmax(x, dim=-1)


def wave(x: Tensor) -> Tensor:
    return torch.sin(1.3 * x) + 0.4 * x * x


def keep(x: Tensor) -> Tensor:
    """x itself: lets a script hand the same tensor on twice, and look at it afterwards."""
    return x


def twist(x: Tensor) -> Tensor:
    """(n,) -> (n - 1,): smooth, and different in every entry."""
    return torch.sin(x[1:]) * x[:-1] + x[0] ** 2


def cubes(x: Tensor) -> Tensor:
    """Any shape, elementwise: the central difference of x**3 over h is 3 x**2 + h**2 exactly."""
    return x**3


def rows_against_columns(x: Tensor) -> Tensor:
    """(n, m) -> (m, n): entry [j, i] mixes row i and column j."""
    return torch.tanh(x.T) + x.sum(dim=0)[:, None] * x[:, 0]


def affine_inputs(draw: torch.Generator, N: int = 3, D: int = 4, M: int = 4) -> list[Tensor]:
    return [normal(draw, N, D), normal(draw, D, M), normal(draw, M)]


def spread(draw: torch.Generator, *shape: int) -> Tensor:
    """Numbers from 0.001 to 1000, evenly over the powers of ten, of either sign and in any order."""
    count = torch.Size(shape).numel()
    size = torch.logspace(-3, 3, count, dtype=torch.float64)[torch.randperm(count, generator=draw)]
    return size.reshape(shape) * torch.sign(normal(draw, *shape))


# The kinds


def wrong(draw: torch.Generator) -> Iterator[Case]:
    """A factor, a sign, a transpose, a shape."""
    for name, change in {
        "twice too large": lambda g, x: 2 * g,
        "too large by one part in a hundred": lambda g, x: 1.01 * g,
        "too large by one part in a thousand": lambda g, x: 1.001 * g,
    }.items():
        place = int(torch.randint(3, (), generator=draw))
        yield Case(f"x @ w + b, one gradient {name}", affine, sick(affine, at(place, change)), affine_inputs(draw), name,
                   "gradcheck-too-lenient")  # fmt: skip
    yield Case("a gradient with the wrong sign", wave, sick(wave, at(0, lambda g, x: -g)), [normal(draw, 3, 2)], "sign",
               "gradcheck-sign-ignored")  # fmt: skip
    yield Case("x @ w + b, the gradient of the square w transposed", affine, sick(affine, at(1, lambda g, x: g.T.contiguous())),
               affine_inputs(draw), "transposed", "gradcheck-too-lenient")  # fmt: skip
    yield Case("x @ w + b, the gradient of b with the shape (1, M)", affine, sick(affine, at(2, lambda g, x: g[None])),
               affine_inputs(draw), "shape", "gradcheck-shape-ignored")  # fmt: skip
    yield Case("a gradient of shape (n, 1) for an input of shape (n,)", wave, sick(wave, at(0, lambda g, x: g[:, None])),
               [normal(draw, 4)], "shape", "gradcheck-shape-ignored")  # fmt: skip
    yield Case("x @ w + b, all right", affine, right_backward(affine), affine_inputs(draw, 2, 5, 3), None,
               "gradcheck-rejects-right")  # fmt: skip
    yield Case("a wave, all right", wave, right_backward(wave), [normal(draw, 2, 3)], None, "gradcheck-rejects-right")


def entry(draw: torch.Generator) -> Iterator[Case]:
    """A fault in a single entry, also one that is not a number."""

    def spoil(how: Callable[[Tensor], Tensor]) -> Callable[[Tensor, Tensor], Tensor]:
        where = float(torch.rand((), generator=draw))

        def change(grad: Tensor, x: Tensor) -> Tensor:
            grad = grad.clone()
            flat = grad.view(-1)
            place = int(where * flat.numel())
            flat[place] = how(flat[place])
            return grad

        return change

    large = lambda: affine_inputs(draw, 3, 12, 9)  # noqa: E731
    for place, name in enumerate("xwb"):
        yield Case(f"x @ w + b, one entry of {name}'s gradient wrong by a tenth", affine,
                   sick(affine, at(place, spoil(lambda v: 1.1 * v + 0.01))), large(), "entry", "gradcheck-entry-missed")  # fmt: skip
    for sign, end in ((1, "first"), (-1, "last")):
        def outer(grad: Tensor, x: Tensor, sign: int = sign) -> Tensor:
            grad = grad.clone()
            grad.view(-1)[0 if sign > 0 else -1] += 0.3
            return grad
        yield Case(f"a wave, the {end} entry wrong", wave, sick(wave, at(0, outer)), [normal(draw, 4, 5)], "entry",
                   "gradcheck-entry-missed")  # fmt: skip
    yield Case("a wave, one entry nan", wave, sick(wave, at(0, spoil(lambda v: v * torch.nan))), [normal(draw, 9)], "nan",
               "gradcheck-nan-passes")  # fmt: skip
    yield Case("x @ w + b, all right", affine, right_backward(affine), large(), None, "gradcheck-rejects-right")
    yield Case("a wave, all right", wave, right_backward(wave), [normal(draw, 4, 5)], None, "gradcheck-rejects-right")


def upstream(draw: torch.Generator) -> Iterator[Case]:
    """Faults that some upstream gradients hide."""
    twists = {
        "uses the mean of the upstream gradient": lambda g: torch.full_like(g, g.mean().item()),
        "reads the upstream gradient in the wrong order": lambda g: g.flip(0),
        "takes the upstream gradient to be all ones": torch.ones_like,
        "lets only the positive upstream gradient through": lambda g: g.clamp(min=0),
    }
    for what, twist in twists.items():
        yield Case(f"a wave that {what}", wave, misled(wave, twist), [normal(draw, 5, 3)], "upstream",
                   "gradcheck-constant-upstream")  # fmt: skip
    yield Case("a softmax with a gradient three times too large", softmax, sick(softmax, at(0, lambda g, x: 3 * g)),
               [normal(draw, 2, 4)], "factor", "gradcheck-constant-upstream")  # fmt: skip
    yield Case("a softmax, all right", softmax, right_backward(softmax), [normal(draw, 3, 4)], None,
               "gradcheck-rejects-right")  # fmt: skip
    yield Case("a wave, all right", wave, right_backward(wave), [normal(draw, 5, 3)], None, "gradcheck-rejects-right")


def zero(draw: torch.Generator) -> Iterator[Case]:
    """Faults at inputs or gradients that are exactly zero, where excuses are near."""

    def holes(*shape: int) -> Tensor:
        x = normal(draw, *shape)
        x.view(-1)[torch.randperm(x.numel(), generator=draw)[: x.numel() // 2]] = 0.0
        return x

    smooth = {"tanh": torch.tanh, "elu": torch.nn.functional.elu, "exp": torch.exp}
    for name, function in smooth.items():
        yield Case(f"{name}, smooth at 0, with the gradient 0 there", function,
                   sick(function, at(0, lambda g, x: torch.where(x == 0, 0.0, g))), [holes(6)], "at zero",
                   "gradcheck-zero-excused")  # fmt: skip
        yield Case(f"{name} at 0, all right", function, right_backward(function), [holes(6)], None,
                   "gradcheck-kink-rejected" if name == "elu" else "gradcheck-zero-over-zero")  # fmt: skip
    square = torch.square
    yield Case("a square, whose true gradient at 0 is 0, with 0.01 there", square,
               sick(square, at(0, lambda g, x: torch.where(x == 0, 0.01, g))), [holes(5)], "at zero",
               "gradcheck-zero-excused")  # fmt: skip
    yield Case("a square at 0, all right", square, right_backward(square), [holes(5)], None, "gradcheck-zero-over-zero")
    yield Case("an input that the function does not use, all right", _first_only, _first_only_backward,
               [normal(draw, 3), normal(draw, 2)], None, "gradcheck-zero-over-zero")  # fmt: skip


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
    yield Case("max(x, 0) with the slope 2 at 0", *bent(0.0, slope=2.0), points(0.0, 0.0), "at the kink",
               "gradcheck-kink-excuses-all")  # fmt: skip
    yield Case("|x| with the slope -3 at 0", *bent(-1.0, slope=-3.0), points(0.0), "at the kink",
               "gradcheck-kink-excuses-all")  # fmt: skip
    yield Case("max(x, 0), right at 0, a tenth too large elsewhere", *bent(0.0, slope=0.5, elsewhere=1.1), points(0.0),
               "beside the kink", "gradcheck-kink-excuses-all")  # fmt: skip


def float32(draw: torch.Generator) -> Iterator[Case]:
    """Inputs in single precision."""
    def single(inputs: list[Tensor]) -> list[Tensor]:
        return [value.float() for value in inputs]

    yield Case("x @ w + b in float32, all right", affine, right_backward(affine), single(affine_inputs(draw, 4, 6, 5)),
               None, "gradcheck-single-precision")  # fmt: skip
    yield Case("a wave in float32, all right", wave, right_backward(wave), single([normal(draw, 4, 3)]), None,
               "gradcheck-single-precision")  # fmt: skip
    yield Case("a softmax in float32, all right", softmax, right_backward(softmax), single([normal(draw, 2, 5)]), None,
               "gradcheck-single-precision")  # fmt: skip
    for place in range(3):
        yield Case("x @ w + b in float32, one gradient too large by one part in a hundred", affine,
                   sick(affine, at(place, lambda g, x: 1.01 * g)), single(affine_inputs(draw)), "factor",
                   "gradcheck-too-lenient")  # fmt: skip


def scales(draw: torch.Generator) -> Iterator[Case]:
    """Inputs and gradients from very small to very large."""
    def lopsided() -> list[Tensor]:
        x, w, b = affine_inputs(draw)
        return [100 * x, 0.01 * w, b]

    yield Case("x @ w + b, x around 100 and w around 0.01, all right", affine, right_backward(affine), lopsided(), None,
               "gradcheck-absolute-tolerance")  # fmt: skip
    yield Case("x**3 from 0.001 to 1000, all right", _cube, right_backward(_cube), [spread(draw, 12)], None,
               "gradcheck-absolute-tolerance")  # fmt: skip
    yield Case("1 / x from 0.001 to 1000, all right", torch.reciprocal, right_backward(torch.reciprocal),
               [spread(draw, 12)], None, "gradcheck-absolute-tolerance")  # fmt: skip
    yield Case("a wave, 1e-6 times, with half its gradient", _ripple, sick(_ripple, at(0, lambda g, x: g / 2)),
               [normal(draw, 8)], "small", "gradcheck-absolute-tolerance")  # fmt: skip
    yield Case("a wave, 1e-6 times, all right", _ripple, right_backward(_ripple), [normal(draw, 8)], None,
               "gradcheck-rejects-right")  # fmt: skip
    yield Case("x @ w + b, x around 100 and w around 0.01, the small gradient of x twice too large", affine,
               sick(affine, at(0, lambda g, x: 2 * g)), lopsided(), "small", "gradcheck-absolute-tolerance")  # fmt: skip
    yield Case("1 / x, the gradient at the smallest x wrong by a tenth", torch.reciprocal,
               sick(torch.reciprocal, at(0, _smallest)), [spread(draw, 12)], "small x", "gradcheck-step-too-large")  # fmt: skip
    yield Case("x**3, the largest gradient wrong by a hundredth", _cube, sick(_cube, at(0, _largest)), [spread(draw, 12)],
               "large", "gradcheck-too-lenient")  # fmt: skip


def _cube(x: Tensor) -> Tensor:
    return x**3


def _ripple(x: Tensor) -> Tensor:
    return 1e-6 * wave(x)


def _smallest(grad: Tensor, x: Tensor) -> Tensor:
    return torch.where(x.abs() == x.abs().min(), 1.1 * grad, grad)


def _largest(grad: Tensor, x: Tensor) -> Tensor:
    return torch.where(x.abs() == x.abs().max(), 1.01 * grad, grad)


KINDS: dict[str, Callable[[torch.Generator], Iterator[Case]]] = {
    kind.__name__: kind for kind in (wrong, entry, upstream, zero, kinks, float32, scales)
}
