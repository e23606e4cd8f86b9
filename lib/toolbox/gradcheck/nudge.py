"""Nudge one number at a time and look what the loss does: derivatives without any calculus.

The steps, for one entry of one input:

1. the loss with the entry raised by h, and lowered by h: their difference over 2h is the numeric slope;
2. where that disagrees with the gradient under test, the two one-sided slopes tell whether a kink (a ReLU at
   0, a tie in a maximum) could be why;
3. if so, a smaller h steps clear of a kink that is only near; at a kink that is exactly here, every slope
   between the left one and the right one is right.

Source: the symmetric difference and its O(h²) error are in the lecture "Backpropagation: theory and intuition".
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch

STEP = 1e-5  # near the best for float64: the error of the formula and of rounding are both about 1e-11
EPSILON = torch.finfo(torch.float64).eps


@dataclass
class Nudged:
    """What nudging one entry found: `verdict` is "right", "kink" or "wrong", `slope` the numeric derivative."""

    verdict: str
    slope: float


class Nudger:
    """A scalar function of one float64 tensor, nudged entry by entry. Counts its `calls`."""

    def __init__(self, function: Callable[[torch.Tensor], float], at: torch.Tensor, step: float = STEP):
        if not 0 < step < 1:
            raise ValueError(f"the step must lie between 0 and 1, not {step}; {STEP} suits float64")
        self.function, self.at, self.step, self.calls = function, at.detach().to(torch.float64), step, 0
        self.here: float | None = None

    def value(self, entry: int, by: float) -> float:
        """The function with one entry (counted along the flattened tensor) moved by `by`."""
        moved = self.at.clone()
        moved.view(-1)[entry] += by
        self.calls += 1
        return float(self.function(moved))

    def slope(self, entry: int, step: float | None = None) -> float:
        """The central difference."""
        step = step or self.step
        return (self.value(entry, step) - self.value(entry, -step)) / (2 * step)

    def judge(self, entry: int, claimed: float, rtol: float, atol: float) -> Nudged:
        """Compare a claimed derivative with nudging; forgive what a kink explains, and nothing else."""
        if self.here is None:
            self.here = self.value(entry, 0.0)
        first, previous, first_slope = True, 0.0, 0.0
        for step in (self.step, self.step / 10, self.step / 100):
            above, below = self.value(entry, step), self.value(entry, -step)
            slope, right, left = (above - below) / (2 * step), (above - self.here) / step, (self.here - below) / step
            # Rounding of the function's own value is all that differences can see below this.
            noise = 100 * EPSILON * max(1.0, abs(above), abs(below)) / step
            allowed = atol + noise + rtol * max(abs(claimed), abs(slope))
            jump = abs(right - left)
            if first:
                first_slope = slope
            if abs(claimed - slope) <= allowed:
                return Nudged("right", slope)
            if first and abs(claimed - slope) > jump + allowed:
                return Nudged("wrong", slope)  # no slope between left and right comes near: a kink is no excuse
            if not first and not jump > previous / 3:
                return Nudged("wrong", first_slope)  # the jump shrank with the step: smooth here, and still wrong
            first, previous = False, jump
        # Nearer than a hundredth of the last step, rounding may have decided on which side of the kink we are.
        slack = allowed + 0.01 * jump
        between = min(left, right) - slack <= claimed <= max(left, right) + slack
        return Nudged("kink" if between else "wrong", first_slope)


def numeric_gradient(
    function: Callable[[torch.Tensor], object],
    at: torch.Tensor | float,
    *,
    step: float = STEP,
    grad_out: torch.Tensor | None = None,
) -> torch.Tensor:
    """The gradient of `function` at `at` by central differences: two calls for each entry.

    function  tensor -> loss, or (loss, anything), or a tensor of outputs when `grad_out` is given.
    at        a tensor of any shape, or a number; worked on in float64, never changed.
    step      how far each entry is moved up and down; the error is O(step²) plus rounding over step.
    grad_out  upstream gradient, of the outputs' shape: the result is then the gradient of sum(outputs * grad_out).

    Returns a float64 tensor of the shape of `at`. Raises ValueError when the outputs are many and no grad_out says
    how to weigh them.
    """
    at = torch.as_tensor(at, dtype=torch.float64)
    nudger = Nudger(lambda moved: weigh(first_of(function(moved)), grad_out), at, step)
    return torch.tensor([nudger.slope(i) for i in range(at.numel())], dtype=torch.float64).reshape(at.shape)


def first_of(answer: object) -> object:
    """The loss of an answer like (loss, grads), or the answer itself."""
    return answer[0] if isinstance(answer, tuple | list) else answer


def weigh(output: object, grad_out: torch.Tensor | None) -> float:
    """One number from an output: itself, or the sum of its entries times the upstream gradient."""
    if output is None:
        raise ValueError("the function returned None instead of a loss: is its forward pass written yet?")
    output = torch.as_tensor(output, dtype=torch.float64)
    if grad_out is None:
        if output.numel() != 1:
            raise ValueError(
                f"the function returns {tuple(output.shape)}, not one number: give grad_out, the upstream gradient"
            )
        return float(output)
    if grad_out.shape != output.shape:
        raise ValueError(f"grad_out is {tuple(grad_out.shape)}, the output {tuple(output.shape)}: they must agree")
    return float((output * grad_out).sum())
