"""A backward pass to judge, healthy or sick, and how a fault is planted in it: see `planted_faults`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from toolbox.calling.forbid import aside

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
