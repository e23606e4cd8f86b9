"""What every function of plain arguments must do, whatever it computes: the house rules, asked of each part of its
answer. That the answer is right is asked where the function's own checks stand, and here for far-out inputs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch

from toolbox.checks.compare import as_tensor, assert_grad, assert_unchanged, identical, relative_error, tolerance
from toolbox.checks.diagnose import verdicts_only
from toolbox.checks.rows import Row, asks
from toolbox.errors import Malformed, Mismatch, Missing

Given = dict[str, Any]


@dataclass(frozen=True)
class Function(Row):
    """A function of tensors, numbers and lists.

    parts: what it returns, in order -> the item; {"": item} for one answer. given: (make, dtype, more) -> its
    arguments; where `more` is not 0, of other sizes. far: (make, dtype) -> arguments far out, of every shape of far;
    true: arguments -> the right parts, in float64. condition: of the problem (see `toolbox.checks.compare`). terms:
    arguments -> the size of what adds up to the answer, where it may cancel far out. overflow: the id of the mistake
    that nan and inf tell of. call_with: (script, arguments) -> what it is called with, where that is made of them.
    autograd: whether it may use that.
    """

    name: str
    module: str
    parts: Mapping[str, str]
    given: Callable[[Any, torch.dtype, int], Given]
    far: Callable[[Any, torch.dtype], list[Given]] | None = None
    true: Callable[..., Sequence[torch.Tensor]] | None = None
    condition: float = 8.0
    terms: Callable[..., float] | None = None
    overflow: str | None = None
    call_with: Callable[..., tuple] | None = None
    autograd: bool = False

    def part(self, answer: Any, part: str) -> Any:
        """A part of an answer. Raises Missing, Malformed."""
        if answer is None:
            raise Missing("nothing is returned yet: end the function with its `return` line")
        if part == "":
            return answer
        names = list(self.parts)
        if isinstance(answer, dict):
            answer = [answer.get(name) for name in names]
        if not isinstance(answer, list | tuple) or len(answer) != len(names):
            raise Malformed(f"return {len(names)} values: {', '.join(names)}")
        if answer[names.index(part)] is None:
            raise Missing(f"{part} is not written yet (it is None)")
        return answer[names.index(part)]

    @property
    def groups(self) -> dict[str, str]:
        """The first part of each item -> the item: all parts of an item keep a rule, or it is broken."""
        return {next(part for part, its in self.parts.items() if its == item): item for item in self.parts.values()}

    def right_parts(self, answer: Any, first: str, given: Given) -> dict[str, Any]:
        """All parts of an item, which are right to three digits: a rule of the house is kept by a right answer, or it
        is worth nothing. Raises Mismatch, Missing, Malformed.
        """
        found = {part: self.part(answer, part) for part, item in self.parts.items() if item == self.parts[first]}
        if self.true is not None:
            true = dict(zip(self.parts, self.true(**in_float64(given)), strict=True))
            for part, value in found.items():
                got = as_tensor(value, part or "the answer")
                if got.shape != true[part].shape or relative_error(got, true[part]) > 1e-3:
                    raise Mismatch(f"{part or 'the answer'} is wrong, whatever else is asked of it")
        return found

    def ask(self, script, given: Mapping[str, Any]) -> Any:
        """The answer, in the student's process."""
        function = getattr(getattr(script, self.module), self.name)
        return function(*self.call_with(script, **given)) if self.call_with else function(**given)


def in_float64(value: Any) -> Any:
    """The same arguments, as the truth is worked out from them."""
    if isinstance(value, dict):
        return {name: in_float64(entry) for name, entry in value.items()}
    if isinstance(value, list):
        return [in_float64(entry) for entry in value]
    return value.double() if torch.is_tensor(value) and value.is_floating_point() else value


def tensors_in(value: Any) -> Iterator[torch.Tensor]:
    """Every tensor in an answer."""
    if isinstance(value, torch.Tensor):
        yield value
    elif isinstance(value, list | tuple | dict):
        for entry in value.values() if isinstance(value, dict) else value:
            yield from tensors_in(entry)


def single(x: torch.Tensor) -> bool:
    """Whether float32 could hold these numbers."""
    return torch.equal(x.double(), x.float().double())


def alike(one: Any, other: Any, limit: float) -> bool:
    """Whether two answers are the same but for rounding."""
    if isinstance(one, dict):
        return (
            isinstance(other, dict) and one.keys() == other.keys() and all(alike(one[k], other[k], limit) for k in one)
        )
    if isinstance(one, list | tuple) and any(isinstance(entry, torch.Tensor | list | tuple) for entry in one):
        return (
            isinstance(other, list | tuple)
            and len(one) == len(other)
            and all(alike(a, b, limit) for a, b in zip(one, other, strict=True))
        )
    got, right = as_tensor(one, "the answer"), as_tensor(other, "the answer")
    return got.shape == right.shape and relative_error(got.nan_to_num(), right.nan_to_num()) <= limit


def stretched(given: Given, *names: str) -> list[Given]:
    """The same arguments, with those of these names far out: an entry, a row or column, all of it, to either side."""
    found = []
    for name in names:
        x = given[name]
        places = [tuple([0] * x.dim())] if x.dim() else [()]
        places += [tuple([-1] * (x.dim() - 1))] if x.dim() > 1 else []
        for far in (1000.0, -1000.0):
            for place in places:
                changed = x.clone()
                changed[place] = changed[place] + far if place != () else changed + far
                found.append(given | {name: changed})
            found.append(given | {name: x + far})
        found.append(given | {name: x * 1000})
    return found


