"""Compare an answer with the truth, and say what is wrong with it in terms a person can use.

Steps: take the loss or one gradient out of `(loss, grads)`; make it a tensor; then shape, finite numbers, values, in
that order, each with its own message. Where an answer is wrong, `toolbox.checks.diagnose` looks for the mistake.

How close is close? The distance is the largest difference of any entry over the largest true entry (or over the size
of the terms of a sum, where these may cancel and leave nothing but their roundings). An answer passes
below `tolerance(inputs, condition)`: ROUNDINGS roundings of the dtype in which the question was asked (never below
float32), times the condition of the problem, but never less than FLOOR. The dtype of the answer makes no difference:
who is asked in float64 and answers in float32 has lost half of the digits on the way, and is told so. So in float64 a
gradient that is off by one part in a billion fails, and in float32 the noise of another order of summation passes.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, NoReturn

import numpy
import torch
from torch import Tensor

from toolbox.checks.diagnose import diagnose, naming, verdicts_only
from toolbox.checks.evidence import pattern
from toolbox.checks.recognise import Failed, current
from toolbox.errors import Malformed, Mismatch, Missing

ROUNDINGS = 128  # the sums of this course have at most some hundred terms: noise is near 10 roundings
FLOOR = 1e-12  # other right formulas lose a few of float64's sixteen digits; differences instead of a gradient lose six
TINY = 1e-30  # stands in for the size of a truth that is zero everywhere

_observers: list[Callable[[float], None]] = []


@contextmanager
def observed(by: Callable[[float], None]) -> Iterator[None]:
    """Inside, `by` is told of every answer that is near the truth: the share of its tolerance that it used, 0 to 1."""
    _observers.append(by)
    try:
        yield
    finally:
        _observers.remove(by)


_followers: list[Callable[[str], None]] = []


@contextmanager
def following(by: Callable[[str], None]) -> Iterator[None]:
    """Inside, `by` is told the name of every answer that is not the truth and passes, as it follows rightly from an
    earlier mistake of the student's own."""
    _followers.append(by)
    try:
        yield
    finally:
        _followers.remove(by)


def tolerance(dtype: torch.dtype, condition: float = 1.0) -> float:
    """The largest relative error that rounding explains. condition: how much the problem magnifies roundings."""
    coarser = torch.float64 if dtype == torch.float64 else torch.float32
    return max(ROUNDINGS * torch.finfo(coarser).eps * condition, FLOOR)


def loss_of(answer: Any) -> Any:
    """The loss in the answer `(loss, grads)`. Raises Missing where it is still None, Malformed for another form."""
    return _part(answer, 0, "loss")


def grads_of(answer: Any) -> dict[str, Any]:
    """The dict `grads` in the answer `(loss, grads)`. Raises Missing or Malformed."""
    grads = _part(answer, 1, "grads")
    if not isinstance(grads, dict):
        raise Malformed(f"the second value must be the dict `grads`; it is {_kind(grads)}")
    return grads


def grad_of(answer: Any, name: str) -> Any:
    """The gradient `grads[name]` in the answer `(loss, grads)`. Raises Missing or Malformed."""
    grads = grads_of(answer)
    if grads.get(name) is None:
        there = ", ".join(repr(key) for key in grads) or "nothing yet"
        raise Missing(f"grads[{name!r}] is not written yet (grads holds: {there})")
    return grads[name]


def assert_value(got: Any, true: Any, *, name: str = "loss", **clues: Any) -> None:
    """Check a forward value (a loss): as `assert_grad`, but one number may also come with shape (1,)."""
    got, true = as_tensor(got, name), torch.as_tensor(true)
    if true.dim() == 0 and got.shape == (1,):
        got = got[0]
    _check(got, true, name, f"must have shape {tuple(true.shape)}", ones=False, **clues)


def assert_grad(got: Any, true: Any, *, name: str, **clues: Any) -> None:
    """Check a gradient, a tensor of exactly the shape of its variable (a number where the variable is one).

    inputs: dtype in which the question was asked, where it is not float64. condition: see `tolerance`.
    terms: the size of what adds up to the truth, where it may cancel: the sum of the terms' absolute values.
    accept: other right values, e.g. what follows from the student's own upstream gradient; or a function that returns
    them, called only if needed.
    if_not_finite: the id of the misconception that nan and inf tell of. if_single: that of an answer which is right but
    for having float32's digits where the question was asked in float64.
    All other clues go to `toolbox.checks.diagnose`; `clues` is a function that returns such, called only if needed.
    Raises Missing, Malformed, or Mismatch with diagnosis and evidence.
    """
    true = torch.as_tensor(true)
    rule = f"a gradient has the shape of its variable, here {tuple(true.shape)}"
    _check(as_tensor(got, _gradient(name)), true, name, rule, label=_gradient(name), **clues)


