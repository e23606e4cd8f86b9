"""The inputs of a check as code that can be pasted into a cell: the call itself where they are short, else by a name.

gates.multiply(x=-2.0, y=5.0)
flat.linear_hinge(**inputs("hinge_grad_w", 2))       # the inputs of that item's second check, made again
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from toolbox.calling.keyboard import Call, Steps
from toolbox.calling.script import REF

LONG = 90  # characters of the inputs of a call; more are fetched by name
MOST = 12  # lines of a script
SIGNS = {"add": "+", "sub": "-", "mul": "*", "truediv": "/", "pow": "**", "matmul": "@", "gt": ">", "lt": "<"}


def code(latest: Call | Steps | None, item: str, number: int) -> list[str]:
    """The lines to paste; [] where a check has called nothing. number: of the check, from 1, as the table counts."""
    if isinstance(latest, Call):
        return _call(latest, item, number)
    return _script(latest, item, number) if isinstance(latest, Steps) else []


def given(latest: Call | Steps | None) -> Any:
    """The inputs themselves: a dict where all are named, a list where none is, (list, dict) where some are; for a
    script, its tensors in order.
    """
    if isinstance(latest, Call):
        if latest.args and latest.kwargs:
            return latest.args, latest.kwargs
        return latest.args or latest.kwargs
    return _tensors(latest.steps) if isinstance(latest, Steps) else {}


def _call(call: Call, item: str, number: int) -> list[str]:
    own = call.module == "notebook"
    name = call.name if own else f"{call.module}.{call.name}"
    words = [literal(arg) for arg in call.args] + [f"{key}={literal(arg)}" for key, arg in call.kwargs.items()]
    imports = [] if own else [f"from backprop import {call.module}"]
    if sum(map(len, words)) <= LONG:
        torches = ["import torch"] if any("torch." in word for word in words) else []
        return [*torches, *imports, f"{name}({', '.join(words)})"]
    fetched = f"inputs({item!r}, {number})".replace("'", '"')
    imports.append("from toolbox import inputs")
    if call.args and call.kwargs:
        return [*imports, f"args, named = {fetched}", f"{name}(*args, **named)"]
    return [*imports, f"{name}({'*' if call.args else '**'}{fetched})"]


def literal(value: Any) -> str:
    """A value as Python text, exactly."""
    if isinstance(value, Tensor):
        kind = "" if value.dtype in (torch.float32, torch.int64, torch.bool) else f", dtype={value.dtype}"
        if value.dtype == torch.float32 and value.numel() == 0:
            kind = ""
        numbers = repr(value.tolist()).replace("inf", 'float("inf")').replace("nan", 'float("nan")')
        return f"torch.tensor({numbers}{kind})"
    if isinstance(value, float) and (value != value or value in (float("inf"), -float("inf"))):
        return f'float("{value}")'
    return repr(value)


def _tensors(steps: list) -> list[Tensor]:
    """The large tensors of a script's steps, in order."""
    found: list[Tensor] = []

    def look(value: Any) -> None:
        if isinstance(value, Tensor) and len(literal(value)) > LONG:
            found.append(value)
        elif isinstance(value, Mapping):
            list(map(look, value.values()))
        elif isinstance(value, list):
            list(map(look, value))

    look(steps)
    return found


def _script(script: Steps, item: str, number: int) -> list[str]:
    """A script's steps as statements. What is used once stands where it is used. [] where it is too long to read, or
    has a step of a kind that has no line of its own."""
    written = _Written(script.steps)
    try:
        for step in script.steps:
            written.step(*step)
    except (LookupError, TypeError, ValueError):  # a step of a kind that cannot be written
        return []
    lines = written.lines
    if not lines or len(lines) > MOST or max(map(len, lines)) > 200:
        return []
    if any("torch." in line for line in lines):
        written.libraries.add("torch")
    head = [f"import {name}" for name in sorted(written.libraries)]
    for package, names in (("backprop", written.modules), ("toolbox", written.tools)):
        head += [f"from {package} import {', '.join(sorted(names))}"] if names else []
    if written.facts:
        head.append("from toolbox.calling.script import Facts")
    if written.large:
        head += ["from toolbox import inputs", f't = inputs("{item}", {number})']
    return [*head, *lines]


class _Written:
    """The statements of a script. modules, tools, libraries: what they import from backprop, toolbox and Python."""

    def __init__(self, steps: list):
        self.lines: list[str] = []
        self.modules: set[str] = set()
        self.tools: set[str] = set()
        self.libraries: set[str] = set()
        self.facts = False
        self.large = 0
        self._text: dict[int, str] = {}
        self._uses: dict[int, int] = {}
        _count(steps, self._uses)

    def step(self, number: int, kind: str, target: int, *rest: Any) -> None:
        """Write one step. Raises KeyError where it cannot be written."""
        if kind == "module":
            self._text[number] = rest[0]
            if rest[0] in sys.stdlib_module_names or rest[0] in ("torch", "numpy"):
                self.libraries.add(rest[0])
            elif rest[0] == "facts":
                self.facts, self._text[number] = True, "Facts"
            elif rest[0] not in ("notebook", "toolbox"):
                self.modules.add(rest[0])
        elif kind == "get":
            holder = self._text[target]
            if holder == "toolbox":
                self.tools.add(rest[0])
            self._text[number] = rest[0] if holder in ("toolbox", "notebook") else f"{holder}.{rest[0]}"
        elif kind == "put":
            self.lines.append(f"{self._text[target]}.{rest[0]} = {self._said(rest[1])}")
        elif kind == "keep":
            self._result(number, self._said(rest[0]), made=True)
        elif kind == "call":
            words = [*map(self._said, rest[0]), *(f"{key}={self._said(entry)}" for key, entry in rest[1].items())]
            self._result(number, f"{self._text[target]}({', '.join(words)})", made=True)
        elif kind == "op":
            one, *other = map(self._said, rest[1])
            forms = {"neg": f"-{one}", "getitem": f"{one}[{(other or [''])[0]}]"}
            self._result(number, forms.get(rest[0]) or f"({one} {SIGNS[rest[0]]} {other[0]})", made=False)
        else:
            raise KeyError(kind)

    def _result(self, number: int, expression: str, made: bool) -> None:
        """Name what is used again, and what does something when it is made."""
        uses = self._uses.get(number, 0)
        if uses > 1 or (made and uses):
            self._text[number] = f"v{len(self.lines) + 1}"
            self.lines.append(f"{self._text[number]} = {expression}")
        elif uses:
            self._text[number] = expression
        else:
            self.lines.append(expression)

    def _said(self, value: Any) -> str:
        if isinstance(value, Mapping) and set(value) == {REF}:
            return self._text[value[REF]]
        if isinstance(value, Mapping):
            return "{" + ", ".join(f"{key!r}: {self._said(entry)}" for key, entry in value.items()) + "}"
        if isinstance(value, list):
            return f"[{', '.join(map(self._said, value))}]"
        if isinstance(value, Tensor) and len(literal(value)) > LONG:
            self.large += 1
            return f"t[{self.large - 1}]"
        return literal(value)


def _count(value: Any, uses: dict[int, int]) -> None:
    """How often each numbered result is used."""
    if isinstance(value, Mapping):
        if set(value) == {REF}:
            uses[value[REF]] = uses.get(value[REF], 0) + 1
        else:
            for entry in value.values():
                _count(entry, uses)
    elif isinstance(value, list):
        if len(value) >= 3 and isinstance(value[1], str) and value[1] in ("get", "call", "put"):
            uses[value[2]] = uses.get(value[2], 0) + 1
        for entry in value:
            _count(entry, uses)
