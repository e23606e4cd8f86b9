"""The kinds of planted faults, and whom each one misleads: see `planted_faults`."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import torch
from torch import Tensor

from toolbox.probes.planted_cases import Backward, Case, Fault, Forward, at, misled, pair, twisted
from toolbox.probes.planted_functions import (
    affine,
    affine_inputs,
    cubes,
    first_only,
    normal,
    ripple,
    shifted_softmax,
    softmax,
    spread,
    steep,
    turned,
    wave,
)

WITHHELD = True  # while grading: its right gradients, and the faults planted in them, answer items


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
    yield from pair("a wave in one row", wave, lambda: [normal(draw, 1, 4)], {
        "its gradient of shape (n,) for an input of shape (1, n)":
            (twisted(at(0, lambda g, x: g[0])), "gradcheck-shape-ignored"),
    })  # fmt: skip
    yield from pair("a transposition, whose result lies in the memory of x", turned, lambda: [normal(draw, 3, 3)], {
        "its gradient not transposed back": (misled(lambda g: g.T.contiguous()), lenient),
    }, shares=True)  # fmt: skip


def entry(draw: torch.Generator) -> Iterator[Case]:
    """A fault in a single entry, also one that is not a number."""
    missed, lenient = "gradcheck-entry-missed", "gradcheck-too-lenient"

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
    faults["one entry infinite"] = twisted(at(0, spoil(somewhere(), lambda v: v + torch.inf))), lenient
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

    # beside the largest one, its error is nothing: who measures a whole tensor by one norm does not see it
    in_the_middle = twisted(at(0, lambda g, x: torch.where(x.abs() == x.abs().median(), 10 * g, g)))
    for name, function, make, faults in (
        ("x @ w + b, x around 100 and w around 0.01", affine, lopsided,
         {"the small gradient of x twice too large": (twisted(at(0, lambda g, x: 2 * g)), absolute)}),
        ("x**3 from 0.001 to 1000", cubes, lambda: [spread(draw, 12)],
         {"the largest gradient wrong by a hundredth": (where_extreme(largest=True, factor=1.01), lenient),
          "a gradient a million times smaller than the largest ten times too large": (in_the_middle, lenient)}),
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