def _gradient(name: str) -> str:
    """What a gradient is called: by the name of its variable, or by words that say already what it is."""
    return name if "gradient" in name else f"gradient {name}"


def assert_between(got: Any, one: Any, other: Any, *, name: str, **clues: Any) -> None:
    """Check a gradient at a kink: every entry lies between the slopes of the two sides; where, is a free choice.

    one, other: the gradients of the two sides, in either order, both of the variable's shape. clues: as `assert_grad`.
    """
    one, other = torch.as_tensor(one, dtype=torch.float64), torch.as_tensor(other, dtype=torch.float64)
    low, high = torch.minimum(one, other), torch.maximum(one, other)
    got = as_tensor(got, _gradient(name))
    fits = got.shape == low.shape and got.dtype != torch.bool
    nearest = torch.where(torch.isfinite(got), got.double().clamp(low, high), low) if fits else low
    size = torch.maximum(one.abs(), other.abs()).max().item()
    with verdicts_only():  # at a few special places many mistakes look alike; elsewhere they are named
        assert_grad(got, nearest, name=f"{name} at the kink", **{"terms": size} | clues)


def assert_unchanged(changed: list[str]) -> None:
    """Check that a call left its inputs alone. changed: the names in `student.changed`. Raises Mismatch."""
    if changed:
        names = ", ".join(changed)
        message = f"the call changed its input {names} in place; the caller still needs it: work on a copy"
        raise Mismatch(message, diagnosis=["input-changed"], plain=message)


def as_tensor(got: Any, name: str) -> Tensor:
    """A number, tensor or nested list of numbers as a tensor. Raises Missing for None, Malformed for the rest."""
    if got is None:
        raise Missing(f"{name} is not written yet (it is None)")
    if isinstance(got, Tensor):
        return got.detach().cpu()
    if isinstance(got, bool) or not isinstance(got, int | float | list | tuple):
        raise Malformed(f"{name} must be a number or a tensor; it is {_kind(got)}")
    try:
        return torch.tensor(got, dtype=torch.float64)
    except (TypeError, ValueError, RuntimeError, OverflowError):
        raise Malformed(f"{name} must be a number or a tensor; it is {_kind(got)}, not all numbers") from None


def lone(value: Any) -> Any:
    """A tensor of one entry as the Python number in it (NumPy's numbers arrive so, too); all else as it is."""
    return value.item() if isinstance(value, Tensor) and value.numel() == 1 else value


def identical(one: Any, other: Any) -> bool:
    """Whether two answers are the same, bit for bit."""
    if isinstance(one, Tensor):
        same_form = isinstance(other, Tensor) and one.shape == other.shape and one.dtype == other.dtype
        return same_form and torch.equal(one.nan_to_num(), other.nan_to_num())
    if isinstance(one, list | tuple):
        return isinstance(other, list | tuple) and len(one) == len(other) and all(map(identical, one, other))
    if isinstance(one, dict):
        return isinstance(other, dict) and one.keys() == other.keys() and all(identical(one[k], other[k]) for k in one)
    if isinstance(one, float) and isinstance(other, float):
        return one == other or math.isnan(one) and math.isnan(other)
    return type(one) is type(other) and one == other


def relative_error(got: Tensor, true: Tensor, terms: float = 0.0) -> float:
    """The largest |got - true| over the largest |true| or, where that is more, over `terms`; both of one shape.

    nan and inf in `got` give inf.
    """
    if got.numel() == 0:
        return 0.0
    got, true = got.to(torch.float64), true.to(torch.float64)
    error = (got - true).abs().max().item() / max(true.abs().max().item(), terms, TINY)
    return error if math.isfinite(error) else math.inf


