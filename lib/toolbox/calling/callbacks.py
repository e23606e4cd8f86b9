"""Functions of a check's own that a student's code calls: plain data both ways, and nothing else to be seen.

A check gives a function to a script (`script.give`). Where the student's code runs, a callable of no name stands for
it: it sends its arguments, waits, and hands on what comes back. All of them are made in the same way, so that neither
name, code, closure nor the collector tells one from another; what a function does is known at the check's `Desk` alone,
in grading that is in the judge's process, at home in the same one. What arrives may come from anybody: every function
says what it takes, and is not called with anything else.

    forward = Given(wave, Like(x))              # called with one tensor of x's shape, and with nothing else
    y = script.fetch(script.tensors.apply(script.give(forward), x))
    forward.calls                               # how often it was called
"""

from __future__ import annotations

import builtins
from collections.abc import Callable
from typing import Any, Protocol

import torch
from torch import Tensor

from toolbox.calling import wire
from toolbox.errors import Malformed

# What a given function may raise in the student's code: the kinds that a student's own function could raise.
TOLD = ("ArithmeticError", "KeyboardInterrupt", "OSError", "TypeError", "ValueError")


class Told(Exception):
    """Raised by a given function, to be raised where it was called, as the built-in exception of that name."""

    def __init__(self, kind: str, message: str):
        super().__init__(message)
        self.kind = kind


class Like:
    """Takes a floating tensor of this one's shape, of any precision."""

    def __init__(self, tensor: Tensor):
        self.shape = tensor.shape

    def __call__(self, value: Any) -> bool:
        return isinstance(value, Tensor) and value.shape == self.shape and value.is_floating_point()

    def __str__(self) -> str:
        return f"a floating tensor of shape {tuple(self.shape)}"


class Number:
    """Takes a real number, or a tensor that holds one."""

    def __call__(self, value: Any) -> bool:
        return type(value) in (int, float) or (isinstance(value, Tensor) and value.dim() == 0)

    def __str__(self) -> str:
        return "a number"


class Numbers:
    """Takes a list of so many numbers, or a tensor that holds as many in a row."""

    def __init__(self, count: int):
        self.count = count

    def __call__(self, value: Any) -> bool:
        if isinstance(value, Tensor):
            return value.shape == (self.count,)
        return type(value) is list and len(value) == self.count and all(map(Number(), value))

    def __str__(self) -> str:
        return f"a list of {self.count} numbers"


class Plain:
    """Takes whatever arrives: the check looks at it itself."""

    def __call__(self, value: Any) -> bool:
        return True

    def __str__(self) -> str:
        return "anything"


class Given:
    """A function of a check's, for a student's code to call. takes: one test of a value for each argument.

    calls: how often it was called, with what it takes. anew: called where the same script begins once more, so that
    what the function has noted of the earlier run is forgotten.
    """

    def __init__(self, function: Callable[..., Any], *takes: Callable[[Any], bool], anew: Callable[[], Any] = int):
        self.function, self.takes, self.calls, self.anew = function, takes, 0, anew

    def __call__(self, *args: Any) -> Any:
        """Raises Told for arguments that it does not take."""
        if len(args) != len(self.takes):
            raise Told("TypeError", f"this function takes {len(self.takes)} arguments, not {len(args)}")
        for number, (takes, value) in enumerate(zip(self.takes, args, strict=True), 1):
            if not takes(value):
                raise Told("ValueError", f"argument {number} of this function is {takes}, not {_said(value)}")
        self.calls += 1
        return self.function(*args)


class Answering(Protocol):
    """What carries out encoded calls: a desk, or the way to one."""

    def answer(self, payload: bytes) -> bytes:
        """The encoded reply."""

    def restart(self) -> None:
        """Count calls anew: the same script runs once more, from its first step."""


class Desk:
    """Where the calls of given functions arrive. It holds the functions of one script at a time."""

    def __init__(self) -> None:
        self._given: list[Given] = []

    def clear(self) -> None:
        """Forget the functions: another script begins."""
        self._given.clear()

    def restart(self) -> None:
        """Count calls anew: the same script runs once more, from its first step."""
        for given in self._given:
            given.calls = 0
            given.anew()

    def enter(self, given: Given) -> int:
        """The number by which a function is called from now on."""
        if given in self._given:
            return self._given.index(given)
        self._given.append(given)
        return len(self._given) - 1

    def answer(self, payload: bytes) -> bytes:
        """Carry out one encoded call; returns the encoded {"value"} or {"raised"}. Raises Malformed for what is not in
        the form that `stand_in` sends. What else a given function raises is a bug in the check, and goes through.
        """
        call = wire.unpack(payload)
        if type(call) is not list or len(call) != 2 or type(call[0]) is not int or type(call[1]) is not list:
            raise Malformed("a call of a given function is not of the promised form")
        if not 0 <= call[0] < len(self._given):
            return _raising(Told("ValueError", "this function belongs to another check"))
        try:
            return wire.pack({"value": self._given[call[0]](*call[1])})
        except Told as error:
            return _raising(error)


def stand_in(number: int, desk: Answering) -> Callable[..., Any]:
    """What stands for a given function where the student's code runs."""

    def function(*args: Any) -> Any:
        with torch._C.DisableTorchFunction():  # what looks on at the student's code has nothing to see in here
            try:
                payload = wire.pack([number, list(args)])
            except Malformed:
                kinds = ", ".join(type(arg).__name__ for arg in args)
                raise TypeError(f"this function takes tensors and numbers; it was called with {kinds}") from None
            reply = wire.unpack(desk.answer(payload))
        if "raised" in reply:
            kind, message = reply["raised"]
            raise getattr(builtins, kind)(message)
        return reply["value"]

    return function


def _raising(error: Told) -> bytes:
    return wire.pack({"raised": [error.kind, str(error)]})


def _said(value: Any) -> str:
    if isinstance(value, Tensor):
        return f"{str(value.dtype).removeprefix('torch.')} of shape {tuple(value.shape)}"
    return f"of type {type(value).__name__}"