### BEGIN HIDDEN TESTS
@asks(Function, "unchanged", over="groups", of="groups", share=0.5)
def it_leaves_its_arguments_as_they_are_to_the_last_bit(function, first, student, make):
    for dtype in (torch.float64, torch.float32):
        given = function.given(make, dtype, 0)
        script = student.script(function.autograd)
        kept = {name: script.keep(value) for name, value in given.items()}
        answer, after = script.fetch(function.ask(script, kept), kept)
        assert_unchanged([name for name, value in given.items() if not identical(value, after[name])])
        function.right_parts(answer, first, given)


@asks(Function, "dtype", over="groups", of="groups", share=0.5)
def its_answer_has_the_dtype_of_its_arguments(function, first, student, make):
    for dtype in (torch.float32, torch.float64):
        script, given = student.script(function.autograd), function.given(make, dtype, 0)
        (answer,) = script.fetch(function.ask(script, given))
        for part, answered in function.right_parts(answer, first, given).items():
            for value in tensors_in(answered):
                check_dtype(function, part, value, given, dtype)


def check_dtype(function: Function, part: str, value: torch.Tensor, given: Given, dtype: torch.dtype) -> None:
    """It is of this dtype, and made of numbers that are."""
    if dtype == torch.float64 and single(value) and function.true is not None:
        true = function.true(**given)[list(function.parts).index(part)]
        if not single(true) and value.shape == true.shape and relative_error(value, true) < 1e-5:
            message = f"{part or 'the answer'} has only float32's digits, but the inputs are float64"
            raise Mismatch(f"{message}: compute in the dtype of the inputs", diagnosis=["dtype-changed"])
    if value.dtype != dtype:
        short = [str(kind).removeprefix("torch.") for kind in (value.dtype, dtype)]
        message = f"{part or 'the answer'} is {short[0]}, and what came in was {short[1]}"
        raise Mismatch(f"{message}: keep the dtype", diagnosis=["dtype-changed"])


@asks(Function, "apart", over="groups", of="groups", share=0.5)
def its_answer_stays_and_the_next_call_knows_nothing_of_it(function, first, student, make):
    script, dtype = student.script(function.autograd), torch.float64
    given = function.given(make, dtype, 0)
    kept = function.ask(script, given)
    (before,) = script.fetch(kept)
    own = function.right_parts(before, first, given)
    for more in (0, 1):
        script.fetch(function.ask(script, another(function, make, given, more)))
    (after,) = script.fetch(kept)
    (again,) = script.fetch(function.ask(script, given))
    for part, value in own.items():
        if not identical(value, function.part(after, part)):
            message = f"{part or 'the answer'} of an earlier call changes with the next call"
            raise Mismatch(f"{message}: each call makes its own", diagnosis=["answer-reused"])
        if not alike(function.part(again, part), value, tolerance(dtype, 64.0)):
            message = f"asked the same question again, after others, it gives another {part or 'answer'}"
            raise Mismatch(message, diagnosis=["call-remembered"])


def another(function: Function, make, given: Given, more: int) -> Given:
    """Arguments with another answer than `given` has."""
    while True:
        drawn = function.given(make, torch.float64, more)
        if function.true is None or not identical(list(function.true(**drawn)), list(function.true(**given))):
            return drawn


@asks(Function, "layouts", over="groups", of="groups", share=0.5)
def its_answer_does_not_depend_on_how_its_arguments_lie_in_memory(function, first, student, make):
    script, dtype = student.script(function.autograd), torch.float64
    given = function.given(make, dtype, 0)
    spread = {name: spread_out(script, value) for name, value in given.items()}
    one, other = script.fetch(function.ask(script, given), function.ask(script, spread))
    for part, value in function.right_parts(one, first, given).items():
        if not alike(function.part(other, part), value, tolerance(dtype, 64.0)):
            raise Mismatch(f"{part or 'the answer'} depends on how the arguments lie in memory")


def spread_out(script, x: Any) -> Any:
    """The same numbers, in the student's process, with others in between or in another order in memory."""
    if isinstance(x, dict):
        return {name: spread_out(script, value) for name, value in x.items()}
    if isinstance(x, list):
        return [spread_out(script, value) for value in x]
    if not isinstance(x, torch.Tensor) or x.dim() == 0:
        return x
    if x.dim() == 1:
        return script.keep(torch.stack([x, x + 1], dim=1)).T[0]
    return script.keep(x.transpose(0, -1).contiguous()).transpose(0, -1)


@asks(Function, "far", over="groups", of="groups", share=0.5)
def its_answer_is_right_where_an_entry_a_row_or_all_lies_far_out(function, first, student, make):
    for dtype in (torch.float64, torch.float32):
        for given in function.far(make, dtype):
            script = student.script(function.autograd)
            (answer,) = script.fetch(function.ask(script, given))
            true = dict(zip(function.parts, function.true(**in_float64(given)), strict=True))
            for part, item in function.parts.items():
                if item == function.parts[first]:
                    with verdicts_only():  # at a few far-out places many mistakes look alike
                        assert_grad(function.part(answer, part), true[part], name=part or "the answer", inputs=dtype,
                                    terms=function.terms(**given) if function.terms else 0.0,
                                    condition=function.condition, if_not_finite=function.overflow)  # fmt: skip


### END HIDDEN TESTS
