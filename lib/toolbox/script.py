"""Tests that need a student's objects, not only their functions: record what to do, then do it in one go.

    s = student.script()
    x = s.scalar.Value(2.0)                 # nothing has run yet: x stands for a value to come
    y = x * x + 3
    y.backward()
    data, grad = s.fetch(y.data, x.grad)    # now the steps run, in the student's process, and plain data comes back

The recording side (judge) and the running side (worker, or the student's own machine) exchange plain data only: each
step names its target by number. Objects never leave the process that made them. `s.repeat(n, f, x)` runs `x = f(x)`
n times as one step; `s.toolbox.<module>.<name>` reaches what the toolbox gives, e.g. functions to hand to a student's.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from types import ModuleType, SimpleNamespace
from typing import Any

from toolbox.errors import Malformed, Missing

REF = "$ref"
OPERATORS = {
    name: getattr(operator, name)
    for name in ("add", "sub", "mul", "truediv", "pow", "neg", "matmul", "getitem", "gt", "lt")
}


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
    """A recording. `student.script()` makes one; its attributes are modules (`notebook` too, and `toolbox`)."""

    def __init__(self, run: Callable[[dict], list]):
        self._run = run
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

    def repeat(self, times: int, body: Callable[[Ref], Ref], start: Any) -> Ref:
        """`times` times `value = body(value)`, from `start`: one message, however often it runs."""
        outer, self._steps = self._steps, []
        value = Ref(self, self._new())
        result = body(value)
        steps, self._steps = self._steps, outer
        return self._step("repeat", None, times, value._number, steps, result, start)

    def _new(self) -> int:
        self._count += 1
        return self._count

    def _step(self, kind: str, target: Ref | None, *rest: Any) -> Ref:
        result = Ref(self, self._new())
        encoded = [part if kind == "repeat" and index == 2 else _encode(part) for index, part in enumerate(rest)]
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


def run_script(request: dict, values: dict[int, Any], find_module: Callable[[str], Any]) -> list[Any]:
    """The running side: do the steps with `values` as the numbered results so far; returns what was fetched.

    find_module: name -> module or namespace. Whatever a step raises goes through to the caller.
    """
    for step in request["steps"]:
        _do(step, values, find_module)
    return _decode(request["fetch"], values)


def _do(step: list, values: dict[int, Any], find_module: Callable[[str], Any]) -> None:
    number, kind, target, *rest = step
    if kind == "module":
        found = find_module(rest[0])
        values[number] = Names(**found) if isinstance(found, Mapping) else found
    elif kind == "get":
        values[number] = _get(values[target], rest[0])
    elif kind == "put":
        setattr(values[target], rest[0], _decode(rest[1], values))
    elif kind == "call":
        values[number] = values[target](*_decode(rest[0], values), **_decode(rest[1], values))
    elif kind == "op":
        values[number] = OPERATORS[rest[0]](*_decode(rest[1], values))
    elif kind == "repeat":
        times, bound, steps, result, start = rest
        value = _decode(start, values)
        for _ in range(times):
            values[bound] = value
            for inner in steps:
                _do(inner, values, find_module)
            value = _decode(result, values)
        values[number] = value
    else:
        raise Malformed(f"unknown step {kind!r}")


def _get(holder: Any, name: str) -> Any:
    found = getattr(holder, name, None)
    if found is None and not hasattr(holder, name):
        if isinstance(holder, Names):
            raise Missing(f"the notebook has no `{name}`: run its cell first")
        where = f"{holder.__name__.rsplit('.', 1)[-1]}.py" if isinstance(holder, ModuleType) else type(holder).__name__
        raise Missing(f"{where} has no `{name}`")
    return found


def _decode(value: Any, values: dict[int, Any]) -> Any:
    if type(value) is list:
        return [_decode(entry, values) for entry in value]
    if type(value) is dict:
        if set(value) == {REF}:
            return values[value[REF]]
        return {key: _decode(entry, values) for key, entry in value.items()}
    return value
