"""Find the mistake behind a wrong answer: which known wrong value is it?

Steps: write down the values that known mistakes would give (the candidates), the particular ones before the general
ones; name those that the answer equals. A candidate that is the truth itself accuses no one, and an answer that equals
no candidate stays undiagnosed: a wrong name costs a student more time than none.

The candidates come from clues that a test gives. They never contain the line that a student has to write:
`parts` are the true data and regularisation terms, `forms` what known mistakes lead to (`toolbox.checks.recognise`),
`upstream` the true gradient that arrives at a bias.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor

_naming = True  # of this process


@contextmanager
def verdicts_only() -> Iterator[None]:
    """Inside, no mistake is named, nor anything worked out for its name: who counts verdicts saves the time."""
    global _naming
    before, _naming = _naming, False
    try:
        yield
    finally:
        _naming = before


def naming() -> bool:
    """Whether mistakes are named at present."""
    return _naming


def diagnose(
    got: Tensor,
    true: Tensor,
    limit: float,
    *,
    batch: int | None = None,
    classes: int | None = None,
    reg: float | None = None,
    parts: Mapping[str, Tensor] | None = None,
    forms: Mapping[str, Tensor | Sequence[Tensor]] | None = None,
    upstream: Tensor | None = None,
    ones: bool = True,
) -> list[str]:
    """The ids of the misconceptions whose signature `got` carries, the most likely first; [] where none fits.

    limit: relative error below which two tensors are the same. batch, classes: N and C. reg: the weight in front of
    sum(w * w). parts: {"data": ..., "reg": ...}, which add up to `true`. forms: misconception id -> the value (or
    values) it leads to. upstream: for a bias, the gradient of what the bias was added to. ones: whether an answer of
    ones tells of anything, as a gradient's does and a value's does not.
    """
    got, true = got.detach().double(), true.detach().double()
    if not torch.isfinite(got).all():
        return []
    if got.numel() == 0:  # nothing but a shape to know it by
        known = _known_forms(forms or {})
        return [name for name, value in known if value.shape == got.shape][:1]
    ordinary = true.abs().max().item()
    found: list[tuple[float, tuple[str, ...]]] = []
    if batch != 1:  # in a batch of one, too many mistakes look alike
        for names, candidate in _candidates(got, true, batch, classes, reg, parts, forms or {}, upstream):
            if not ones and names == ("all-ones",):
                continue
            candidate = candidate.detach().double()
            away = _distance(got, candidate, ordinary)
            if away <= limit < _distance(candidate, true, ordinary):
                found.append((away, names))
    if found:
        # one number can meet a second candidate by chance, in float32 above all: then the nearest is meant
        nearest = min(away for away, _ in found)
        return list(next(names for away, names in found if away <= 10 * nearest + 1e-13))
    # (C, D) instead of (D, C) is a transpose whatever else is wrong with it
    if got.dim() == true.dim() == 2 and got.shape != true.shape and got.shape == true.T.shape:
        return ["transposed"]
    return []


def _distance(left: Tensor, right: Tensor, ordinary: float) -> float:
    """The largest difference of any entry over the largest entry; inf where the shapes differ.

    ordinary: the size of the truth: against it, what is left of a sum that cancels counts as zero.
    """
    if left.shape != right.shape:
        return float("inf")
    if left.numel() == 0:
        return 0.0
    size = max(left.abs().max().item(), right.abs().max().item(), ordinary, 1e-30)
    return (left - right).abs().max().item() / size


def alike(one: Tensor, other: Tensor, true: Tensor, limit: float) -> bool:
    """Whether two answers are the same, where `true` is the right one."""
    ordinary = true.double().abs().max().item() if true.numel() else 0.0
    return _distance(one.double(), other.double(), ordinary) <= limit


def _candidates(got, true, batch, classes, reg, parts, forms, upstream) -> Iterator[tuple[tuple[str, ...], Tensor]]:
    """(ids, value) for every mistake that the clues let us predict; a value may be reached by two mistakes at once."""
    yield ("all-zeros",), torch.zeros_like(true)
    for name, value in _known_forms(forms):
        yield (name,), value
    if upstream is not None:
        yield from _bias(upstream.double())
    else:
        yield from _not_reduced(got, true)
    yield from _whole(got, true)

    scales = _scales(batch, classes)
    for name, factor in scales.items():
        yield (name,), factor * true
    if parts is not None:
        data, penalty = parts["data"].double(), parts["reg"].double()
        if batch and batch > 1:
            # a mean forgotten over everything is one mistake, not two
            yield ("batch-mean-missing",), batch * (data + penalty)
        data_factors: dict[Any, float] = {None: 1.0, **scales, "data-part-missing": 0.0}
        reg_factors: dict[Any, float] = {None: 1.0, **_reg_factors(batch, reg)}
        pairs = [(d, r) for d in data_factors for r in reg_factors if d or r]
        for d, r in sorted(pairs, key=lambda pair: sum(name is not None for name in pair)):
            ids = tuple(name for name in (d, r) if name is not None)
            yield ids, data_factors[d] * data + reg_factors[r] * penalty
    # Two at once: a known mistake, and a sign or a mean over the whole. Two factors over the whole would meet a third
    # by chance, as 9 / 2 does 4.5; so would a factor of two.
    scales = {name: scales[name] for name in ("sign-flipped", "batch-mean-missing", "averaged-twice") if name in scales}
    for name, value in _known_forms(forms):
        value = torch.as_tensor(value).double()
        if not _is_multiple(value, true):
            yield from (((name, other), factor * value) for other, factor in scales.items())


def _known_forms(forms: Mapping[str, Tensor | Sequence[Tensor]]) -> Iterator[tuple[str, Tensor]]:
    """(id, value) for every value that a known mistake leads to."""
    for name, values in forms.items():
        yield from ((name, value) for value in ([values] if isinstance(values, Tensor) else values))


def _is_multiple(value: Tensor, true: Tensor) -> bool:
    """Whether a tensor is the truth times a number."""
    if value.shape != true.shape or not torch.isfinite(value).all():
        return False
    left, right = value.flatten(), true.flatten()
    return bool((left @ right).abs() >= (1 - 1e-9) * left.norm() * right.norm())


def _scales(batch: int | None, classes: int | None) -> dict[str, float]:
    """Mistakes that multiply the whole: name -> factor."""
    factors = {"sign-flipped": -1.0, "factor-two-missing": 0.5, "factor-two-extra": 2.0}
    if batch and batch > 1:
        factors |= {"batch-mean-missing": float(batch), "averaged-twice": 1 / batch}
    if classes and classes > 1:
        factors["averaged-over-classes"] = 1 / classes
    return factors


def _reg_factors(batch: int | None, reg: float | None) -> dict[str, float]:
    """Mistakes that multiply the regularisation term alone: name -> factor."""
    factors = {"reg-missing": 0.0, "reg-half": 0.5, "reg-sign": -1.0, "reg-twice": 2.0}
    if batch and batch > 1:
        factors["reg-averaged"] = 1 / batch
    if reg:
        factors["reg-not-weighted"] = 1 / reg
    return factors


def _bias(upstream: Tensor) -> Iterator[tuple[tuple[str], Tensor]]:
    """What a bias gradient becomes when the upstream gradient is not summed over the batch, and over it alone."""
    yield ("bias-averaged",), upstream.mean(dim=0)
    yield ("bias-averaged",), upstream.mean(dim=0, keepdim=True)
    yield ("bias-not-summed",), upstream
    if upstream.dim() == 2:
        yield ("bias-wrong-axis",), upstream.sum(dim=1)
        yield ("bias-wrong-axis",), upstream.sum(dim=1, keepdim=True)
        yield ("bias-wrong-axis",), upstream.mean(dim=1)
        yield ("bias-summed-completely",), upstream.sum()
        yield ("bias-summed-completely",), upstream.sum().expand(upstream.shape[1])


def _whole(got: Tensor, true: Tensor) -> Iterator[tuple[tuple[str], Tensor]]:
    """Mistakes of form that need no clue."""
    yield ("all-ones",), torch.ones_like(true)
    if true.dim() == 2:
        yield ("transposed",), true.T
        yield ("transposed",), true.T.reshape(true.shape)  # made to fit
    if got.dim() > true.dim() and got.numel() == true.numel():
        yield ("kept-dimension",), true.reshape(got.shape)
    if got.dim() < true.dim() and true.dim() == 2:
        yield ("summed-too-far",), true.sum(dim=0)
        yield ("summed-too-far",), true.sum(dim=1)
        yield ("summed-too-far",), true.sum()


def _not_reduced(got: Tensor, true: Tensor) -> Iterator[tuple[tuple[str], Tensor]]:
    """Numbers whose sum or mean is the one that was asked for."""
    if true.dim() == 0 and got.dim() == 1 and got.numel() > 1:
        if any(torch.isclose(total, true, rtol=1e-4) for total in (got.sum(), got.mean())):
            yield ("not-reduced",), got
