"""Know a mistake again: which of those that we have tried ourselves gives this very number, on the same inputs?

Every comparison of a check has a place: what is compared, and for the how many-th time. Steps: while a check is asked
of an answer, `comparing` counts the places, and a failed comparison keeps what was compared (`Failed`); whoever has run
the known mistakes through the same check knows what each of them gives at each place (`Value`); a mistake whose value
is the answer's is the one that was made. Where several give the same, the one is meant that explains most of the item's
failed checks, and of these the one that would have been wrong in the fewest checks and places where the answer is
right. A mistake that we know, and that has no name, keeps its silence.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

import torch
from torch import Tensor

from toolbox.checks.diagnose import alike, diagnose
from toolbox.checks.items import TestResult


class Value(NamedTuple):
    """What a mistake gives at one place. mistake: which one; id: the misconception behind it, "" for one without."""

    mistake: str
    id: str
    value: Tensor


Places = Mapping[str, Sequence[Value]]  # place -> what the mistakes give there; "" holds those that end a check


class Known(Protocol):
    """Whoever knows what mistakes lead to in a check. only: of these mistakes, where not of all."""

    def __call__(self, check: str, only: Collection[str] | None = None) -> Places: ...


@dataclass(frozen=True)
class Failed:
    """A comparison that failed. near: below which relative error two answers are the same; clues: for `diagnose`;
    before: the places of the check at which the answer was right.
    """

    place: str
    got: Tensor
    true: Tensor
    near: float
    clues: Callable[[], dict[str, Any]]
    before: frozenset[str] = frozenset()

    @property
    def tells(self) -> bool:
        """Whether there is enough to know a mistake by: in a batch of one too many look alike."""
        return self.clues().get("batch") != 1

    def is_value(self, value: Value) -> bool:
        """Whether the answer is this value, and this value is wrong."""
        same = alike(self.got, value.value, self.true, self.near)
        return same and not alike(value.value, self.true, self.true, self.near)


@dataclass
class Comparisons:
    """The comparisons of one check, in its course. answers: place -> (what came, what is right, the tolerance). ended:
    whether the check was ended by something else than a comparison.
    """

    only_listen: bool
    count: Counter[str] = field(default_factory=Counter)
    places: list[str] = field(default_factory=list)
    answers: dict[str, tuple[Tensor, Tensor, float]] = field(default_factory=dict)
    ended: bool = False

    def place(self, label: str) -> str:
        """The place of the next comparison of what is called so."""
        self.count[label] += 1
        self.places.append(f"{label}#{self.count[label]}")
        return self.places[-1]


_current = [Comparisons(only_listen=False)]


def current() -> Comparisons:
    """Those of the check that is being asked."""
    return _current[-1]


@contextmanager
def comparing(only_listen: bool = False) -> Iterator[Comparisons]:
    """Inside, one check is asked. only_listen: every comparison is written down and none fails."""
    _current.append(Comparisons(only_listen))
    try:
        yield _current[-1]
    finally:
        _current.pop()


def name_mistakes(results: Iterable[TestResult], known: Known) -> None:
    """Name, in place, the mistake behind every comparison that failed. results: of one student, all checks asked.

    A mistake that explains one failed check of an item is tried first on the others of that item.
    """
    results = list(results)
    of_items: dict[str, list[tuple[TestResult, Failed]]] = {}
    for result in results:
        if result.status == "failed" and isinstance(failed := getattr(result.error, "failed", None), Failed):
            of_items.setdefault(result.item, []).append((result, failed))
    for item, failures in of_items.items():
        passed = [result.name for result in results if result.item == item and result.status == "passed"]
        votes: Counter[str] = Counter()
        fits: list[list[Value]] = []
        for result, failed in failures:
            matching = _matching(failed, known(result.name, list(votes))) if votes else []
            fits.append(matching or _matching(failed, known(result.name)))
            votes.update({value.mistake for value in fits[-1]})
        for (result, failed), matching in zip(failures, fits, strict=True):
            best = _likeliest(matching, votes, result.name, failed, passed, known)
            if best is None:
                result.diagnosis = _worked_out(failed, known(result.name))
            elif best.id and failed.tells:
                found = _worked_out(failed, {failed.place: [best]})
                result.diagnosis = found if found[:1] == [best.id] else [best.id]
            else:
                result.diagnosis = []


def _likeliest(
    matching: list[Value], votes: Counter[str], check: str, failed: Failed, passed: list[str], known: Known
) -> Value | None:
    most = max((votes[value.mistake] for value in matching), default=0)
    tied = [value for value in matching if votes[value.mistake] == most]
    if len({value.id for value in tied}) < 2:
        return tied[0] if tied else None

    def contradicted(value: Value) -> int:
        earlier = failed.before & known(check, [value.mistake]).keys()
        return len(earlier) + sum(bool(known(other, [value.mistake])) for other in passed)

    return min(tied, key=lambda value: (contradicted(value), not value.id))


def _matching(failed: Failed, places: Places) -> list[Value]:
    return [value for value in places.get(failed.place, ()) if failed.is_value(value)]


def _worked_out(failed: Failed, places: Places) -> list[str]:
    """What `diagnose` says, which knows of factors, shapes and two mistakes at once."""
    forms: dict[str, list[Tensor]] = {}
    for value in places.get(failed.place, ()):
        if value.id:
            forms.setdefault(value.id, []).append(value.value)
    try:
        clues = failed.clues()
        for name, values in clues.pop("forms", {}).items():  # those that follow from what the student's own code drew
            forms.setdefault(name, []).extend([values] if isinstance(values, Tensor) else values)
        return diagnose(failed.got, failed.true, failed.near, forms=forms, **clues)
    except (ArithmeticError, ValueError, RuntimeError):  # torch's errors of linear algebra are RuntimeErrors
        return []


def recorded(ask: Callable[[], Any]) -> Comparisons:
    """What an answer of ours gives at each place, up to where it can be asked no more."""
    dtype = torch.get_default_dtype()
    with comparing(only_listen=True) as heard, torch.random.fork_rng(devices=[]):
        # Who draws numbers of their own draws the same ones every time. torch.manual_seed looks for CUDA each time.
        torch.default_generator.manual_seed(0)
        try:
            ask()
        except Exception:  # a mistake ends as mistakes do: it raises, or gives something that is not a tensor
            heard.ended = True
        finally:
            torch.set_default_dtype(dtype)
    return heard
