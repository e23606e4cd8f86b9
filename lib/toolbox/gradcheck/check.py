"""`gradcheck`: are these the gradients of this function?

The steps, in order:

1. copy the inputs into float64 and call the function once for its output and, if it gives them, its gradients;
2. if the output is not one number, draw a random upstream gradient (never ones: they hide transposes and sums);
3. for every gradient with the name of an input, compare shapes, then nudge every entry (or a random sample);
4. sum up, input by input, in the order in which the gradients were given.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import torch

from toolbox.gradcheck.nudge import STEP, Nudger, first_of, weigh
from toolbox.gradcheck.report import Result, Row


def gradcheck(
    function: Callable[..., object],
    inputs: Mapping[str, object],
    grads: Mapping[str, object] | Callable[[torch.Tensor], Mapping[str, object]] | None = None,
    *,
    step: float = STEP,
    rtol: float | None = None,
    atol: float = 0.0,
    samples: int | None = None,
    grad_out: torch.Tensor | None = None,
    seed: int = 0,
) -> Result:
    """Compare gradients with central differences, entry by entry, and say which are right.

    function  called as ``function(**inputs)``. It returns a loss; or ``(loss, grads)`` as the functions of
              ``backprop.flat`` do, and then `grads` may be left out; or a tensor of outputs.
    inputs    name -> argument. Floating tensors and numbers can be nudged; the rest (labels, None) stays as it is.
    grads     name -> gradient, or a function of the upstream gradient that returns such a dict.
    step      how far an entry moves; rtol: the relative error allowed, 1e-5, or 2e-4 for float32 gradients;
    atol      an absolute error allowed on top (rounding is allowed for by itself).
    samples   check only so many entries of each input, drawn at random; None checks all.
    grad_out  upstream gradient for an output of many numbers; None draws one from `seed`.

    Returns a `Result`: true when nothing is wrong, with a table for people. Kinks are named, not counted as wrong.
    Raises ValueError when there is nothing to check or the function is not the same function from call to call.
    """
    wide = {name: _wide(value) for name, value in inputs.items()}
    call = _Caller(function, wide)
    answer = call()
    output = first_of(answer)
    if grads is None and isinstance(answer, tuple | list) and len(answer) == 2 and isinstance(answer[1], Mapping):
        grads = answer[1]
    if output is not None and torch.as_tensor(output).numel() != 1 and grad_out is None:
        if not callable(grads):
            raise ValueError(
                f"the function returns {tuple(output.shape)}, not one number: give grads as a function of the upstream "
                "gradient, or give grad_out"
            )
        generator = torch.Generator().manual_seed(seed)
        grad_out = torch.randn(output.shape, generator=generator, dtype=torch.float64)
    if callable(grads):
        grads = grads(torch.ones((), dtype=torch.float64) if grad_out is None else grad_out.clone())
    base = weigh(output, grad_out)
    if weigh(first_of(call()), grad_out) != base:
        raise ValueError("the function gives a different value each time: fix its seed, or remove the randomness")
    if not grads:
        raise ValueError("there are no gradients to check yet: the function returned none and none were given")

    result = Result(step=step, calls=2)
    generator = torch.Generator().manual_seed(seed)
    for name, grad in grads.items():
        if name not in wide:
            result.notes.append(f"{name} is not an input of the function, so it cannot be nudged here.")
            continue
        row, calls = _check(
            name,
            wide[name],
            grad,
            lambda v, n=name: weigh(first_of(call(n, v)), grad_out),
            step,
            rtol,
            atol,
            samples,
            generator,
        )
        result.rows.append(row)
        result.calls += calls
    result.notes += [
        f"the function changed its input {name} in place; the checks used copies." for name in sorted(call.changed)
    ]
    if not result.rows:
        raise ValueError(f"no gradient has the name of an input: {', '.join(grads)} against {', '.join(inputs)}")
    return result


class _Caller:
    """Calls the function on fresh copies, with one input replaced, and notes which inputs it changed in place."""

    def __init__(self, function: Callable[..., object], inputs: dict[str, object]):
        self.function, self.inputs, self.changed = function, inputs, set()

    def __call__(self, name: str | None = None, moved: torch.Tensor | None = None) -> object:
        arguments = {n: v.clone() if isinstance(v, torch.Tensor) else v for n, v in self.inputs.items()}
        if name is not None:
            # A number stays a number: a function written with math.exp must not meet a tensor.
            arguments[name] = moved if isinstance(self.inputs[name], torch.Tensor) else float(moved)
        before = {n: v.clone() for n, v in arguments.items() if isinstance(v, torch.Tensor)}
        answer = self.function(**arguments)
        self.changed |= {n for n, v in before.items() if not torch.equal(v, arguments[n])}
        return answer


def _wide(value: object) -> object:
    return value.detach().to(torch.float64) if isinstance(value, torch.Tensor) and value.is_floating_point() else value


def _check(name, value, grad, loss, step, rtol, atol, samples, generator) -> tuple[Row, int]:
    """One input: its row of the table, and how many calls it took."""
    if not isinstance(value, float) and not (isinstance(value, torch.Tensor) and value.is_floating_point()):
        return Row(name, "not checked", message=f"{name} is not a floating number or tensor"), 0
    if grad is None:
        return Row(name, "missing", message="no gradient yet"), 0
    at = torch.as_tensor(value, dtype=torch.float64)
    grad = torch.as_tensor(grad).detach()
    if grad.shape != at.shape:
        turned = " (transposed?)" if grad.shape == at.T.shape and at.ndim == 2 else ""
        message = f"its shape is {tuple(grad.shape)}, but {name} is {tuple(at.shape)}{turned}"
        return Row(name, "wrong", message=message), 0
    single = grad.dtype in (torch.float32, torch.float16, torch.bfloat16)
    rtol = rtol if rtol is not None else (2e-4 if single else 1e-5)
    if single and grad.numel():
        atol = max(atol, 1e-6 * float(grad.abs().max()))  # sums in single precision lose this much
    entries = range(at.numel())
    if samples is not None and samples < at.numel():
        entries = torch.randperm(at.numel(), generator=generator)[:samples].tolist()
    nudger, row = Nudger(loss, at, step), Row(name, "right", entries=at.numel(), checked=len(entries))
    worst = None
    for entry in entries:
        claimed = float(grad.reshape(-1)[entry])
        found = nudger.judge(entry, claimed, rtol, atol)
        row.wrong += found.verdict == "wrong"
        row.kinks += found.verdict == "kink"
        # Among wrong entries the largest difference is shown; only where there are none, the largest of the rest.
        gap = abs(claimed - found.slope)
        rank = (found.verdict == "wrong", gap if gap == gap else float("inf"))
        if found.verdict != "kink" and (worst is None or rank > worst):
            worst, row.index, row.yours, row.numeric = rank, _index(entry, at.shape), claimed, found.slope
    if row.wrong:
        row.status = "wrong"
    elif row.kinks == row.checked and row.checked:
        row.status, row.message = "undecided", "every entry sits on a kink: move the inputs a little and check again"
    return row, nudger.calls


def _index(entry: int, shape: torch.Size) -> tuple[int, ...]:
    index = []
    for size in reversed(shape):
        index.insert(0, entry % size)
        entry //= size
    return tuple(index)
