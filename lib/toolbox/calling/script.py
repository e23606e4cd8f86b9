"""Tests that need a student's objects, not only their functions: record what to do, then do it in one go.

    s = student.script()
    x = s.scalar.Value(2.0)                 # nothing has run yet: x stands for a value to come
    y = x * x + 3
    y.backward()
    data, grad = s.fetch(y.data, x.grad)    # now the steps run, in the student's process, and plain data comes back

The recording side (judge) and the running side (worker, or the student's own machine) exchange plain data only: each
step names its target by number. Objects never leave the process that made them. Besides the student's modules and the
notebook, a script has `torch` and a few more of Python's own (PYTHON), and

    s.keep(x)               a value that stays there: the same tensor may be handed on twice, and looked at afterwards
    s.repeat(n, f, x)       `x = f(x)` n times, as one step
    s.give(given)           a function of the check's own, to hand to a student's: a call of it comes back to the check
    s.function(f)           a function made of recorded steps, for where one must run there: `s.function(lambda x: x)`
    s.facts                 what can be said of an object that does not travel: see `toolbox.calling.facts`
    s.files                 what lies in a folder there, as bytes
"""

from __future__ import annotations

import builtins
import itertools
import operator
import os
import pathlib
import types
from collections.abc import Callable, Mapping, Sequence
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy
import torch

from toolbox.calling.callbacks import Answering, Desk, Given, stand_in
from toolbox.calling.facts import Facts, Files
from toolbox.errors import Malformed, Missing

try:
    import resource
except ImportError:  # Windows has none
    resource = None  # type: ignore[assignment]

REF = "$ref"
OPERATORS = {
    name: getattr(operator, name)
    for name in ("add", "sub", "mul", "truediv", "pow", "neg", "matmul", "getitem", "gt", "lt")
}
PYTHON = {
    module.__name__: module
    for module in (builtins, itertools, numpy, operator, os, pathlib, resource, torch, types)
    if module is not None
} | {"facts": Facts, "files": Files}


class Names(SimpleNamespace):
    """The notebook's variables, as attributes."""


class Ref:
    """Stands for a value that the steps will make. Attributes, calls and operators record further steps."""

    def __init__(self, script: Script, number: int):
        object.__setattr__(self, "_script", script)
        object.__setattr__(self, "_number", number)

    def __getattr__(self, name: str) -> Ref:
        if name.startswith("__"):
            raise AttributeError(name)
        return self._script._step("get", self, name)

    def __setattr__(self, name: str, value: Any) -> None:
        self._script._step("put", self, name, value)

    def __call__(self, *args: Any, **kwargs: Any) -> Ref:
        return self._script._step("call", self, list(args), kwargs)


def _operator(name: str, swapped: bool) -> Callable:
    def record(self: Ref, *others: Any) -> Ref:
        args = [*reversed(others), self] if swapped else [self, *others]
        return self._script._step("op", None, name, args)

    return record


for _name in OPERATORS:
    setattr(Ref, f"__{_name}__", _operator(_name, swapped=False))
    if _name in ("add", "sub", "mul", "truediv", "pow", "matmul"):
        setattr(Ref, f"__r{_name}__", _operator(_name, swapped=True))


class Script:
    """A recording. `student.script()` makes one; its attributes are modules."""

    def __init__(self, run: Callable[[dict], list], desk: Desk):
        self._run, self._desk = run, desk
        self._steps: list[list] = []
        self._count = 0

    def __getattr__(self, module: str) -> Ref:
        if module.startswith("_"):
            raise AttributeError(module)
        return self._step("module", None, module)

    def fetch(self, *values: Any) -> list[Any]:
        """Run the steps recorded since the last fetch; returns the plain data of `values`, in order."""
        steps, self._steps = self._steps, []
        return self._run({"steps": steps, "fetch": _encode(list(values))})

    def keep(self, value: Any) -> Ref:
        """A value that stays in the student's process."""
        return self._step("keep", None, value)

    def give(self, given: Given) -> Ref:
        """A function of the check's own, as the student's code sees it."""
        return self._step("give", None, self._desk.enter(given))

    def repeat(self, times: int, body: Callable[[Ref], Ref], start: Any) -> Ref:
        """`times` times `value = body(value)`, from `start`: one message, however often it runs."""
        (value,), steps, result = self._apart(body, 1)
        return self._step("repeat", None, times, value, steps, _encode(result), start)

    def function(
        self, body: Callable[..., Any], arguments: int = 1, *, names: Sequence[str] = (), by_name: bool = False,
        listed: bool = False,
    ) -> Ref:  # fmt: skip
        """A function that takes its steps there: `body` records them, once, from what stands for its arguments.

        names: of the arguments, where they may be given by name, too. by_name: whatever is given by name arrives as
        one dict, and nothing is taken otherwise. listed: however many are given without a name arrive as one list.
        """
        bound, steps, result = self._apart(body, len(names) or arguments)
        how = "by name" if by_name else "listed" if listed else ""
        return self._step("function", None, bound, steps, _encode(result), list(names), how)

    def _apart(self, body: Callable[..., Any], arguments: int) -> tuple[list[int], list[list], Any]:
        """The numbers of the arguments, the steps that `body` records and what it returns."""
        outer, self._steps = self._steps, []
        bound = [self._new() for _ in range(arguments)]
        result = body(*[Ref(self, number) for number in bound])
        steps, self._steps = self._steps, outer
        return bound, steps, result

    def _new(self) -> int:
        self._count += 1
        return self._count

    def _step(self, kind: str, target: Ref | None, *rest: Any) -> Ref:
        result = Ref(self, self._new())
        encoded = [part if kind in ("repeat", "function") and index < 3 else _encode(part)
                   for index, part in enumerate(rest)]  # fmt: skip
        self._steps.append([result._number, kind, target._number if target is not None else 0, *encoded])
        return result