def _check(
    got: Tensor, true: Tensor, name: str, shape_rule: str, *, label: str | None = None,
    inputs: torch.dtype = torch.float64, condition: float = 1.0, terms: float = 0.0,
    accept: list[Tensor] | tuple | Callable[[], list[Tensor]] = (),
    if_not_finite: str | None = None, if_single: str = "dtype-changed",
    clues: Callable[[], dict[str, Any]] | None = None, **more: Any,
) -> None:  # fmt: skip
    label = label or name
    limit = tolerance(inputs, condition)
    place = current().place(label)
    if current().only_listen:
        if naming():
            current().answers[place] = got, true, limit
        return
    compared = got.dtype != torch.bool and got.shape == true.shape
    error = relative_error(got, true, terms) if compared else math.inf
    if error <= limit:
        for tell in _observers:
            tell(error / limit)
        return
    before = frozenset(current().places[:-1])
    single = got.is_floating_point() and torch.equal(got.double(), got.float().double())
    # To know a mistake again, float32's digits will do; where a problem magnifies roundings, two of them are left.
    near = max(limit, min(tolerance(torch.float32, condition), 1e-2)) if single else limit

    def known() -> dict[str, Any]:
        return more | (clues() if clues else {})

    evidence = {
        "name": name, "shape_yours": list(got.shape), "shape_true": list(true.shape),
        "dtype": str(got.dtype).removeprefix("torch."), "worst": None, "relative_error": None,
        "wrong_entries": None, "entries": true.numel(), "map": None, "ratio": None,
    }  # fmt: skip

    if got.dtype == torch.bool:
        message = f"{label} holds True and False; a mask is not yet a number"
        raise Mismatch(message, evidence=evidence, plain=message)
    if got.shape != true.shape:  # even where broadcasting would make the shapes agree by luck
        message = f"{label} has shape {tuple(got.shape)}; {shape_rule}"
        plain = f"{label} has the wrong shape; {shape_rule}"
        _fail(Failed(place, got, true, near, known, before), message, evidence, plain)
    if got.is_floating_point() and not torch.isfinite(got).all():
        bad = ~torch.isfinite(got)
        evidence |= _entry(got, true, bad.flatten().int().argmax().item()) | {"wrong_entries": int(bad.sum())}
        evidence |= pattern(got, true, limit)
        found = [if_not_finite] if if_not_finite else []
        plain = f"{label} holds nan or inf"
        raise Mismatch(f"{plain}{_share(evidence)}", diagnosis=found, evidence=evidence, plain=plain)

    accept = accept() if callable(accept) else accept
    if any(other.shape == got.shape and relative_error(got, other, terms) <= limit for other in accept):
        for tell in _followers:
            tell(label)
        return
    off = (got.to(torch.float64) - true.to(torch.float64)).abs()
    wrong = off > limit * max(true.abs().max().item(), terms, TINY)
    evidence |= _entry(got, true, off.flatten().argmax().item())
    evidence |= {"relative_error": error, "wrong_entries": int(wrong.sum())} | pattern(got, true, limit)
    worst = evidence["worst"]
    where = f" at {worst['index']}" if worst["index"] else ""
    message = f"{label} is wrong{_share(evidence)}: yours {_show(worst['yours'])}, true {_show(worst['true'])}{where}"
    if single and limit < error <= near:
        message = f"{label} has only float32's digits, but the inputs are float64: compute in the dtype of the inputs"
        said = f"{message} (relative error {error:.2g})"
        raise Mismatch(said, diagnosis=[if_single], evidence=evidence, plain=message, single=True)
    message = f"{message} (relative error {error:.2g})"
    rough = single and inputs == torch.float64 and not torch.equal((8 * got).round(), 8 * got)  # 0, 1/2, 1 tell nothing
    _fail(Failed(place, got, true, near, known, before), message, evidence, f"{label} is wrong", rough)


def _fail(failed: Failed, message: str, evidence: dict, plain: str, single: bool = False) -> NoReturn:
    """Raise the Mismatch, with the mistakes behind it. Where they cannot be worked out, a known form being singular,
    say, the answer stays without a name: it is wrong all the same, and its own fault is what the student must be told.
    """
    found: list[str] = []
    if naming():
        with suppress(ArithmeticError, ValueError, RuntimeError):  # torch's errors of linear algebra are RuntimeErrors
            found = diagnose(failed.got, failed.true, failed.near, **failed.clues())
    error = Mismatch(message, diagnosis=found, evidence=evidence, plain=plain, single=single)
    error.failed = failed if naming() else None
    raise error


def _part(answer: Any, index: int, name: str) -> Any:
    if answer is None:
        raise Missing("nothing is returned yet: end the function with its `return` line")
    if not isinstance(answer, list | tuple) or len(answer) != 2:
        raise Malformed(f"return two values, the forward result and the dict `grads`; this is {_kind(answer)}")
    if answer[index] is None:
        raise Missing(f"{name} is not written yet (it is None)")
    return answer[index]


def _entry(got: Tensor, true: Tensor, flat: int) -> dict:
    index = [int(i) for i in numpy.unravel_index(flat, got.shape)]  # torch's own loads sympy, half a second
    yours = got.flatten()[flat].item()
    shown = yours if math.isfinite(yours) else str(yours)  # JSON has no nan
    return {"worst": {"index": index, "yours": shown, "true": true.flatten()[flat].item()}}


def _share(evidence: dict) -> str:
    return f" in {evidence['wrong_entries']} of {evidence['entries']} entries" if evidence["entries"] > 1 else ""


def _show(number: float | str) -> str:
    return number if isinstance(number, str) else f"{number + 0.0:.6g}"  # + 0.0: no minus before a zero


def _kind(value: Any) -> str:
    if isinstance(value, list | tuple):
        return f"a list of {len(value)} values"
    return "None" if value is None else f"of type {type(value).__name__}"