def _encode(value: Any) -> Any:
    if type(value) is Ref:
        return {REF: value._number}
    if type(value) in (list, tuple):
        return [_encode(entry) for entry in value]
    if type(value) is dict:
        return {key: _encode(entry) for key, entry in value.items()}
    return value


class Runner:
    """The running side of one script: the values of its steps so far.

    find_module: name -> module or namespace. desk: where calls of given functions go. A step is made ready before it is
    taken: what is repeated a million times is read once.
    """

    def __init__(self, find_module: Callable[[str], Any], desk: Answering):
        self._find_module, self._desk = find_module, desk
        self._values: dict[int, Any] = {}
        self._given: dict[int, Callable] = {}

    def run(self, request: dict) -> list[Any]:
        """Do the steps; returns what was fetched. Whatever a step raises goes through to the caller."""
        for step in request["steps"]:
            self._ready(step)()
        return self._reader(request["fetch"])()

    def _ready(self, step: list) -> Callable[[], None]:
        """What takes a step. Raises Malformed for an unknown kind."""
        number, kind, target, *rest = step
        values = self._values
        if kind == "repeat":
            made = self._repeated(*rest)
        elif kind == "function":
            function = self._function(*rest)
            made = lambda: function  # noqa: E731
        elif kind in ("module", "give"):
            find, name = (self._find if kind == "module" else self._stand_in), rest[0]
            made = lambda: find(name)  # noqa: E731
        elif kind == "get":
            made = lambda: _get(values[target], rest[0])  # noqa: E731
        elif kind == "put":
            read = self._reader(rest[1])
            made = lambda: setattr(values[target], rest[0], read())  # noqa: E731
        elif kind == "call":
            args, options = self._reader(rest[0]), self._reader(rest[1])
            made = lambda: values[target](*args(), **options())  # noqa: E731
        elif kind == "op":
            made = self._operation(*rest)
        elif kind == "keep":
            made = self._reader(rest[0])
        else:
            raise Malformed(f"unknown step {kind!r}")

        def take() -> None:
            values[number] = made()

        return take

    def _operation(self, name: str, args: list) -> Callable[[], Any]:
        operate, readers = OPERATORS[name], [self._reader(arg) for arg in args]
        if len(readers) == 1:
            (one,) = readers
            return lambda: operate(one())
        one, other = readers
        return lambda: operate(one(), other())

    def _repeated(self, times: int, bound: int, steps: list[list], result: Any, start: Any) -> Callable[[], Any]:
        values, begin, end = self._values, self._reader(start), self._reader(result)
        ready = [self._ready(step) for step in steps]

        def repeat() -> Any:
            value = begin()
            for _ in range(times):
                values[bound] = value
                for take in ready:
                    take()
                value = end()
            return value

        return repeat

    def _function(
        self, bound: list[int], steps: list[list], result: Any, names: list[str], how: str
    ) -> Callable[..., Any]:
        values, end = self._values, self._reader(result)
        ready = [self._ready(step) for step in steps]

        def function(*args: Any, **named: Any) -> Any:
            taken: list[Any] = [list(args)] if how == "listed" else [*args]
            taken += [named] if how == "by name" else [named.pop(name) for name in names if name in named]
            if len(taken) != len(bound) or (named and how != "by name"):
                raise TypeError(f"this function takes {', '.join(names) or how or f'{len(bound)} arguments'}")
            values.update(zip(bound, taken, strict=True))
            for take in ready:
                take()
            return end()

        return function

    def _find(self, name: str) -> Any:
        found = PYTHON[name] if name in PYTHON else self._find_module(name)
        return Names(**found) if isinstance(found, Mapping) else found

    def _stand_in(self, number: int) -> Callable[..., Any]:
        if number not in self._given:
            self._given[number] = stand_in(number, self._desk)
        return self._given[number]

    def _reader(self, value: Any) -> Callable[[], Any]:
        """What reads a value of a message, with what its steps have made in the place of references."""
        values = self._values
        if type(value) is dict and len(value) == 1 and REF in value:
            number = value[REF]
            return lambda: values[number]
        if type(value) in (list, dict) and not any(map(_nests, value.values() if type(value) is dict else value)):
            return value.copy  # a new one each time, as below
        if type(value) is list:
            readers = [self._reader(entry) for entry in value]
            return lambda: [read() for read in readers]
        if type(value) is dict:
            named = {key: self._reader(entry) for key, entry in value.items()}
            return lambda: {key: read() for key, read in named.items()}
        return lambda: value


def _get(holder: Any, name: str) -> Any:
    found = getattr(holder, name, None)
    if found is None and not hasattr(holder, name):
        if isinstance(holder, Names):
            raise Missing(f"the notebook has no `{name}`: run its cell first")
        where = f"{holder.__name__.rsplit('.', 1)[-1]}.py" if isinstance(holder, ModuleType) else type(holder).__name__
        raise Missing(f"{where} has no `{name}`")
    return found


def _nests(value: Any) -> bool:
    return type(value) is list or type(value) is dict
